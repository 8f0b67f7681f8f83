package org.dbtrelay.soak;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Random;

/**
 * The order of the attacks: first one of each kind, so that a short soak has met them all, then decks in which each kind is as
 * frequent as its weight says. The same seed gives the same order.
 */
final class Deck {

    private final Random random;
    private final Deque<Attack> cards = new ArrayDeque<>();

    Deck(Random random) {
        this.random = random;
        shuffleIn(List.of(Attack.values()));
    }

    Attack next() {
        if (cards.isEmpty()) {
            shuffleIn(Arrays.stream(Attack.values())
                    .flatMap(attack -> Collections.nCopies(attack.weight(), attack).stream())
                    .toList());
        }
        return cards.removeFirst();
    }

    private void shuffleIn(List<Attack> ordered) {
        var shuffled = new ArrayList<>(ordered);
        Collections.shuffle(shuffled, random);
        cards.addAll(shuffled);
    }
}
