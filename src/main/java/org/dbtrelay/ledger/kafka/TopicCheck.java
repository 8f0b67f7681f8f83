package org.dbtrelay.ledger.kafka;

import static org.dbtrelay.metrics.RelayLog.pair;

import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.DescribeTopicsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.record.TimestampType;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.jspecify.annotations.Nullable;

/**
 * Checks that the topics exist with the settings that the relay needs: the ledger is compacted and has as many partitions as the
 * commands topic, commands and dead letters are not compacted, and the relay's user has the rights it needs. Creates missing topics
 * if configured. No partition is claimed before the check passes. Each fault is one line, and the check is repeated every few
 * seconds, so mending the fault is enough.
 */
@Singleton
public class TopicCheck {

    private static final RelayLog LOG = RelayLog.of(TopicCheck.class);
    private static final Duration AGAIN = Duration.ofSeconds(2);
    private static final String SILENCE = "Kafka does not answer: ";

    private final KafkaSettings kafka;
    private final RelayConfig.Topics topics;
    private final AccessCheck access;
    private final Clock clock;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private volatile Status status;
    private String topicId = "";
    private String timestampType = "";

    public TopicCheck(KafkaSettings kafka, Clock clock) {
        this.kafka = kafka;
        this.topics = kafka.topics();
        this.access = new AccessCheck(topics);
        this.clock = clock;
        this.status = new Status(List.of("the topics have not been checked yet"), 0, true, clock.instant());
    }

    /** Checks the topics at start: without a topic there are no partitions to own. */
    void onStart(@Observes StartupEvent event) {
        Thread.ofVirtual().name("topic-check").start(() -> {
            try {
                await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    /**
     * The result of the last check of the topics.
     *
     * @param faults one line for each; empty: the topics are as they have to be
     * @param partitions how many the commands topic has; 0 until a broker has told
     * @param mayPassOn whether the relay may write to the commands topic, which it needs to pass records on
     * @param since when the relay last checked the topics and found none of the faults, or found other faults than before
     */
    public record Status(List<String> faults, int partitions, boolean mayPassOn, Instant since) {

        public Status {
            faults = List.copyOf(faults);
        }

        /** True if the topics are as they have to be. */
        public boolean isFine() {
            return faults.isEmpty();
        }

        private Status found(List<String> now, Instant when) {
            return new Status(now, partitions, mayPassOn, when);
        }

        private Status ofCommands(int count, boolean may) {
            return new Status(faults, count, may, since);
        }
    }

    /** The result of the last check of the topics. */
    public Status status() {
        return status;
    }

    /**
     * Waits until the topics are as they have to be.
     *
     * @return Kafka's id of the commands topic, as it is now
     */
    public String await() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (true) {
                if (status.isFine() && clock.instant().isBefore(status.since().plus(AGAIN))) {
                    return topicId;
                }
                try {
                    return check(kafka.admin());
                } catch (KafkaException e) {
                    faulty(List.of(whyNothingIsKnown(e)));
                } catch (Faulty e) {
                    faulty(e.faults);
                }
                changed.await(AGAIN.toMillis(), TimeUnit.MILLISECONDS);
            }
        } finally {
            lock.unlock();
        }
    }

    /** The fault for a failed request; Kafka's own words name the request. */
    public static String whyNothingIsKnown(KafkaException failure) {
        return failure instanceof UnsupportedVersionException
                ? "this Kafka does not know what the relay has to ask (" + failure.getMessage()
                        + "); docs/kafka.md tells what it needs"
                : SILENCE + failure.getMessage();
    }

    /** Repeats the check while partitions are served; then it is no fault if no broker answers. */
    public void checkAgain() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            check(kafka.admin());
        } catch (KafkaException e) {
            LOG.debug("The topics could not be checked again", pair(LogKey.REASON, e.getMessage()));
        } catch (Faulty e) {
            faulty(e.faults);
        } finally {
            lock.unlock();
        }
    }

    /** Kafka's id of the commands topic as it is now; null: there is none, or nobody tells. */
    @Nullable
    public String checkCommands() throws InterruptedException {
        try {
            KafkaFuture<TopicDescription> described = Objects.requireNonNull(kafka.admin()
                    .describeTopics(List.of(topics.commands()))
                    .topicNameValues()
                    .get(topics.commands()));
            TopicDescription found = get(described);
            String now = found.topicId().toString();
            lock.lockInterruptibly();
            try {
                status = status.ofCommands(found.partitions().size(), status.mayPassOn());
                if (!topicId.isEmpty()) {
                    topicId = now;
                }
            } finally {
                lock.unlock();
            }
            return now;
        } catch (KafkaException | Faulty e) {
            return null;
        }
    }

