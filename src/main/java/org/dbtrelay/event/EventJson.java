package org.dbtrelay.event;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonRawValue;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.annotation.JsonValue;
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
import org.dbtrelay.run.command.Origin;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.event.RunEvent;
import org.dbtrelay.run.job.ArtifactContent;
import org.dbtrelay.run.job.Engine;
import org.dbtrelay.run.job.FailedNode;
import org.dbtrelay.run.job.JobRunStatus;
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
import org.jspecify.annotations.Nullable;

/** The data of events as JSON. Every field of its type is always there, and null where its value is not known. */
final class EventJson {

    private static final ObjectWriter WRITE = JsonMapper.builder()
            .addModule(new JavaTimeModule())
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
            .addMixIn(EventType.class, WireName.class)
            .addMixIn(Origin.class, WireName.class)
            .addMixIn(RejectReason.class, WireName.class)
            .addMixIn(Engine.class, WireName.class)
            .addMixIn(UnavailableReason.class, WireName.class)
            .addMixIn(JobRunStatus.class, StatusMixin.class)
            .addMixIn(RunStep.class, StepMixin.class)
            .addMixIn(WantedArtifact.class, WantedMixin.class)
            .addMixIn(RunEvent.OfMissingArtifact.class, MissingArtifactMixin.class)
            .addMixIn(FailedNode.Source.class, WireName.class)
            .addMixIn(NodeStatus.NodeClass.class, WireName.class)
            .build()
            .writer();

    private EventJson() {}

    /** The data of an event as UTF-8 JSON. */
    static byte[] write(RunEvent event) {
        Object body = switch (event.body()) {
            case RunEvent.OfCommand command -> command(command);
            case RunEvent.OfRun run -> run(run);
            case RunEvent.OfArtifact artifact -> artifact(artifact.artifact());
            case RunEvent.OfMissingArtifact missing -> missing;
        };
        try {
            return WRITE.writeValueAsBytes(new Data(
                    event.commandId(),
                    event.sequence(),
                    event.type(),
                    event.connection(),
                    event.origin(),
                    event.accountId(),
                    event.jobId(),
                    event.runId(),
                    body,
                    event.coalescedInto(),
                    event.coalesced(),
                    event.observedAt(),
                    event.context()));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("an event that cannot be written", e);
        }
    }

    private static CommandData command(RunEvent.OfCommand body) {
        return new CommandData(body.verb(), body.reason(), body.message(), body.status(), code(body.status()));
    }

    private static RunData run(RunEvent.OfRun body) {
        @Nullable RunSnapshot run = body.run();
        @Nullable RunFailure failure = body.failure();
        RunDetails details = run == null ? RunDetails.NONE : run.details();
        RunNames names = body.names();
        return new RunData(
                run == null ? null : run.projectId(),
                names.projectName(),
                run == null ? null : run.environmentId(),
                names.environmentName(),
                names.environmentType(),
                run == null || run.jobName() == null ? body.jobName() : run.jobName(),
                details.jobType(),
                run == null ? null : run.url(),
                run == null ? null : run.status(),
                run == null ? null : code(run.status()),
                body.previousStatus(),
                run == null ? null : run.statusMessage(),
                body.cause(),
                details.causeCategory(),
                details.triggeredBy(),
                details.pullRequestId(),
                body.attempt(),
                body.adopted(),
                run == null ? null : run.retryingRunId(),
                details.gitBranch(),
                details.gitSha(),
                details.dbtVersion() == null ? names.dbtVersion() : details.dbtVersion(),
                engine(details, names),
                run == null ? null : details.blockedBy(),
                run == null ? null : run.createdAt(),
                run == null ? null : run.startedAt(),
                run == null ? null : run.finishedAt(),
                run == null ? null : seconds(run.createdAt(), run.startedAt()),
                run == null ? null : seconds(run.startedAt(), run.finishedAt()),
                failure == null ? null : failure(failure),
                details.canRetry(),
                body.reason(),
                body.message(),
                body.retry() == null ? null : body.retry().at(),
                body.retry() == null ? null : body.retry().reason());
    }

    /** That of the run's version; where it says nothing, that of the environment's. */
    private static @Nullable Engine engine(RunDetails details, RunNames names) {
        @Nullable Engine ofRun = Engine.of(details.dbtVersion());
        return ofRun == null ? Engine.of(names.dbtVersion()) : ofRun;
    }

    private static FailureData failure(RunFailure failure) {
        @Nullable RunStep step = failure.step();
        return new FailureData(step, failure.nodes(), step == null ? null : step.logTail());
    }

