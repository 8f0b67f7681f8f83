package org.dbtrelay.deadletter;

import static org.dbtrelay.metrics.RelayLog.pair;

import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.dbtrelay.command.CommandDecoder;
import org.dbtrelay.ledger.kafka.KafkaSettings;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.run.command.Command;
import org.dbtrelay.run.decide.Input;
import org.jspecify.annotations.Nullable;

/**
 * Sends dead letters to the commands topic again, each once, however often and wherever it is asked. The command's record and the
 * record that it was replayed are one transaction. Who replays first claims the deployment's transactional id, which ends what
 * another instance has begun with it, and then reads what was replayed: after the claim nobody else can commit one.
 */
@Singleton
public class Replays {

    private static final RelayLog AUDIT = RelayLog.of(RelayLog.AUDIT);
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /** Instances that are asked at the same time fence each other; each tries again. */
    private static final int TRIES = 3;

    /** Records of letters that are gone which a replay takes along. */
    private static final int FORGOTTEN_AT_ONCE = 100;

    private final KafkaSettings kafka;
    private final DeadLetters letters;
    private final ReplayLog log;
    private final CommandDecoder decoder;
    private final Clock clock;
    private final ReentrantLock one = new ReentrantLock();

    Replays(KafkaSettings kafka, DeadLetters letters, ReplayLog log, CommandDecoder decoder, Clock clock) {
        this.kafka = kafka;
        this.letters = letters;
        this.log = log;
        this.decoder = decoder;
        this.clock = clock;
    }

    /** What became of a wish to replay. */
    public sealed interface Outcome {

        /**
         * It was replayed.
         *
         * @param now by this request; else before, and nothing was sent
         */
        record Done(Replayed replayed, boolean now) implements Outcome {}

        /** There is no such dead letter, or not any more. */
        record Gone() implements Outcome {}

        /** It would be no command again; the message names field and rule. Nothing was sent. */
        record Refused(String why) implements Outcome {}
    }

    /** Those that were replayed and are still in the topic as it is now, and perhaps some that are not. */
    public Map<Letter.Place, Replayed> replayed() throws Unavailable {
        return log.read();
    }

    /** When a letter was replayed; null: it was not, as far as these say. */
    public static @Nullable Replayed of(Map<Letter.Place, Replayed> all, Letter.Place place, String topicId) {
        @Nullable Replayed found = all.get(place);
        return found != null && isOf(found, topicId) ? found : null;
    }

    /** One that cannot be read may be of any topic. */
    private static boolean isOf(Replayed replayed, String topicId) {
        return replayed.topicId().isEmpty() || replayed.topicId().equals(topicId);
    }

    /** Kafka's id of the dead-letter topic as it is now. */
    public String topicId() throws Unavailable {
        return letters.shape().id();
    }

    /**
     * Sends a dead letter again, unless it was before.
     *
     * @param by the name of the person's API key; null: nobody knows
     * @param mended in place of its value; null: as it is
     * @throws Unavailable if it may have been sent, or not; asking again is safe
     */
    public Outcome replay(Letter.Place place, @Nullable String by, byte @Nullable [] mended) throws Unavailable {
        @Nullable ConsumerRecord<byte[], byte[]> found = letters.recordAt(place);
        if (found == null) {
            return new Outcome.Gone();
        }
        String topicId = topicId();
        @Nullable Replayed before = of(log.read(), place, topicId);
        if (before != null) {
            return new Outcome.Done(before, false);
        }
        @Nullable String missing = missing(found, mended != null);
        if (missing != null) {
            return new Outcome.Refused(missing);
        }
        return switch (read(found, mended)) {
            case Input.CommandReceived(Command.Fit command, var hash, var time, var offset) ->
                sendAlone(new Wish(found, command.id(), topicId, by, mended));
            case Input.CommandReceived(Command.Unfit unfit, var hash, var time, var offset) ->
                new Outcome.Refused(unfit.message());
            case Input.NotACommand unreadable ->
                new Outcome.Refused(unreadable.verdict().message());
        };
    }

    /** A letter to send again. */
    private static final class Wish {

        private final Letter.Place place;
        private final ConsumerRecord<byte[], byte[]> found;
        private final String commandId;
        private final String topicId;
        private final @Nullable String by;
        private final byte @Nullable [] mended;

        /**
         * Of a person.
         *
         * @param commandId its own, or one of its place here
         */
        Wish(
                ConsumerRecord<byte[], byte[]> found,
                String commandId,
                String topicId,
                @Nullable String by,
                byte @Nullable [] mended) {
            this.place = new Letter.Place(found.partition(), found.offset());
            this.found = found;
            this.commandId = commandId;
            this.topicId = topicId;
            this.by = by;
            this.mended = mended;
        }

        ProducerRecord<byte[], byte[]> again(String topic) {
            byte @Nullable [] value = mended == null ? found.value() : mended;
            return new ProducerRecord<>(topic, null, Letter.keyOf(found), value, Letter.headersOf(found));
        }

        /** A command without an id has that of its place. */
        Replayed sent(RecordMetadata at, Instant now) {
            String ofPlace = Command.idOfPlace(found.topic(), found.partition(), found.offset(), found.timestamp());
            String id = commandId.equals(ofPlace)
                    ? Command.idOfPlace(at.topic(), at.partition(), at.offset(), at.timestamp())
                    : commandId;
            return new Replayed(Replayed.VERSION, topicId, now, by, mended != null, at.partition(), at.offset(), id);
        }
    }

