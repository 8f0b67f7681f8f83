package org.dbtrelay.ledger.kafka;

import java.util.EnumSet;
import java.util.Optional;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.TopicAuthorizationException;

/** Says which right is missing when Kafka refuses something, in the words of readiness. */
public final class MissingRight {

    private MissingRight() {}

    /**
     * The right that a refusal means.
     *
     * @param operation what was tried with the topic; a consumer group is always read
     * @return empty if the failure is no refusal
     */
    public static Optional<String> of(Throwable failure, AclOperation operation, String topic) {
        return switch (failure) {
            case TopicAuthorizationException _ ->
                Optional.of(AccessCheck.fault("topic '" + topic + "'", EnumSet.of(operation)));
            case GroupAuthorizationException refused ->
                Optional.of(
                        AccessCheck.fault("consumer group '" + refused.groupId() + "'", EnumSet.of(AclOperation.READ)));
            default -> Optional.empty();
        };
    }
}
