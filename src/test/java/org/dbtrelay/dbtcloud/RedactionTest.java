package org.dbtrelay.dbtcloud;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is blotted out, and what is not. The secrets are made up, and put together here so that no scanner takes them for real. */
class RedactionTest {

    private static final String LETTERS = "abcdEFGH1234ijklMNOP5678qrstUVWX90yz";

    /** The secret, and a text with %s in its place. */
    record Case(String secret, String text) {}

    static Stream<Case> secrets() {
        return Stream.of(
                new Case("hunter2", "password=%s"),
                new Case("hunter2", "password: %s"),
                new Case("hunter2", "connection failed (user=dbt, PASSWORD=%s, host=db)"),
                new Case("hunter 2", "password='%s' user=dbt"),
                new Case("hunter2", "{\"user\": \"dbt\", \"password\": \"%s\"}"),
                new Case("hunter2", "postgres://dbt:%s@db.example:5432/shop"),
                new Case("p%40ss:word", "could not connect to snowflake+https://dbt:%s@xy1.snowflakecomputing.com/"),
                new Case("s3cr3t-value", "token: %s"),
                new Case("s3cr3t-value", "'access_token' => '%s'"),
                new Case("s3cr3t-value", "client_secret=%s&grant_type=x"),
                new Case("s3cr3t-value", "api_key: %s"),
                new Case("s3cr3t-value", "private_key_passphrase: %s"),
                new Case("s3cr3t-value", "Api-Key: %s"),
                new Case("s3cr3t-value", "APIKEY = %s"),
                new Case("s3cr3t-value", "AccountKey: x; Account-Key=%s"),
                new Case("s3cr3t-value", "PWD=%s"),
                new Case("abc123def456ghi7", "AUTHORIZATION: BASIC %s"),
                new Case("glpat-" + LETTERS, "gitlab %s"),
                new Case("xoxb-" + "12345678901", "slack %s"),
                new Case("AIza" + LETTERS.substring(1), "google %s"),
                new Case("ASIA" + "ABCDEFGHIJKLMNOP", "session %s"),
                new Case("AKIA%2F20261122", "https://x.s3.amazonaws.com/y?X-Amz-Credential=%s&X-Amz-Expires=60"),
                new Case("s3cr3t-value", "export DBT_ENV_SECRET_GIT=%s"),
                new Case("s3cr3t-value", "aws_secret_access_key = %s"),
                new Case("dbtc_" + LETTERS, "Authorization failed for %s"),
                new Case("dbts_" + LETTERS, "using %s."),
                new Case("dbtu_" + LETTERS, "(%s)"),
                new Case("abc123def456ghi7", "Authorization: Bearer %s"),
                new Case("abc123def456ghi7", "curl -H 'authorization: token %s'"),
                new Case("AKIA" + "ABCDEFGHIJKLMNOP", "The key %s does not exist"),
                new Case("ghp_" + LETTERS, "https://x-access-token:%s@github.com/shop/dbt.git"),
                new Case("ghp_" + LETTERS, "remote: %s is not valid"),
                new Case("github_pat_" + LETTERS, "fatal: could not read with %s"),
                new Case("eyJhbGciOiJI." + "eyJzdWIiOiIx." + "c2lnbmF0dXJl", "claims of %s are over"),
                new Case("dapi" + "0123456789abcdef".repeat(2), "databricks %s"),
                new Case("ya29." + LETTERS, "bigquery %s expired"),
                new Case(LETTERS, "snowflake key=%s"),
                new Case(
                        "-----BEGIN RSA PRIVATE " + "KEY-----\nMIIEowIBAAKCAQEA\nabc+/=\n-----END RSA PRIVATE KEY-----",
                        "key file:\n%s\nis not readable"),
                new Case(
                        "-----BEGIN PRIVATE " + "KEY-----\\nMIIEowIBAAKCAQEA\\n-----END PRIVATE KEY-----\\n",
                        "{\"private_key\": \"%s\", \"client_email\": \"x@y\"}"),
                new Case("MIIEowIBAAKCAQEAabcdef\nabcd+/=\n-----END PRIVATE " + "KEY-----", "%s\nDone."),
                new Case("0a1b2c3d", "https://shop.blob.core.windows.net/x?sv=2024&sig=%s&se=2026"));
    }

    @ParameterizedTest
    @MethodSource("secrets")
    void a_secret_is_blotted_out_and_what_is_around_it_stays(Case each) {
        String text = each.text().replace("%s", each.secret());

        String clean = Redaction.blotOut(text);

        assertThat(clean).doesNotContain(each.secret()).contains("***").hasSizeLessThanOrEqualTo(text.length());
        String[] around = each.text().split("%s", -1);
        assertThat(clean).startsWith(around[0]).endsWith(around[1]);
        assertThat(Redaction.blotOut(clean)).isEqualTo(clean);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Done. PASS=1 WARN=0 ERROR=1 SKIP=0 TOTAL=2",
                "select id, password, token from users where token = t.token",
                "where secret is null and password = null",
                "column \"password\" is missing: token_count = 5, max_tokens: 4096",
                "Database Error in model orders (models/orders.sql)\n  syntax error at or near \"form\"\n  LINE 3: form raw.orders",
                "HEAD is now at 4bf92f3577b34da6a3ce929d0e0e4736aabbccdd Merge",
                "unique_key: order_id, primary_key=customer_id, surrogate_key = dbt_utils.generate_surrogate_key(['a'])",
                "model.jaffle_shop.stg_tokens, test.shop.unique_access_keys_id.0a1b2c3d4e",
                "unexpected token: SELECT",
                "Found 12 models; see https://docs.getdbt.com/reference/commands/build?x=1",
                "Invalid token.",
                "Basic checks of bearer capacity are fine",
                "Failed at 10:00:00: postgres://db.example:5432/shop",
                "git@github.com:shop/dbt.git",
                "{{ env_var('DBT_PASSWORD') }}",
                "password: {{ env_var('DBT_PASSWORD') }}",
                "password=*****"
            })
    void what_is_no_secret_stays(String text) {
        assertThat(Redaction.blotOut(text)).isEqualTo(text);
    }

    @Test
    @Timeout(30)
    void a_long_text_takes_no_time_to_speak_of() {
        for (String text : new String[] {
            "A".repeat(100_000),
            "password=".repeat(10_000),
            "-----BEGIN PRIVATE KEY-----\n".repeat(2_000),
            "key: ".repeat(20_000),
            "a_".repeat(50_000),
            "https://x:".repeat(10_000),
            "ABCDEFGHIJKLMNOPQRS\n".repeat(3_000)
        }) {
            assertThat(Redaction.blotOut(text)).hasSizeLessThanOrEqualTo(text.length());
        }
        assertThat(Redaction.of(null)).isNull();
    }
}
