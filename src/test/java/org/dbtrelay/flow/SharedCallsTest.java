package org.dbtrelay.flow;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.dbtrelay.run.decide.Action;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.job.RunEnd;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.SampleRun;
import org.dbtrelay.run.job.Target;
import org.junit.jupiter.api.Test;

class SharedCallsTest {

    private static final RunSnapshot RUN = SampleRun.of(99).build();

    private final SharedCalls calls = new SharedCalls();
    private final List<Consumer<Input>> requests = new ArrayList<>();
    private final Inbox first = new Inbox();
    private final Inbox second = new Inbox();

    private static final class Inbox implements Consumer<Input> {
        private final List<String> answered = new ArrayList<>();

        @Override
        public void accept(Input input) {
            answered.add(input.commandIdOrNull());
        }
    }

    @Test
    void commandsOfAClaimThatHaveARunTogetherReadItsEndOnce() {
        read("c1", first);
        read("c2", first);
        assertThat(requests).hasSize(1);

        answer(0);
        assertThat(first.answered).containsExactly("c1", "c2");

        read("c1", first);
        assertThat(requests).as("the one before is over").hasSize(2);
    }

    /** As after a freeze: the earlier claim's reading gives up after its own ten seconds. */
    @Test
    void aNewClaimWaitsForNoCallOfAnEarlierOne() {
        read("c1", first);
        read("c1", second);
        assertThat(requests).hasSize(2);

        answer(0);
        assertThat(first.answered).containsExactly("c1");
        assertThat(second.answered).isEmpty();
        answer(1);
        assertThat(second.answered).containsExactly("c1");
    }

    private void read(String commandId, Consumer<Input> inbox) {
        calls.call(new Action.ReadEnd(commandId, new Target("default", 1), RUN), inbox, requests::add);
    }

    private void answer(int request) {
        requests.get(request).accept(new Input.RunEnded("any", RunEnd.unread(RUN, null)));
    }
}
