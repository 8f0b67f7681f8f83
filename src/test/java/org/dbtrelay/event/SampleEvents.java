package org.dbtrelay.event;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.command.TraceContext;
import org.dbtrelay.run.event.AbandonReason;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.event.RunEvent;
import org.dbtrelay.run.event.SampleEvent;
import org.dbtrelay.run.event.StrayReason;
import org.dbtrelay.run.job.ArtifactContent;
import org.dbtrelay.run.job.CancelReason;
import org.dbtrelay.run.job.FailedNode;
import org.dbtrelay.run.job.JobRunStatus.Known;
import org.dbtrelay.run.job.NodeOwner;
import org.dbtrelay.run.job.NodeStatus;
import org.dbtrelay.run.job.RetryReason;
import org.dbtrelay.run.job.RunDetails;
import org.dbtrelay.run.job.RunFailure;
import org.dbtrelay.run.job.RunNames;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.RunStep;
import org.dbtrelay.run.job.StoredArtifact;
import org.dbtrelay.run.job.UnavailableReason;
import org.dbtrelay.run.job.WantedArtifact;

/** An event of each type, and of each shape that a type has; by the names of their files in {@code src/test/resources/events}. */
final class SampleEvents {

    private static final long ACCOUNT = 4238;
    private static final long JOB = 70403103930101L;
    private static final long RUN = 70403110257800L;
    private static final Instant TIME = Instant.parse("2026-11-22T16:38:58.123456789Z");

    private SampleEvents() {}

    static Map<String, RunEvent> all() {
        Map<String, RunEvent> all = new LinkedHashMap<>();
        all.put(
                "command.accepted",
                command(EventType.COMMAND_ACCEPTED, 0, null, new RunEvent.OfCommand("trigger", null, null, null)));
        all.put(
                "command.rejected",
                command(
                        EventType.COMMAND_REJECTED,
                        0,
                        null,
                        new RunEvent.OfCommand("follow", RejectReason.RUN_NOT_FOUND, "there is no such run", null)));
        all.put(
                "command.completed",
                command(
                        EventType.COMMAND_COMPLETED,
                        1,
                        RUN,
                        new RunEvent.OfCommand("cancel", null, "the run has ended", Known.CANCELLED)));
        all.put(
                "command.completed-without-run",
                command(
                        EventType.COMMAND_COMPLETED,
                        1,
                        null,
                        new RunEvent.OfCommand("trigger", null, "nothing speaks against it", null)));
        all.put("run.queued", run(EventType.RUN_QUEUED, 1, Known.QUEUED, null));
        all.put("run.starting", run(EventType.RUN_STARTING, 2, Known.STARTING, Known.QUEUED));
        all.put("run.running", run(EventType.RUN_RUNNING, 3, Known.RUNNING, Known.STARTING));
        all.put("run.succeeded", run(EventType.RUN_SUCCEEDED, 4, Known.SUCCESS, Known.RUNNING));
        all.put(
                "run.succeeded-coalesced",
                sharing(run(EventType.RUN_SUCCEEDED, 4, Known.SUCCESS, Known.RUNNING), null, 2));
        all.put(
                "run.succeeded-coalesced_into",
                sharing(run(EventType.RUN_SUCCEEDED, 4, Known.SUCCESS, Known.RUNNING), "orders-2026-11-21", null));
        all.put(
                "run.failed",
                event(EventType.RUN_FAILED, 4, RUN, ofRun(Known.ERROR, Known.RUNNING, failure(), null, null)));
        all.put(
                "run.failed-unexpected",
                event(
                        EventType.RUN_FAILED,
                        4,
                        RUN,
                        ofRun(
                                Known.SUCCESS,
                                Known.RUNNING,
                                null,
                                "unexpected_status",
                                "the run has ended as success")));
        all.put(
                "run.failure_explained",
                event(EventType.RUN_FAILURE_EXPLAINED, 5, RUN, ofRun(Known.ERROR, null, failure(), null, null)));
        RunEvent.OfRun failed = ofRun(Known.ERROR, Known.RUNNING, failure(), null, null);
        all.put(
                "run.attempt_failed",
                event(
                        EventType.RUN_ATTEMPT_FAILED,
                        4,
                        RUN,
                        new RunEvent.OfRun(
                                failed.run(),
                                failed.previousStatus(),
                                failed.jobName(),
                                failed.cause(),
                                failed.adopted(),
                                failed.failure(),
                                null,
                                null,
                                2,
                                failed.names(),
                                new RunEvent.Retry(
                                        Instant.parse("2026-11-22T16:39:58.123456789Z"),
                                        new RetryReason("conflict", "postgres", "deadlock detected")))));
        all.put(
                "run.cancelled",
                event(
                        EventType.RUN_CANCELLED,
                        4,
                        RUN,
                        ofRun(Known.CANCELLED, Known.RUNNING, null, CancelReason.TIMED_OUT.wireName(), null)));
        all.put(
                "run.cancelled-without-run",
                event(
                        EventType.RUN_CANCELLED,
                        1,
                        null,
                        new RunEvent.OfRun(
                                null,
                                null,
                                "Daily build",
                                "orders landed",
                                false,
                                null,
                                CancelReason.SUPERSEDED.wireName(),
                                "another command has taken its place",
                                null,
                                RunNames.NONE,
                                null)));
        all.put(
                "run.abandoned",
                event(
                        EventType.RUN_ABANDONED,
                        4,
                        RUN,
                        ofRun(Known.RUNNING, null, null, AbandonReason.DEADLINE.wireName(), "the time-out passed")));
        all.put(
                "run.abandoned-without-run",
                event(
                        EventType.RUN_ABANDONED,
                        1,
                        null,
                        new RunEvent.OfRun(
                                null,
                                null,
                                "Daily build",
                                null,
                                false,
                                null,
                                AbandonReason.START_UNCLEAR.wireName(),
                                "no run has appeared",
                                null,
                                RunNames.NONE,
                                null)));
        all.put(
                "run.stray",
                event(
                        EventType.RUN_STRAY,
                        5,
                        RUN,
                        ofRun(Known.QUEUED, null, null, StrayReason.SECOND_RUN.wireName(), "a second run")));
        all.put("artifact.ready", event(EventType.ARTIFACT_READY, 5, RUN, new RunEvent.OfArtifact(stored())));
        all.put(
                "artifact.ready-without-store",
                event(
                        EventType.ARTIFACT_READY,
                        6,
                        RUN,
                        new RunEvent.OfArtifact(new StoredArtifact(
                                new WantedArtifact("manifest.json", null),
                                "https://ab123.us1.dbt.com/api/v2/accounts/4238/runs/70403110257800/artifacts/manifest.json",
                                null,
                                null,
                                null,
                                ArtifactContent.NONE))));
        all.put(
                "artifact.unavailable",
                event(
                        EventType.ARTIFACT_UNAVAILABLE,
                        7,
                        RUN,
                        new RunEvent.OfMissingArtifact(
                                new WantedArtifact("catalog.json", 4),
                                UnavailableReason.NOT_PRODUCED,
                                "the run left no such file")));
        return all;
    }

