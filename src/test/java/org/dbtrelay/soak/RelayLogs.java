package org.dbtrelay.soak;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/** The instances' logs, read as they grow: claims, adoptions, faults, and no secret. Used by one thread. */
final class RelayLogs {

    private static final Pattern LINE =
            Pattern.compile("(\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d,\\d{3}) (\\w+) +\\[.*");
    private static final Pattern CLAIMED = Pattern.compile("Partition claimed and read;.* partition=(\\d+)");
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss,SSS");

    /** Errors of libraries that an attack explains. */
    private static final List<Pattern> EXPLAINED = List.of(
            // An answer comes in the same moment in which its call is given up or its connection is lost.
            Pattern.compile("Uncaught exception received by Vert\\.x( \\[Error Occurred After Shutdown\\])?:"
                    + " .*Result is already complete"),
            // An answer that is later than the read time-out.
            Pattern.compile("The timeout period of 5000ms has been exceeded while executing"),
            // An owner is stopped while it reads its partition.
            Pattern.compile("Failed to close fetcher with a timeout.*InterruptException"),
            // A record came while the channel closed, which asks the brokers then; it will be delivered again.
            Pattern.compile("SRMSG00201: .*\\[Error Occurred After Shutdown\\]: .*WakeupException"),
            // Frozen, or without a broker, for longer than a session: it wakes up outside of the group.
            Pattern.compile(
                    "Offset commit failed on partition .*(not aware of this member|rebalanc|current generation|generation id is not valid)"),
            Pattern.compile(
                    "LeaveGroup request with .* failed with error: The coordinator is not aware of this member"),
            Pattern.compile("SRMSG18222: Unable to execute consumer revoked.*CommitFailedException"),
            Pattern.compile("User provided listener .* failed on invocation of onPartitions(Lost|Revoked)"));

    /** An instance began to serve a partition. */
    record Claim(Instant at, Path log, int partition) {}

    private final String secret;
    private final Map<Path, Long> read = new HashMap<>();
    private final List<Claim> claims = new ArrayList<>();
    private final List<String> errors = new ArrayList<>();
    private final List<String> secrets = new ArrayList<>();
    private int adoptions;
    private int unclearStarts;
    private int lostClaims;

    RelayLogs(String secret) {
        this.secret = secret;
    }

    /** Reads what is new in these files. */
    void read(List<Path> logs) {
        logs.forEach(this::read);
    }

    List<Claim> claims() {
        return List.copyOf(claims);
    }

    /** Lines of the level ERROR, and what else tells of a fault, each with its file's name. */
    List<String> errors() {
        return List.copyOf(errors);
    }

    /** Lines with the secret in them, without it. */
    List<String> secrets() {
        return List.copyOf(secrets);
    }

    /** Runs that were found by their marker. */
    int adoptions() {
        return adoptions;
    }

    /** Starts whose answer was lost. */
    int unclearStarts() {
        return unclearStarts;
    }

    /** Claims that ended because the ledger could not be written, or somebody else had claimed. */
    int lostClaims() {
        return lostClaims;
    }

    /** How long each partition of an instance that was taken from it by force was without an owner, in ascending order. */
    List<Duration> claimedAgainAfter(List<Fleet.Blow> blows, int partitions) {
        List<Claim> ordered =
                claims.stream().sorted(Comparator.comparing(Claim::at)).toList();
        return blows.stream()
                .flatMap(blow -> IntStream.range(0, partitions)
                        .mapToObj(partition -> claimedAgainAfter(ordered, blow, partition))
                        .flatMap(Optional::stream))
                .sorted()
                .toList();
    }

    private static Optional<Duration> claimedAgainAfter(List<Claim> ordered, Fleet.Blow blow, int partition) {
        Claim before = null;
        for (Claim claim : ordered) {
            if (claim.partition() != partition) {
                continue;
            }
            if (claim.at().isAfter(blow.at())) {
                return before != null && before.log().equals(blow.log())
                        ? Optional.of(Duration.between(blow.at(), claim.at()))
                        : Optional.empty();
            }
            before = claim;
        }
        return Optional.empty();
    }

    private void read(Path log) {
        long from = read.getOrDefault(log, 0L);
        try (var file = new RandomAccessFile(log.toFile(), "r")) {
            byte[] bytes = new byte[Math.toIntExact(Files.size(log) - from)];
            file.seek(from);
            file.readFully(bytes);
            String text = new String(bytes, StandardCharsets.UTF_8);
            // The last line may be unfinished: it is read the next time.
            int end = text.lastIndexOf('\n') + 1;
            read.put(log, from + text.substring(0, end).getBytes(StandardCharsets.UTF_8).length);
            text.substring(0, end).lines().forEach(line -> read(log, line));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void read(Path log, String line) {
        if (line.contains(secret)) {
            secrets.add(log.getFileName() + ": " + line.replace(secret, "<secret>"));
        }
        Matcher parts = LINE.matcher(line);
        if (!parts.matches()) {
            if (line.contains("OutOfMemoryError") || line.startsWith("Exception in thread")) {
                errors.add(log.getFileName() + ": " + line);
            }
            return;
        }
        boolean isError = parts.group(2).equals("ERROR") || parts.group(2).equals("FATAL");
        if (isError && EXPLAINED.stream().noneMatch(it -> it.matcher(line).find())) {
            errors.add(log.getFileName() + ": " + line);
        }
        Matcher claimed = CLAIMED.matcher(line);
        if (claimed.find()) {
            Instant at = LocalDateTime.parse(parts.group(1), TIME)
                    .atZone(ZoneId.systemDefault())
                    .toInstant();
            claims.add(new Claim(at, log, Integer.parseInt(claimed.group(1))));
        } else if (line.contains("Run adopted")) {
            adoptions++;
        } else if (line.contains("A trigger had no clear answer")) {
            unclearStarts++;
        } else if (line.contains("The claim on the partition has ended")
                || line.contains("Another instance has claimed")) {
            lostClaims++;
        }
    }
}
