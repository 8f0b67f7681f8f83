package org.dbtrelay.dbtcloud.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ApiTokenTest {

    @TempDir
    Path directory;

    @Test
    void aFixedTokenIsTrimmed() {
        assertThat(ApiToken.of(" dbtc_abc\n").value()).isEqualTo("dbtc_abc");
    }

    @Test
    void aFileIsReadAgainWhenItsTimeChanges() throws IOException {
        Path file = Files.writeString(directory.resolve("token"), "first\n");
        ApiToken token = ApiToken.in(file);
        assertThat(token.value()).isEqualTo("first");

        Files.writeString(file, "other\n");
        Files.setLastModifiedTime(file, FileTime.fromMillis(1_700_000_000_000L));

        assertThat(token.value()).isEqualTo("other");
    }

    @Test
    void aFileIsReadAgainWhenAnotherTakesItsPlace() throws IOException {
        FileTime time = FileTime.fromMillis(1_700_000_000_000L);
        Path file = Files.writeString(directory.resolve("token"), "first");
        Files.setLastModifiedTime(file, time);
        ApiToken token = ApiToken.in(file);
        assertThat(token.value()).isEqualTo("first");

        Path next = Files.writeString(directory.resolve("next"), "other");
        Files.setLastModifiedTime(next, time);
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);

        assertThat(token.value()).isEqualTo("other");
        assertThat(token.blotOut("first, other")).isEqualTo("***, ***");
    }

    @Test
    void aFileThatIsGoneLeavesTheLastToken() throws IOException {
        Path file = Files.writeString(directory.resolve("token"), "first");
        ApiToken token = ApiToken.in(file);
        assertThat(token.value()).isEqualTo("first");

        Files.delete(file);

        assertThat(token.value()).isEqualTo("first");
    }

    @Test
    void aFileThatWasNeverThereIsAFault() {
        ApiToken token = ApiToken.in(directory.resolve("none"));

        assertThatThrownBy(token::value)
                .isInstanceOf(ApiToken.Unreadable.class)
                .hasMessageContaining(directory.resolve("none").toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " \n", "two words", "line\r\nX-Header: 1", "tökén"})
    void whatIsNoTokenIsRefusedWithoutShowingIt(String text) throws IOException {
        ApiToken token = ApiToken.in(Files.writeString(directory.resolve("token"), text));

        assertThatThrownBy(token::value)
                .isInstanceOf(ApiToken.Unreadable.class)
                .message()
                .doesNotContain("words", "X-Header", "tökén");
    }

    @Test
    void anEndlessFileIsNotRead() throws IOException {
        ApiToken token = ApiToken.in(Files.writeString(directory.resolve("token"), "x".repeat(1_000_000)));

        assertThatThrownBy(token::value).isInstanceOf(ApiToken.Unreadable.class).hasMessageContaining("8192");
    }

    @Test
    void isNotPrinted() {
        ApiToken token = ApiToken.of("dbtc_abc");

        assertThat(token.toString()).doesNotContain("dbtc_abc");
        assertThat(token.blotOut("it was dbtc_abc")).isEqualTo("it was ***");
    }
}
