package org.dbtrelay;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.equivalentTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noFields;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnitAccess;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import jakarta.inject.Inject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.config.RelayClock;
import org.dbtrelay.dbtcloud.http.ArtifactBody;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Holds the rules of {@code docs/architecture.md}. A package that wants to use another one, or a framework, has to say so
 * here and in the table there.
 */
class ArchitectureTest {

    private static final String ROOT = "org.dbtrelay";
    private static final Path SOURCES = Path.of("src", "main", "java");
    private static final Set<String> CLOCK_MAKERS =
            Set.of("systemUTC", "systemDefaultZone", "system", "tickMillis", "tickSeconds", "tickMinutes");

    /** Which package may use which others; {@code main} is the base package. */
    private static final Map<String, Set<String>> MAY_USE = new TreeMap<>(Map.ofEntries(
            Map.entry("run", Set.of()),
            Map.entry("config", Set.of("run")),
            Map.entry("metrics", Set.of("run")),
            Map.entry("dbtcloud", Set.of("run", "config", "metrics")),
            Map.entry("ledger", Set.of("run", "config", "metrics")),
            Map.entry("event", Set.of("run", "config", "metrics")),
            Map.entry("artifact", Set.of("dbtcloud", "run", "config", "metrics")),
            Map.entry("flow", Set.of("dbtcloud", "ledger", "event", "artifact", "run", "config", "metrics")),
            Map.entry("command", Set.of("flow", "ledger", "run", "config", "metrics")),
            Map.entry("watch", Set.of("control", "flow", "ledger", "dbtcloud", "run", "config", "metrics")),
            Map.entry("webhook", Set.of("watch", "flow", "ledger", "dbtcloud", "run", "config", "metrics")),
            Map.entry("control", Set.of("ledger", "dbtcloud", "run", "config", "metrics")),
            Map.entry("deadletter", Set.of("command", "ledger", "run", "config", "metrics")),
            Map.entry(
                    "api",
                    Set.of(
                            "command",
                            "control",
                            "deadletter",
                            "flow",
                            "ledger",
                            "dbtcloud",
                            "run",
                            "config",
                            "metrics")),
            Map.entry("lineage", Set.of("artifact", "ledger", "dbtcloud", "run", "config", "metrics")),
            Map.entry("main", Set.of("artifact", "ledger", "config"))));

    /** The rooms of a package; each may use those before it. */
    private static final Map<String, List<String>> ROOMS = Map.of(
            "run", List.of("job", "command", "observe", "event", "state", "decide", "partition"),
            "dbtcloud", List.of("redaction", "budget", "http", "paging", "runs", "resources", "webhook", "connection"),
            "lineage", List.of("naming", "event", "project", "tell", "send", "follow"));

    private static final JavaClasses MAIN = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages(ROOT);

    static Set<String> packages() {
        return MAY_USE.keySet();
    }

    @ParameterizedTest
    @MethodSource("packages")
    void recordsTravelInOneDirection(String name) {
        Set<String> mayUse = MAY_USE.get(name);
        String[] mayNotUse = MAY_USE.keySet().stream()
                .filter(other -> !other.equals(name) && !mayUse.contains(other))
                .map(ArchitectureTest::pattern)
                .toArray(String[]::new);
        noClasses()
                .that()
                .resideInAPackage(pattern(name))
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(mayNotUse)
                .as("package " + name + " may use " + mayUse + " and none of " + Arrays.toString(mayNotUse))
                .allowEmptyShould(true)
                .check(MAIN);
    }

    @Test
    void theDocumentedTableIsThisOne() throws IOException {
        Map<String, Set<String>> documented = new TreeMap<>();
        for (String line : Files.readAllLines(Path.of("docs", "architecture.md"))) {
            String[] cells = line.split("\\|", -1);
            if (cells.length == 6 && cells[1].strip().matches("`[a-z]+`")) {
                Set<String> mayUse = Arrays.stream(cells[3].split(",", -1))
                        .map(cell -> cell.strip().replace("`", ""))
                        .filter(name -> !name.equals("nothing"))
                        .collect(Collectors.toSet());
                documented.put(cells[1].strip().replace("`", ""), mayUse);
            }
        }
        assertThat(documented).isEqualTo(MAY_USE);
    }

