package org.dbtrelay.dbtcloud.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.dbtcloud.http.RequestsInFlight.InFlight;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class RequestsInFlightTest {

    private final RequestsInFlight requests = new RequestsInFlight(new Monotonic());

    @Test
    void noneBeginsOnceTheyAreClosed() {
        try (InFlight request = requests.begin()) {
            assertThat(request).isNotNull();
        }

        requests.close();

        assertThat(requests.begin()).isNull();
        requests.awaitLast(Duration.ofDays(1));
    }

    @Test
    void theLastOneIsWaitedFor() throws InterruptedException {
        InFlight first = requests.begin();
        InFlight last = requests.begin();
        requests.close();

        Thread stop = Thread.ofPlatform().start(() -> requests.awaitLast(Duration.ofDays(1)));
        await().until(() -> stop.getState() == Thread.State.TIMED_WAITING);
        first.close();
        assertThat(stop.join(Duration.ofMillis(100))).isFalse();

        last.close();
        stop.join();
    }

    @Test
    void butNotForEver() {
        InFlight request = requests.begin();
        requests.close();

        requests.awaitLast(Duration.ofMillis(1));

        request.close();
    }
}
