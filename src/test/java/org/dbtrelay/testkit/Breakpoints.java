package org.dbtrelay.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;

/**
 * Breakpoints in the packaged application, so that a test can kill or freeze it at one certain place: a thread that comes by an
 * armed point stands still there until it is released; all others go on. The application knows nothing of it; a Java agent
 * ({@link BreakpointAgent}) is given to its JVM, made from the test's own classes.
 */
public final class Breakpoints {

    private final Path directory;
    private final List<String> methods;
    private final AtomicInteger holds = new AtomicInteger();

    private Breakpoints(Path directory, List<String> methods) {
        this.directory = directory;
        this.methods = methods;
    }

    /**
     * Makes the agent; nothing is armed.
     *
     * @param directory for the agent and the files that arm it; a new one
     * @param methods {@code <class>.<method>}, those of the application and of its libraries alike
     * @throws IllegalArgumentException if there is no such method on this class path, which is that of the application too
     */
    public static Breakpoints in(Path directory, String... methods) {
        for (String method : methods) {
            check(method);
        }
        var breakpoints = new Breakpoints(directory, List.of(methods));
        try {
            Files.createDirectories(directory);
            breakpoints.writeAgent();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return breakpoints;
    }

    /** Has processes that are started from now on stop at these points. */
    public void setIn(RelayProcess.Builder relay) {
        options().forEach(relay::option);
    }

    /** The options of the JVM that bring the agent in. */
    List<String> options() {
        return List.of(
                "-D%s=%s".formatted(BreakpointAgent.DIRECTORY, directory.toAbsolutePath()),
                "-javaagent:%s=%s".formatted(agent(), String.join(",", methods)));
    }

    /** Arms the entry of a method: the next thread that calls it is held before it does anything. */
    public Hold atEntryOf(String method) {
        return arm(method, BreakpointAgent.ENTRY, "");
    }

    /** As {@link #atEntryOf(String)}, for the thread of this name alone: others pass without being held. */
    public Hold atEntryOf(String method, String thread) {
        return arm(method, BreakpointAgent.ENTRY, thread);
    }

    /** Arms the return of a method: the next thread for which it ends without an exception is held before its caller goes on. */
    public Hold atReturnOf(String method) {
        return arm(method, BreakpointAgent.RETURN, "");
    }

    /** As {@link #atReturnOf(String)}, for the thread of this name alone: others pass without being held. */
    public Hold atReturnOf(String method, String thread) {
        return arm(method, BreakpointAgent.RETURN, thread);
    }

    private Hold arm(String method, String where, String thread) {
        if (!methods.contains(method)) {
            throw new IllegalArgumentException(method + " is not among " + methods);
        }
        String name = "%03d".formatted(holds.incrementAndGet());
        try {
            // Under its name it appears complete or not at all.
            Path file = Files.writeString(directory.resolve(name), name + "\n" + thread);
            Files.move(
                    file,
                    directory.resolve(method + where + BreakpointAgent.ARMED),
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Hold(method + where, directory.resolve(name + BreakpointAgent.HELD), name);
    }

    /** A point that was armed, once. */
    public final class Hold {

        private final String point;
        private final Path held;
        private final String name;

        private Hold(String point, Path held, String name) {
            this.point = point;
            this.held = held;
            this.name = name;
        }

        /**
         * Waits until a thread of the process stands there.
         *
         * @throws AssertionError if none comes in time, or the process ends before
         */
        public void await(RelayProcess process, Duration limit) {
            await(process.process(), limit);
        }

        /** As {@link #await(RelayProcess, Duration)}. */
        void await(ChildProcess process, Duration limit) {
            process.await("breakpoint " + point, limit, () -> Files.exists(held) ? true : null);
        }

        /** Lets the thread go on, at once or as soon as it comes. */
        public void release() {
            try {
                Files.createFile(directory.resolve(name + BreakpointAgent.RELEASED));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private Path agent() {
        return directory.resolve("breakpoint-agent.jar").toAbsolutePath();
    }

    private void writeAgent() throws IOException {
        var manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().put(new Attributes.Name("Premain-Class"), BreakpointAgent.class.getName());
        try (var jar = new JarOutputStream(Files.newOutputStream(agent()), manifest)) {
            for (String type : BreakpointAgent.classNames()) {
                String entry = type.replace('.', '/') + ".class";
                jar.putNextEntry(new JarEntry(entry));
                try (InputStream bytes = BreakpointAgent.class.getResourceAsStream("/" + entry)) {
                    bytes.transferTo(jar);
                }
                jar.closeEntry();
            }
        }
    }

    private static void check(String method) {
        int dot = method.lastIndexOf('.');
        try {
            Class<?> type = Class.forName(method.substring(0, dot), false, Breakpoints.class.getClassLoader());
            if (Arrays.stream(type.getDeclaredMethods())
                    .noneMatch(one -> one.getName().equals(method.substring(dot + 1)))) {
                throw new IllegalArgumentException(
                        "There is no method " + method + " any more: mind the test's meaning");
            }
        } catch (ClassNotFoundException e) {
            throw new IllegalArgumentException("There is no class of the method " + method + " any more", e);
        }
    }
}
