package org.dbtrelay.sim;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What the default number of histories has to meet, and which pairs of state and input it need not meet, and why. */
final class Expected {

    private static final List<String> STATES = List.of(
            "Waiting",
            "Starting",
            "Searching",
            "Following",
            "Cancelling",
            "Judging",
            "Retrying",
            "Joined",
            "Collecting",
            "Finished");

    private static final List<String> WITHOUT_WAITING = STATES.subList(1, STATES.size());

    private static final List<String> INPUTS = List.of(
            "CommandReceived",
            "Restored",
            "TimerFired",
            "TurnReached",
            "TargetChanged",
            "CancelRequested",
            "RunRead",
            "RunsInFlight",
            "JobFound",
            "JobRejected",
            "StartReserved",
            "Started",
            "StartRefused",
            "StartFailed",
            "SearchResult",
            "RunObserved",
            "RunNotFound",
            "RunEnded",
            "EndExplained",
            "ArtifactsCollected",
            "CallFailed",
            "InternalFault",
            "MarkedRunsFound");

    /** What commands meet that wait for the cause of a failure, or for another run. */
    private static final List<String> MET_AGAIN = List.of(
            "Judging + EndExplained",
            "Judging + Restored",
            "Judging + TimerFired",
            "Retrying + TimerFired",
            "Retrying + Restored",
            "Retrying + CancelRequested",
            "Retrying + MarkedRunsFound");

    /** What commands meet that wait for a run that another one starts for them, too. */
    private static final List<String> MET_JOINED = List.of(
            "Joined + Restored",
            "Joined + TimerFired",
            "Joined + CancelRequested",
            "Joined + ShareMoved",
            "Joined + ShareEnded");

    /** Pairs that cannot be, with the reason; one that is met all the same fails the test. */
    static final Map<String, String> IMPOSSIBLE = impossible();

    /** Pairs that can be, but so seldom that no number of histories that anybody waits for is sure to meet them. */
    private static final Map<String, String> RARE = rare();

    /** What has to be met, by kind. */
    private static final Map<String, List<String>> MOST = Map.of(
            "pair", pairs(),
            "state", STATES,
            "task", tasks(),
            "post", posts(),
            "if_running",
                    List.of(
                            "REPLACE cancels and waits",
                            "REPLACE cancels and waits, nothing listed",
                            "REPLACE goes on, nothing listed",
                            "REPLACE supersedes one that waits",
                            "REUSE follows",
                            "REUSE follows, nothing listed",
                            "REUSE goes on, nothing listed",
                            "SKIP goes on, nothing listed",
                            "SKIP is rejected",
                            "SKIP is rejected, nothing listed",
                            "SKIP is rejected, one is ahead"),
            "failure",
                    List.of(
                            "told in full",
                            "told in part",
                            "told without its steps",
                            "explained later",
                            "steps came late",
                            "steps never came, the last one's artifacts are asked for",
                            "never explained",
                            "another run follows: conflict",
                            "another run follows: any"),
            "limits", List.of("a start within them"),
            "trigger", List.of("Started", "Refused", "NotSent", "Limited", "Suspended", "NotFound", "Unclear"),
            "kafka",
                    List.of(
                            "fenced",
                            "record refused for its size",
                            "passed on by its key",
                            "passed on by its key, without an id",
                            "passed on by its job"),
            "crash",
                    List.of(
                            "before the first commit",
                            "after the first commit, before the acknowledgement",
                            "after the intent, before the trigger",
                            "trigger on the wire, or its answer not committed",
                            "while a commit was under way",
                            "commit outcome unknown",
                            "while waiting",
                            "while looking",
                            "while following",
                            "while cancelling",
                            "while judging",
                            "while retrying",
                            "while collecting",
                            "while a failure is to be explained",
                            "frozen, wakes after losing its partitions",
                            "broker away",
                            "dbt Cloud away"));

    /** The same, and what the history of a few plans has to meet. */
    static final Map<String, List<String>> ALL = all();

    private Expected() {}

    private static Map<String, List<String>> all() {
        Map<String, List<String>> all = new TreeMap<>(MOST);
        all.put("share", List.of("a run of its own", "a run of another"));
        return all;
    }

    /** Each kind of task in each state that it can be in. */
    private static List<String> tasks() {
        List<String> all = new ArrayList<>();
        for (String kind : List.of("Trigger", "Retry", "Rerun")) {
            STATES.stream()
                    .filter(state -> kind.equals("Trigger") || !state.equals("Joined"))
                    .forEach(state -> all.add(kind + " + " + state));
        }
        for (String state : STATES) {
            if (!List.of("Starting", "Searching", "Judging", "Retrying", "Joined")
                    .contains(state)) {
                all.add("Follow + " + state);
            }
        }
        List.of("Waiting", "Cancelling", "Finished").forEach(state -> all.add("Cancel + " + state));
        List.of("Waiting", "Finished").forEach(state -> all.add("DryRun + " + state));
        return List.copyOf(all);
    }

