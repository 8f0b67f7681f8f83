package org.dbtrelay.ledger.kafka;

import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.DescribeConsumerGroupsOptions;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.dbtrelay.config.RelayConfig;
import org.jspecify.annotations.Nullable;

/**
 * What Kafka lets the relay's user do, held against what it has to do. A topic that may be described tells the operations that
 * are allowed on it (KIP-430), so that a missing right is one line before anything is tried, which names it.
 */
final class AccessCheck {

    private final RelayConfig.Topics topics;

    AccessCheck(RelayConfig.Topics topics) {
        this.topics = topics;
    }

    /** The rights that are missing on these topics, one line for each topic; empty if all are there. */
    List<String> faults(Collection<TopicDescription> found) {
        List<String> faults = new ArrayList<>();
        for (TopicDescription topic : found) {
            faults.addAll(faults("topic '" + topic.name() + "'", needed(topic.name()), topic.authorizedOperations()));
        }
        return faults;
    }

    /** Whether it may write to a topic, which is needed only to pass records on; what no broker tells is taken for granted. */
    static boolean mayWrite(TopicDescription topic) {
        @Nullable Set<AclOperation> allowed = topic.authorizedOperations();
        return allowed == null || allowed.contains(AclOperation.ALL) || allowed.contains(AclOperation.WRITE);
    }

    /** The line for a topic that may not even be described: then it is not known either whether it is there. */
    String mayNotDescribe(String topic) {
        return fault("topic '" + topic + "'", needed(topic));
    }

    /** As {@link #faults}, of the consumer group. One that no broker tells of now, or that is not there yet, has none. */
    List<String> faultsOfGroup(Admin admin, String group) throws InterruptedException {
        String resource = "consumer group '" + group + "'";
        Set<AclOperation> needed = EnumSet.of(AclOperation.READ);
        try {
            ConsumerGroupDescription described = admin.describeConsumerGroups(
                            List.of(group), new DescribeConsumerGroupsOptions().includeAuthorizedOperations(true))
                    .all()
                    .get()
                    .get(group);
            return described == null ? List.of() : faults(resource, needed, described.authorizedOperations());
        } catch (ExecutionException e) {
            return e.getCause() instanceof GroupAuthorizationException ? List.of(fault(resource, needed)) : List.of();
        }
    }

    /** What the relay has to be allowed on a topic; Describe comes with any of it. */
    Set<AclOperation> needed(String topic) {
        if (topic.equals(topics.ledger())) {
            return EnumSet.of(AclOperation.READ, AclOperation.WRITE, AclOperation.DESCRIBE_CONFIGS);
        }
        if (topic.equals(topics.commands())) {
            return EnumSet.of(AclOperation.READ, AclOperation.DESCRIBE_CONFIGS);
        }
        if (topic.equals(topics.deadLetters())) {
            return EnumSet.of(AclOperation.WRITE, AclOperation.DESCRIBE_CONFIGS);
        }
        return EnumSet.of(AclOperation.WRITE);
    }

    /** Brokers that know no authorised operations give none at all: then nothing is said. */
    private static List<String> faults(String resource, Set<AclOperation> needed, @Nullable Set<AclOperation> allowed) {
        if (allowed == null || allowed.contains(AclOperation.ALL)) {
            return List.of();
        }
        Set<AclOperation> missing = EnumSet.copyOf(needed);
        missing.removeAll(allowed);
        return missing.isEmpty() ? List.of() : List.of(fault(resource, missing));
    }

    private static String fault(String resource, Set<AclOperation> missing) {
        return "Kafka does not let the relay's user " + names(missing) + " " + resource + "; add the ACL";
    }

    /** As Kafka's tools spell them: {@code DescribeConfigs}. */
    private static String names(Set<AclOperation> operations) {
        return operations.stream()
                .map(operation -> Stream.of(operation.name().split("_", -1))
                        .map(word -> word.charAt(0) + word.substring(1).toLowerCase(Locale.ROOT))
                        .collect(Collectors.joining()))
                .collect(Collectors.joining(", "));
    }
}
