package org.dbtrelay.emulator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The calls about artifacts. Bodies come without the envelope. */
final class ArtifactCalls {
    private final World world;
    private final RunLife life;

    ArtifactCalls(World world, RunLife life) {
        this.world = world;
        this.life = life;
    }

    /** The paths after a step, the last one if the request names none. */
    Answer list(Request request, Values values) {
        List<String> paths = Artifacts.paths(run(request), values.integer("step"));
        // Null, not an empty list: so dbt Cloud was seen to answer for a run that left nothing.
        JsonNode data = paths.isEmpty() ? NullNode.instance : Envelope.MAPPER.valueToTree(paths);
        return Envelope.ok(data);
    }

    Answer ofRun(Request request, Values values) {
        Long step = values.integer("step");
        return answer(run(request), request, step);
    }

    Answer ofJob(Request request) {
        RunView newest = world.job(request.id("account"), request.id("job"))
                .flatMap(job -> life.newest(job.id(), RunStatus::isFinal))
                .orElseThrow(Refusal::notFound);
        return answer(newest, request, null);
    }

    private static Answer answer(RunView run, Request request, @Nullable Long step) {
        String rest = Objects.requireNonNull(request.variables().get("remainder"));
        String path = URLDecoder.decode(rest.replace("+", "%2B"), StandardCharsets.UTF_8);
        Content content = Artifacts.read(run, path, step).orElseThrow(Refusal::notFound);
        String type = path.endsWith(".json")
                ? Answer.JSON
                : path.endsWith(".parquet") ? "application/x-parquet" : "text/plain; charset=utf-8";
        return Answer.of(200, type, content);
    }

    private RunView run(Request request) {
        return life.get(request.id("account"), request.id("run")).orElseThrow(Refusal::notFound);
    }
}
