package org.dbtrelay.command;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;

/**
 * Records as nobody should send them, and some as one should: from a seed, so that each can be had again. The JSON is written by
 * hand, because a library would not write a name twice, nor half a character.
 */
final class OddCommands {

    private static final List<String> NAMES = List.copyOf(KnownFields.names());
    private static final List<String> TYPOS =
            List.of("jobid", "Command", "job_ids", "", " ", "a\\u0000b", "\\ud83d", "x");
    private static final List<String> PREFIXES = List.of("ce_", "ce_", "ce_", "ce-", "CE_", "cloudEvents:", "", "ce.");
    private static final List<String> ATTRIBUTES = List.of("specversion", "id", "source", "type", "datacontenttype");

    private final Random random;

    OddCommands(long seed) {
        this.random = new Random(seed);
    }

    /** The next record. */
    ConsumerRecord<byte[], byte[]> next() {
        RecordHeaders headers = new RecordHeaders();
        byte[] value = switch (random.nextInt(10)) {
            case 0 -> null;
            case 1 -> structured(headers);
            case 2 -> binary(headers);
            case 3 -> damaged(command());
            case 4 -> nested();
            case 5 -> random.nextInt(20) == 0 ? large() : bytes(value(0));
            default -> bytes(command());
        };
        if (value == null && random.nextBoolean()) {
            value = noise(random.nextInt(40));
        }
        return new ConsumerRecord<>(
                "dbt.commands",
                random.nextInt(6),
                random.nextInt(1_000_000),
                1_790_000_000_000L,
                TimestampType.CREATE_TIME,
                3,
                value == null ? -1 : value.length,
                random.nextInt(8) == 0 ? null : noise(3),
                value,
                headers,
                Optional.empty());
    }

    /** Mostly a command that is right but for one or two things. */
    private String command() {
        List<String> fields = new ArrayList<>(sound());
        for (int more = random.nextInt(4); more > 0; more--) {
            fields.add(field());
        }
        if (random.nextInt(6) == 0) {
            fields.remove(random.nextInt(fields.size()));
        }
        if (random.nextInt(25) == 0) {
            fields.add(fields.get(random.nextInt(fields.size())));
        }
        Collections.shuffle(fields, random);
        return "{" + space() + String.join(space() + "," + space(), fields) + "}"
                + (random.nextInt(60) == 0 ? "{}" : space());
    }

    private List<String> sound() {
        String run = random.nextBoolean() ? "\"run_id\": 99" : "\"target_command_id\": \"orders\"";
        String job = random.nextInt(3) > 0
                ? "\"job_id\": 7"
                : "\"project_name\": \"p\", \"environment_name\": \"e\", \"job_name\": \"j\"";
        return switch (random.nextInt(5)) {
            case 0 -> List.of("\"command\": \"retry\"", random.nextBoolean() ? run : job);
            case 1 -> List.of("\"command\": \"cancel\"", run);
            case 2 -> List.of("\"command\": \"follow\"", "\"run_id\": 99", "\"expected_statuses\": [\"success\", 30]");
            default -> List.of("\"command\": \"trigger\"", job);
        };
    }

    private String field() {
        if (random.nextInt(10) == 0) {
            return "\"" + pick(TYPOS) + "\":" + value(0);
        }
        String name = pick(NAMES);
        return "\"" + name + "\":" + (random.nextInt(4) > 0 ? likely(name) : value(0));
    }

