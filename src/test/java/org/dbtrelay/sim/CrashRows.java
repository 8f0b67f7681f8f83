package org.dbtrelay.sim;

import org.dbtrelay.run.state.RunState;

/** Which rows of the table "Where it can die" a crash has met. */
final class CrashRows {

    private CrashRows() {}

    static void count(World world, Instance killed, String arrow) {
        Coverage coverage = world.coverage();
        if (killed.channel().holdsUntaken()) {
            coverage.count("crash", "before the first commit");
        }
        if (arrow.equals("acknowledge")) {
            coverage.count("crash", "after the first commit, before the acknowledgement");
        }
        if (arrow.startsWith("commit")) {
            coverage.count("crash", "while a commit was under way");
        }
        world.truth().commands().forEach((id, known) -> {
            boolean served = killed.flow().views().find(id).isPresent() && known.last != null;
            if (served) {
                coverage.count(
                        "crash",
                        switch (known.last.state()) {
                            case RunState.Starting _ ->
                                world.truth().isIntentUnused(known, killed.process())
                                        ? "after the intent, before the trigger"
                                        : "trigger on the wire, or its answer not committed";
                            case RunState.Collecting collecting ->
                                collecting.explaining() == null
                                        ? "while collecting"
                                        : "while a failure is to be explained";
                            case RunState other -> "while " + other.label();
                        });
            }
        });
    }
}
