package org.dbtrelay.lineage.tell;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.stream.StreamSupport;
import org.dbtrelay.config.LineageTests;
import org.dbtrelay.lineage.event.LineageEvent;
import org.dbtrelay.lineage.event.Transition;
import org.dbtrelay.run.job.NodeStatus.NodeClass;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class StepLineageTest {

    private static final String JOB = "job-559062.";

    private final Told told = new Told();

    private Told tell(StepArtifacts artifacts) throws IOException, InterruptedException {
        return tell(artifacts, LineageTests.AGGREGATE);
    }

    private Told tell(StepArtifacts artifacts, LineageTests tests) throws IOException, InterruptedException {
        RunLineage run = new RunLineage(SampleRuns.run(SampleRuns.ENDED), SampleRuns.around(tests));
        new StepLineage(run, SampleRuns.BUILD).tell(artifacts, told);
        return told;
    }

    private static JaffleShop shop() {
        return JaffleShop.standard("snowflake", "ANALYTICS");
    }

    private static List<String> names(JsonNode datasets) {
        return StreamSupport.stream(datasets.spliterator(), false)
                .map(dataset -> dataset.path("name").asText())
                .toList();
    }

    @Test
    void tellsOfEachNodeBetweenStartAndEndOfTheStep() throws Exception {
        tell(shop());

        assertThat(told.jobs())
                .containsExactly(
                        "START job-559062.dbt build",
                        "START job-559062.seed.shop.countries",
                        "COMPLETE job-559062.seed.shop.countries",
                        "START job-559062.model.shop.customers",
                        "COMPLETE job-559062.model.shop.customers",
                        "START job-559062.model.shop.stg_customers",
                        "COMPLETE job-559062.model.shop.stg_customers",
                        "START job-559062.model.shop.orders",
                        "COMPLETE job-559062.model.shop.orders",
                        "START job-559062.tests.model.shop.customers",
                        "COMPLETE job-559062.tests.model.shop.customers",
                        "COMPLETE job-559062.dbt build");
        assertThat(told.bases()).containsExactly("rmc");
    }

    /** An ephemeral model has no table; what it was built from stands in its place, across a chain of them. */
    @Test
    void namesWhatANodeWasBuiltFrom() throws Exception {
        tell(shop());

        JsonNode customers = told.end(JOB + "model.shop.customers");
        assertThat(names(customers.path("inputs")))
                .containsExactly("ANALYTICS.prod.stg_customers", "ANALYTICS.prod.orders", "ANALYTICS.raw.orders");
        assertThat(names(customers.path("outputs"))).containsExactly("ANALYTICS.prod.customers");
        assertThat(customers.path("outputs").path(0).path("namespace").asText()).isEqualTo("snowflake://acme-prod");
        assertThat(told.end(JOB + "seed.shop.countries").path("inputs")).isEmpty();
    }

    @Test
    void takesColumnsFromTheCatalogAndWordsFromTheManifest() throws Exception {
        tell(shop());

        JsonNode output = told.end(JOB + "model.shop.orders").path("outputs").path(0);
        JsonNode column = output.path("facets").path("schema").path("fields").path(0);
        assertThat(column.path("type").asText()).isEqualTo("NUMBER(38,0)");
        assertThat(column.path("description").asText()).isEqualTo("The key");
        assertThat(output.path("outputFacets")
                        .path("outputStatistics")
                        .path("rowCount")
                        .asLong())
                .isEqualTo(99);
        assertThat(output.path("outputFacets")
                        .path("outputStatistics")
                        .path("size")
                        .asLong())
                .isEqualTo(4096);
        JsonNode source = told.end(JOB + "model.shop.orders").path("inputs").path(0);
        assertThat(source.path("facets").path("schema").path("fields"))
                .extracting(field -> field.path("name").asText())
                .containsExactly("ID", "NAME");
    }

    @Test
    void tellsTestsOfAModelTogether() throws Exception {
        tell(shop());

        JsonNode input =
                told.end(JOB + "tests.model.shop.customers").path("inputs").path(0);
        assertThat(input.path("name").asText()).isEqualTo("ANALYTICS.prod.customers");
        assertThat(input.path("inputFacets").path("dataQualityAssertions").path("assertions"))
                .extracting(
                        it -> it.path("assertion").asText(),
                        it -> it.path("success").asBoolean(),
                        it -> it.path("column").asText())
                .containsExactlyInAnyOrder(tuple("not_null", true, "id"), tuple("unique", false, "id"));
    }

    @Test
    void tellsEachTestIfWanted() throws Exception {
        tell(shop(), LineageTests.EACH);

        assertThat(told.bases()).as("other events").containsExactly("rmce");

        assertThat(told.jobs())
                .contains("COMPLETE job-559062.test.shop.not_null_customers.5c9bf9911d")
                .noneMatch(job -> job.contains(".tests."));
        assertThat(told.end(JOB + "test.shop.unique_customers.5c9bf9911d")
                        .path("inputs")
                        .path(0)
                        .path("inputFacets")
                        .path("dataQualityAssertions")
                        .path("assertions"))
                .hasSize(1);
    }

    @Test
    void tellsNoTestIfNotWanted() throws Exception {
        tell(shop(), LineageTests.NONE);

        assertThat(told.jobs()).noneMatch(job -> job.contains("test"));
    }

    @Test
    void failsTheTestsOfAModelIfOneFails() throws Exception {
        tell(shop().test("accepted_values", "model.shop.orders", "status", "ERROR", "fail", "model.shop.orders"));

        JsonNode tests = told.end(JOB + "tests.model.shop.orders");
        assertThat(tests.path("eventType").asText()).isEqualTo("FAIL");
        assertThat(tests.path("run")
                        .path("facets")
                        .path("errorMessage")
                        .path("message")
                        .asText())
                .startsWith("Got 3 results");
    }

    @ParameterizedTest
    @CsvSource({
        "success, COMPLETE, built",
        "warn, COMPLETE, warned",
        "reused, COMPLETE, reused",
        "no-op, COMPLETE, no_op",
        "error, FAIL, failed",
        "partial success, FAIL, failed",
        "skipped, ABORT, skipped",
        "invented later, COMPLETE, other",
    })
    void givesEachStatusItsMeaning(String status, String event, String nodeClass) throws Exception {
        tell(shop().node("model.shop.last", "table", status, "model.shop.orders"));

        JsonNode last = told.end(JOB + "model.shop.last");
        assertThat(last.path("eventType").asText()).isEqualTo(event);
        JsonNode facet = last.path("run").path("facets").path("dbt_node");
        assertThat(facet.path("status").asText()).isEqualTo(status);
        assertThat(facet.path("class").asText()).isEqualTo(nodeClass);
        assertThat(last.path("run").path("facets").has("errorMessage")).isEqualTo(event.equals("FAIL"));
        assertThat(last.path("outputs").path(0).path("outputFacets").has("outputStatistics"))
                .isEqualTo(List.of("success", "warn").contains(status));
        // A server that takes the edges of the last run for those of the job keeps them, however the run ended.
        JsonNode start = told.start(JOB + "model.shop.last");
        assertThat(names(start.path("inputs"))).containsExactly("ANALYTICS.prod.orders");
        assertThat(names(start.path("outputs"))).containsExactly("ANALYTICS.prod.last");
        assertThat(names(last.path("outputs")))
                .isEqualTo(event.equals("COMPLETE") ? names(start.path("outputs")) : List.of());
    }

    /** A class that nobody thought of would have no event. */
    @ParameterizedTest
    @EnumSource(NodeClass.class)
    void knowsAllClasses(NodeClass nodeClass) {
        assertThat(StepLineage.transition(nodeClass)).isNotNull().isNotEqualTo(Transition.START);
    }

    @Test
    void doesWithoutAManifest() throws Exception {
        tell(shop().with("manifest.json", null));

        assertThat(told.bases()).containsExactly("r");
        assertThat(told.jobs()).contains("COMPLETE job-559062.model.shop.orders");
        assertThat(told.end(JOB + "model.shop.orders").path("outputs")).isEmpty();
        assertThat(told.end(JOB + "model.shop.orders")
                        .path("run")
                        .path("facets")
                        .path("dbt_node")
                        .path("status")
                        .asText())
                .isEqualTo("success");
    }

    @Test
    void doesWithoutACatalog() throws Exception {
        tell(shop().with("catalog.json", null));

        assertThat(told.bases()).containsExactly("rm");
        JsonNode field = told.end(JOB + "model.shop.orders")
                .path("outputs")
                .path(0)
                .path("facets")
                .path("schema")
                .path("fields")
                .path(0);
        assertThat(field.path("name").asText()).isEqualTo("id");
        assertThat(field.has("type")).isFalse();
    }

    @Test
    void doesWithoutResults() throws Exception {
        tell(shop().with("run_results.json", null));

        assertThat(told.jobs()).containsExactly("START job-559062.dbt build", "COMPLETE job-559062.dbt build");
    }

    @ParameterizedTest
    @CsvSource({"manifest.json, r", "catalog.json, rm", "run_results.json, ''"})
    void losesOnlyTheFacetsOfAnArtifactThatMakesNoSense(String path, String basis) throws Exception {
        for (String nonsense : List.of(
                "{\"metadata\": {}, \"nodes\": {\"model.shop.orders\": {\"name\": \"or",
                "[]",
                "null",
                " ",
                "{\"results\": [")) {
            tell(shop().with(path, nonsense));
        }

        assertThat(told.bases()).hasSize(5).containsOnly(basis);
        assertThat(told.jobs()).startsWith("START job-559062.dbt build").endsWith("COMPLETE job-559062.dbt build");
    }

    /** Of a step that was cut dbt Cloud can have the file of a step before it. */
    @Test
    void doesNotTakeTheResultsOfAnEarlierStep() throws Exception {
        JaffleShop shop = shop();
        tell(shop.with("run_results.json", shop.runResults().replace("12:01:30.5Z", "12:01:04Z")));

        assertThat(told.jobs()).hasSize(2);
    }

    /** Broken off in the second pass: what is left is told without details, and marked, because it comes in another order. */
    @Test
    void goesOnWhereTheManifestBreaksOff() throws Exception {
        JaffleShop shop = shop();
        int[] opened = {0};
        tell((path, step) -> {
            Optional<InputStream> file = shop.open(path, step);
            if (!path.equals("manifest.json") || ++opened[0] < 2) {
                return file;
            }
            byte[] half = new String(file.orElseThrow().readAllBytes(), StandardCharsets.UTF_8)
                    .split("\"model.shop.stg_customers\": \\{", -1)[0].getBytes(StandardCharsets.UTF_8);
            return Optional.of(new ByteArrayInputStream(half));
        });

        assertThat(told.bases()).containsExactly("rmc", "rmc!");
        assertThat(told.jobs()).hasSize(12).doesNotHaveDuplicates();
        assertThat(told.end(JOB + "model.shop.customers")
                        .path("job")
                        .path("facets")
                        .has("sql"))
                .isTrue();
        assertThat(told.end(JOB + "model.shop.orders")
                        .path("job")
                        .path("facets")
                        .has("sql"))
                .isFalse();
        assertThat(names(told.end(JOB + "model.shop.orders").path("outputs"))).containsExactly("ANALYTICS.prod.orders");
    }

    /** A transfer that broke is the caller's to try again. */
    @Test
    void doesNotTakeABrokenTransferForABrokenFile() {
        JaffleShop shop = shop();
        InputStream breaking = new InputStream() {
            @Override
            public int read() throws IOException {
                throw new IOException("connection reset");
            }

            @Override
            public int read(byte[] to, int from, int length) throws IOException {
                throw new IOException("connection reset");
            }
        };
        assertThatThrownBy(() -> tell((path, step) -> path.equals("manifest.json")
                        ? Optional.of(new SequenceInputStream(
                                new ByteArrayInputStream("{\"metadata\": {".getBytes(StandardCharsets.UTF_8)),
                                breaking))
                        : shop.open(path, step)))
                .isInstanceOf(IOException.class)
                .hasMessage("connection reset");
        assertThat(told.jobs()).isEmpty();
    }

    @Test
    void masksSecretsInCodeAndMessages() throws Exception {
        JaffleShop shop = shop();
        tell(shop.with(
                "manifest.json",
                shop.manifest().replace("select * from t -- orders", "copy from x password='hunter2secret'")));

        assertThat(told.end(JOB + "model.shop.orders")
                        .path("job")
                        .path("facets")
                        .path("sql")
                        .path("query")
                        .asText())
                .contains("copy from x")
                .doesNotContain("hunter2secret");
    }

    /** Nobody vouches for texts: one that is too long costs its own end, not the file. */
    @Test
    void shortensTextsThatAreTooLong() throws Exception {
        JaffleShop shop = shop();
        tell(shop.with("manifest.json", shop.manifest().replace("select * from t -- customers", "x".repeat(5_000_000)))
                .with(
                        "run_results.json",
                        shop.runResults().replaceFirst("\"SELECT 99\"", "\"" + "y".repeat(2_000_000) + "\"")));

        assertThat(told.bases()).containsExactly("rmc");
        assertThat(told.jobs()).hasSize(12);
        assertThat(told.end(JOB + "model.shop.customers")
                        .at("/job/facets/sql/query")
                        .asText())
                .startsWith("xxx")
                .hasSizeLessThan(40_000);
        assertThat(told.end(JOB + "model.shop.orders")
                        .at("/job/facets/sql/query")
                        .asText())
                .isEqualTo("select * from t -- orders");
    }

    /** A server's database may refuse such a text, and the event with it. */
    @Test
    void tellsNoControlCharacters() throws Exception {
        JaffleShop shop = shop();
        tell(shop.with(
                        "run_results.json",
                        shop.runResults()
                                .replace(
                                        "\"unique_id\": \"model.shop.orders\"",
                                        "\"unique_id\": \"model.shop.or\\u0000d\\u001b[31mers\""))
                .with(
                        "manifest.json",
                        shop.manifest().replace("One row for each of customers", "half \\ud83d, \\u0000, line\\n")));

        assertThat(told.jobs()).contains("COMPLETE job-559062.model.shop.ord[31mers");
        assertThat(told.end(JOB + "model.shop.customers")
                        .at("/job/facets/documentation/description")
                        .asText())
                .isEqualTo("half \uFFFD, , line");
        assertThat(told.events().toString().chars()).noneMatch(c -> c < ' ' && c != '\n');
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "+1000000000-12-31T23:59:59Z",
                "-0001-01-01T00:00:00Z",
                "1970-01-01T00:00:00Z",
                "2999-01-01T00:00:00Z"
            })
    void takesNoTimesThatAreFarFromTheStep(String time) throws Exception {
        JaffleShop shop = shop();
        tell(shop.with(
                "run_results.json",
                shop.runResults().replaceAll("\"(started|completed)_at\": \"[^\"]*\"", "\"$1_at\": \"" + time + "\"")));

        assertThat(told.jobs()).hasSize(12);
        assertThat(told.events())
                .extracting(event -> event.path("eventTime").asText())
                .allMatch(told -> told.startsWith("2026-11-29T12:01:"));
    }

    @Test
    void tellsNoQueryThatTheAdapterDoesNotName() throws Exception {
        JaffleShop shop = shop();
        tell(shop.with("run_results.json", shop.runResults().replaceAll("01b2-\\d+", "N/A")));

        assertThat(told.end(JOB + "model.shop.orders")
                        .at("/run/facets/externalQuery")
                        .isMissingNode())
                .isTrue();
    }

    /** As the example of the facet's specification. */
    @Test
    void namesAQueryOfBigQueryWithItsProjectAndItsPlace() throws Exception {
        JaffleShop shop = shop();
        tell(shop.with(
                "run_results.json",
                shop.runResults()
                        .replaceAll(
                                "\"query_id\": \"01b2-\\d+\"",
                                "\"job_id\": \"bquijob_1\", \"location\": \"US\", \"project_id\": \"acme\"")));

        assertThat(told.end(JOB + "model.shop.orders")
                        .at("/run/facets/externalQuery/externalQueryId")
                        .asText())
                .isEqualTo("acme:US.bquijob_1");
    }

    /** Snowflake's answer for {@code create table as} is one row, whatever it has written: then the catalog tells what is in the table. */
    @ParameterizedTest
    @CsvSource({"customers, true, 99", "customers, false, -1", "orders, true, -1", "stg_customers, true, -1"})
    void takesTheRowsOfATableFromTheCatalogWhereTheAdapterDoesNotTell(String model, boolean hasCatalog, int rows)
            throws Exception {
        JaffleShop shop = shop();
        shop.with(
                "run_results.json",
                shop.runResults().replace("\"rows_affected\": 99", "\"code\": \"SUCCESS\", \"rows_affected\": 1"));
        tell(hasCatalog ? shop : shop.with("catalog.json", null));

        assertThat(told.end(JOB + "model.shop." + model)
                        .at("/outputs/0/outputFacets/outputStatistics/rowCount")
                        .asInt(-1))
                .isEqualTo(rows);
    }

    /** Of an incremental model it is what was written, not all that is there. */
    @Test
    void takesTheAdaptersRowsFirst() throws Exception {
        JaffleShop shop = shop();
        tell(shop.with(
                "run_results.json", shop.runResults().replace("\"rows_affected\": 99", "\"rows_affected\": 12")));

        assertThat(told.end(JOB + "model.shop.orders")
                        .at("/outputs/0/outputFacets/outputStatistics/rowCount")
                        .asInt(-1))
                .isEqualTo(12);
    }

    /** It says nothing of the data. */
    @Test
    void assertsNothingByATestOfAUnit() throws Exception {
        JaffleShop shop = shop();
        String id = "unit_test.shop.orders.adds_up";
        tell(
                shop.with(
                                "run_results.json",
                                shop.runResults()
                                        .replace(
                                                "\"results\": [",
                                                "\"results\": [{\"unique_id\": \"" + id
                                                        + "\", \"status\": \"fail\", \"message\": \"differs\", \"timing\": []},"))
                        .with(
                                "manifest.json",
                                shop.manifest()
                                        .replace(
                                                "\"unit_tests\": {}",
                                                "\"unit_tests\": {\"" + id
                                                        + "\": {\"name\": \"adds_up\", \"depends_on\": {\"nodes\": [\"model.shop.orders\"]}}}")));

        JsonNode end = told.end(JOB + "tests.model.shop.orders");
        assertThat(end.path("eventType").asText()).isEqualTo("FAIL");
        assertThat(end.at("/inputs/0/inputFacets/dataQualityAssertions").isMissingNode())
                .isTrue();
    }

    /** A run that has begun has to end, even without what it was made from. */
    @Test
    void tellsTheEndOfTestsThatAreTooMany() throws Exception {
        JaffleShop shop = shop();
        for (int i = 0; i < 12_000; i++) {
            shop.test(
                    "accepted_values_" + "x".repeat(20) + i,
                    "model.shop.orders",
                    "c" + i,
                    "ERROR",
                    "pass",
                    "model.shop.orders");
        }
        tell(shop);

        JsonNode end = told.end(JOB + "tests.model.shop.orders");
        assertThat(end.path("eventType").asText()).isEqualTo("COMPLETE");
        assertThat(end.toString().length()).isLessThan(LineageEvent.MOST_BYTES);
        assertThat(names(end.path("inputs"))).containsExactly("ANALYTICS.prod.orders");
    }

    /** The columns of all sources of a union of shards are more than an event, and than the memory has room for. */
    @Test
    void tellsColumnsOfSomeInputsOnly() throws Exception {
        JaffleShop shop = new JaffleShop("snowflake", "DB");
        StringBuilder columns = new StringBuilder();
        for (int i = 0; i < 900; i++) {
            columns.append(i == 0 ? "" : ",")
                    .append("\"C%d\": {\"name\": \"C%d\", \"type\": \"text\", \"index\": %d}".formatted(i, i, i));
        }
        String[] sources = new String[20];
        for (int i = 0; i < sources.length; i++) {
            shop.source("shard" + i);
            sources[i] = "source.shop.raw.shard" + i;
        }
        shop.node("model.shop.all", "table", "success", sources);
        tell(shop.with(
                "catalog.json",
                shop.catalog().replaceAll("\"columns\": \\{\"NAME[^}]*}[^}]*}}", "\"columns\": {" + columns + "}")));

        JsonNode end = told.end(JOB + "model.shop.all");
        assertThat(end.path("inputs")).hasSize(20);
        assertThat(end.path("inputs").findValues("schema").size())
                .as("5,000 columns in an event")
                .isEqualTo(5);
    }

    @Test
    void tellsTheEndOfANodeWithInputsThatAreTooMany() throws Exception {
        JaffleShop shop = new JaffleShop("snowflake", "A_DATABASE_WITH_A_LONG_NAME");
        String[] sources = new String[2_000];
        for (int i = 0; i < sources.length; i++) {
            String name = "a_table_" + "x".repeat(220) + i;
            shop.source(name);
            sources[i] = "source.shop.raw." + name;
        }
        tell(shop.node("model.shop.all", "table", "success", sources));

        JsonNode end = told.end(JOB + "model.shop.all");
        assertThat(end.path("eventType").asText()).isEqualTo("COMPLETE");
        assertThat(end.toString().length()).isLessThan(LineageEvent.MOST_BYTES);
        assertThat(names(end.path("outputs"))).containsExactly("A_DATABASE_WITH_A_LONG_NAME.prod.all");
    }
}
