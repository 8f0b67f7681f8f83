package org.dbtrelay.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.dbtrelay.testkit.RelayProcess;

/** The JDK's own tool, asked about a relay's JVM. */
final class Jcmd {

    private Jcmd() {}

    /** Returns the answer to a command such as {@code GC.class_histogram}. */
    static String ask(RelayProcess relay, String... command) {
        try {
            ProcessBuilder builder = new ProcessBuilder(
                    Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                    Long.toString(relay.process().pid()));
            builder.command().addAll(List.of(command));
            Process jcmd = builder.redirectErrorStream(true).start();
            String answer = new String(jcmd.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            jcmd.waitFor(1, TimeUnit.MINUTES);
            return answer;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
