package org.dbtrelay.run.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CommandHashTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0123456789abcdef0123456789abcdef",
                "00000000000000000000000000000001",
                "ffffffffffffffff8000000000000000"
            })
    void it_is_written_as_it_was_read(String hex) {
        assertThat(CommandHash.of(hex)).hasToString(hex);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0123", "0123456789abcdef0123456789abcdeg", "0123456789abcdef0123456789abcdef0"})
    void what_is_no_hash_is_refused(String text) {
        assertThatThrownBy(() -> CommandHash.of(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void both_halves_count() {
        assertThat(new CommandHash(1, 2)).isEqualTo(new CommandHash(1, 2)).isNotEqualTo(new CommandHash(2, 1));
    }
}
