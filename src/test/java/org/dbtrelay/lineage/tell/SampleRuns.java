package org.dbtrelay.lineage.tell;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;
import org.dbtrelay.config.LineageTests;
import org.dbtrelay.lineage.event.Facets;

/** A run that ended, as an event of the relay tells of it, and its surroundings. */
final class SampleRuns {

    static final String ENDED = """
            {"command_id": "orders-1", "sequence": 4, "type": "run.succeeded", "connection": "default", "origin": "command",
             "account_id": 4238, "project_id": 11, "project_name": "Shop", "environment_id": 7,
             "environment_name": "Production", "environment_type": "production", "job_id": 559062, "job_name": "Daily build",
             "job_type": "scheduled", "run_id": 70403110257797, "run_url": "https://ab123.us1.dbt.com/deploy/4238/runs/70403110257797/",
             "status": "success", "status_code": 10, "previous_status": "running", "status_message": null, "cause": null,
             "cause_category": "scheduled", "triggered_by": null, "pull_request_id": null, "attempt": 1, "adopted": false,
             "retry_of_run_id": null, "git_branch": "main", "git_sha": "3fca0a5b", "dbt_version": "latest", "engine": "core",
             "blocked_by": [], "created_at": "2026-11-29T12:00:00Z", "started_at": "2026-11-29T12:01:00Z",
             "finished_at": "2026-11-29T12:02:00Z", "queued_seconds": 60.0, "run_seconds": 60.0, "failure": null,
             "can_retry": null, "reason": null, "message": null, "observed_at": "2026-11-29T12:02:03Z", "context": null}""";

    static final Step BUILD = new Step(
            4,
            "dbt build",
            "success",
            Instant.parse("2026-11-29T12:01:05Z"),
            Instant.parse("2026-11-29T12:01:58Z"),
            true,
            4);

    private SampleRuns() {}

    static ToldRun run(String json) {
        try {
            return ToldRun.read(json.getBytes(StandardCharsets.UTF_8), false).orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Surroundings around(LineageTests tests, Map<String, String> connection) {
        return new Surroundings(
                "dbt-cloud://ab123.us1.dbt.com/4238",
                "ab123.us1.dbt.com",
                null,
                connection,
                "git://github.com/acme/shop.git",
                tests,
                new Facets("urn:dbt-cloud-relay:test"),
                "test");
    }

    static Surroundings around(LineageTests tests) {
        return around(tests, Map.of("account", "acme-prod"));
    }
}
