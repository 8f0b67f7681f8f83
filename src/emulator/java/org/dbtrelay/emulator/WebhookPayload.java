package org.dbtrelay.emulator;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.Locale;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** The bodies of webhooks and their signature. Ids of jobs, runs, environments and projects are texts in there. */
public final class WebhookPayload {
    private static final DateTimeFormatter NANOS = DateTimeFormatter.ofPattern(
                    "uuuu-MM-dd'T'HH:mm:ss.SSSSSSSSS'Z'", Locale.ROOT)
            .withZone(ZoneOffset.UTC);

    private WebhookPayload() {}

    /** What stands in {@code Authorization}: lower-case hex of HMAC-SHA256 over the body, without any prefix. */
    public static String signature(String secret, byte[] body) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
            return HexFormat.of().formatHex(mac.doFinal(body));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Every JDK has HmacSHA256", e);
        }
    }

    static ObjectNode of(
            String eventId, String type, WebhookSubscription subscription, RunView run, World world, Instant now) {
        ObjectNode body = frame(eventId, type, subscription, now);
        ObjectNode data = body.putObject("data");
        EmulatedJob job = run.job();
        data.put("jobId", Long.toString(job.id()));
        data.put("jobName", job.name());
        data.put("runId", Long.toString(run.id()));
        data.put("environmentId", Long.toString(job.environmentId()));
        data.put(
                "environmentName",
                world.environment(job.accountId(), job.environmentId())
                        .map(EmulatedEnvironment::name)
                        .orElse(""));
        data.put("dbtVersion", "2026.11.1+21d3fd7");
        data.put(
                "projectName",
                world.project(job.accountId(), job.projectId())
                        .map(EmulatedProject::name)
                        .orElse(""));
        data.put("projectId", Long.toString(job.projectId()));
        data.put(
                "runStatus",
                run.status() == RunStatus.ERROR ? "Errored" : run.status().humanized());
        data.put("runStatusCode", run.status().code());
        data.put("runStatusMessage", run.status() == RunStatus.ERROR ? "dbt command failed" : "None");
        data.put("runReason", run.cause());
        data.put("runStartedAt", Humanized.wholeSeconds(run.startedAt()));
        if ("job.run.completed".equals(type)) {
            data.put("runFinishedAt", Humanized.wholeSeconds(run.finishedAt()));
        } else if ("job.run.errored".equals(type)) {
            data.put("runErroredAt", Humanized.wholeSeconds(run.finishedAt()));
        }
        return body;
    }

    /** The sample that a test call sends: its ids belong to no run. */
    static ObjectNode test(String eventId, WebhookSubscription subscription, Instant now) {
        ObjectNode body = frame(eventId, "job.run.started", subscription, now);
        body.putObject("data")
                .put("jobId", "123")
                .put("jobName", "test job")
                .put("runId", "12345")
                .put("runStatus", "Running")
                .put("runStatusCode", 3);
        return body;
    }

    private static ObjectNode frame(String eventId, String type, WebhookSubscription subscription, Instant now) {
        ObjectNode body = Envelope.object();
        body.put("accountId", subscription.accountId());
        body.put("webhookId", subscription.id());
        body.put("eventId", eventId);
        body.put("timestamp", NANOS.format(now));
        body.put("eventType", type);
        body.put("webhookName", subscription.name());
        return body;
    }
}