    @Test
    void everyPackageIsInTheTable() throws IOException {
        try (Stream<Path> directories = Files.list(SOURCES.resolve(ROOT.replace('.', '/')))) {
            assertThat(directories
                            .filter(Files::isDirectory)
                            .map(path -> path.getFileName().toString()))
                    .isSubsetOf(MAY_USE.keySet());
        }
    }

    @Test
    void packagesAreFreeOfCycles() {
        slices().matching(ROOT + ".(*)..").should().beFreeOfCycles().check(MAIN);
    }

    static Set<String> packagesWithRooms() {
        return ROOMS.keySet();
    }

    @ParameterizedTest
    @MethodSource("packagesWithRooms")
    void roomsUseOnlyThoseAboveThem(String name) {
        List<String> rooms = Objects.requireNonNull(ROOMS.get(name));
        for (int i = 0; i < rooms.size() - 1; i++) {
            String[] below = rooms.subList(i + 1, rooms.size()).stream()
                    .map(room -> pattern(name + '.' + room))
                    .toArray(String[]::new);
            noClasses()
                    .that()
                    .resideInAPackage(pattern(name + '.' + rooms.get(i)))
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(below)
                    .check(MAIN);
        }
    }

    @ParameterizedTest
    @MethodSource("packagesWithRooms")
    void roomsAreDocumented(String name) throws IOException {
        List<String> rooms = Objects.requireNonNull(ROOMS.get(name));
        String start = "| `" + name + '.';
        List<String> documented = Files.readAllLines(Path.of("docs", "architecture.md")).stream()
                .filter(line -> line.startsWith(start))
                .map(line -> line.substring(start.length(), line.indexOf('`', start.length())))
                .toList();
        assertThat(documented).isEqualTo(rooms);
        try (Stream<Path> directories =
                Files.list(SOURCES.resolve("org/dbtrelay").resolve(name))) {
            assertThat(directories
                            .filter(Files::isDirectory)
                            .map(path -> path.getFileName().toString()))
                    .containsExactlyInAnyOrderElementsOf(rooms);
        }
    }

    @Test
    void dbtCloudIsAskedByDbtcloudOnly() {
        noClasses()
                .that()
                .resideOutsideOfPackage(pattern("dbtcloud"))
                .should()
                .dependOnClassesThat(
                        resideInAPackage(pattern("dbtcloud.http")).and(not(equivalentTo(ArtifactBody.class))))
                .check(MAIN);
    }

    @Test
    void subpackagesOfTheLedgerAreFreeOfCycles() {
        slices().matching(ROOT + ".(**)")
                .should()
                .beFreeOfCycles()
                .check(MAIN.that(resideInAPackage(pattern("ledger"))));
    }

    @Test
    void theClassesOfRoomsAreFreeOfCycles() {
        slices().assignedFrom(topLevelClasses()).should().beFreeOfCycles().check(MAIN);
    }

    private static SliceAssignment topLevelClasses() {
        return new SliceAssignment() {
            @Override
            public SliceIdentifier getIdentifierOf(JavaClass type) {
                JavaClass outermost = type;
                while (outermost.getEnclosingClass().isPresent()) {
                    outermost = outermost.getEnclosingClass().get();
                }
                String name = outermost.getPackageName();
                return ROOMS.keySet().stream().anyMatch(room -> name.startsWith(ROOT + '.' + room))
                        ? SliceIdentifier.of(outermost.getName())
                        : SliceIdentifier.ignore();
            }

            @Override
            public String getDescription() {
                return "each class of a package with rooms, with those inside it";
            }
        };
    }

