package org.dbtrelay.run;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CutTest {

    private static final String SNOWMAN_AND_DUCK = "a☃🦆b";

    @Test
    void whatFitsStaysAsItIs() {
        assertThat(Cut.to(5, SNOWMAN_AND_DUCK)).isSameAs(SNOWMAN_AND_DUCK);
        assertThat(Cut.withEllipsis(5, SNOWMAN_AND_DUCK)).isSameAs(SNOWMAN_AND_DUCK);
    }

    @Test
    void noCharacterIsDivided() {
        assertThat(Cut.to(4, SNOWMAN_AND_DUCK)).isEqualTo("a☃🦆");
        assertThat(Cut.to(3, SNOWMAN_AND_DUCK)).isEqualTo("a☃");
        assertThat(Cut.to(0, SNOWMAN_AND_DUCK)).isEmpty();
    }

    @Test
    void theEllipsisCounts() {
        assertThat(Cut.withEllipsis(4, SNOWMAN_AND_DUCK)).isEqualTo("a☃…");
        assertThat(Cut.withEllipsis(1, SNOWMAN_AND_DUCK)).isEqualTo("…");
    }
}
