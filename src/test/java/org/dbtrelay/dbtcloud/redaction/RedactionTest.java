package org.dbtrelay.dbtcloud.redaction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is blotted out, and what is not. The secrets are made up, and put together here so that no scanner takes them for real. */
class RedactionTest {

    private static final String ESC = "\u001b";
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
                new Case("hunter2", "{\\\"user\\\": \\\"dbt\\\", \\\"password\\\": \\\"%s\\\"}"),
                new Case("hunter2", "\\\\\\\"pwd\\\\\\\":\\\\\\\"%s\\\\\\\",\\\\\\\"x\\\\\\\":1"),
                new Case(LETTERS, "{\\\"key\\\": \\\"%s\\\"}"),
                new Case("p@ss:word", "postgres://dbt:%s@db.example:5432/shop"),
                new Case("hunter2", "postgres://dbt:%s@db.example:5432/shop"),
                new Case("p%40ss:word", "could not connect to snowflake+https://dbt:%s@xy1.snowflakecomputing.com/"),
                new Case("s3cr3t-value", "token: %s"),
                new Case("s3cr3t-value", "'access_token' => '%s'"),
                new Case("s3cr3t-value", "client_secret=%s&grant_type=x"),
                new Case("s3cr3t-value", "api_key: %s"),
                new Case("s3cr3t-value", "private_key_passphrase: %s"),
                new Case("s3cr3t-value", "Api-Key: %s"),
                new Case("s3cr3t-value", "APIKEY = %s"),
                new Case("s3cr3t-value", "PartitionKey: x; Account-Key=%s"),
                new Case("s3cr3t-value", "{\"accessToken\": \"%s\"}"),
                new Case("s3cr3t-value", "clientSecret=%s&grant_type=x"),
                new Case("s3cr3t-value", "{\"secretAccessKey\":\"%s\"}"),
                new Case("s3cr3t-value", "dbPassword: %s"),
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
    void aSecretIsBlottedOutAndWhatIsAroundItStays(Case each) {
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
                "uniqueKey: order_id, maxTokens: 4096, whereTokens = t.token",
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
    void whatIsNoSecretStays(String text) {
        assertThat(Redaction.blotOut(text)).isEqualTo(text);
    }

    /** What logs put around a secret: colours, whole, written out or with the escape character taken away. */
    static Stream<String> surroundings() {
        return Stream.of(
                ESC + "[31m%s" + ESC + "[0m",
                ESC + "[1;38;5;208m%s" + ESC + "[m",
                ESC + "[0m" + ESC + "[K%s" + ESC + "(B",
                "\u009b31m%s\u009b0m",
                ESC + "]8;;https://x.example" + ESC + "\\%s" + ESC + "]8;;\u0007",
                "[31m%s[0m",
                "\\u001b[31m%s\\u001b[0m",
                "\\x1B[31m%s\\x1B[0m",
                "\\033[0m%s\\033[0m");
    }

    @ParameterizedTest
    @MethodSource("surroundings")
    void coloursHideNoSecretOfAnyShape(String around) {
        secrets().forEach(each -> {
            String coloured = each.text().replace("%s", around.replace("%s", each.secret()));
            String whole = around.replace("%s", each.text().replace("%s", each.secret()));
            String everywhere = around.replace("%s", coloured);
            for (String text : List.of(coloured, whole, everywhere)) {
                assertThat(Redaction.blotOut(text))
                        .as(text)
                        .doesNotContain(each.secret())
                        .doesNotContain(ESC)
                        .doesNotContain("\u009b");
                assertThat(Redaction.tail(text)).as(text).doesNotContain(each.secret());
                assertThat(Redaction.beginning(1_000, text)).as(text).doesNotContain(each.secret());
            }
        });
    }

    @Test
    void whatTheIssueQuotesIsBlottedOut() {
        assertThat(Redaction.tail(ESC + "[31mdbtc_AbCdEf1234567890" + ESC + "[0m"))
                .isEqualTo("***");
        assertThat(Redaction.tail(ESC + "[0mpassword=hunter2hunter2")).isEqualTo("password=***");
        assertThat(Redaction.blotOut("pass" + ESC + "[1mword" + ESC + "[0m=hun" + ESC + "[1mter2"))
                .isEqualTo("password=***");
    }

    @Test
    void noControlCharacterStaysButTabsAndEndsOfLines() {
        StringBuilder all = new StringBuilder("a\tb\r\n");
        for (char c = 0; c < 0xa0; c++) {
            all.append(ESC).append(c).append(c);
        }
        assertThat(Redaction.blotOut(all)
                        .chars()
                        .filter(Character::isISOControl)
                        .boxed())
                .containsOnly((int) '\t', (int) '\r', (int) '\n');
        assertThat(Redaction.blotOut(ESC)).isEmpty();
        assertThat(Redaction.blotOut(ESC + "[31")).isEmpty();
        assertThat(Redaction.blotOut("a[0] [1] [m] \\d [12;3H")).isEqualTo("a[0] [1] [m] \\d [12;3H");
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '|',
            value = {
                "{\"password\": \"hun\\\"ter2\", \"user\": \"dbt\"}; {\"password\": \"***\", \"user\": \"dbt\"}",
                "{\\\"token\\\": \\\"hun\\\\\\\"ter2\\\"}; {\\\"token\\\": \\\"***\\\"}",
                "password='abc\\' user=dbt; password='***' user=dbt",
            },
            delimiter = ';')
    void aQuoteWithinASecretDoesNotEndIt(String text, String clean) {
        assertThat(Redaction.blotOut(text)).isEqualTo(clean);
    }

    @Test
    void halfACharacterIsReplaced() {
        assertThat(Redaction.blotOut("a\ud83d b\ude00 \ud83d\ude00")).isEqualTo("a\uFFFD b\uFFFD \ud83d\ude00");
        assertThat(Redaction.withoutControl(10, "x\ud83d")).isEqualTo("x\uFFFD");
    }

    @Test
    void anOpenQuoteHidesNothing() {
        assertThat(Redaction.blotOut("password=\"hunter2")).isEqualTo("password=\"***");
        assertThat(Redaction.blotOut("password: 'hunter2\nnext")).isEqualTo("password: '***\nnext");
    }

    @Test
    void aCutDividesNoSecret() {
        String key = "-----BEGIN PRIVATE " + "KEY-----\n" + ("MIIEowIBAAKCAQEA" + LETTERS + "\n").repeat(60)
                + "-----END PRIVATE " + "KEY-----\n";
        for (int fill = 0; fill < 30_000; fill += 499) {
            String log = "x\n".repeat(fill / 2) + key + "dbtc_" + LETTERS + "\n" + "done\n".repeat(300);
            assertThat(Redaction.tail(log))
                    .doesNotContain("MIIE")
                    .doesNotContain("ghEFGH")
                    .doesNotContain("uvwx");
            assertThat(Redaction.tail(log).length()).isBetween(1_000, 4_096);
            String begun = "x".repeat(fill / 30) + " dbtc_" + LETTERS;
            assertThat(Redaction.beginning(1_000, begun))
                    .doesNotContain("dbtc_abc")
                    .hasSizeLessThanOrEqualTo(1_000);
        }
    }

    @Test
    void whatRemainsOfALogThatCameInCutDoesNotBeginWithHalfASecret() {
        // LongStringCut counts bytes of JSON, of which an escape character takes six.
        String log = "AbCdEf1234567890 second half\n" + (ESC + "[0m").repeat(2_000) + "\nlast line\n";

        assertThat(Redaction.tail(log)).isEqualTo("\nlast line\n");
    }

    /** Texts that made an earlier version count for minutes. */
    static Stream<String> hostile() {
        return Stream.of(
                "A",
                "a_",
                "=",
                ":",
                "-",
                " ",
                "'",
                "password=",
                "password='",
                "password=\"'",
                "password: ",
                "password = '\n",
                "token token: ",
                "dbtc_",
                "-dbtc_",
                "dbtc_AbCdEf12\"",
                "-----BEGIN PRIVATE KEY-----\n",
                "-----BEGIN ",
                "-----BEGIN AAAAAAAAAAAAAAAAAAAAAAA",
                "-----END ",
                "-----END PRIVATE KEY-----",
                "ABCDEFGHIJKLMNOPQRS\n",
                "ABCDEFGHIJKLMNOPQRS -----END PRIVATE KEY----",
                "key: ",
                "key=",
                "key=aaaaaaaa",
                "-key=A1",
                "https://x:",
                "https://",
                "a://b:c",
                "eyJ",
                "-eyJ",
                "eyJaaaaaaaaa.",
                "eyJaaaaaaaaa.-eyJ",
                "bearer ",
                "bearer-",
                "bearer\n",
                "authorization : bearer ",
                "authorization",
                "?sig=",
                "&sig=&",
                "AKIA",
                "dapi0",
                ESC,
                ESC + "[",
                ESC + "]",
                ESC + "]0;",
                ESC + "[31",
                ESC + "[31mdbtc_",
                "[0;",
                "\\u001b[",
                "\\u001b[3",
                "dbt_env_secret_",
                "{{",
                "a.a",
                "password=a.",
                "password=\\\"",
                "password=\"\\\"",
                "password='password=\"\\'\\\"",
                "\\",
                "=\\\\\\\\\\\\\\",
                "\\\\\\\\\\\\\\\"=",
                "key=\\\"",
                "x://y:@",
                "x://y:z@@",
                "\ud83d",
                "\u0000");
    }

    @ParameterizedTest
    @MethodSource("hostile")
    void theStepsGrowWithTheLengthAndWithNothingElse(String piece) {
        int length = 48 * 1024;
        for (String ending : List.of("", "@", "\"A1b2-----END PRIVATE KEY-----")) {
            String text = piece.repeat(length / piece.length()) + ending;
            Counted counted = new Counted(text);

            ControlSequences.strip(counted);
            new Secrets(counted).find();

            assertThat(counted.steps).as(piece + ending).isLessThan(60L * length);
            assertThat(Redaction.blotOut(text)).hasSizeLessThanOrEqualTo(text.length());
        }
    }

    /** A text that counts how often a character of it is looked at. */
    private static final class Counted implements CharSequence {
        private final String text;
        private long steps;

        Counted(String text) {
            this.text = text;
        }

        @Override
        public int length() {
            return text.length();
        }

        @Override
        public char charAt(int index) {
            steps++;
            return text.charAt(index);
        }

        @Override
        public CharSequence subSequence(int begin, int end) {
            steps += end - begin;
            return text.substring(begin, end);
        }

        @Override
        public String toString() {
            steps += text.length();
            return text;
        }
    }

    /** The steps above are those over the text; this is what is done with what was found in it. */
    @Test
    void manySecretsTakeNoLongerEachThanFew() {
        String text = "password=a1;".repeat(400_000);

        assertTimeoutPreemptively(
                Duration.ofSeconds(20),
                () -> assertThat(Redaction.blotOut(text)).hasSameSizeAs("password=**;".repeat(400_000)));
    }

    @Test
    void nothingStaysNothing() {
        assertThat(Redaction.of(10, null)).isNull();
    }
}
