package org.dbtrelay.api;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.runtime.ApplicationConfig;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.net.URI;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.dbtrelay.api.InstancePage.BudgetState;
import org.dbtrelay.api.InstancePage.InstanceState;
import org.dbtrelay.api.InstancePage.PartitionState;
import org.dbtrelay.control.Instances;
import org.dbtrelay.dbtcloud.connection.ConnectionBudget;
import org.dbtrelay.dbtcloud.connection.Connections;
import org.dbtrelay.dbtcloud.connection.DbtCloudClient;
import org.dbtrelay.ledger.OwnerStatus;
import org.dbtrelay.ledger.Owners;
import org.dbtrelay.ledger.intake.IntakeValve;
import org.dbtrelay.ledger.kafka.TopicCheck;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** The instances of the deployment: what each serves, and what it may ask of dbt Cloud. */
@Path("/api/instances")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "deployment")
public class InstanceResource {

    private final Instances instances;
    private final Owners owners;
    private final IntakeValve valve;
    private final TopicCheck topics;
    private final Connections connections;
    private final OtherInstances others;
    private final ObjectMapper json;
    private final String version;

    InstanceResource(
            Instances instances,
            Owners owners,
            IntakeValve valve,
            TopicCheck topics,
            Connections connections,
            OtherInstances others,
            ObjectMapper json,
            ApplicationConfig application) {
        this.instances = instances;
        this.owners = owners;
        this.valve = valve;
        this.topics = topics;
        this.connections = connections;
        this.others = others;
        this.json = json;
        this.version = application.version().orElse("unknown");
    }

    /** All of them. */
    @GET
    @Operation(
            operationId = "listInstances",
            summary = "The instances of the deployment",
            description =
                    "The partitions that each serves, with phase and lag, and its part of each connection's request"
                            + " budget. The instance that answers comes first.")
    @APIResponse(responseCode = "200", description = "The instances, and what may be missing")
    public InstancePage all(
            @Parameter(description = "deployment (default), or instance: only the instance that answers")
                    @QueryParam("scope")
                    @Nullable
                    String scope) {
        List<InstanceState> all = new ArrayList<>(List.of(here()));
        if (CommandQuery.isOfInstance(scope)) {
            return new InstancePage(all, List.of());
        }
        OtherInstances.Read<InstancePage> read = OtherInstances.read(json, others.instances(), InstancePage.class);
        read.answers().stream()
                .flatMap(page -> page.data().stream())
                .map(InstanceState::ofAnother)
                .sorted(Comparator.comparing(state -> String.valueOf(state.url())))
                .forEach(all::add);
        List<String> incomplete = new ArrayList<>(read.missing());
        incomplete.addAll(unserved(all));
        return new InstancePage(all, incomplete);
    }

    private List<String> unserved(List<InstanceState> all) {
        Set<Integer> served = all.stream()
                .flatMap(instance -> instance.partitions().stream())
                .map(PartitionState::partition)
                .collect(Collectors.toSet());
        return IntStream.range(0, topics.status().partitions())
                .filter(partition -> !served.contains(partition))
                .mapToObj(Commands::unserved)
                .toList();
    }

    private InstanceState here() {
        Map<Integer, Long> lags = owners.lags();
        Map<Integer, String> paused = valve.paused();
        return new InstanceState(
                instances.id(),
                instances.here().map(URI::toString).orElse(null),
                true,
                version,
                instances.startedAt(),
                valve.unfinished(),
                owners.status().stream()
                        .sorted(Comparator.comparingInt(OwnerStatus::partition))
                        .map(owner -> new PartitionState(
                                owner.partition(),
                                owner.phase().name().toLowerCase(Locale.ROOT),
                                owner.since(),
                                owner.detail().isEmpty() ? null : owner.detail(),
                                paused.get(owner.partition()),
                                lags.get(owner.partition()),
                                valve.unfinished(owner.partition())))
                        .toList(),
                connections.all().stream().map(InstanceResource::budget).toList());
    }

    private static BudgetState budget(DbtCloudClient client) {
        ConnectionBudget budget = ConnectionBudget.of(client);
        return new BudgetState(
                client.name(),
                budget.level().perMinute(),
                budget.level().usedInLastMinute(),
                budget.level().waiting(),
                budget.coolingDownUntil());
    }
}
