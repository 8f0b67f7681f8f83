package org.dbtrelay.run.decide;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A sorted set that also knows how many come before one. Each method costs the logarithm of its size; a
 * {@code TreeSet} cannot count like that. It is a treap: a search tree whose shape is that of a random order of arrival.
 */
final class RankedSet<T> {

    private final Comparator<? super T> resolved;
    private @Nullable Node<T> root;
    private int made;

    RankedSet(Comparator<? super T> resolved) {
        this.resolved = resolved;
    }

    private record Node<T>(
            T value,
            int priority,
            @Nullable Node<T> left,
            @Nullable Node<T> right,
            int size) {

        Node(T value, int priority, @Nullable Node<T> left, @Nullable Node<T> right) {
            this(value, priority, left, right, RankedSet.size(left) + 1 + RankedSet.size(right));
        }

        Node<T> between(@Nullable Node<T> before, @Nullable Node<T> after) {
            return new Node<>(value, priority, before, after);
        }
    }

    boolean isEmpty() {
        return root == null;
    }

    void add(T value) {
        remove(value);
        Node<T> added = new Node<>(value, scattered(++made), null, null);
        root = merge(merge(before(root, value), added), notBefore(root, value));
    }

    void remove(T value) {
        root = without(root, value);
    }

    /** The first of all; null: there is none. */
    @Nullable
    T first() {
        @Nullable Node<T> node = root;
        while (node != null && node.left() != null) {
            node = node.left();
        }
        return node == null ? null : node.value();
    }

    /** The last of those that come before one; null: there is none. */
    @Nullable
    T lower(T value) {
        @Nullable T found = null;
        for (@Nullable Node<T> node = root; node != null; ) {
            if (resolved.compare(node.value(), value) < 0) {
                found = node.value();
                node = node.right();
            } else {
                node = node.left();
            }
        }
        return found;
    }

    /** The first of those that come after one; null: there is none. */
    @Nullable
    T higher(T value) {
        @Nullable T found = null;
        for (@Nullable Node<T> node = root; node != null; ) {
            if (resolved.compare(node.value(), value) > 0) {
                found = node.value();
                node = node.left();
            } else {
                node = node.right();
            }
        }
        return found;
    }

    /** How many come before one. */
    int countBefore(T value) {
        int count = 0;
        for (@Nullable Node<T> node = root; node != null; ) {
            if (resolved.compare(node.value(), value) < 0) {
                count += size(node.left()) + 1;
                node = node.right();
            } else {
                node = node.left();
            }
        }
        return count;
    }

    /** Those that come before one, in order. */
    List<T> before(T value) {
        List<T> found = new ArrayList<>();
        collect(before(root, value), found);
        return found;
    }

    private static <T> void collect(@Nullable Node<T> node, List<T> found) {
        if (node != null) {
            collect(node.left(), found);
            found.add(node.value());
            collect(node.right(), found);
        }
    }

    private @Nullable Node<T> before(@Nullable Node<T> node, T value) {
        if (node == null) {
            return null;
        }
        return resolved.compare(node.value(), value) < 0
                ? node.between(node.left(), before(node.right(), value))
                : before(node.left(), value);
    }

    private @Nullable Node<T> notBefore(@Nullable Node<T> node, T value) {
        if (node == null) {
            return null;
        }
        return resolved.compare(node.value(), value) < 0
                ? notBefore(node.right(), value)
                : node.between(notBefore(node.left(), value), node.right());
    }

    private @Nullable Node<T> without(@Nullable Node<T> node, T value) {
        if (node == null) {
            return null;
        }
        int compared = resolved.compare(node.value(), value);
        if (compared == 0) {
            return merge(node.left(), node.right());
        }
        return compared < 0
                ? node.between(node.left(), without(node.right(), value))
                : node.between(without(node.left(), value), node.right());
    }

    /** All of one come before all of the other. */
    private static <T> @Nullable Node<T> merge(@Nullable Node<T> left, @Nullable Node<T> right) {
        if (left == null) {
            return right;
        }
        if (right == null) {
            return left;
        }
        return left.priority() > right.priority()
                ? left.between(left.left(), merge(left.right(), right))
                : right.between(merge(left, right.left()), right.right());
    }

    /** As good as a random number, and the same at each run: the last step of MurmurHash3. */
    private static int scattered(int number) {
        int mixed = (number ^ (number >>> 16)) * 0x85EBCA6B;
        mixed = (mixed ^ (mixed >>> 13)) * 0xC2B2AE35;
        return mixed ^ (mixed >>> 16);
    }

    private static int size(@Nullable Node<?> node) {
        return node == null ? 0 : node.size();
    }
}
