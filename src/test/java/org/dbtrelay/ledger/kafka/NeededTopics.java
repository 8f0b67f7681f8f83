package org.dbtrelay.ledger.kafka;

import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.acl.AclOperation;
import org.dbtrelay.config.RelayConfig;

/** What the ledger wants of the topics, for tests outside this package. */
public final class NeededTopics {

    private NeededTopics() {}

    /** The settings that the relay creates a topic with. */
    public static Map<String, String> settings(RelayConfig.Topics topics, String name) {
        return TopicSettings.of(topics, name);
    }

    /** The rights on a topic without which the relay is not ready. */
    public static Set<AclOperation> operations(RelayConfig.Topics topics, String name) {
        return new AccessCheck(topics).needed(name);
    }
}
