package org.dbtrelay.api;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dbtrelay.metrics.Activity;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** What happened in the last hour. */
@Path("/api/activity")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "deployment")
public class ActivityResource {

    private final Activity activity;
    private final OtherInstances others;
    private final ObjectMapper json;

    ActivityResource(Activity activity, OtherInstances others, ObjectMapper json) {
        this.activity = activity;
        this.others = others;
        this.json = json;
    }

    /** It, minute by minute. */
    @GET
    @Operation(
            operationId = "getActivity",
            summary = "The last hour, minute by minute",
            description =
                    "Starts, ends, failures, and the delay from a run's end to its event, of all instances together. Each"
                            + " instance counts from its own start.")
    @APIResponse(responseCode = "200", description = "The minutes, and what may be missing")
    public ActivityPage lastHour(
            @Parameter(description = "deployment (default), or instance: only what the instance that answers has")
                    @QueryParam("scope")
                    @Nullable
                    String scope) {
        List<Activity.Minute> here = activity.lastHour();
        if (CommandQuery.isOfInstance(scope)) {
            return page(here, List.of());
        }
        Map<Instant, Activity.Minute> all = new LinkedHashMap<>();
        here.forEach(minute -> all.put(minute.at(), minute));
        OtherInstances.Read<ActivityPage> read = OtherInstances.read(json, others.activity(), ActivityPage.class);
        for (ActivityPage page : read.answers()) {
            // Minutes that only the clock of another one knows are left out.
            page.minutes().stream()
                    .map(ActivityPage.ActivityMinute::minute)
                    .forEach(minute -> all.computeIfPresent(minute.at(), (at, known) -> known.and(minute)));
        }
        return page(List.copyOf(all.values()), read.missing());
    }

    private static ActivityPage page(List<Activity.Minute> minutes, List<String> incomplete) {
        return new ActivityPage(
                minutes.stream().map(ActivityPage.ActivityMinute::of).toList(), incomplete);
    }
}
