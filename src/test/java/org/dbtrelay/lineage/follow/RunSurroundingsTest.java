package org.dbtrelay.lineage.follow;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.util.Map;
import org.dbtrelay.config.LineageTests;
import org.dbtrelay.dbtcloud.connection.DbtCloudClient;
import org.dbtrelay.dbtcloud.connection.TestConnections;
import org.dbtrelay.lineage.follow.ScriptedCloud.Answer;
import org.dbtrelay.lineage.tell.Surroundings;
import org.dbtrelay.lineage.tell.ToldRun;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class RunSurroundingsTest {

    private static final ToldRun PLAIN = ScriptedCloud.told(ScriptedCloud.ended());
    private static final ToldRun OF_PROJECT =
            ScriptedCloud.told(ScriptedCloud.ended().replace("\"project_id\": null", "\"project_id\": 11"));
    private static final ToldRun PLACED = ScriptedCloud.told(ScriptedCloud.ended()
            .replace("\"project_id\": null", "\"project_id\": 11")
            .replace("\"environment_id\": null", "\"environment_id\": 7"));

    private final ScriptedCloud cloud = new ScriptedCloud();
    private final DbtCloudClient client = cloud.client();

    private static RunSurroundings with(Map<String, String> settings) {
        return new RunSurroundings(TestConnections.config(settings).openLineage(), "9.9");
    }

    @Test
    void nameTheHostWithItsPortAndTheAccount() {
        Surroundings around = with(Map.of()).of(client, PLAIN);

        assertThat(around.host()).isEqualTo("ab123.us1.dbt.com:8443");
        assertThat(around.namespace()).isEqualTo("dbt-cloud://ab123.us1.dbt.com:8443/4238");
        assertThat(around.relayVersion()).isEqualTo("9.9");
        assertThat(around.tests()).isEqualTo(LineageTests.AGGREGATE);
        assertThat(around.datasetNamespace()).isNull();
    }

    @Test
    void nameTheHostWithoutAPortThatItHasNot() {
        DbtCloudClient elsewhere = new ScriptedCloud("https://ab123.us1.dbt.com").client();

        assertThat(with(Map.of()).of(elsewhere, PLAIN).namespace()).isEqualTo("dbt-cloud://ab123.us1.dbt.com/4238");
    }

    @Test
    void nameAProducerWhosePathEndsWithTheOrchestrator() {
        assertThat(URI.create(with(Map.of()).of(client, PLAIN).facets().producer()))
                .hasScheme("dbt-cloud-relay")
                .hasPath("/9.9/dbt");
    }

    @Test
    void takeTheNamespaceOfTheConfiguration() {
        assertThat(with(Map.of("relay.openlineage.namespace", "shop"))
                        .of(client, PLAIN)
                        .namespace())
                .isEqualTo("shop");
    }

    @Test
    void takeTheDatasetsOfTheEnvironmentBeforeThoseOfTheConnection() {
        RunSurroundings both = with(Map.of(
                "relay.openlineage.dataset-namespace.7", "snowflake://seven",
                "relay.openlineage.dataset-namespace.default", "snowflake://all"));

        assertThat(both.of(client, PLACED).datasetNamespace()).isEqualTo("snowflake://seven");
        assertThat(both.of(client, PLAIN).datasetNamespace()).isEqualTo("snowflake://all");
        assertThat(both.areKnown(client, PLACED)).as("nothing has to be read").isTrue();
    }

    @Test
    void takeTheDatasetsOfTheConnectionForAnEnvironmentThatIsNotNamed() {
        RunSurroundings others = with(Map.of(
                "relay.openlineage.dataset-namespace.8", "snowflake://eight",
                "relay.openlineage.dataset-namespace.default", "snowflake://all"));

        assertThat(others.of(client, PLACED).datasetNamespace()).isEqualTo("snowflake://all");
    }

    @Test
    void areKnownIfThereIsNoEnvironmentToRead() {
        assertThat(with(Map.of()).areKnown(client, PLAIN)).isTrue();
        assertThat(with(Map.of()).areKnown(client, OF_PROJECT)).isTrue();
        assertThat(client.names().due()).as("nothing is asked for").isEmpty();
    }

    @Test
    void areKnownWhenTheEnvironmentIsRead() {
        cloud.answers("environments", Answer.of("""
                {"status": {"code": 200, "is_success": true}, "data": [{"id": 7, "account_id": 4238, "project_id": 11,
                  "name": "Production", "connection": {"type": "snowflake", "details": {"account": "acme-prod"}},
                  "repository": {"remote_url": "git://github.com/acme/shop.git"}}],
                 "extra": {"pagination": {"count": 1, "total_count": 1}}}"""));
        RunSurroundings surroundings = with(Map.of());

        assertThat(surroundings.areKnown(client, PLACED)).isFalse();
        assertThat(surroundings.of(client, PLACED).connection()).isEmpty();

        client.names().refresh(ScriptedCloud.ACCOUNT);

        assertThat(surroundings.areKnown(client, PLACED)).isTrue();
        assertThat(surroundings.of(client, PLACED).connection()).containsEntry("account", "acme-prod");
        assertThat(surroundings.of(client, PLACED).repository()).isEqualTo("git://github.com/acme/shop.git");
    }

    private static final String BY_ID_ONLY = """
            {"status": {"code": 200, "is_success": true}, "data": [{"id": 7, "account_id": 4238, "project_id": 11,
              "name": "Production", "connection_id": 13, "repository": {"remote_url": "git://github.com/acme/shop.git"}}],
             "extra": {"pagination": {"count": 1, "total_count": 1}}}""";

    private static final String THIRTEEN = """
            {"status": {"code": 200, "is_success": true}, "data": {"id": 13, "account_id": 4238, "name": "Warehouse",
              "adapter_version": "snowflake_v0", "config": {"account": "acme-prod", "oauth_client_secret": "canary"}}}""";

    private long asked(String what) {
        return cloud.asked.stream().filter(what::equals).count();
    }

    @Test
    void areKnownWhenTheConnectionIsReadThatTheEnvironmentOnlyNames() {
        cloud.answers("environments", Answer.of(BY_ID_ONLY));
        cloud.answers("connection 13", Answer.of(THIRTEEN));
        RunSurroundings surroundings = with(Map.of());
        surroundings.areKnown(client, PLACED);
        client.names().refresh(ScriptedCloud.ACCOUNT);

        assertThat(surroundings.areKnown(client, PLACED))
                .as("the connection is not read yet")
                .isFalse();
        assertThat(client.names().due()).containsExactly(ScriptedCloud.ACCOUNT);
        client.names().refresh(ScriptedCloud.ACCOUNT);

        assertThat(surroundings.areKnown(client, PLACED)).isTrue();
        assertThat(surroundings.of(client, PLACED).connection())
                .isEqualTo(Map.of("adapter_version", "snowflake_v0", "account", "acme-prod"));
        assertThat(surroundings.of(client, PLACED).repository()).isEqualTo("git://github.com/acme/shop.git");
        assertThat(client.names().due()).isEmpty();
        assertThat(asked("connection 13")).isEqualTo(1);
    }

    /** Extended attributes stand above the connection: nobody knows which account they name. */
    @Test
    void takeNoConnectionThatTheEnvironmentOverrides() {
        cloud.answers(
                "environments",
                Answer.of(
                        BY_ID_ONLY.replace(
                                "\"connection_id\": 13",
                                "\"connection_id\": 13, \"extended_attributes_id\": 5, \"connection\": {\"account\": \"other\"}")));
        RunSurroundings surroundings = with(Map.of());
        for (int i = 0; i < 3; i++) {
            surroundings.of(client, PLACED);
            client.names().refresh(ScriptedCloud.ACCOUNT);
        }

        assertThat(surroundings.areKnown(client, PLACED)).isTrue();
        assertThat(surroundings.of(client, PLACED).connection()).isEmpty();
        assertThat(asked("connection 13")).isZero();
    }

    @Test
    void takeNoFieldThatIsATemplate() {
        cloud.answers("environments", Answer.of(BY_ID_ONLY));
        cloud.answers("connection 13", Answer.of(THIRTEEN.replace("acme-prod", "{{ env_var('DBT_ACCOUNT') }}")));
        RunSurroundings surroundings = with(Map.of());
        for (int i = 0; i < 3; i++) {
            surroundings.of(client, PLACED);
            client.names().refresh(ScriptedCloud.ACCOUNT);
        }

        assertThat(surroundings.of(client, PLACED).connection()).isEqualTo(Map.of("adapter_version", "snowflake_v0"));
    }

    /** DataHub takes the last part of its path, and refuses an address without a path. */
    @Test
    void nameAProducerWithAPath() {
        URI producer = URI.create(with(Map.of()).of(client, PLAIN).facets().producer());

        assertThat(producer.isAbsolute()).isTrue();
        assertThat(producer.getPath()).isEqualTo("/9.9/dbt");
    }

    /** MotherDuck's path can have a token behind a question mark. */
    @Test
    void takeNoSecretOfAPath() {
        cloud.answers("environments", Answer.of(BY_ID_ONLY));
        cloud.answers(
                "connection 13",
                Answer.of(THIRTEEN.replace(
                        "\"account\": \"acme-prod\"", "\"path\": \"md:shop?motherduck_token=canary\"")));
        RunSurroundings surroundings = with(Map.of());
        for (int i = 0; i < 2; i++) {
            surroundings.areKnown(client, PLACED);
            client.names().refresh(ScriptedCloud.ACCOUNT);
        }
        surroundings.of(client, PLACED);
        client.names().refresh(ScriptedCloud.ACCOUNT);

        assertThat(surroundings.of(client, PLACED).connection()).containsEntry("path", "md:shop");
    }

    @Test
    void areKnownWithoutAConnectionThatTheTokenMayNotRead() {
        cloud.answers("environments", Answer.of(BY_ID_ONLY));
        cloud.answers("connection 13", Answer.error(404));
        RunSurroundings surroundings = with(Map.of());
        for (int i = 0; i < 100; i++) {
            surroundings.areKnown(client, PLACED);
            client.names().refresh(ScriptedCloud.ACCOUNT);
        }

        assertThat(surroundings.areKnown(client, PLACED)).isTrue();
        assertThat(surroundings.of(client, PLACED).connection()).isEmpty();
        assertThat(asked("connection 13")).isEqualTo(1);
    }

    @Test
    void readNoConnectionWhereTheNamespaceIsConfigured() {
        cloud.answers("environments", Answer.of(BY_ID_ONLY));
        RunSurroundings surroundings = with(Map.of("relay.openlineage.dataset-namespace.7", "snowflake://seven"));
        for (int i = 0; i < 3; i++) {
            surroundings.of(client, PLACED);
            client.names().refresh(ScriptedCloud.ACCOUNT);
        }

        assertThat(surroundings.areKnown(client, PLACED)).isTrue();
        assertThat(surroundings.of(client, PLACED).datasetNamespace()).isEqualTo("snowflake://seven");
        assertThat(surroundings.of(client, PLACED).repository()).isEqualTo("git://github.com/acme/shop.git");
        assertThat(asked("connection 13")).isZero();
    }
}
