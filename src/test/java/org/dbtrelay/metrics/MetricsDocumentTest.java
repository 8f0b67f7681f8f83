package org.dbtrelay.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.prometheus.PrometheusConfig;
import io.micrometer.prometheus.PrometheusMeterRegistry;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.dbtrelay.docs.Document;
import org.dbtrelay.ledger.OwnerStatus;
import org.dbtrelay.ledger.entry.LedgerException;
import org.dbtrelay.run.job.JobRunStatus;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code docs/metrics.md} lists the meters of {@link RelayMetrics} as Prometheus gets them, with their tags. */
class MetricsDocumentTest {

    private static final Pattern SAMPLE = Pattern.compile("^(relay_\\w+)(?:\\{(.*)})? ", Pattern.MULTILINE);
    private static final Pattern TAG = Pattern.compile("(\\w+)=\"");

    private final Document document = Document.at("docs/metrics.md");
    private String scraped;

    @BeforeEach
    void scrape() throws ReflectiveOperationException {
        scraped = scrapeOfEverything();
    }

    @Test
    void listsTheMeters() {
        Set<String> names = SAMPLE.matcher(scraped)
                .results()
                .map(sample -> sample.group(1))
                .collect(Collectors.toCollection(TreeSet::new));

        assertThat(names).isNotEmpty();
        assertThat(document.firstColumn("Meters of the relay")).containsExactlyInAnyOrderElementsOf(names);
    }

    @Test
    void namesTheTags() {
        assertThat(SAMPLE.matcher(scraped).results())
                .filteredOn(sample -> sample.group(2) != null)
                .isNotEmpty()
                .allSatisfy(sample -> assertThat(document.row(sample.group(1)))
                        .contains(TAG.matcher(sample.group(2))
                                .results()
                                .map(tag -> "`" + tag.group(1) + "`")
                                .toList()));
    }

    @Test
    void namesTheReasonsOfLosses() {
        assertThat(document.row("relay_partition_losses_total"))
                .contains(Arrays.stream(LedgerException.Kind.values())
                        .map(kind -> "`" + kind.name().toLowerCase(Locale.ROOT) + "`")
                        .toList());
    }

    @Test
    void namesThePhasesOfPartitions() {
        assertThat(document.row("relay_partitions"))
                .contains(Arrays.stream(OwnerStatus.Phase.values())
                        .filter(phase -> phase != OwnerStatus.Phase.STOPPED)
                        .map(phase -> "`" + phase.name().toLowerCase(Locale.ROOT) + "`")
                        .toList());
    }

    /** Lets everything happen once and reads what Prometheus would. The registry is the one that Quarkus uses. */
    @SuppressWarnings("deprecation")
    private static String scrapeOfEverything() throws ReflectiveOperationException {
        PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        RelayMetrics metrics = new RelayMetrics(registry, new Activity(Clock.systemUTC()));
        for (Method happening : RelayMetrics.class.getDeclaredMethods()) {
            if (Modifier.isPublic(happening.getModifiers())) {
                happening.invoke(
                        metrics,
                        Arrays.stream(happening.getParameterTypes())
                                .map(MetricsDocumentTest::sample)
                                .toArray());
            }
        }
        return registry.scrape();
    }

    private static Object sample(Class<?> type) {
        if (type.isEnum()) {
            return type.getEnumConstants()[0];
        }
        if (type == Duration.class) {
            return Duration.ofSeconds(1);
        }
        if (type == int.class) {
            return 1;
        }
        if (type == long.class || type == Long.class) {
            return 1L;
        }
        if (type == JobRunStatus.class) {
            return JobRunStatus.Known.QUEUED;
        }
        if (type == boolean.class) {
            return true;
        }
        if (type == String.class) {
            return "text";
        }
        throw new AssertionError("this test has no sample of " + type);
    }
}