    private String check(Admin admin) throws Faulty, InterruptedException {
        Map<String, TopicDescription> found = describeOrCreate(admin);
        checkAccess(admin, found);
        TopicDescription commandsTopic = checkSettings(admin, found);
        noteTimestampType(setting(admin, topics.commands(), TopicConfig.MESSAGE_TIMESTAMP_TYPE_CONFIG));
        if (!status.isFine()) {
            LOG.info(
                    "The topics are as they have to be",
                    pair(LogKey.TOPIC, topics.commands()),
                    pair(LogKey.PARTITIONS, status.partitions()));
        }
        status = status.found(List.of(), clock.instant());
        topicId = commandsTopic.topicId().toString();
        return topicId;
    }

    private Map<String, TopicDescription> describeOrCreate(Admin admin) throws Faulty, InterruptedException {
        Map<String, TopicDescription> found = describe(admin);
        note(found.get(topics.commands()));
        if (found.size() < wanted().size() && topics.create()) {
            create(admin, found);
            // Brokers answer before all of them know the new topics.
            for (int round = 0; round < 50 && !found.keySet().containsAll(names()); round++) {
                changed.await(100, TimeUnit.MILLISECONDS);
                found = describe(admin);
                note(found.get(topics.commands()));
            }
        }
        return found;
    }

    private void checkAccess(Admin admin, Map<String, TopicDescription> found) throws Faulty, InterruptedException {
        List<String> faults = new ArrayList<>(access.faults(found.values().stream()
                .filter(topic -> names().contains(topic.name()))
                .toList()));
        if (!status.isFine()) {
            faults.addAll(access.faultsOfGroup(admin, kafka.group()));
        }
        if (!faults.isEmpty()) {
            throw new Faulty(faults);
        }
    }

    private TopicDescription checkSettings(Admin admin, Map<String, TopicDescription> found)
            throws Faulty, InterruptedException {
        List<String> faults = new ArrayList<>();
        for (String name : names()) {
            if (!found.containsKey(name)) {
                faults.add("topic '" + name + "' does not exist; create it, or set relay.topics.create=true");
            }
        }
        TopicDescription commandsTopic = found.get(topics.commands());
        TopicDescription ledger = found.get(topics.ledger());
        if (commandsTopic != null && ledger != null) {
            mustFit(admin, commandsTopic, ledger, faults);
            mustNotBeCompacted(
                    admin, topics.commands(), "commands with the same key are lost before they are read", faults);
        }
        if (found.containsKey(topics.deadLetters())) {
            mustNotBeCompacted(
                    admin, topics.deadLetters(), "it takes no record without a key, and loses those with one", faults);
        }
        if (!faults.isEmpty() || commandsTopic == null) {
            throw new Faulty(faults);
        }
        return commandsTopic;
    }

    private void mustFit(Admin admin, TopicDescription commandsTopic, TopicDescription ledger, List<String> faults)
            throws InterruptedException, Faulty {
        int wanted = commandsTopic.partitions().size();
        int has = ledger.partitions().size();
        if (wanted != has) {
            faults.add("topic '" + topics.ledger() + "' has " + has + " partitions and '" + topics.commands() + "' has "
                    + wanted + "; they must have the same number");
        }
        String policy = setting(admin, topics.ledger(), TopicConfig.CLEANUP_POLICY_CONFIG);
        if (!policy.equals(TopicConfig.CLEANUP_POLICY_COMPACT)) {
            faults.add("topic '" + topics.ledger() + "' has cleanup.policy=" + policy
                    + "; it must be compact, or commands are forgotten");
        }
    }

    private void note(@Nullable TopicDescription found) {
        if (found == null) {
            return;
        }
        boolean mayPassOn = AccessCheck.mayWrite(found);
        if (status.mayPassOn() && !mayPassOn) {
            LOG.warn(
                    "Kafka does not let the relay's user Write the commands topic; commands that lie on another partition"
                            + " than the one of their key become dead letters",
                    pair(LogKey.TOPIC, topics.commands()));
        }
        status = status.ofCommands(found.partitions().size(), mayPassOn);
    }

    /** Warns if producers set the time of records, from which the relay computes a command's age. Commands are taken either way. */
    private void noteTimestampType(String type) {
        if (!type.equals(timestampType) && type.equals(TimestampType.CREATE_TIME.name)) {
            LOG.warn(
                    "The commands topic takes the times of its records from producers: where a clock is behind, new commands"
                            + " may be put aside as expired, and where it is ahead, old ones may be carried out again; set"
                            + " message.timestamp.type=LogAppendTime",
                    pair(LogKey.TOPIC, topics.commands()));
        }
        timestampType = type;
    }