    /** Each call that starts a run, and each way that it can go; what is seldom, for triggers only. */
    private static List<String> posts() {
        List<Faults.Fate> seldom =
                List.of(Faults.Fate.TOO_MANY_REQUESTS, Faults.Fate.FORBIDDEN, Faults.Fate.BAD_REQUEST);
        List<String> all = new ArrayList<>();
        for (Faults.Fate fate : Faults.Fate.values()) {
            all.add("Trigger " + fate);
            if (!seldom.contains(fate)) {
                all.add("Retry " + fate);
            }
        }
        return List.copyOf(all);
    }

    private static List<String> pairs() {
        List<String> pairs = new ArrayList<>(List.of("none + CommandReceived", "none + NotACommand"));
        for (String state : STATES) {
            for (String input : INPUTS) {
                String pair = state + " + " + input;
                if (!IMPOSSIBLE.containsKey(pair) && !RARE.containsKey(pair)) {
                    pairs.add(pair);
                }
            }
        }
        pairs.addAll(MET_JOINED);
        return List.copyOf(pairs.stream().distinct().toList());
    }

    private static Map<String, String> impossible() {
        Map<String, String> all = new TreeMap<>();
        put(
                all,
                "artifacts are asked for only after the end is told",
                List.of("Waiting", "Starting", "Searching", "Judging", "Retrying", "Joined"),
                "ArtifactsCollected");
        String permit = "a permit is for a command that waits, and has not changed since it asked";
        put(all, permit, WITHOUT_WAITING, "StartReserved");
        put(all, "only a command that waits can be first", WITHOUT_WAITING, "TurnReached");
        String target =
                "it waits for another command only until it knows that one's run; two that wait can end together";
        put(
                all,
                target,
                List.of(
                        "Starting",
                        "Searching",
                        "Following",
                        "Cancelling",
                        "Judging",
                        "Retrying",
                        "Joined",
                        "Collecting"),
                "TargetChanged");
        String asked = "only who waits or has a run in flight is asked to end; who starts is asked when that is clear";
        put(all, asked, List.of("Starting", "Searching", "Collecting", "Finished"), "CancelRequested");
        put(
                all,
                "artifacts are asked for only after the end is told",
                List.of("Following", "Cancelling"),
                "ArtifactsCollected");
        put(all, "a claim begins nothing anew that is finished", List.of("Finished"), "Restored");
        return all;
    }

    private static Map<String, String> rare() {
        Map<String, String> all = new TreeMap<>();
        String before = "a late answer about a run that has failed, after which there is another one";
        put(all, before, List.of("Waiting", "Starting", "Searching"), "RunObserved", "RunEnded", "EndExplained");
        put(all, before, List.of("Following", "Cancelling"), "EndExplained");
        put(all, before, List.of("Starting", "Searching"), "RunNotFound");
        String seldom = "only some histories have commands that want another run after one that failed";
        for (String state : List.of("Judging", "Retrying")) {
            for (String input : INPUTS) {
                String pair = state + " + " + input;
                if (!IMPOSSIBLE.containsKey(pair) && !MET_AGAIN.contains(pair)) {
                    all.put(pair, seldom);
                }
            }
        }
        String joined = "only some histories have commands that share a run";
        for (String input : INPUTS) {
            String pair = "Joined + " + input;
            if (!IMPOSSIBLE.containsKey(pair) && !MET_JOINED.contains(pair)) {
                all.put(pair, joined);
            }
        }
        String second = "a second look-up of names, begun before all waits began anew, and slower than a start";
        put(all, second, List.of("Starting", "Searching", "Following", "Cancelling", "Collecting"), "JobFound");
        put(all, second, List.of("Starting", "Searching", "Following", "Cancelling", "Collecting"), "JobRejected");
        put(all, second, List.of("Starting"), "CallFailed");
        String late = "an answer from before a claim was lost, slower than all that came after it";
        put(all, late, List.of("Waiting", "Cancelling", "Collecting", "Finished"), "Started", "StartFailed");
        put(all, late, List.of("Waiting", "Following", "Cancelling", "Collecting", "Finished"), "StartRefused");
        put(all, late, List.of("Cancelling"), "SearchResult");
        put(all, late, List.of("Starting", "Searching", "Cancelling", "Collecting"), "RunRead", "RunsInFlight");
        put(all, late, List.of("Starting", "Collecting"), "SearchResult");
        String size = "only where a topic takes just records that are smaller than one of these";
        put(
                all,
                size,
                List.of("Waiting", "Starting", "Searching", "Cancelling", "Collecting", "Finished"),
                "InternalFault");
        put(all, "a run that vanishes just then", List.of("Cancelling", "Collecting", "Finished"), "RunNotFound");
        put(all, "a sweep just then", List.of("Waiting", "Following", "Cancelling", "Collecting"), "MarkedRunsFound");
        return all;
    }

    private static void put(Map<String, String> all, String reason, List<String> states, String... inputs) {
        for (String state : states) {
            for (String input : inputs) {
                all.put(state + " + " + input, reason);
            }
        }
    }
}