    @Test
    void theCoreIsPlainJava() {
        classes()
                .that()
                .resideInAPackage(pattern("run"))
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage("java..", "org.jspecify..", pattern("run"))
                .check(MAIN);
    }

    /** A framework's packages, and the packages of ours that may know it. */
    record Framework(String name, Set<String> home, List<String> packages) {
        Framework(String name, Set<String> home, String... packages) {
            this(name, home, List.of(packages));
        }

        DescribedPredicate<JavaClass> types() {
            return resideInAnyPackage(packages.toArray(String[]::new));
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Framework> frameworks() {
        return Stream.of(
                new Framework(
                        "Kafka's clients",
                        Set.of("command", "ledger", "event", "webhook", "control", "deadletter", "lineage"),
                        "org.apache.kafka.."),
                new Framework(
                        "messaging",
                        Set.of("ledger", "command"),
                        "io.smallrye.reactive.messaging..",
                        "org.eclipse.microprofile.reactive.messaging.."),
                new Framework("Mutiny", Set.of("dbtcloud", "ledger", "command", "api"), "io.smallrye.mutiny.."),
                new Framework(
                        "OpenID Connect",
                        Set.of("api"),
                        "io.quarkus.oidc..",
                        "io.quarkus.security..",
                        "io.quarkus.vertx.http.runtime.security.."),
                new Framework(
                        "REST client",
                        Set.of("dbtcloud", "api"),
                        "org.eclipse.microprofile.rest.client..",
                        "io.quarkus.rest.client..",
                        "org.jboss.resteasy.reactive.client..",
                        "jakarta.ws.rs.client.."),
                new Framework("Jakarta REST", Set.of("dbtcloud", "webhook", "api"), "jakarta.ws.rs.."),
                new Framework("the JDK's HTTP client", Set.of("lineage"), "java.net.http.."),
                new Framework("OpenAPI", Set.of("webhook", "api"), "org.eclipse.microprofile.openapi.."),
                new Framework("scheduler", Set.of("watch"), "io.quarkus.scheduler.."),
                new Framework("Micrometer", Set.of("metrics"), "io.micrometer.."),
                new Framework("OpenTelemetry", Set.of("metrics"), "io.opentelemetry..", "io.quarkus.opentelemetry.."),
                new Framework(
                        "Jackson",
                        Set.of(
                                "command",
                                "dbtcloud",
                                "ledger",
                                "event",
                                "artifact",
                                "api",
                                "control",
                                "deadletter",
                                "lineage"),
                        "com.fasterxml.jackson.."),
                new Framework("AWS SDK", Set.of("artifact"), "software.amazon.awssdk.."),
                new Framework("CloudEvents", Set.of("event"), "io.cloudevents.."),
                new Framework(
                        "configuration",
                        Set.of("config"),
                        "io.smallrye.config..",
                        "org.eclipse.microprofile.config.."));
    }

    @ParameterizedTest
    @MethodSource("frameworks")
    void eachFrameworkHasItsPlace(Framework framework) {
        String[] home = framework.home().stream().map(ArchitectureTest::pattern).toArray(String[]::new);
        noClasses()
                .that()
                .resideOutsideOfPackages(home)
                .should()
                .dependOnClassesThat(framework.types().and(not(handedThroughFlow())))
                .as(framework + " is known to " + framework.home() + " only")
                .check(MAIN);
    }

    /**
     * Flow hands records from {@code command} to {@code ledger}, and the finished ones of {@code event} too; it neither makes
     * them nor looks into their values.
     */
    private static DescribedPredicate<JavaClass> handedThroughFlow() {
        return equivalentTo(ProducerRecord.class).or(equivalentTo(ConsumerRecord.class));
    }

    @Test
    void onlyFlowHandsRecordsThrough() {
        noClasses()
                .that()
                .resideOutsideOfPackages(
                        pattern("flow"),
                        pattern("command"),
                        pattern("ledger"),
                        pattern("event"),
                        pattern("webhook"),
                        pattern("control"),
                        pattern("deadletter"),
                        pattern("lineage"))
                .should()
                .dependOnClassesThat(handedThroughFlow())
                .check(MAIN);
    }

    @Test
    void timeComesFromTheClock() {
        noClasses()
                .should()
                .accessTargetWhere(tellsTheTime())
                .as("only RelayClock and Monotonic ask the machine for the time, and nobody sleeps")
                .check(MAIN);
    }

    private static DescribedPredicate<JavaAccess<?>> tellsTheTime() {
        return new DescribedPredicate<>("ask the machine for the time, or sleep") {
            @Override
            public boolean test(JavaAccess<?> access) {
                if (!(access instanceof JavaCodeUnitAccess<?> call)) {
                    return false;
                }
                String caller = call.getOriginOwner().getName();
                return switch (call.getTargetOwner().getName() + '.' + call.getName()) {
                    case "java.lang.System.currentTimeMillis",
                            "java.lang.Thread.sleep",
                            "java.util.concurrent.TimeUnit.sleep" -> true;
                    case "java.lang.System.nanoTime" -> !caller.equals(Monotonic.class.getName());
                    case "java.util.Date.<init>" ->
                        call.getTarget().getRawParameterTypes().isEmpty();
                    case String name
                    when name.startsWith("java.time.Clock.") ->
                        // Making one from the machine's; reading one that was handed in is what we want.
                        CLOCK_MAKERS.contains(call.getName()) && !caller.equals(RelayClock.class.getName());
                    case String name
                    when name.startsWith("java.time.") && name.endsWith(".now") ->
                        call.getTarget().getRawParameterTypes().stream()
                                .noneMatch(type -> type.isEquivalentTo(Clock.class));
                    default -> false;
                };
            }
        };
    }

    @Test
    void beansTakeConstructorArguments() {
        noFields().should().beAnnotatedWith(Inject.class).check(MAIN);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "org.eclipse.microprofile.config.inject.ConfigProperty",
                "jakarta.enterprise.inject.spi.CDI",
                "io.quarkus.arc.Arc"
            })
    void nobodyFetchesWhatCanBeHandedIn(String type) {
        noClasses().should().dependOnClassesThat().haveFullyQualifiedName(type).check(MAIN);
    }