    private static void mustNotBeCompacted(Admin admin, String topic, String otherwise, List<String> faults)
            throws InterruptedException, Faulty {
        String policy = setting(admin, topic, TopicConfig.CLEANUP_POLICY_CONFIG);
        if (policy.contains(TopicConfig.CLEANUP_POLICY_COMPACT)) {
            faults.add("topic '" + topic + "' has cleanup.policy=" + policy + "; it must be delete: " + otherwise);
        }
    }

    private void faulty(List<String> faults) {
        if (!status.faults().equals(faults)) {
            // A known fault is not logged again when the list gets shorter.
            for (String fault : faults.stream().filter(this::isNew).toList()) {
                LOG.warn("Not ready, waiting: the topics are not as they have to be", pair(LogKey.REASON, fault));
            }
            status = status.found(faults, clock.instant());
        }
    }

    /** An outage is logged once, though the words of Kafka's client change from one check to the next. */
    private boolean isNew(String fault) {
        return status.faults().stream()
                .noneMatch(known -> known.equals(fault) || (known.startsWith(SILENCE) && fault.startsWith(SILENCE)));
    }

    private Set<String> names() {
        Set<String> names = new HashSet<>();
        names.add(topics.commands());
        names.add(topics.runEvents());
        names.add(topics.artifactEvents());
        names.add(topics.deadLetters());
        names.add(topics.ledger());
        return names;
    }

    /** The required topics, and those that nothing waits for: the control topic and, if used, the topics of hints and lineage. */
    private Set<String> wanted() {
        Set<String> wanted = names();
        wanted.add(topics.control());
        if (kafka.passesHintsOn()) {
            wanted.add(topics.hints());
        }
        kafka.lineageTopic().ifPresent(wanted::add);
        return wanted;
    }

    /** The topics that exist. A topic that the relay may not describe is a fault, because nobody can tell whether it exists. */
    private Map<String, TopicDescription> describe(Admin admin) throws InterruptedException, Faulty {
        Map<String, TopicDescription> found = new HashMap<>();
        List<String> faults = new ArrayList<>();
        var described = admin.describeTopics(wanted(), new DescribeTopicsOptions().includeAuthorizedOperations(true))
                .topicNameValues();
        for (var topic : described.entrySet()) {
            try {
                found.put(topic.getKey(), get(topic.getValue()));
            } catch (UnknownTopicOrPartitionException e) {
                LOG.debug("A topic is not there", pair(LogKey.TOPIC, topic.getKey()));
            } catch (TopicAuthorizationException e) {
                if (names().contains(topic.getKey())) {
                    faults.add(access.mayNotDescribe(topic.getKey()));
                }
            }
        }
        if (!faults.isEmpty()) {
            throw new Faulty(faults);
        }
        return found;
    }

    private void create(Admin admin, Map<String, TopicDescription> found) throws InterruptedException, Faulty {
        TopicDescription commands = found.get(topics.commands());
        int partitions =
                commands == null ? topics.partitions() : commands.partitions().size();
        for (String name : wanted()) {
            if (found.containsKey(name)) {
                continue;
            }
            Optional<Short> replicas = topics.replicationFactor().isPresent()
                    ? Optional.of((short) topics.replicationFactor().getAsInt())
                    : Optional.empty();
            boolean isLineage = kafka.lineageTopic().filter(name::equals).isPresent();
            int count = names().contains(name) || isLineage ? partitions : 1;
            NewTopic topic = new NewTopic(name, Optional.of(count), replicas).configs(TopicSettings.of(topics, name));
            try {
                get(admin.createTopics(List.of(topic)).all());
                LOG.info("Topic created", pair(LogKey.TOPIC, name), pair(LogKey.PARTITIONS, count));
            } catch (KafkaException e) {
                if (!(e.getCause() instanceof TopicExistsException || e instanceof TopicExistsException)) {
                    String fault = "topic '" + name + "' could not be created: " + e.getMessage();
                    if (names().contains(name)) {
                        throw new Faulty(List.of(fault));
                    }
                    LOG.debug("A topic that nothing waits for was not created", pair(LogKey.REASON, fault));
                }
            }
        }
    }

    private static String setting(Admin admin, String topic, String key) throws InterruptedException, Faulty {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        @Nullable
        Config config = get(admin.describeConfigs(List.of(resource)).all()).get(resource);
        return config == null || config.get(key) == null ? "" : config.get(key).value();
    }

    private static <T> T get(KafkaFuture<T> future) throws InterruptedException, Faulty {
        try {
            return future.get();
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            if (cause instanceof KafkaException kafka) {
                throw kafka;
            }
            throw new Faulty(List.of(SILENCE + cause.getMessage()));
        }
    }

    private static final class Faulty extends Exception {
        private static final long serialVersionUID = 1L;
        private final transient List<String> faults;

        Faulty(List<String> faults) {
            super(String.join("; ", faults));
            this.faults = faults;
        }
    }
}
