package org.dbtrelay.run.job;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TruncateTest {

    private static final String SNOWMAN_AND_DUCK = "a☃🦆b";

    @Test
    void whatFitsStaysAsItIs() {
        assertThat(Truncate.to(5, SNOWMAN_AND_DUCK)).isSameAs(SNOWMAN_AND_DUCK);
        assertThat(Truncate.withEllipsis(5, SNOWMAN_AND_DUCK)).isSameAs(SNOWMAN_AND_DUCK);
    }

    @Test
    void noCharacterIsDivided() {
        assertThat(Truncate.to(4, SNOWMAN_AND_DUCK)).isEqualTo("a☃🦆");
        assertThat(Truncate.to(3, SNOWMAN_AND_DUCK)).isEqualTo("a☃");
        assertThat(Truncate.to(0, SNOWMAN_AND_DUCK)).isEmpty();
    }

    @Test
    void theEllipsisCounts() {
        assertThat(Truncate.withEllipsis(4, SNOWMAN_AND_DUCK)).isEqualTo("a☃…");
        assertThat(Truncate.withEllipsis(1, SNOWMAN_AND_DUCK)).isEqualTo("…");
    }
}
