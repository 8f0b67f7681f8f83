package org.dbtrelay.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassElement;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.MethodModel;
import java.lang.classfile.MethodTransform;
import java.lang.classfile.instruction.ReturnInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.ProtectionDomain;
import java.time.Duration;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The side of {@link Breakpoints} in the process under test: a Java agent that puts a call to {@link #reached} at the entry and
 * at each return of the methods that its argument names. It uses the JDK only, because nothing else comes with it.
 */
public final class BreakpointAgent {

    /** System property with the directory of the files that arm, tell and release. */
    static final String DIRECTORY = "breakpoints.directory";

    static final String ENTRY = "-entry";
    static final String RETURN = "-return";
    static final String ARMED = ".armed";
    static final String HELD = ".held";
    static final String RELEASED = ".released";

    /** The exit status if a method is not there: a changed name must not make a test pass. */
    static final int NO_SUCH_METHOD = 70;

    private static final ClassDesc HERE = ClassDesc.of(BreakpointAgent.class.getName());
    private static final MethodTypeDesc TAKES_TEXT = MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_String);
    private static final Duration CHECK_AGAIN = Duration.ofMillis(5);

    private BreakpointAgent() {}

    /** Called by the JVM before the application's main method; the argument is {@code <class>.<method>,<class>.<method>,…}. */
    public static void premain(String methods, Instrumentation instrumentation) {
        instrumentation.addTransformer(new Transformer(Set.of(methods.split(","))));
    }

    /** Holds the calling thread if the point is armed, until it is released. An armed point holds one thread, once. */
    public static void reached(String point) {
        Path directory = Path.of(System.getProperty(DIRECTORY));
        String hold = claim(directory.resolve(point + ARMED));
        if (hold != null) {
            try {
                Files.createFile(directory.resolve(hold + HELD));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            awaitFile(directory.resolve(hold + RELEASED));
        }
    }

    /** Takes the file away and gives the hold's name; null if it was not there, is for another thread, or one was quicker. */
    private static @Nullable String claim(Path armed) {
        if (!Files.exists(armed)) {
            return null;
        }
        try {
            String[] holdAndThread = Files.readString(armed).split("\n", -1);
            String thread = holdAndThread[1];
            if (!thread.isEmpty() && !thread.equals(Thread.currentThread().getName())) {
                return null;
            }
            Files.delete(armed);
            return holdAndThread[0];
        } catch (NoSuchFileException e) {
            return null;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void awaitFile(Path file) {
        boolean interrupted = false;
        while (!Files.exists(file)) {
            LockSupport.parkNanos(CHECK_AGAIN.toNanos());
            interrupted |= Thread.interrupted();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private record Transformer(Set<String> methods) implements ClassFileTransformer {

        @Override
        public byte @Nullable [] transform(
                ClassLoader loader,
                String internalName,
                Class<?> redefined,
                ProtectionDomain domain,
                byte[] classFile) {
            if (internalName == null) {
                return null;
            }
            String type = internalName.replace('/', '.');
            Set<String> wanted = methods.stream()
                    .filter(method ->
                            method.substring(0, method.lastIndexOf('.')).equals(type))
                    .map(method -> method.substring(method.lastIndexOf('.') + 1))
                    .collect(Collectors.toSet());
            try {
                return wanted.isEmpty() ? null : withCalls(type, wanted, loader, classFile);
            } catch (RuntimeException | Error e) {
                // The JVM would go on with the class as it is, and the test would wait for nothing.
                throw halt(type + " could not get its breakpoints: " + e);
            }
        }

        private static byte[] withCalls(String type, Set<String> wanted, ClassLoader loader, byte[] classFile) {
            var file = ClassFile.of(ClassFile.ClassHierarchyResolverOption.of(
                    ClassHierarchyResolver.ofResourceParsing(loader).orElse(ClassHierarchyResolver.defaultResolver())));
            var model = file.parse(classFile);
            Set<String> there = model.methods().stream()
                    .filter(method -> method.code().isPresent())
                    .map(method -> method.methodName().stringValue())
                    .collect(Collectors.toSet());
            if (!there.containsAll(wanted)) {
                throw halt("%s has not all of the methods %s that a breakpoint was asked for".formatted(type, wanted));
            }
            return file.transformClass(model, new InMethods(type, wanted));
        }

        private static IllegalStateException halt(String message) {
            System.err.println("BreakpointAgent: " + message);
            Runtime.getRuntime().halt(NO_SUCH_METHOD);
            return new IllegalStateException(message);
        }
    }

    private record InMethods(String type, Set<String> wanted) implements ClassTransform {

        @Override
        public void accept(ClassBuilder builder, ClassElement element) {
            if (element instanceof MethodModel method
                    && method.code().isPresent()
                    && wanted.contains(method.methodName().stringValue())) {
                String point = type + "." + method.methodName().stringValue();
                builder.transformMethod(method, MethodTransform.transformingCode(new AtEntryAndReturn(point)));
            } else {
                builder.with(element);
            }
        }
    }

    private record AtEntryAndReturn(String point) implements CodeTransform {

        @Override
        public void atStart(CodeBuilder builder) {
            call(builder, ENTRY);
        }

        @Override
        public void accept(CodeBuilder builder, CodeElement element) {
            if (element instanceof ReturnInstruction) {
                call(builder, RETURN);
            }
            builder.with(element);
        }

        private void call(CodeBuilder builder, String where) {
            builder.loadConstant(point + where).invokestatic(HERE, "reached", TAKES_TEXT);
        }
    }

    /** The names of all classes that the agent consists of. */
    static Set<String> classNames() {
        return Arrays.stream(BreakpointAgent.class.getDeclaredClasses())
                .map(Class::getName)
                .collect(Collectors.collectingAndThen(Collectors.toSet(), nested -> {
                    nested.add(BreakpointAgent.class.getName());
                    return nested;
                }));
    }
}