    /** What may be right for the field. */
    private String likely(String name) {
        return switch (name) {
            case "command" -> pick(List.of("\"trigger\"", "\"retry\"", "\"cancel\"", "\"follow\""));
            case "poll_interval", "timeout" ->
                pick(List.of("\"PT5S\"", "\"PT1H\"", "\"P1D\"", "\"PT0S\"", "\"-PT5S\""));
            case "on_timeout" -> pick(List.of("\"cancel\"", "\"abandon\""));
            case "coalesce" ->
                pick(List.of(
                        "{}",
                        "{\"quiet\":\"PT2M\",\"at_most\":\"PT15M\"}",
                        "{\"enabled\":false}",
                        "{\"enabled\":null,\"quiet\":\"PT0S\"}"));
            case "on_failure" ->
                pick(List.of(
                        "{}",
                        "{\"retries\":2,\"delay\":\"PT1M\",\"backoff\":1.5,\"when\":\"any\",\"how\":\"full\"}",
                        "{\"retries\":11}",
                        "{\"backoff\":0.5}",
                        "{\"retry\":1}"));
            case "on_unclear" -> pick(List.of("\"retry\"", "\"park\""));
            case "if_running" -> pick(List.of("\"queue\"", "\"reuse\"", "\"skip\"", "\"replace\""));
            case "expires_at" ->
                pick(List.of("\"2026-11-22T10:00:00Z\"", "\"9999-12-31T23:59:59+14:00\"", "\"0000-01-01T00:00:00Z\""));
            case "dry_run", "retry_from_failure" -> pick(List.of("true", "false"));
            case "account_id", "job_id", "run_id" -> pick(List.of("1", "7", "9223372036854775807"));
            case "artifacts" ->
                pick(List.of(
                        "[]", "[\"a\",\"b\"]", "[{\"path\":\"a\",\"step\":3}]", "[\"a\",{\"path\":\"a\",\"step\":1}]"));
            case "steps_override" -> pick(List.of("[]", "[\"dbt run\"]", "[\"a\",\"b\"]"));
            case "expected_statuses" -> pick(List.of("[\"running\"]", "[10, 20]", "[\"success\"]"));
            case "additional_run_config" ->
                pick(List.of("{}", "{\"git_branch\": \"x\"}", "{\"threads_override\": 1e3}"));
            case "context" -> value(1);
            default -> "\"text " + random.nextInt(5) + "\"";
        };
    }

    private String value(int depth) {
        return switch (random.nextInt(depth > 3 ? 8 : 11)) {
            case 0 -> "null";
            case 1 -> pick(List.of("true", "false"));
            case 2 -> pick(List.of("0", "-0", "1", "-1", "1.0", "2.50", "1e5", "1E-7", "9223372036854775808"));
            case 3 -> pick(List.of("1e999999999", "-1E+99999", "1e99999999999999", "9".repeat(900), "9".repeat(1_200)));
            case 4 ->
                "\"" + pick(List.of("", " ", "\\n", "\\u0000", "\\u001b[31m", "\\u0085", "\\ufeff", "\u2028")) + "\"";
            case 5 -> "\"" + pick(List.of("\\ud83d", "\\ude00", "\\ud83d\\ude00", "😀", "\\ude00\\ud83d")) + "\"";
            case 6 -> "\"" + "x😀".repeat(random.nextInt(random.nextInt(10) == 0 ? 4_000 : 100)) + "\"";
            case 7 ->
                pick(List.of("\"PT5S\"", "\"trigger\"", "\"7\"", "NaN", "nul", "'x'", "01", "+1", ".5", "\"\\x\""));
            case 8 -> "[" + value(depth + 1) + "," + value(depth + 1) + "]";
            case 9 -> "[]";
            default -> "{\"" + pick(NAMES) + "\":" + value(depth + 1) + ",\"b\":" + value(depth + 1) + "}";
        };
    }

    private byte[] nested() {
        int depth = pick(List.of(50, 97, 98, 99, 100, 101, 102, 500, 1_000, 20_000));
        boolean lists = random.nextBoolean();
        String open = lists ? "[" : "{\"a\":";
        String close = lists ? "]" : "}";
        boolean closed = random.nextInt(4) > 0;
        String deep = open.repeat(depth) + "1" + (closed ? close.repeat(depth) : "");
        return bytes(
                switch (random.nextInt(3)) {
                    case 0 -> deep;
                    case 1 -> "{\"command\":\"trigger\",\"job_id\":" + deep + "}";
                    default -> "{\"command\":\"trigger\",\"job_id\":7,\"context\":" + deep + "}";
                });
    }

