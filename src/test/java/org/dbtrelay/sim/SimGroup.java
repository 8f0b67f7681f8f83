package org.dbtrelay.sim;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * The consumer group of the commands topic: who owns which partition, who shall own it, and what is committed. As with
 * Kafka's cooperative protocol a partition moves only after its owner has let it go, or has not been heard of for too long.
 */
final class SimGroup {

    static final long SESSION = 10_000_000_000L;

    private final World world;
    private final SplittableRandom random;
    private final List<Member> members = new ArrayList<>();
    private final Member[] owner;
    private final Member[] target;
    private final long[] committed;

    SimGroup(World world, Plan plan) {
        this.world = world;
        this.random = new SplittableRandom(plan.seed() * 23 + 1);
        this.owner = new Member[plan.partitions()];
        this.target = new Member[plan.partitions()];
        this.committed = new long[plan.partitions()];
    }

    /** One consumer; once it is out, it has to join anew as another. */
    static final class Member {
        private final SimProcess process;
        private boolean out;

        Member(SimProcess process) {
            this.process = process;
        }

        boolean isOut() {
            return out;
        }
    }

    Member join(SimProcess process) {
        Member member = new Member(process);
        members.add(member);
        rebalance(false);
        return member;
    }

    /** The member says good-bye, or has not been heard of. */
    void remove(Member member) {
        if (!member.out) {
            member.out = true;
            members.remove(member);
            for (int partition = 0; partition < owner.length; partition++) {
                if (owner[partition] == member) {
                    owner[partition] = null;
                }
            }
            rebalance(false);
        }
    }

    /** The process stopped answering, for good or for a while: after the session time-out its members are out. */
    void fellSilent(SimProcess process) {
        int freezes = process.freezes();
        world.scheduler().after(SESSION, () -> {
            boolean still = process.isDead() || (process.isFrozen() && process.freezes() == freezes);
            if (still) {
                for (Member member : List.copyOf(members)) {
                    if (member.process == process) {
                        world.trace().say("group", "%s was not heard of for too long", process.name());
                        remove(member);
                    }
                }
            }
        });
    }

    void shuffle() {
        rebalance(true);
    }

    private void rebalance(boolean anew) {
        for (int partition = 0; partition < target.length; partition++) {
            if (members.isEmpty()) {
                target[partition] = null;
            } else if (anew || target[partition] == null || target[partition].out) {
                target[partition] = anew ? members.get(random.nextInt(members.size())) : leastBusy();
            }
        }
        boolean moved = !anew && members.size() > 1;
        while (moved) {
            moved = false;
            Member least = leastBusy();
            for (int partition = 0; partition < target.length && !moved; partition++) {
                if (load(target[partition]) > load(least) + 1) {
                    target[partition] = least;
                    moved = true;
                }
            }
        }
    }

    private Member leastBusy() {
        Member least = members.getFirst();
        for (Member member : members) {
            if (load(member) < load(least)) {
                least = member;
            }
        }
        return least;
    }

    private int load(Member member) {
        int load = 0;
        for (Member each : target) {
            load += each == member ? 1 : 0;
        }
        return load;
    }

    /** What the member has and shall have no more. */
    List<Integer> going(Member member) {
        List<Integer> going = new ArrayList<>();
        for (int partition = 0; partition < owner.length; partition++) {
            if (owner[partition] == member && target[partition] != member) {
                going.add(partition);
            }
        }
        return going;
    }

    void release(Member member, List<Integer> partitions) {
        for (int partition : partitions) {
            if (owner[partition] == member) {
                owner[partition] = null;
            }
        }
    }

    /** Gives the member what it shall have and nobody has. */
    List<Integer> take(Member member) {
        List<Integer> coming = new ArrayList<>();
        for (int partition = 0; partition < owner.length; partition++) {
            if (owner[partition] == null && target[partition] == member && !member.out) {
                owner[partition] = member;
                coming.add(partition);
            }
        }
        return coming;
    }

    void commit(Member member, int partition, long offset) {
        if (!member.out && owner[partition] == member) {
            committed[partition] = Math.max(committed[partition], offset);
        }
    }

    long committed(int partition) {
        return committed[partition];
    }
}
