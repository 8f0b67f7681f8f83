package org.dbtrelay.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class EmbeddedKafkaTest {

    private static final Duration LIMIT = Duration.ofSeconds(20);

    private static EmbeddedKafka kafka;

    @BeforeAll
    static void startKafka() {
        kafka = EmbeddedKafka.temporary().start();
    }

    @AfterAll
    static void closeKafka() {
        kafka.close();
        assertThat(kafka.dataDirectory()).doesNotExist();
    }

    @Test
    void keepsCommittedRecordsAndItsPortOverARestart() throws Exception {
        kafka.createTopics(1, "restart");
        inTransaction("restart-tx", true, "restart", "before");
        String bootstrapServers = kafka.bootstrapServers();

        try (var reader = TopicReader.of(bootstrapServers, "restart")) {
            reader.awaitFor(event -> "before".equals(event.text()), LIMIT);

            kafka.restart();

            assertThat(kafka.bootstrapServers()).isEqualTo(bootstrapServers);
            inTransaction("restart-tx", true, "restart", "after");
            reader.awaitFor(event -> "after".equals(event.text()), LIMIT);
            assertThat(reader.events()).extracting(ReceivedEvent::text).containsExactly("before", "after");
        }
        try (var reader = TopicReader.of(bootstrapServers, "restart")) {
            assertThat(reader.await(2, event -> true, LIMIT))
                    .extracting(ReceivedEvent::text)
                    .containsExactly("before", "after");
        }
    }

    @Test
    void readerHidesWhatWasAborted() throws Exception {
        kafka.createTopics(1, "aborted");
        inTransaction("aborted-tx", true, "aborted", "one");
        inTransaction("aborted-tx", false, "aborted", "never");
        inTransaction("aborted-tx", true, "aborted", "two");
        inTransaction("aborted-tx", false, "aborted", "never either");

        try (var reader = TopicReader.of(kafka.bootstrapServers(), "aborted")) {
            reader.awaitEnd(LIMIT);

            assertThat(reader.events()).extracting(ReceivedEvent::text).containsExactly("one", "two");
        }
    }

    @Test
    void readerFindsATopicThatComesLater() {
        try (var reader = TopicReader.of(kafka.bootstrapServers(), "early", "late")) {
            kafka.createTopics(2, "early");
            kafka.produce("early", "k", "first");
            reader.awaitFor(event -> "first".equals(event.text()), LIMIT);
            kafka.createTopics(2, "late");
            kafka.produce("late", "k", "second");

            ReceivedEvent second = reader.awaitFor(event -> event.topic().equals("late"), LIMIT);

            assertThat(second.key()).isEqualTo("k");
            assertThat(reader.events()).hasSize(2);
        }
    }

    @Test
    void readerGivesTheNewsSinceTheLastLook() {
        kafka.createTopics(1, "news");
        try (var reader = TopicReader.of(kafka.bootstrapServers(), "news")) {
            assertThat(reader.eventsAfter(0, Duration.ofMillis(20))).isEmpty();
            kafka.produce("news", "k", "first");
            assertThat(reader.eventsAfter(0, LIMIT))
                    .extracting(ReceivedEvent::text)
                    .containsExactly("first");
            kafka.produce("news", "k", "second");
            assertThat(reader.eventsAfter(1, LIMIT))
                    .extracting(ReceivedEvent::text)
                    .containsExactly("second");
            assertThat(reader.eventsAfter(2, Duration.ofMillis(20))).isEmpty();
        }
    }

    @Test
    void readerSaysWhatCameInstead() {
        kafka.createTopics(1, "silent");
        kafka.produce("silent", "k", "something else");

        try (var reader = TopicReader.of(kafka.bootstrapServers(), "silent")) {
            reader.awaitEnd(LIMIT);
            assertThatThrownBy(() -> reader.awaitEvent("run.succeeded", "c1", Duration.ofMillis(50)))
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("No run.succeeded of command c1")
                    .hasMessageContaining("something else");
        }
    }

    @Test
    void topicsAreMadeOnlyOnRequestAndWithTheirSettings() throws Exception {
        kafka.createTopic("compacted", 3, Map.of("cleanup.policy", "compact"));
        kafka.createTopic("compacted", 7, Map.of());

        try (var admin = kafka.admin()) {
            var described =
                    admin.describeTopics(List.of("compacted")).allTopicNames().get();
            assertThat(described.get("compacted").partitions()).hasSize(3);
            assertThat(admin.listTopics().names().get()).doesNotContain("never-made");
        }
    }

    private static void inTransaction(String id, boolean commit, String topic, String value) throws Exception {
        try (var producer = kafka.newProducer(Map.of("transactional.id", id))) {
            producer.initTransactions();
            producer.beginTransaction();
            producer.send(new ProducerRecord<>(topic, value.getBytes(StandardCharsets.UTF_8)))
                    .get();
            if (commit) {
                producer.commitTransaction();
            } else {
                producer.abortTransaction();
            }
        }
    }
}
