package org.dbtrelay.emulator;

import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The runs list: filters, order and page from the query. */
final class RunQuery {
    private final RunLife life;
    private final RunJson json;
    private final World world;

    RunQuery(RunLife life, RunJson json, World world) {
        this.life = life;
        this.json = json;
        this.world = world;
    }

    Answer answer(long accountId, Values values) {
        Long jobId = values.integer("job_definition_id");
        String order = values.order("id");
        boolean descending = order.startsWith("-");
        boolean byId = order.endsWith("id");
        RunPage page = life.list(
                jobId,
                ids(values),
                filter(accountId, values),
                descending,
                byId ? null : comparator(order, descending),
                values.offset(),
                values.limit());
        // A list includes less than a single run does, by the spec.
        Set<String> include = values.include();
        include.retainAll(Set.of("trigger", "job", "audit", "debug_logs"));
        return Envelope.list(
                page.runs().stream().map(run -> json.of(run, include)).toList(),
                page.total(),
                values.echo(accountId, "all"),
                order);
    }

    private static @Nullable List<Long> ids(Values values) {
        Long id = values.integer("pk");
        List<Long> ids = values.integers("pk__in");
        if (id == null) {
            return ids;
        }
        return ids == null || ids.contains(id) ? List.of(id) : List.of();
    }

    private RunFilter filter(long accountId, Values values) {
        RunFilter filter = (run, now) -> run.job.accountId() == accountId;
        Long after = values.integer("id__gt");
        if (after != null) {
            filter = filter.and((run, now) -> run.id > after);
        }
        Long project = values.integer("project_id");
        if (project != null) {
            filter = filter.and((run, now) -> run.job.projectId() == project);
        }
        List<Long> projects = values.integers("project_id__in");
        if (projects != null) {
            filter = filter.and((run, now) -> projects.contains(run.job.projectId()));
        }
        Long environment = values.integer("environment_id");
        if (environment != null) {
            filter = filter.and((run, now) -> run.job.environmentId() == environment);
        }
        Long status = values.integer("status");
        if (status != null) {
            filter = filter.and((run, now) -> run.shownCode(now) == status);
        }
        List<Long> statuses = values.integers("status__in");
        if (statuses != null) {
            filter = filter.and((run, now) -> statuses.contains((long) run.shownCode(now)));
        }
        filter = inRange(filter, values.range("created_at__range"), true);
        filter = inRange(filter, values.range("finished_at__range"), false);
        Boolean docs = values.bool("has_docs_generated");
        if (docs != null) {
            filter = filter.and((run, now) -> docs == StepPlan.docsGenerated(run, now));
        }
        Boolean sources = values.bool("has_sources_generated");
        if (sources != null) {
            filter = filter.and(
                    (run, now) -> sources == (run.isOver(now) && run.startsAt != null && run.job.runGenerateSources()));
        }
        String version = values.text("dbt_version");
        if (version != null) {
            filter = filter.and((run, now) -> version(run).equals(version));
        }
        List<String> versions = values.texts("dbt_version__in");
        if (versions != null) {
            filter = filter.and((run, now) -> versions.contains(version(run)));
        }
        if (values.integer("deferring_run_id") != null || Objects.equals(values.state("all"), 2)) {
            // No run of the emulator defers to another, and none is deleted.
            filter = (run, now) -> false;
        }
        return filter;
    }

    private String version(Run run) {
        String override = run.trigger.text("dbt_version_override");
        if (override == null && run.plan.engine() == RunPlan.Engine.FUSION) {
            return RunPlan.LATEST_FUSION;
        }
        return override != null
                ? override
                : world.environment(run.job.accountId(), run.job.environmentId())
                        .map(EmulatedEnvironment::dbtVersion)
                        .orElse("latest");
    }

    private static RunFilter inRange(RunFilter filter, @Nullable List<Instant> range, boolean created) {
        if (range == null) {
            return filter;
        }
        return filter.and((run, now) -> {
            Instant time = created ? run.createdAt : run.isOver(now) ? run.endsAt : null;
            return time != null && !time.isBefore(range.getFirst()) && !time.isAfter(range.getLast());
        });
    }

    private static Comparator<RunView> comparator(String order, boolean descending) {
        Comparator<Instant> nullsLast = Comparator.nullsLast(Comparator.naturalOrder());
        Comparator<RunView> ascending = order.endsWith("created_at")
                ? Comparator.comparing(RunView::createdAt)
                : Comparator.comparing(RunView::finishedAt, nullsLast);
        return (descending ? ascending.reversed() : ascending).thenComparingLong(RunView::id);
    }
}
