package org.dbtrelay.lineage.event;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class RunIdsTest {

    private static final String HOST = "ab123.us1.dbt.com";

    private final RunIds ids = new RunIds(HOST, 4238, 70403110257797L);

    /** The values are those of Python's {@code uuid.uuid5}, as docs/lineage.md shows. */
    @Test
    void areThoseThatAnybodyComputes() {
        assertThat(ids.ofRun()).isEqualTo(UUID.fromString("a044664a-71e6-59f6-b064-51e1554c95cf"));
        assertThat(ids.ofNode(4, "model.shop.orders"))
                .isEqualTo(UUID.fromString("3463c8f0-83d9-5efd-a49d-c7bde719e769"));
        assertThat(ids.ofRun().version()).isEqualTo(5);
        assertThat(ids.ofRun().variant()).isEqualTo(2);
    }

    @Test
    void differForWhateverDiffers() {
        assertThat(Stream.of(
                        ids.ofRun(),
                        new RunIds(HOST, 4239, 70403110257797L).ofRun(),
                        new RunIds("emea.dbt.com", 4238, 70403110257797L).ofRun(),
                        new RunIds(HOST, 4238, 70403110257798L).ofRun(),
                        ids.ofStep(4),
                        ids.ofStep(5),
                        ids.ofNode(4, "model.shop.orders"),
                        ids.ofNode(5, "model.shop.orders"),
                        ids.ofNode(4, "model.shop.customers"),
                        ids.ofTests(4, "model.shop.orders")))
                .doesNotHaveDuplicates();
    }

    @Test
    void stay() {
        assertThat(new RunIds(HOST, 4238, 70403110257797L).ofStep(4)).isEqualTo(ids.ofStep(4));
    }
}
