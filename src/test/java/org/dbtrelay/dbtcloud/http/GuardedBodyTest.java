package org.dbtrelay.dbtcloud.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class GuardedBodyTest {

    @Test
    void goesOutOnce() {
        GuardedBody body = new GuardedBody(new byte[0], () -> true);

        assertThat(body.release()).isTrue();
        assertThat(body.release()).isFalse();
        assertThat(body.withdraw()).isFalse();
    }

    @Test
    void doesNotGoOutAfterItWasWithdrawn() {
        GuardedBody body = new GuardedBody(new byte[0], () -> true);

        assertThat(body.withdraw()).isTrue();
        assertThat(body.release()).isFalse();
        assertThat(body.withdraw()).isTrue();
    }

    @Test
    void countsAsNotSentWhenItWasTooLate() {
        GuardedBody body = new GuardedBody(new byte[0], () -> false);

        assertThat(body.release()).isFalse();
        assertThat(body.withdraw()).isTrue();
    }

    @Test
    void eitherGoesOutOrIsWithdrawn() {
        for (int i = 0; i < 2000; i++) {
            GuardedBody body = new GuardedBody(new byte[0], () -> true);
            CompletableFuture<Boolean> released = CompletableFuture.supplyAsync(body::release);
            boolean withdrawn = body.withdraw();
            assertThat(released.join()).isNotEqualTo(withdrawn);
        }
    }
}
