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
 * Compares the rights of the relay's user with those that it needs. The description of a topic lists the operations that are allowed
 * on it (KIP-430), so a missing right is one line that names it, before anything is tried.
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

    /** Whether it may write to a topic, which it needs only to pass records on; true if the broker does not tell. */
    static boolean mayWrite(TopicDescription topic) {
        return may(AclOperation.WRITE, topic);
    }

    /** Whether it may do this with a topic; true if the broker does not tell. */
    static boolean may(AclOperation operation, TopicDescription topic) {
        @Nullable Set<AclOperation> allowed = topic.authorizedOperations();
        return allowed == null || allowed.contains(AclOperation.ALL) || allowed.contains(operation);
    }

    /** The line for a topic that the relay may not even describe: nobody can tell whether it exists. */
    String mayNotDescribe(String topic) {
        return fault("topic '" + topic + "'", needed(topic));
    }

    /** As {@link #faults}, for the consumer group. A group that does not exist yet, or that no broker describes, has no faults. */
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

    /** The operations that the relay needs on a topic; each of them implies Describe. */
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

    /** Old brokers list no authorised operations at all: then there is no fault. */
    private static List<String> faults(String resource, Set<AclOperation> needed, @Nullable Set<AclOperation> allowed) {
        if (allowed == null || allowed.contains(AclOperation.ALL)) {
            return List.of();
        }
        Set<AclOperation> missing = EnumSet.copyOf(needed);
        missing.removeAll(allowed);
        return missing.isEmpty() ? List.of() : List.of(fault(resource, missing));
    }

    /** The line for rights that are missing on a resource. */
    static String fault(String resource, Set<AclOperation> missing) {
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
