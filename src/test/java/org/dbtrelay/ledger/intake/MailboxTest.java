package org.dbtrelay.ledger.intake;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.run.command.Command;
import org.dbtrelay.run.command.CommandHash;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.state.RunEntry;
import org.junit.jupiter.api.Test;

class MailboxTest {

    private final Mailbox mailbox = new Mailbox(new Monotonic());

    @Test
    void answersComeBeforeCommandsAndEachInOrder() throws InterruptedException {
        mailbox.offer(command("c1"));
        mailbox.offer(answer("a1"));
        mailbox.offer(command("c2"));
        mailbox.offer(answer("a2"));

        assertThat(names(mailbox.take(10, Duration.ZERO, true))).containsExactly("a1", "a2", "c1", "c2");
    }

    @Test
    void whatWasNotSettledIsOfferedAgainInOrder() throws InterruptedException {
        mailbox.offer(command("c1"));
        mailbox.offer(command("c2"));
        mailbox.take(10, Duration.ZERO, true);
        mailbox.offer(command("c3"));

        mailbox.takeBack();

        assertThat(names(mailbox.take(10, Duration.ZERO, true))).containsExactly("c1", "c2", "c3");
    }

    @Test
    void whatWasSettledIsGoneAndTheRestIsCounted() throws InterruptedException {
        mailbox.offer(command("c1"));
        assertThat(mailbox.offer(command("c2")).commands()).isEqualTo(2);
        mailbox.take(1, Duration.ZERO, true);

        assertThat(mailbox.settled(1).commands()).isEqualTo(1);
        mailbox.takeBack();
        assertThat(names(mailbox.take(10, Duration.ZERO, true))).containsExactly("c2");
    }

    @Test
    void theBytesOfWhatWaitsAreCounted() throws InterruptedException {
        mailbox.offer(answer("a1"));
        assertThat(mailbox.offer(record(1_000)).bytes()).isEqualTo(1_000);
        assertThat(mailbox.offer(record(500)).bytes()).isEqualTo(1_500);

        mailbox.take(2, Duration.ZERO, true);
        assertThat(mailbox.offer(record(1)).bytes()).isEqualTo(501);
        mailbox.takeBack();
        assertThat(mailbox.offer(record(1)).bytes()).isEqualTo(1_502);

        mailbox.take(10, Duration.ZERO, true);
        assertThat(mailbox.settled(5)).isEqualTo(Mailbox.Waiting.NOTHING);
    }

    @Test
    void commandsStayWhereTheyAreWhileDraining() throws InterruptedException {
        mailbox.offer(command("c1"));
        mailbox.offer(answer("a1"));

        assertThat(names(mailbox.take(10, Duration.ZERO, false))).containsExactly("a1");
    }

    @Test
    void aNudgeWakesWhoeverWaits() throws InterruptedException {
        Thread waiting = Thread.startVirtualThread(() -> {
            try {
                mailbox.take(10, Duration.ofDays(1), true);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });

        mailbox.nudge();

        assertThat(waiting.join(Duration.ofSeconds(10))).isTrue();
    }

    private static MailboxItem command(String id) {
        return MailboxItem.of(new Input.CommandReceived(
                new Command.Unfit(
                        new Command.Head(id, "default", null, null, null, null), "x", RejectReason.INVALID, "x"),
                new CommandHash(0, 1),
                Instant.EPOCH,
                RunEntry.NO_OFFSET));
    }

    private static MailboxItem record(int bytes) {
        return new MailboxItem(
                command("r").input(),
                new SourceRecord(new ConsumerRecord<>("commands", 0, 0, new byte[0], new byte[bytes]), () -> {}));
    }

    private static MailboxItem answer(String id) {
        return MailboxItem.of(new Input.TimerFired(id));
    }

    private static List<String> names(List<MailboxItem> arrivals) {
        return arrivals.stream()
                .map(arrival -> switch (arrival.input()) {
                    case Input.CommandReceived commanded -> commanded.command().id();
                    case Input.CommandInput about -> about.commandId();
                    case Input.NotACommand unreadable -> "unreadable";
                    case Input.SweepResult swept -> "swept";
                    case Input.ObservationBegins begun -> "begun";
                    case Input.RunsListed listed -> "listed";
                    case Input.JobsSwitched switched -> "switched";
                })
                .toList();
    }
}