    private static ArtifactData artifact(StoredArtifact artifact) {
        ArtifactContent content = artifact.content();
        ArtifactContent.@Nullable Results results = content.results();
        return new ArtifactData(
                artifact.wanted(),
                artifact.sizeBytes(),
                artifact.sha256(),
                artifact.contentType(),
                artifact.location(),
                content.schemaVersion(),
                content.generatedAt(),
                content.invocationId(),
                results == null
                        ? null
                        : new SummaryData(
                                results.nodesByStatus(),
                                results.nodesByClass(),
                                results.rowsAffected(),
                                results.elapsedSeconds(),
                                results.slowest(),
                                owned(results.failing(), content.owners())),
                content.warnings() == null ? null : owned(content.warnings(), content.owners()));
    }

    private static List<OwnedNode> owned(List<FailedNode> nodes, Map<String, NodeOwner> owners) {
        return nodes.stream()
                .map(node -> owned(node, owners.get(node.uniqueId())))
                .toList();
    }

    private static OwnedNode owned(FailedNode node, @Nullable NodeOwner owner) {
        if (owner == null) {
            return new OwnedNode(node, null, null);
        }
        boolean isNamed = owner.name() != null || owner.email() != null;
        return new OwnedNode(node, owner.group(), isNamed ? new OwnerData(owner.name(), owner.email()) : null);
    }

    private static @Nullable Integer code(@Nullable JobRunStatus status) {
        return status == null ? null : status.code();
    }

    private static @Nullable Double seconds(@Nullable Instant from, @Nullable Instant to) {
        return from == null || to == null ? null : Duration.between(from, to).toMillis() / 1000.0;
    }

    private record Data(
            String commandId,
            int sequence,
            EventType type,
            String connection,
            Origin origin,
            @Nullable Long accountId,
            @Nullable Long jobId,
            @Nullable Long runId,
            @JsonUnwrapped Object body,
            // Only of commands that share a run.
            @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable
            String coalescedInto,

            @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable
            Integer coalesced,

            Instant observedAt,
            @JsonRawValue @Nullable String context) {}

    private record CommandData(
            String command,
            @Nullable RejectReason reason,
            @Nullable String message,
            @Nullable JobRunStatus status,
            @Nullable Integer statusCode) {}

    private record RunData(
            @Nullable Long projectId,
            @Nullable String projectName,
            @Nullable Long environmentId,
            @Nullable String environmentName,
            @Nullable String environmentType,
            @Nullable String jobName,
            @Nullable String jobType,
            @Nullable String runUrl,
            @Nullable JobRunStatus status,
            @Nullable Integer statusCode,
            @Nullable JobRunStatus previousStatus,
            @Nullable String statusMessage,
            @Nullable String cause,
            @Nullable String causeCategory,
            @Nullable String triggeredBy,
            @Nullable Long pullRequestId,
            @Nullable Integer attempt,
            boolean adopted,
            @Nullable Long retryOfRunId,
            @Nullable String gitBranch,
            @Nullable String gitSha,
            @Nullable String dbtVersion,
            @Nullable Engine engine,
            @Nullable List<Long> blockedBy,
            @Nullable Instant createdAt,
            @Nullable Instant startedAt,
            @Nullable Instant finishedAt,
            @Nullable Double queuedSeconds,
            @Nullable Double runSeconds,
            @Nullable FailureData failure,
            @Nullable Boolean canRetry,
            @Nullable String reason,
            @Nullable String message,
            // Only of an attempt that failed.
            @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable
            Instant willRetryAt,

            @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable
            RetryReason retryReason) {}

    private record FailureData(
            @Nullable RunStep step,
            List<FailedNode> nodes,
            @Nullable String logTail) {}

    private record ArtifactData(
            @JsonUnwrapped WantedArtifact wanted,
            @Nullable Long sizeBytes,
            @Nullable String sha256,
            @Nullable String contentType,
            String location,
            @Nullable String dbtSchemaVersion,
            @Nullable Instant generatedAt,
            @Nullable String invocationId,

            @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable
            SummaryData summary,

            @Nullable List<OwnedNode> warnings) {}

    private record SummaryData(
            Map<String, Integer> nodes,
            Map<NodeStatus.NodeClass, Integer> classes,
            @Nullable Long rowsAffected,
            @Nullable Double elapsedSeconds,
            List<ArtifactContent.SlowNode> slowest,
            List<OwnedNode> failing) {}

    private record OwnedNode(
            @JsonUnwrapped FailedNode node,
            @Nullable String group,
            @Nullable OwnerData owner) {}

    private record OwnerData(
            @Nullable String name, @Nullable String email) {}

    interface WireName {
        @JsonValue
        String wireName();
    }

    interface StatusMixin {
        @JsonValue
        String label();
    }

    @JsonIgnoreProperties({"status", "started", "log_tail", "started_at", "logged_nodes"})
    interface StepMixin {}

    @JsonIgnoreProperties("else_step")
    interface WantedMixin {}

    interface MissingArtifactMixin {
        @JsonUnwrapped
        WantedArtifact artifact();
    }
}
