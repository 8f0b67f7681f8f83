package org.dbtrelay.lineage.follow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.dbtrelay.lineage.event.JobName;
import org.dbtrelay.lineage.event.LineageEvent;
import org.dbtrelay.lineage.event.RunIds;
import org.dbtrelay.lineage.event.Transition;
import org.dbtrelay.lineage.send.Encoded;
import org.dbtrelay.lineage.send.Outlet;
import org.junit.jupiter.api.Test;

class ChunksTest {

    private static final Note NOTHING = new Note(0, "", 0);

    private final List<String> sent = new ArrayList<>();
    private final List<Note> notes = new ArrayList<>();
    private boolean isAway;

    private final Outlet outlet = new Outlet() {
        @Override
        public void send(List<Encoded> events) {
            events.forEach(event -> sent.add(new String(event.json(), StandardCharsets.UTF_8)));
        }

        @Override
        public boolean trySend(List<Encoded> events) {
            if (isAway) {
                return false;
            }
            send(events);
            return true;
        }

        @Override
        public void close() {
            throw new AssertionError("nobody closes it here");
        }
    };

    private static LineageEvent event(int number) {
        JobName job = new JobName("n", "job-" + number);
        Transition transition = number % 2 == 0 ? Transition.START : Transition.COMPLETE;
        return new LineageEvent(
                transition, Instant.EPOCH, new RunIds("host", 1, 1).ofStep(number), job, job, "urn:test");
    }

    private void tell(Note before, String basis, int from, int to) throws InterruptedException {
        Chunks chunks = new Chunks(outlet, 4, before, notes::add);
        chunks.on(basis);
        for (int i = from; i < to; i++) {
            chunks.tell(event(i));
        }
        chunks.send();
    }

    private List<String> jobs() {
        return sent.stream()
                .map(json -> json.replaceAll(".*\"name\":\"(job-\\d+)\".*", "$1"))
                .toList();
    }

    @Test
    void areNotedAfterTheyAreThere() throws InterruptedException {
        tell(NOTHING, "rm", 0, 450);

        assertThat(jobs()).hasSize(450).startsWith("job-0").endsWith("job-449");
        assertThat(notes).containsExactly(new Note(4, "rm", 200), new Note(4, "rm", 400), new Note(4, "rm", 450));
    }

    /** Another try can be made from other artifacts, and then tells of other nodes: none of them may have begun only. */
    @Test
    void endWithAnEnd() throws InterruptedException {
        tell(NOTHING, "rm", 1, 402);

        assertThat(notes).containsExactly(new Note(4, "rm", 201), new Note(4, "rm", 401));
    }

    /** Whoever waits for them must not hold an artifact open. */
    @Test
    void areHandedBackWhenNobodyTakesThem() {
        isAway = true;

        assertThatThrownBy(() -> tell(NOTHING, "rm", 0, 450)).isInstanceOfSatisfying(Chunks.NotTaken.class, left -> {
            assertThat(left.events()).hasSize(200);
            assertThat(left.then()).isEqualTo(new Note(4, "rm", 200));
        });
        assertThat(notes).isEmpty();
    }

    @Test
    void goOnBehindWhatIsThere() throws InterruptedException {
        tell(new Note(4, "rm", 200), "rm", 0, 210);

        assertThat(jobs()).startsWith("job-200").hasSize(10);
        assertThat(notes).containsExactly(new Note(4, "rm", 210));
    }

    /** Events that were made from other artifacts came in another order. */
    @Test
    void beginAnewFromOtherArtifacts() throws InterruptedException {
        tell(new Note(4, "rm", 200), "rmc", 0, 3);

        assertThat(jobs()).containsExactly("job-0", "job-1", "job-2");
    }

    @Test
    void beginAnewInAnotherStep() throws InterruptedException {
        tell(new Note(3, "rm", 200), "rm", 0, 3);

        assertThat(jobs()).hasSize(3);
    }

    /** The manifest breaks off: the rest comes in another order, and a next try must not take it for the same. */
    @Test
    void areMarkedWhereTheManifestBreaksOff() throws InterruptedException {
        Chunks chunks = new Chunks(outlet, 4, new Note(4, "rm", 200), notes::add);
        chunks.on("rm");
        chunks.tell(event(0));
        chunks.on("rm!");
        chunks.tell(event(1));
        chunks.send();

        assertThat(jobs()).containsExactly("job-1");
        assertThat(notes).containsExactly(new Note(4, "rm!", 2));
    }
}