    private Outcome sendAlone(Wish wish) throws Unavailable {
        acquire();
        try {
            return send(wish);
        } finally {
            one.unlock();
        }
    }

    private void acquire() throws Unavailable {
        try {
            if (!one.tryLock(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new Unavailable("another dead letter is replayed at this moment; ask again", null);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Unavailable("the relay stops", e);
        }
    }

    /** Why it cannot be sent; null: it can. */
    private static @Nullable String missing(ConsumerRecord<byte[], byte[]> found, boolean mended) {
        Letter letter = Letter.of(found, 0);
        if (letter.missing() == Letter.Missing.KEY) {
            return "the dead-letter topic did not take its key and its headers, so they are not here; they may still be at "
                    + letter.source();
        }
        if (letter.missing() == Letter.Missing.VALUE && !mended) {
            return "the dead-letter topic did not take its value, so it is not here; send it as the body. It may still be at "
                    + letter.source();
        }
        return null;
    }

    /** What the topic's reader would make of it. */
    private Input.RecordInput read(ConsumerRecord<byte[], byte[]> found, byte @Nullable [] mended) {
        return decoder.decode(new ConsumerRecord<>(
                found.topic(),
                found.partition(),
                found.offset(),
                found.timestamp(),
                found.timestampType(),
                found.serializedKeySize(),
                found.serializedValueSize(),
                found.key(),
                mended == null ? found.value() : mended,
                Letter.headersOf(found),
                found.leaderEpoch()));
    }

    private Outcome send(Wish wish) throws Unavailable {
        for (int tries = 1; ; tries++) {
            try (Replayer replayer = new Replayer(kafka.replayProducer())) {
                replayer.claim();
                Map<Letter.Place, Replayed> all = log.read();
                @Nullable Replayed before = of(all, wish.place, wish.topicId);
                if (before != null) {
                    return new Outcome.Done(before, false);
                }
                Set<Letter.Place> gone = gone(all, wish.topicId);
                replayer.begin();
                RecordMetadata sent = replayer.send(wish.again(kafka.topics().commands()));
                Replayed replayed = wish.sent(sent, clock.instant());
                replayer.send(log.record(wish.place, replayed));
                for (Letter.Place each : gone) {
                    replayer.send(log.record(each, null));
                }
                replayer.commit();
                audit(wish.place, replayed);
                return new Outcome.Done(replayed, true);
            } catch (ProducerFencedException | InvalidProducerEpochException e) {
                if (tries == TRIES) {
                    throw new Unavailable("other instances replay dead letters at this moment; ask again", e);
                }
            } catch (KafkaException e) {
                throw TopicReads.unavailable(e);
            }
        }
    }

    /** What the control topic need not remember any longer: what the dead-letter topic has no more. */
    private Set<Letter.Place> gone(Map<Letter.Place, Replayed> all, String topicId) throws Unavailable {
        if (all.isEmpty()) {
            return Set.of();
        }
        Map<Integer, Long> begins = letters.begins();
        return all.entrySet().stream()
                .filter(each -> !isOf(each.getValue(), topicId)
                        || each.getKey().offset()
                                < begins.getOrDefault(each.getKey().partition(), 0L))
                .map(Map.Entry::getKey)
                .limit(FORGOTTEN_AT_ONCE)
                .collect(Collectors.toSet());
    }

    private static void audit(Letter.Place place, Replayed replayed) {
        AUDIT.info(
                "A person replayed a dead letter",
                Stream.of(
                                pair(LogKey.FROM_PARTITION, place.partition()),
                                pair(LogKey.FROM_OFFSET, place.offset()),
                                pair(LogKey.PARTITION, replayed.partition()),
                                pair(LogKey.OFFSET, replayed.offset()),
                                pair(LogKey.DETAIL, replayed.mended() ? "mended" : "as it was"),
                                pair(LogKey.KEY, replayed.by()))
                        .filter(pair -> pair.value() != null)
                        .toArray(RelayLog.Pair[]::new));
    }

    /** A claim on the deployment's transactional id, for one transaction. */
    private static final class Replayer implements AutoCloseable {

        private final Producer<byte[], byte[]> producer;
        private boolean open;

        Replayer(Producer<byte[], byte[]> producer) {
            this.producer = producer;
        }

        /** Ends what another one has begun; from now on no other one commits, unless it claims anew. */
        void claim() {
            producer.initTransactions();
        }

        void begin() {
            producer.beginTransaction();
            open = true;
        }

        /** Waits for the place that a record gets. */
        RecordMetadata send(ProducerRecord<byte[], byte[]> record) {
            Future<RecordMetadata> sent = producer.send(record);
            try {
                return sent.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
                throw new InterruptException(e);
            } catch (ExecutionException e) {
                throw e.getCause() instanceof KafkaException failure ? failure : new KafkaException(e);
            } catch (TimeoutException e) {
                throw new KafkaException("a record was not confirmed within " + PATIENCE.toSeconds() + " s", e);
            }
        }

        void commit() {
            producer.commitTransaction();
            open = false;
        }

        /** An open transaction would hide the commands behind it until it times out. */
        @Override
        public void close() {
            try {
                if (open) {
                    producer.abortTransaction();
                }
            } catch (KafkaException | IllegalStateException e) {
                RelayLog.of(Replays.class)
                        .debug("A replay could not be undone; its time-out does that", pair(LogKey.REASON, e));
            } finally {
                producer.close(Duration.ZERO);
            }
        }
    }
}