    @Test
    void nothingIsAGrabBag() {
        for (String ending : List.of("Util", "Utils", "Helper", "Manager", "Impl", "Service")) {
            noClasses().should().haveSimpleNameEndingWith(ending).check(MAIN);
        }
    }

    @Test
    void testsAreNamedInOneStyle() {
        JavaClasses tests = new ClassFileImporter()
                .withImportOption(new ImportOption.OnlyIncludeTests())
                .importPackages(ROOT);
        methods()
                .that()
                .areAnnotatedWith(Test.class)
                .or()
                .areAnnotatedWith(ParameterizedTest.class)
                .should()
                .haveNameMatching("[a-z][A-Za-z0-9]*")
                .check(tests);
    }

    @Test
    void everyPackageSaysThatNothingIsNull() throws IOException {
        List<String> packages = sources().stream()
                .map(file -> SOURCES.relativize(file)
                        .getParent()
                        .toString()
                        .replace('/', '.')
                        .replace('\\', '.'))
                .distinct()
                .toList();
        assertThat(packages)
                .isNotEmpty()
                .allSatisfy(
                        name -> assertThat(Class.forName(name + ".package-info").isAnnotationPresent(NullMarked.class))
                                .as("@NullMarked on %s", name)
                                .isTrue());
    }

    private static List<Path> sources() throws IOException {
        try (Stream<Path> files = Files.walk(SOURCES)) {
            return files.filter(file -> file.toString().endsWith(".java")).toList();
        }
    }

    private static String pattern(String name) {
        return name.equals("main") ? ROOT : ROOT + '.' + name + "..";
    }
}
