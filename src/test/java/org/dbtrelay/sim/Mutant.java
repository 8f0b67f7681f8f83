package org.dbtrelay.sim;

/** A rule of the protocol, broken: the simulation has to notice. */
enum Mutant {
    /** Nothing is broken. */
    NONE("-"),
    NO_FENCE("each claim has a transactional id of its own"),
    NO_SEARCH("an unclear start is started again without a search"),
    NO_SEND_WINDOW(7, "a trigger is sent however long ago it was decided"),
    WINDOW_AFTER_COMMIT(73, "the send window begins when the commit has returned"),
    SHORT_W(9, "a search is over after one second"),
    ACKNOWLEDGE_BEFORE_COMMIT("a record is acknowledged when it is delivered"),
    ACT_BEFORE_COMMIT("actions do not wait for the commit"),
    NO_ID_CHECK("an id that was used is not known again"),
    NO_POSITION("a claim does not read the position"),
    ANSWERS_UNMATCHED(487, "answers are taken for whatever attempt"),
    COMMANDS_DROPPED(24, "commands in hand are lost when a claim fails"),
    READ_UNCOMMITTED("a claim reads what is not committed"),
    SEQUENCE_IN_MEMORY("sequence numbers are not restored"),
    RETRY_AGAIN(102, "a retry without a clear answer is sent again"),
    CANCEL_DROPPED(6, "a cancel is forgotten while its target starts"),
    NO_ORDER(12, "each command believes that it is alone at its job"),
    NO_LIMITS(15, "any number of runs may be in flight"),
    HASTY_REPLACE(25, "a replace does not wait for the end of what it cancels"),
    NO_END(14, "a cancellation that is not confirmed is waited for without end"),
    NO_BACK_OFF(1044, "a search that failed is repeated after a second"),
    REFUSAL_STOPS_ALL(6110, "a refusal for one job is taken for one of the token"),
    SWEEP_TAKES_RETRIES(970, "a sweep takes a person's retry for a second run"),
    TAKEN_WHERE_IT_LIES(9, "a record is taken wherever its producer has put it"),
    PASSED_ON_OUTSIDE(638, "a record is passed on outside of the transaction"),
    ORIGIN_FORGOTTEN("a record that is passed on forgets where it came from"),
    STEPS_NOT_AWAITED(281, "a run that shows no steps yet counts as explained"),
    NOT_ASKED_AGAIN("what was missing when a run's end was told is not asked for again"),
    ATTEMPTS_NOT_COUNTED(2, "runs that have failed are not counted"),
    RETRIED_AFTER_CANCEL(147, "who pauses before another run is not told to end"),
    EARLIER_RUN_ADOPTED(1932, "a search does not know the runs of the command that have failed"),
    FAILED_TEST_RETRIED(87, "a failed test counts as an error"),
    OTHER_STEP_IGNORED(2805, "a catalog of the other step is not taken for the one that was asked for"),
    OTHER_STEP_AGAIN(38, "the other step of a catalog is asked for it twice"),
    CURSOR_OUTSIDE(118, "the cursor of an observer moves with what it finds, outside of the transaction"),
    NO_OVERLAP(124, "an observer never lists anew what it has come past"),
    SWITCH_UNHEARD(28, "a process does not hear that a person has suspended a job"),
    SWITCH_FORGOTTEN("a process that starts does not know which jobs are suspended"),
    TIMELINE_FORGOTTEN("a new owner forgets when events were told"),
    JOINED_AFTER_INTENT(461, "a command joins one whose start is on its way"),
    OLDER_RUN_SATISFIES(5, "a command joins one that has its run already"),
    MEMBERSHIP_NOT_COMMITTED("that a command has joined another one is in memory only"),
    LEADER_CANCELS_FOR_ALL(9, "a command that is cancelled takes its run from those that share it"),
    NOBODY_LEADS_NEXT(969, "nobody leads when the one that led is over"),
    INTERVAL_IGNORED(13, "the starts of a job need not be apart"),
    MARKER_IGNORED("an observer ignores the marker in a cause");

    private final long hint;
    private final String rule;

    Mutant(String rule) {
        this(0, rule);
    }

    Mutant(long hint, String rule) {
        this.hint = hint;
        this.rule = rule;
    }

    /**
     * The seed at which the search for a history that detects it begins: one that did, when it was last written down. A change of
     * the simulation gives the seeds other histories; an old hint costs time and nothing else.
     */
    long hint() {
        return hint;
    }

    String rule() {
        return rule;
    }
}