    private byte[] large() {
        int length = pick(List.of(9_000, 250_000, 1_000_000));
        return bytes("{\"command\":\"trigger\",\"job_id\":7,\""
                + pick(List.of("cause", "context", "command_id", "x".repeat(60_000))) + "\":\"" + "x".repeat(length)
                + "\"}");
    }

    private byte[] structured(RecordHeaders headers) {
        headers.add(
                "content-type",
                bytes(pick(List.of(
                        "application/cloudevents+json",
                        "application/cloudevents+json; charset=UTF-8",
                        "application/cloudevents-batch+json",
                        "application/cloudevents+avro",
                        "\uD83D".repeat(80)))));
        List<String> members = new ArrayList<>();
        for (String name : ATTRIBUTES) {
            if (random.nextInt(12) > 0) {
                members.add("\"" + name + "\":" + (random.nextInt(12) > 0 ? "\"" + attribute(name) + "\"" : value(0)));
            }
        }
        if (random.nextInt(12) > 0) {
            members.add("\"data\":" + (random.nextInt(12) > 0 ? command() : value(0)));
        }
        if (random.nextInt(12) == 0) {
            members.add("\"data_base64\":\""
                    + (random.nextBoolean() ? Base64.getEncoder().encodeToString(bytes(command())) : "no Base64!")
                    + "\"");
        }
        if (random.nextInt(6) == 0) {
            members.add("\"traceparent\":" + value(0));
        }
        String event = "{" + String.join(",", members) + "}";
        return random.nextInt(12) == 0 ? damaged(event) : bytes(event);
    }

    private byte[] binary(RecordHeaders headers) {
        String prefix = pick(PREFIXES);
        for (String name : ATTRIBUTES) {
            if (random.nextInt(12) > 0) {
                String own = random.nextInt(12) > 0 ? prefix : pick(PREFIXES);
                String header = name.equals("datacontenttype") ? "content-type" : own + name;
                headers.add(
                        header,
                        random.nextInt(12) > 0 ? bytes(attribute(name)) : random.nextBoolean() ? null : noise(5));
            }
        }
        if (random.nextInt(4) == 0) {
            headers.add("traceparent", random.nextBoolean() ? noise(55) : null);
            headers.add("ce_traceparent", bytes("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
        }
        return bytes(command());
    }

    private String attribute(String name) {
        return switch (name) {
            case "specversion" -> pick(List.of("1.0", "1.0", "1.0", "0.3"));
            case "source" -> pick(List.of("/shop", "urn:x", "/shop", "not a uri", "x".repeat(300)));
            case "datacontenttype" -> pick(List.of("application/json", "application/json", "text/plain", ""));
            default -> pick(List.of("a", "17", "org.example", "ü"));
        };
    }

    /** Some bytes of it changed, taken out, or put in. */
    private byte[] damaged(String text) {
        byte[] bytes = bytes(text);
        for (int times = 1 + random.nextInt(3); times > 0 && bytes.length > 0; times--) {
            int at = random.nextInt(bytes.length);
            switch (random.nextInt(3)) {
                case 0 -> bytes[at] = (byte) random.nextInt(256);
                case 1 -> bytes = Arrays.copyOf(bytes, at);
                default -> {
                    ByteArrayOutputStream longer = new ByteArrayOutputStream();
                    longer.write(bytes, 0, at);
                    longer.writeBytes(noise(1 + random.nextInt(4)));
                    longer.write(bytes, at, bytes.length - at);
                    bytes = longer.toByteArray();
                }
            }
        }
        return bytes;
    }

    private byte[] noise(int length) {
        byte[] noise = new byte[length];
        random.nextBytes(noise);
        return noise;
    }

    private String space() {
        return pick(List.of("", "", " ", "\n\t"));
    }

    private <T> T pick(List<T> choices) {
        return choices.get(random.nextInt(choices.size()));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
