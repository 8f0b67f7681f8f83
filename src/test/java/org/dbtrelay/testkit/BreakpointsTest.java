package org.dbtrelay.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BreakpointsTest {

    private static final Duration LIMIT = Duration.ofSeconds(60);

    @TempDir
    private Path directory;

    @Test
    void aThreadIsHeldWhereItWasArmedAndOnlyOnce() {
        var breakpoints = Breakpoints.in(directory, Program.class.getName() + ".count");
        var entry = breakpoints.atEntryOf(Program.class.getName() + ".count");
        var exit = breakpoints.atReturnOf(Program.class.getName() + ".count");
        try (ChildProcess process = start(breakpoints.options())) {
            entry.await(process, LIMIT);
            assertThat(process.lines()).containsExactly("begin");

            entry.release();
            exit.await(process, LIMIT);
            assertThat(process.lines()).containsExactly("begin", "1");

            exit.release();
            assertThat(process.awaitExit(LIMIT)).isZero();
            assertThat(process.lines()).containsExactly("begin", "1", "1 counted", "2", "2 counted");
        }
    }

    @Test
    void otherThreadsPassAPointThatIsArmedForOne() {
        String count = Program.class.getName() + ".count";
        var breakpoints = Breakpoints.in(directory, count);
        var stranger = breakpoints.atEntryOf(count, "stranger");
        var main = breakpoints.atReturnOf(count, "main");
        try (ChildProcess process = start(breakpoints.options())) {
            main.await(process, LIMIT);
            assertThat(process.lines()).as("passed the entry").containsExactly("begin", "1");
            main.release();
            assertThat(process.awaitExit(LIMIT)).isZero();
        }
        stranger.release();
    }

    @Test
    void aMethodThatIsNotThereEndsTheProcess() {
        var breakpoints = Breakpoints.in(directory, Program.class.getName() + ".count");
        List<String> options = breakpoints.options().stream()
                .map(option -> option.replace(".count", ".renamed"))
                .toList();
        try (ChildProcess process = start(options)) {
            assertThat(process.awaitExit(LIMIT)).isEqualTo(BreakpointAgent.NO_SUCH_METHOD);
            assertThat(process.lines(Pattern.compile("has not all of the methods \\[renamed]")))
                    .hasSize(1);
        }
    }

    @Test
    void aMethodThatIsNotOnTheClassPathIsRefused() {
        assertThatThrownBy(() -> Breakpoints.in(directory, Program.class.getName() + ".renamed"))
                .hasMessageContaining("There is no method");
        assertThatThrownBy(() -> Breakpoints.in(directory, "org.dbtrelay.Renamed.method"))
                .hasMessageContaining("There is no class");
    }

    private ChildProcess start(List<String> options) {
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        List<String> command = new ArrayList<>(List.of(ChildProcess.java()));
        command.addAll(options);
        command.addAll(List.of("-cp", classPath, Program.class.getName()));
        return ChildProcess.start("program", command, Map.of(), directory.resolve("program.log"));
    }

    /** The program that the test stops. */
    static final class Program {

        private Program() {}

        public static void main(String[] arguments) {
            System.out.println("begin");
            for (int i = 1; i <= 2; i++) {
                System.out.println(count(i) + " counted");
            }
        }

        private static long count(int number) {
            System.out.println(number);
            return number;
        }
    }
}
