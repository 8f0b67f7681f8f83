package org.dbtrelay.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.metrics.RelayLog.pair;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jboss.logmanager.ExtHandler;
import org.jboss.logmanager.ExtLogRecord;
import org.jboss.logmanager.Level;
import org.jboss.logmanager.Logger;
import org.jboss.logmanager.formatters.JsonFormatter;
import org.jboss.logmanager.formatters.PatternFormatter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** One line for the terminal, and the same in JSON with a field for each pair. */
class RelayLogTest {

    private static final String CATEGORY = RelayLogTest.class.getName();

    private final List<ExtLogRecord> records = new ArrayList<>();
    private final Logger logger = Logger.getLogger(CATEGORY);
    private final ExtHandler handler = new ExtHandler() {
        @Override
        protected void doPublish(ExtLogRecord entry) {
            records.add(entry);
        }
    };

    @BeforeEach
    void listen() {
        handler.setLevel(Level.ALL);
        logger.addHandler(handler);
        logger.setUseParentHandlers(false);
        RelayLog.level(CATEGORY, "INFO");
    }

    @AfterEach
    void stopListening() {
        logger.removeHandler(handler);
        logger.setUseParentHandlers(true);
        RelayLog.level(CATEGORY, null);
    }

    /** The garbage collector must have been there, or this says nothing. */
    @Test
    void aLevelStaysAlthoughNobodyHoldsTheLogger() {
        String category = CATEGORY + ".of.nobody";
        RelayLog.level(category, "DEBUG");
        try {
            WeakReference<Object> sign = new WeakReference<>(new Object());
            await().until(() -> {
                System.gc();
                return sign.refersTo(null);
            });
            // Reference queues are worked off later than the collection.
            await().during(Duration.ofMillis(200)).until(() -> RelayLog.levels().containsKey(category));
        } finally {
            RelayLog.level(category, null);
        }
        assertThat(RelayLog.levels()).doesNotContainKey(category);
    }

    @Test
    void pairsAreTextAndFields() throws IOException {
        RelayLog.of(RelayLogTest.class)
                .error(
                        "It broke {0} %s",
                        new IllegalStateException("why"),
                        pair(LogKey.COMMAND_ID, "orders\n1 \u001b[2Jü"),
                        pair(LogKey.RUN_ID, 42L),
                        pair(LogKey.DETAIL, null));

        assertThat(new PatternFormatter("%p [%c] %s").format(records.getFirst()))
                .isEqualTo("ERROR [" + CATEGORY
                        + "] It broke {0} %s command_id=orders\\u000a1 \\u001b[2Jü run_id=42 detail=null");
        String json = new JsonFormatter().format(records.getFirst());
        assertThat(json.strip()).doesNotContain("\n");
        JsonNode fields = new ObjectMapper().readTree(json);
        assertThat(fields.path("level").asText()).isEqualTo("ERROR");
        assertThat(fields.path("loggerName").asText()).isEqualTo(CATEGORY);
        assertThat(fields.path("mdc").path("command_id").asText()).isEqualTo("orders\n1 \u001b[2Jü");
        assertThat(fields.path("mdc").path("run_id").asText()).isEqualTo("42");
        assertThat(fields.path("mdc")).hasSize(3);
        assertThat(fields.path("exception").path("message").asText()).isEqualTo("why");
    }

    @Test
    void aLevelHoldsFromTheNextLineOn() {
        RelayLog log = RelayLog.of(RelayLogTest.class);
        log.debug("not told");
        RelayLog.level(CATEGORY, "DEBUG");
        log.debug("told");
        assertThat(RelayLog.levels()).containsEntry(CATEGORY, "DEBUG");
        RelayLog.level(CATEGORY, "ERROR");
        log.warn("not told either");

        assertThat(records).extracting(ExtLogRecord::getMessage).containsExactly("told");
    }
}
