package org.dbtrelay.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ForkedKafkaTest {

    private static final Duration LIMIT = Duration.ofSeconds(30);

    @TempDir
    Path directory;

    @Test
    void comesBackAfterAKillWithItsDataOnItsPort() {
        try (var kafka = ForkedKafka.in(directory.resolve("broker")).start();
                var clients = kafka.newClients();
                var reader = TopicReader.of(kafka.bootstrapServers(), "survivor")) {
            String bootstrapServers = kafka.bootstrapServers();
            clients.createTopics(1, "survivor");
            clients.produce("survivor", "k", "before");
            reader.awaitFor(event -> "before".equals(event.text()), LIMIT);

            kafka.kill();
            kafka.start();

            assertThat(kafka.bootstrapServers()).isEqualTo(bootstrapServers);
            clients.produce("survivor", "k", "after");
            reader.awaitFor(event -> "after".equals(event.text()), LIMIT);
            kafka.pause();
            kafka.resume();
            clients.produce("survivor", "k", "thawed");
            reader.awaitFor(event -> "thawed".equals(event.text()), LIMIT);
            assertThat(reader.events()).extracting(ReceivedEvent::text).containsExactly("before", "after", "thawed");
            kafka.stop();
        }
    }
}