    private static StoredArtifact stored() {
        return new StoredArtifact(
                new WantedArtifact("run_results.json", 4),
                "file:///srv/artifacts/4238/70403103930101/70403110257800/4/run_results.json",
                1393L,
                "45a41ee9c60a22932fffb2098f620e867b05f963e89f4301144d667e1a79a35f",
                "application/json",
                new ArtifactContent(
                        "https://schemas.getdbt.com/dbt/run-results/v6.json",
                        TIME,
                        "0a1b2c3d-0000-4000-8000-000000000001",
                        new ArtifactContent.Results(
                                Map.of("success", 2),
                                Map.of(NodeStatus.NodeClass.BUILT, 2),
                                42L,
                                4.25,
                                List.of(new ArtifactContent.SlowNode("model.shop.orders", "success", 3.5)),
                                List.of(new FailedNode("test.shop.a", "fail", "Got 3 results"))),
                        List.of(new FailedNode(
                                "test.shop.b",
                                "warn",
                                "Got 2 results",
                                2L,
                                "audit.b",
                                null,
                                FailedNode.Source.ARTIFACT)),
                        Map.of("test.shop.a", new NodeOwner("finance", "Finance data", "finance@example.com"))));
    }

    private static RunFailure failure() {
        return new RunFailure(
                new RunStep(4, "Invoke dbt with `dbt build`", Known.ERROR, true, "dbt build", "Done. ERROR=1\n"),
                List.of(new FailedNode(
                        "model.shop.orders",
                        "error",
                        "Database Error",
                        null,
                        "db.shop.orders",
                        "target/run/shop/models/orders.sql",
                        FailedNode.Source.LOG)));
    }

    private static RunEvent command(EventType type, int sequence, Long runId, RunEvent.OfCommand body) {
        return event(type, sequence, runId, body);
    }

    private static RunEvent run(EventType type, int sequence, Known status, Known previous) {
        return event(type, sequence, RUN, ofRun(status, previous, null, null, null));
    }

    private static RunEvent.OfRun ofRun(
            Known status, Known previous, RunFailure failure, String reason, String message) {
        RunSnapshot run = new RunSnapshot(
                RUN,
                ACCOUNT,
                52901L,
                46412L,
                JOB,
                "Daily build",
                status,
                "the words of dbt Cloud",
                "https://ab123.us1.dbt.com/deploy/4238/projects/52901/runs/70403110257800/",
                Instant.parse("2026-11-22T16:38:52Z"),
                status == Known.QUEUED ? null : Instant.parse("2026-11-22T16:38:54.5Z"),
                status.isTerminal() ? Instant.parse("2026-11-22T16:38:57.75Z") : null,
                true,
                "[relay:prod:5hiib0sk1ffujm9e] orders landed",
                70403110257797L,
                new RunDetails(
                        status == Known.QUEUED ? null : "main",
                        status == Known.QUEUED ? null : "3fca0a5b9f0d4d1e8a7c6b5a493827160f1e2d3c",
                        "2026.11.1+21d3fd7",
                        status == Known.QUEUED ? List.of(70403110257798L, 70403110257799L) : List.of(),
                        status == Known.ERROR ? true : null,
                        "scheduled",
                        "api",
                        "relay",
                        17L));
        return new RunEvent.OfRun(
                run,
                previous,
                "Daily build",
                "orders landed",
                true,
                failure,
                reason,
                message,
                StrayReason.SECOND_RUN.wireName().equals(reason) ? null : 1,
                new RunNames("Jaffle Shop", "Production", "production", "latest"),
                null);
    }

    private static RunEvent sharing(RunEvent alone, String into, Integer others) {
        return sample(alone.sequence(), alone.runId()).sharing(into, others).build(alone.type(), alone.body());
    }

    private static RunEvent event(EventType type, int sequence, Long runId, RunEvent.Body body) {
        return sample(sequence, runId).build(type, body);
    }

    private static SampleEvent sample(int sequence, Long runId) {
        return SampleEvent.of("orders-2026-11-22")
                .sequence(sequence)
                .observedAt(TIME)
                .about(ACCOUNT, JOB, runId)
                .context("{\"amount\":2.50,\"batch\":[17]}")
                .trace(new TraceContext("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "vendor=1"));
    }
}
