package org.dbtrelay.run.decide;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class RankedSetTest {

    private int compared;

    @Test
    void it_answers_as_a_tree_set_does() {
        RankedSet<Integer> ranked = new RankedSet<>(Comparator.naturalOrder());
        TreeSet<Integer> expected = new TreeSet<>();
        Random random = new Random(1);
        for (int i = 0; i < 5_000; i++) {
            int value = random.nextInt(300);
            if (random.nextInt(3) == 0) {
                ranked.remove(value);
                expected.remove(value);
            } else {
                ranked.add(value);
                expected.add(value);
            }
            int asked = random.nextInt(300);
            assertThat(ranked.isEmpty()).isEqualTo(expected.isEmpty());
            assertThat(ranked.first()).isEqualTo(expected.isEmpty() ? null : expected.first());
            assertThat(ranked.lower(asked)).isEqualTo(expected.lower(asked));
            assertThat(ranked.higher(asked)).isEqualTo(expected.higher(asked));
            assertThat(ranked.countBefore(asked))
                    .isEqualTo(expected.headSet(asked).size());
            assertThat(ranked.before(asked)).isEqualTo(List.copyOf(expected.headSet(asked)));
        }
    }

    @Test
    void each_of_a_hundred_thousand_costs_some_dozens_of_comparisons() {
        RankedSet<Integer> ranked = new RankedSet<>((one, other) -> {
            compared++;
            return Integer.compare(one, other);
        });
        int count = 100_000;
        for (int i = 0; i < count; i++) {
            ranked.add(i);
        }
        for (int i = 0; i < count; i++) {
            assertThat(ranked.countBefore(i)).isEqualTo(i);
        }
        for (int i = 0; i < count; i++) {
            ranked.remove(i);
        }

        assertThat(ranked.isEmpty()).isTrue();
        assertThat(compared / count).isLessThan(200);
    }
}
