package org.dbtrelay.lineage.event;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class RunIdsTest {

    private final RunIds ids = new RunIds(4238, 70403110257797L);

    /** The values are those of Python's {@code uuid.uuid5}, as docs/lineage.md shows. */
    @Test
    void areThoseThatAnybodyComputes() {
        assertThat(ids.ofRun()).isEqualTo(UUID.fromString("f20d42b3-bc78-59f6-9820-50fd99ce65f6"));
        assertThat(ids.ofNode(4, "model.shop.orders"))
                .isEqualTo(UUID.fromString("507f09cc-4a98-5813-887c-9e1db85b0fb1"));
        assertThat(ids.ofRun().version()).isEqualTo(5);
        assertThat(ids.ofRun().variant()).isEqualTo(2);
    }

    @Test
    void differForWhateverDiffers() {
        assertThat(Stream.of(
                        ids.ofRun(),
                        new RunIds(4239, 70403110257797L).ofRun(),
                        new RunIds(4238, 70403110257798L).ofRun(),
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
        assertThat(new RunIds(4238, 70403110257797L).ofStep(4)).isEqualTo(ids.ofStep(4));
    }
}
