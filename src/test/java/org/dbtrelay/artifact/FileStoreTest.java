package org.dbtrelay.artifact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.StoredArtifact;
import org.dbtrelay.run.job.UnavailableReason;
import org.dbtrelay.run.job.WantedArtifact;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What lies in the directory afterwards: the artifact, complete, or nothing. */
class FileStoreTest {

    private static final RunSnapshot RUN = Runs.ended(JobRunStatus.Known.SUCCESS);
    private static final StoreLayout LAYOUT = new StoreLayout("{account_id}/{job_id}/{run_id}/{step}/{path}");
    private static final long MAX_SIZE = 100_000;

    @TempDir
    Path temp;

    private Path directory;
    private FileStore store;

    @BeforeEach
    void open() {
        directory = temp.resolve("store");
        store = new FileStore(directory, LAYOUT, MAX_SIZE);
    }

    private static Download text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return new Download(new ByteArrayInputStream(bytes), "application/json", OptionalLong.of(bytes.length));
    }

    private static Download unannounced(InputStream bytes) {
        return new Download(bytes, null, OptionalLong.empty());
    }

    private static InputStream breaksAfter(int bytes) {
        return ScriptedEnd.after(new byte[bytes], () -> {
            throw new IOException("connection reset");
        });
    }

    private List<String> files() throws IOException {
        if (!Files.exists(directory)) {
            return List.of();
        }
        try (Stream<Path> all = Files.walk(directory)) {
            return all.filter(Files::isRegularFile)
                    .map(file -> directory.relativize(file).toString())
                    .sorted()
                    .toList();
        }
    }

    private StoreException refused(WantedArtifact wanted, Download download) {
        StoreException refused = catchThrowableOfType(StoreException.class, () -> store.store(RUN, wanted, download));
        assertThat(refused).isNotNull();
        return refused;
    }

    @Test
    void anArtifactIsThereWithSizeAndChecksum() throws Exception {
        StoredArtifact stored = store.store(RUN, new WantedArtifact("compiled/orders.sql", 4), text("select 1"));

        Path file = directory.resolve("4238/559062/70403110257794/4/compiled/orders.sql");
        assertThat(file).hasContent("select 1");
        assertThat(Path.of(URI.create(stored.location()))).isEqualTo(file);
        assertThat(stored.location()).startsWith("file:///");
        assertThat(stored.sizeBytes()).isEqualTo(8);
        assertThat(stored.sha256()).isEqualTo("822ae07d4783158bc1912bb623e5107cc9002d519e1143a9c200ed6ee18b6d0f");
        assertThat(stored.contentType()).isEqualTo("application/json");
        assertThat(stored.content().schemaVersion()).isNull();
        assertThat(files()).containsExactly("4238/559062/70403110257794/4/compiled/orders.sql");
    }

    @Test
    void withoutAStepItLiesUnderLast() throws Exception {
        store.store(RUN, new WantedArtifact("manifest.json", null), text("{}"));
        assertThat(files()).containsExactly("4238/559062/70403110257794/last/manifest.json");
    }

    @Test
    void runResultsAreSummedUp() throws Exception {
        StoredArtifact stored = store.store(RUN, new WantedArtifact("run_results.json", 4), text("""
                {"metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/run-results/v6.json",
                  "generated_at": "2026-11-22T10:00:07.250000Z"},
                 "results": [{"status": "success", "unique_id": "model.a.b"}, {"status": "success"}, {"status": "fail"}],
                 "elapsed_time": 3.5}"""));
        assertThat(stored.content().schemaVersion()).isEqualTo("https://schemas.getdbt.com/dbt/run-results/v6.json");
        assertThat(stored.content().generatedAt()).isEqualTo(Instant.parse("2026-11-22T10:00:07.25Z"));
        assertThat(stored.content().results().nodesByStatus()).isEqualTo(Map.of("success", 2, "fail", 1));
        assertThat(stored.content().results().elapsedSeconds()).isEqualTo(3.5);
    }

    @Test
    void oddContentDoesNotHarmTheStoring() throws Exception {
        String odd = "{\"metadata\": {\"dbt_schema_version\": \"v12\"}, oops" + "x".repeat(90_000);
        for (String path : List.of("manifest.json", "run_results.json")) {
            StoredArtifact stored = store.store(RUN, new WantedArtifact(path, 4), text(odd));
            assertThat(Path.of(URI.create(stored.location()))).hasContent(odd);
            assertThat(stored.sizeBytes()).isEqualTo(odd.length());
        }
    }

    @Test
    void aTransferThatBreaksUnderAReaderIsNotTakenForOddContent() throws Exception {
        byte[] half = "{\"metadata\": {\"dbt_schema".getBytes(StandardCharsets.UTF_8);
        Download breaks = unannounced(ScriptedEnd.after(half, () -> {
            throw new IOException("connection reset");
        }));
        assertThatThrownBy(() -> store.store(RUN, new WantedArtifact("run_results.json", 4), breaks))
                .hasMessage("connection reset");
        assertThat(files()).isEmpty();
    }

    @Test
    void theLimitHoldsUnderAReader() throws Exception {
        Download large = unannounced(
                new ByteArrayInputStream(("[\"" + "x".repeat((int) MAX_SIZE)).getBytes(StandardCharsets.UTF_8)));
        assertThat(refused(new WantedArtifact("run_results.json", 4), large).reason())
                .isEqualTo(UnavailableReason.TOO_LARGE);
        assertThat(files()).isEmpty();
    }

    @Test
    void theLayoutIsATemplate() throws Exception {
        StoreLayout flat = new StoreLayout("dbt/run={run_id}/{step}/{path}");
        new FileStore(directory, flat, MAX_SIZE).store(RUN, new WantedArtifact("compiled/$1{step}.sql", 4), text("x"));
        assertThat(files()).containsExactly("dbt/run=70403110257794/4/compiled/$1{step}.sql");
    }

    @Test
    void whatDeadProcessesLeftIsRemovedAfterAnHour() throws Exception {
        Path incoming = Files.createDirectories(directory.resolve(".incoming"));
        Path dead = Files.writeString(incoming.resolve("a.part"), "half");
        Files.setLastModifiedTime(dead, FileTime.from(fileTime().minus(Duration.ofMinutes(61))));
        Path slow = Files.writeString(incoming.resolve("b.part"), "half");
        Files.setLastModifiedTime(slow, FileTime.from(fileTime().minus(Duration.ofMinutes(50))));
        store.store(RUN, new WantedArtifact("x", 4), text("new"));
        assertThat(dead).doesNotExist();
        assertThat(slow).exists();
    }

    /** The time by the file system. */
    private Instant fileTime() throws IOException {
        return Files.getLastModifiedTime(Files.createTempFile(temp, "now", null))
                .toInstant();
    }

    @Test
    void incomingFilesDoNotLeaveTheDirectory() throws Exception {
        Path outside = Files.createDirectory(temp.resolve("outside"));
        Files.createSymbolicLink(Files.createDirectories(directory).resolve(".incoming"), outside);
        assertThat(refused(new WantedArtifact("x", 4), text("new")).isPassing()).isFalse();
        assertThat(outside).isEmptyDirectory();
    }

    @Test
    void aFullDiskIsTroubleThatPasses() throws Exception {
        Path disk = Files.createDirectory(temp.resolve("disk"));
        assumeThat(run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk.toString()))
                .as("this machine lets nobody mount a small file system, so a full disk cannot be shown here")
                .isZero();
        try {
            FileStore small = new FileStore(disk, LAYOUT, MAX_SIZE);
            StoreException full = catchThrowableOfType(
                    StoreException.class,
                    () -> small.store(
                            RUN, new WantedArtifact("x", 4), unannounced(new ByteArrayInputStream(new byte[90_000]))));
            assertThat(full.reason()).isEqualTo(UnavailableReason.STORE_FAILED);
            assertThat(full.isPassing()).isTrue();
            assertThat(full.explanation())
                    .isEqualTo("relay.artifacts.directory cannot take it: No space left on device");
            try (Stream<Path> all = Files.walk(disk)) {
                assertThat(all.filter(Files::isRegularFile)).isEmpty();
            }
            assertThat(small.store(RUN, new WantedArtifact("x", 4), text("little"))
                            .sizeBytes())
                    .isEqualTo(6);
        } finally {
            assertThat(run("umount", disk.toString())).isZero();
        }
    }

    private static int run(String... command) throws Exception {
        try {
            return new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start()
                    .waitFor();
        } catch (IOException e) {
            return -1;
        }
    }

    @Test
    void theSameArtifactAgainReplacesTheFile() throws Exception {
        WantedArtifact wanted = new WantedArtifact("manifest.json", null);
        store.store(RUN, wanted, text("{\"old\": \"and longer\"}"));
        StoredArtifact second = store.store(RUN, wanted, text("{}"));
        assertThat(Path.of(URI.create(second.location()))).hasContent("{}");
        assertThat(files()).hasSize(1);
    }

    @Test
    void theOldFileIsWholeUntilTheNewOneIs() throws Exception {
        WantedArtifact wanted = new WantedArtifact("manifest.json", null);
        Path file = Path.of(URI.create(store.store(RUN, wanted, text("old")).location()));
        InputStream looksBeforeItEnds = ScriptedEnd.after(
                "new".getBytes(StandardCharsets.UTF_8), () -> assertThat(file).hasContent("old"));
        store.store(RUN, wanted, unannounced(looksBeforeItEnds));
        assertThat(file).hasContent("new");
    }

    @Test
    void aBrokenTransferLeavesNothing() throws Exception {
        assertThatThrownBy(() ->
                        store.store(RUN, new WantedArtifact("manifest.json", null), unannounced(breaksAfter(70_000))))
                .isInstanceOf(IOException.class)
                .hasMessage("connection reset");
        assertThat(files()).isEmpty();
    }

    @Test
    void aBrokenTransferLeavesWhatWasThere() throws Exception {
        WantedArtifact wanted = new WantedArtifact("manifest.json", null);
        Path file = Path.of(URI.create(store.store(RUN, wanted, text("old")).location()));
        assertThatThrownBy(() -> store.store(RUN, wanted, unannounced(breaksAfter(1))))
                .isInstanceOf(IOException.class);
        assertThat(file).hasContent("old");
        assertThat(files()).hasSize(1);
    }

    @Test
    void fewerBytesThanAnnouncedAreABrokenTransfer() throws Exception {
        Download tooShort = new Download(new ByteArrayInputStream(new byte[9]), null, OptionalLong.of(10));
        assertThatThrownBy(() -> store.store(RUN, new WantedArtifact("manifest.json", null), tooShort))
                .isInstanceOf(IOException.class)
                .hasMessage("9 bytes came of 10");
        assertThat(files()).isEmpty();
    }

    @Test
    void anArtifactOfExactlyTheMaximumIsTaken() throws Exception {
        Download largest = unannounced(new ByteArrayInputStream(new byte[(int) MAX_SIZE]));
        assertThat(store.store(RUN, new WantedArtifact("a", 1), largest).sizeBytes())
                .isEqualTo(MAX_SIZE);
    }

    @Test
    void aTooLargeOneLeavesNothing() throws Exception {
        StoreException refused = refused(
                new WantedArtifact("a", 1), unannounced(new ByteArrayInputStream(new byte[(int) MAX_SIZE + 1])));
        assertThat(refused.reason()).isEqualTo(UnavailableReason.TOO_LARGE);
        assertThat(refused.explanation()).contains("relay.artifacts.max-size (100000 bytes)");
        assertThat(files()).isEmpty();
    }

    @Test
    void oneThatIsAnnouncedAsTooLargeIsNotRead() {
        InputStream untouched = ScriptedEnd.after(new byte[0], () -> {
            throw new AssertionError("read");
        });
        StoreException refused =
                refused(new WantedArtifact("a", 1), new Download(untouched, null, OptionalLong.of(MAX_SIZE + 1)));
        assertThat(refused.reason()).isEqualTo(UnavailableReason.TOO_LARGE);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../x",
                "a/../../../../../../x",
                "..",
                ".",
                "./x",
                "/etc/x",
                "//x",
                "a//x",
                "a/",
                "",
                "a\\..\\x",
                "a/\u0000",
                "a\nb",
                "a/.."
            })
    void aPathCannotLeaveTheDirectory(String path) throws Exception {
        StoreException refused = refused(new WantedArtifact(path, null), text("evil"));
        assertThat(refused.reason()).isEqualTo(UnavailableReason.STORE_FAILED);
        assertThat(files()).isEmpty();
        try (Stream<Path> all = Files.walk(temp)) {
            assertThat(all.filter(Files::isRegularFile)).isEmpty();
        }
    }

    @Test
    void aSymbolicLinkInTheDirectoryIsNotFollowed() throws Exception {
        Path outside = Files.createDirectory(temp.resolve("outside"));
        Path run = Files.createDirectories(directory.resolve("4238/559062/70403110257794"));
        Files.createSymbolicLink(run.resolve("4"), outside);
        StoreException refused = refused(new WantedArtifact("compiled/x.sql", 4), text("evil"));
        assertThat(refused.reason()).isEqualTo(UnavailableReason.STORE_FAILED);
        assertThat(outside).isEmptyDirectory();
    }

    @Test
    void aSymbolicLinkInPlaceOfTheFileIsReplaced() throws Exception {
        Path outside = Files.writeString(temp.resolve("outside.txt"), "untouched");
        Path step = Files.createDirectories(directory.resolve("4238/559062/70403110257794/4"));
        Files.createSymbolicLink(step.resolve("x"), outside);
        store.store(RUN, new WantedArtifact("x", 4), text("new"));
        assertThat(outside).hasContent("untouched");
        assertThat(step.resolve("x")).hasContent("new").isRegularFile();
        assertThat(Files.isSymbolicLink(step.resolve("x"))).isFalse();
    }

    @Test
    void theDirectoryItselfMayBeALink() throws Exception {
        Path real = Files.createDirectory(temp.resolve("real"));
        Files.createSymbolicLink(directory, real);
        store.store(RUN, new WantedArtifact("x", 4), text("new"));
        assertThat(real.resolve("4238/559062/70403110257794/4/x")).hasContent("new");
    }

    @Test
    void aFileInPlaceOfADirectoryIsTrouble() throws Exception {
        Files.createDirectories(directory);
        Files.writeString(directory.resolve("4238"), "in the way");
        StoreException refused = refused(new WantedArtifact("x", 4), text("new"));
        assertThat(refused.reason()).isEqualTo(UnavailableReason.STORE_FAILED);
        assertThat(refused.explanation()).contains("4238 is no directory");
    }

    @Test
    void aDirectoryInPlaceOfTheFileIsTroubleAndNothingTemporaryIsLeft() throws Exception {
        Path inTheWay = Files.createDirectories(directory.resolve("4238/559062/70403110257794/4/x/y"));
        StoreException refused = refused(new WantedArtifact("x", 4), text("new"));
        assertThat(refused.reason()).isEqualTo(UnavailableReason.STORE_FAILED);
        assertThat(inTheWay).isDirectory();
        assertThat(files()).isEmpty();
    }

    @Test
    void aNameThatIsTooLongIsTrouble() throws Exception {
        StoreException refused = refused(new WantedArtifact("x".repeat(300), 4), text("new"));
        assertThat(refused.reason()).isEqualTo(UnavailableReason.STORE_FAILED);
        assertThat(files()).isEmpty();
    }

    @Test
    void theLongestNameWorks() throws Exception {
        store.store(RUN, new WantedArtifact("x".repeat(255), 4), text("new"));
        assertThat(files()).hasSize(1);
    }

    @Test
    void anInterruptionIsNotTakenForTroubleWithTheDisk() throws Exception {
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> store.store(RUN, new WantedArtifact("x", 4), text("new")))
                .isInstanceOf(InterruptedException.class);
        assertThat(Thread.interrupted()).isFalse();
        assertThat(files()).isEmpty();
    }

    @Test
    void theSizeDoesNotMatterToTheMemory() throws Exception {
        long size = 64L * 1024 * 1024;
        FileStore large = new FileStore(directory, LAYOUT, size);
        long before = heapInUse();
        long[] atTheEnd = new long[1];
        InputStream zeros = new InputStream() {
            private long left = size;

            @Override
            public int read() {
                throw new AssertionError("byte by byte");
            }

            @Override
            public int read(byte[] target, int from, int length) {
                if (left == 0) {
                    atTheEnd[0] = heapInUse();
                    return -1;
                }
                int some = (int) Math.min(left, length);
                left -= some;
                return some;
            }
        };
        large.store(RUN, new WantedArtifact("manifest.json", null), unannounced(zeros));
        assertThat(atTheEnd[0] - before).isLessThan(8L * 1024 * 1024);
    }

    private static long heapInUse() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }
}
