package org.dbtrelay.run.decide;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.dbtrelay.run.command.ArtifactWish;
import org.dbtrelay.run.job.DbtCommand;
import org.dbtrelay.run.job.Engine;
import org.dbtrelay.run.job.JobRunStatus.Known;
import org.dbtrelay.run.job.RunStep;
import org.dbtrelay.run.job.WantedArtifact;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which step's artifacts are asked for, and what a step's command is. */
class StepChoiceTest {

    /**
     * Lists of steps, the first has the number 1: {@code name} alone is a step that is no dbt command, {@code !} one that failed,
     * {@code ?} one that was never started, {@code ~} one that was cut. {@code -} is dbt Cloud's default, {@code 5/4} is 5, and 4 if 5
     * did not make it.
     */
    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '^',
            value = {
                "docs last                     | clone; profile; dbt deps; dbt build; dbt docs generate        | 4 | 4 | - | 5/4",
                "no docs                       | clone; profile; dbt deps; dbt build                           | 4 | 4 | - | 4",
                "several builds                | clone; dbt deps; dbt seed; dbt run; dbt test                  | 5 | 5 | - | 4",
                "a snapshot last               | clone; dbt build; dbt snapshot                                | 3 | 3 | - | 3",
                "seed only                     | clone; dbt seed; dbt docs generate                            | 2 | 2 | - | 3/2",
                "freshness before              | clone; dbt deps; dbt source freshness; dbt build              | 4 | 4 | 3 | 4",
                "freshness after               | clone; dbt build; dbt source snapshot-freshness               | 2 | 2 | 3 | 2",
                "freshness only                | clone; dbt deps; dbt source freshness                         | 3 | - | 3 | -",
                "freshness twice               | dbt source freshness; dbt build; !dbt source freshness        | 2 | 2 | 3 | 2",
                "a build that failed           | clone; dbt deps; !dbt build; ?dbt docs generate               | 3 | 3 | - | 3",
                "unstarted after a failure     | clone; dbt seed; !dbt run; ?dbt test; ?dbt docs generate      | 3 | 3 | - | 3",
                "failed before the build       | clone; !dbt deps; ?dbt build; ?dbt docs generate              | - | - | - | -",
                "failed at the clone           | !clone; ?profile; ?dbt deps; ?dbt build                       | - | - | - | -",
                "cancelled while it built      | clone; dbt deps; ~dbt build; ?dbt docs generate               | 3 | 3 | - | 3",
                "cancelled in the queue        | ?clone; ?dbt build                                            | - | - | - | -",
                "nothing is known              |                                                               | - | - | - | -",
                "retried                       | clone; dbt deps; dbt retry                                    | 3 | 3 | - | -",
                "retried, then docs            | clone; dbt retry; dbt docs generate                           | 2 | 2 | - | 3",
                "docs that failed              | dbt build; !dbt docs generate                                 | 1 | 1 | - | 2/1",
                "docs in the middle            | dbt docs generate; dbt build; dbt test                        | 3 | 3 | - | 1/2",
                "docs only                     | clone; dbt deps; dbt docs generate                            | 3 | 3 | - | 3",
                "compile only                  | clone; dbt deps; dbt compile                                  | 3 | 3 | - | -",
                "parse only                    | clone; dbt deps; dbt parse                                    | 3 | - | - | -",
                "compile, then docs            | dbt compile; dbt docs generate                                | 1 | 2 | - | 2",
                "an operation only             | clone; dbt run-operation grant                                | 2 | 2 | - | -",
                "dbt clone                     | dbt clone --state x; dbt build; dbt clone --state y           | 2 | 2 | - | 2",
                "dbt clone only                | clone; dbt clone --state x                                    | - | - | - | -",
                "deps last                     | dbt build; dbt deps                                           | 1 | 1 | - | 1",
                "ls last                       | dbt build; dbt ls --resource-type model                       | 1 | 1 | - | 1",
                "global flags                  | dbt deps; dbt --no-use-colors --warn-error build; dbt parse   | 2 | 2 | - | 2",
                "flags with values             | dbt --profiles-dir run deps; dbt --target test build          | 2 | 2 | - | 2",
                "an unknown flag with a value  | dbt --brand-new thing build; dbt --brand-new=x deps           | 1 | 1 | - | 1",
                "arguments of an operation     | dbt build; dbt run-operation x --args 'dbt build'             | 1 | 1 | - | 1",
                "selection that says docs      | dbt run --select \"tag:docs generate\"                        | 1 | 1 | - | 1",
                "variables that say test       | dbt build; dbt parse --vars '{\"cmd\": \"dbt test\"}'         | 1 | 1 | - | 1",
                "source in a selection         | dbt build --select \"source:x dbt source freshness\"          | 1 | 1 | - | 1",
                "a flag for the catalog        | dbt build --write-catalog; dbt run; dbt docs generate          | 2 | 2 | - | 1/3",
                "Fusion                        | clone; dbtf deps; dbtf build; dbtf docs generate              | 3 | 3 | - | 4/3",
                "a path in front               | /usr/local/bin/dbt build; dbt.exe docs generate               | 1 | 1 | - | 2/1",
                "capitals                      | DBT Build; dbt DOCS Generate                                  | 1 | 1 | - | 2/1",
                "no dbt, but says so           | dbt build; Save dbt build results; echo dbt run               | 1 | 1 | - | 1"
            })
    void theStepThatMadeIt(
            String what, String list, String manifest, String runResults, String sources, String catalog) {
        for (boolean named : new boolean[] {false, true}) {
            List<RunStep> steps = steps(list, named);

            assertThat(StepChoice.wanted(
                            RunSamples.requested("manifest.json", "run_results.json", "sources.json", "catalog.json"),
                            steps,
                            null))
                    .as(named ? "by the names of the steps" : "by their commands")
                    .containsExactly(
                            new WantedArtifact("manifest.json", number(manifest)),
                            new WantedArtifact("run_results.json", number(runResults)),
                            new WantedArtifact("sources.json", number(sources)),
                            new WantedArtifact(
                                    "catalog.json",
                                    number(catalog.split("/", -1)[0]),
                                    catalog.contains("/") ? number(catalog.split("/", -1)[1]) : null));
        }
    }

    @Test
    void otherPathsAreOfTheBuildAndTelemetrySaysWhereItIsFrom() {
        List<RunStep> steps = steps("clone; dbtf deps; dbtf build; dbtf docs generate", false);

        assertThat(StepChoice.wanted(
                        RunSamples.requested(
                                "compiled/shop/models/orders.sql",
                                "run/shop/models/orders.sql",
                                "semantic_manifest.json",
                                "index.html",
                                "metadata/telemetry-2-otel.parquet",
                                "metadata/telemetry-x-otel.parquet"),
                        steps,
                        null))
                .extracting(WantedArtifact::step)
                .containsExactly(3, 3, 3, 4, 2, 3);
    }

    @Test
    void ofARunOfFusionTheStepThatBuildsComesFirst() {
        List<RunStep> steps = steps("clone; dbt build; dbt docs generate", false);

        assertThat(StepChoice.wanted(RunSamples.requested("catalog.json"), steps, Engine.FUSION))
                .containsExactly(new WantedArtifact("catalog.json", 2, 3));
        assertThat(StepChoice.wanted(RunSamples.requested("catalog.json"), steps, Engine.CORE))
                .containsExactly(new WantedArtifact("catalog.json", 3, 2));
    }

    @Test
    void aStepThatWasAskedForStaysAndTheSameOfAnotherStepIsAnother() {
        List<RunStep> steps = steps("dbt seed; dbt build; ?dbt test", false);

        assertThat(StepChoice.wanted(
                        List.of(
                                new ArtifactWish("run_results.json", 1),
                                ArtifactWish.of("run_results.json"),
                                new ArtifactWish("run_results.json", 2),
                                new ArtifactWish("metadata/telemetry-1-otel.parquet", 2),
                                new ArtifactWish("run_results.json", 3)),
                        steps,
                        null))
                .containsExactly(
                        new WantedArtifact("run_results.json", 1),
                        new WantedArtifact("run_results.json", 2),
                        new WantedArtifact("metadata/telemetry-1-otel.parquet", 2),
                        new WantedArtifact("run_results.json", 3));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '^',
            value = {
                "dbt --log-format json --select a+ build  | build",
                "dbt -q --no-partial-parse run-operation  | run-operation",
                "dbt --vars '{\"x\": \"a b\"}' test       | test",
                "dbt --target=run seed                    | seed",
                "dbt --version                            | ^^",
                "dbt                                      | ^^",
                "dbt source --select x freshness          | source freshness",
                "dbt docs                                 | docs",
                "dbt build --select 'a                    | build",
                "dbt --vars {\\\"x\\\":\\ 1} build        | build",
                "dbt --vars '{\\' test                    | test",
                "dbt build \\                             | build"
            })
    void theVerbOfACommand(String command, String verb) {
        assertThat(DbtCommand.of(step(1, command, Known.SUCCESS, true, false)).verb())
                .isEqualTo(verb);
    }

    @Test
    void aCommandThatIsBlankIsLookedForInTheName() {
        RunStep step = new RunStep(1, "Invoke dbt with `dbt build`", Known.SUCCESS, true, " ", "");

        assertThat(DbtCommand.of(step)).isEqualTo(new DbtCommand("build", DbtCommand.Kind.BUILD, false));
        assertThat(DbtCommand.of(new RunStep(1, "", Known.SUCCESS, true, null, "")))
                .isNull();
    }

    private static List<RunStep> steps(String list, boolean named) {
        List<RunStep> steps = new ArrayList<>();
        if (list == null) {
            return steps;
        }
        for (String text : list.split(";", -1)) {
            String step = text.strip();
            char mark = step.charAt(0);
            String command = "!?~".indexOf(mark) < 0 ? step : step.substring(1);
            Known status = mark == '!' ? Known.ERROR : "?~".indexOf(mark) < 0 ? Known.SUCCESS : Known.CANCELLED;
            steps.add(step(steps.size() + 1, command, status, mark != '?', named));
        }
        return steps;
    }

    private static RunStep step(int index, String command, Known status, boolean started, boolean named) {
        boolean none = !command.contains("dbt") && !command.contains("DBT");
        return none || named
                ? new RunStep(index, none ? command : "Invoke dbt with `" + command + "`", status, started, null, "")
                : new RunStep(index, "a name", status, started, command, "");
    }

    private static Integer number(String text) {
        return text.equals("-") ? null : Integer.valueOf(text);
    }
}
