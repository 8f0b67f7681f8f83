package org.dbtrelay.event;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonRawValue;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.dbtrelay.run.event.RunEvent;
import org.dbtrelay.run.job.ArtifactContent;
import org.dbtrelay.run.job.ArtifactContent.SlowNode;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.RunFailure;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.RunStep;
import org.dbtrelay.run.job.StoredArtifact;
import org.jspecify.annotations.Nullable;

/** The data of events, to the letter of the contract: every field is always there, null where nothing is known. */
final class EventJson {

    private static final ObjectWriter WRITE = JsonMapper.builder()
            .addModule(new JavaTimeModule())
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
            .build()
            .writer();

    private EventJson() {}

    /** The data of an event as UTF-8 JSON. */
    static byte[] write(RunEvent event) {
        Object data = switch (event.body()) {
            case RunEvent.OfCommand body -> command(event, body);
            case RunEvent.OfRun body -> run(event, body);
            case RunEvent.OfArtifact body -> artifact(event, body);
            case RunEvent.OfMissingArtifact body -> missing(event, body);
        };
        try {
            return WRITE.writeValueAsBytes(data);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("an event that cannot be written", e);
        }
    }

    private static CommandData command(RunEvent event, RunEvent.OfCommand body) {
        return new CommandData(
                event.commandId(),
                event.sequence(),
                event.type().wireName(),
                event.connection(),
                event.accountId(),
                event.jobId(),
                event.runId(),
                body.verb(),
                body.reason() == null ? null : body.reason().wireName(),
                body.message(),
                body.status() == null ? null : body.status().label(),
                body.status() == null ? null : Integer.valueOf(body.status().code()),
                event.context(),
                event.observedAt());
    }

    private static RunData run(RunEvent event, RunEvent.OfRun body) {
        @Nullable RunSnapshot run = body.run();
        @Nullable JobRunStatus previous = body.previousStatus();
        return new RunData(
                event.commandId(),
                event.sequence(),
                event.type().wireName(),
                event.connection(),
                event.accountId(),
                run == null ? null : run.projectId(),
                run == null ? null : run.environmentId(),
                event.jobId(),
                run == null || run.jobName() == null ? body.jobName() : run.jobName(),
                event.runId(),
                run == null ? null : run.url(),
                run == null ? null : run.status().label(),
                run == null ? null : Integer.valueOf(run.status().code()),
                previous == null ? null : previous.label(),
                run == null ? null : run.statusMessage(),
                body.cause(),
                body.adopted(),
                run == null ? null : run.retryingRunId(),
                run == null ? null : run.createdAt(),
                run == null ? null : run.startedAt(),
                run == null ? null : run.finishedAt(),
                run == null ? null : seconds(run.createdAt(), run.startedAt()),
                run == null ? null : seconds(run.startedAt(), run.finishedAt()),
                body.failure() == null ? null : failure(body.failure()),
                body.reason(),
                body.message(),
                event.observedAt(),
                event.context());
    }

    private static FailureData failure(RunFailure failure) {
        @Nullable RunStep step = failure.step();
        return new FailureData(
                step == null ? null : new StepData(step.index(), step.name(), step.dbtCommand()),
                nodes(failure.nodes()),
                step == null ? null : step.logTail());
    }

    private static List<NodeData> nodes(List<RunFailure.FailedNode> nodes) {
        return nodes.stream()
                .map(node -> new NodeData(node.uniqueId(), node.status(), node.message()))
                .toList();
    }

    private static SummaryData summary(ArtifactContent.Results results) {
        return new SummaryData(
                results.nodesByStatus(), results.elapsedSeconds(), results.slowest(), nodes(results.failing()));
    }

    private static ArtifactData artifact(RunEvent event, RunEvent.OfArtifact body) {
        StoredArtifact artifact = body.artifact();
        return new ArtifactData(
                event.commandId(),
                event.sequence(),
                event.type().wireName(),
                event.connection(),
                event.accountId(),
                event.jobId(),
                event.runId(),
                artifact.wanted().path(),
                artifact.wanted().step(),
                artifact.sizeBytes(),
                artifact.sha256(),
                artifact.contentType(),
                artifact.location(),
                artifact.content().schemaVersion(),
                artifact.content().generatedAt(),
                artifact.content().invocationId(),
                artifact.content().results() == null
                        ? null
                        : summary(artifact.content().results()),
                event.observedAt(),
                event.context());
    }

    private static MissingArtifactData missing(RunEvent event, RunEvent.OfMissingArtifact body) {
        return new MissingArtifactData(
                event.commandId(),
                event.sequence(),
                event.type().wireName(),
                event.connection(),
                event.accountId(),
                event.jobId(),
                event.runId(),
                body.artifact().path(),
                body.artifact().step(),
                body.reason().wireName(),
                body.message(),
                event.observedAt(),
                event.context());
    }

    private static @Nullable Double seconds(@Nullable Instant from, @Nullable Instant to) {
        return from == null || to == null ? null : Duration.between(from, to).toMillis() / 1000.0;
    }

    private record CommandData(
            String commandId,
            int sequence,
            String type,
            String connection,
            @Nullable Long accountId,
            @Nullable Long jobId,
            @Nullable Long runId,
            String command,
            @Nullable String reason,
            @Nullable String message,
            @Nullable String status,
            @Nullable Integer statusCode,
            @JsonRawValue @Nullable String context,
            Instant observedAt) {}

    private record RunData(
            String commandId,
            int sequence,
            String type,
            String connection,
            @Nullable Long accountId,
            @Nullable Long projectId,
            @Nullable Long environmentId,
            @Nullable Long jobId,
            @Nullable String jobName,
            @Nullable Long runId,
            @Nullable String runUrl,
            @Nullable String status,
            @Nullable Integer statusCode,
            @Nullable String previousStatus,
            @Nullable String statusMessage,
            @Nullable String cause,
            boolean adopted,
            @Nullable Long retryOfRunId,
            @Nullable Instant createdAt,
            @Nullable Instant startedAt,
            @Nullable Instant finishedAt,
            @Nullable Double queuedSeconds,
            @Nullable Double runSeconds,
            @Nullable FailureData failure,
            @Nullable String reason,
            @Nullable String message,
            Instant observedAt,
            @JsonRawValue @Nullable String context) {}

    private record FailureData(
            @Nullable StepData step,
            List<NodeData> nodes,
            @Nullable String logTail) {}

    private record StepData(
            int index, String name, @Nullable String dbtCommand) {}

    private record NodeData(
            String uniqueId, String status, @Nullable String message) {}

    private record ArtifactData(
            String commandId,
            int sequence,
            String type,
            String connection,
            @Nullable Long accountId,
            @Nullable Long jobId,
            @Nullable Long runId,
            String path,
            @Nullable Integer step,
            @Nullable Long sizeBytes,
            @Nullable String sha256,
            @Nullable String contentType,
            String location,
            @Nullable String dbtSchemaVersion,
            @Nullable Instant generatedAt,
            @Nullable String invocationId,

            @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable
            SummaryData summary,

            Instant observedAt,
            @JsonRawValue @Nullable String context) {}

    private record SummaryData(
            Map<String, Integer> nodes,
            @Nullable Double elapsedSeconds,
            List<SlowNode> slowest,
            List<NodeData> failing) {}

    private record MissingArtifactData(
            String commandId,
            int sequence,
            String type,
            String connection,
            @Nullable Long accountId,
            @Nullable Long jobId,
            @Nullable Long runId,
            String path,
            @Nullable Integer step,
            String reason,
            String message,
            Instant observedAt,
            @JsonRawValue @Nullable String context) {}
}
