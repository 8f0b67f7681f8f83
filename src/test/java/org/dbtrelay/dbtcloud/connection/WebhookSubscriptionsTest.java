package org.dbtrelay.dbtcloud.connection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.net.URI;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.webhook.Subscription;
import org.dbtrelay.dbtcloud.webhook.WantedSubscription;
import org.dbtrelay.dbtcloud.webhook.WebhookSubscriptions;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.run.job.CallFailure;
import org.junit.jupiter.api.Test;

/** Webhook subscriptions, over the wire. */
@QuarkusTest
@TestProfile(QuietQuarkus.class)
class WebhookSubscriptionsTest extends AgainstEmulator {

    private static final WantedSubscription WANTED =
            WantedSubscription.of("prod", "default", URI.create("http://127.0.0.1:9/nobody"));

    @Test
    void areMadeChangedAndDeleted() throws Exception {
        WebhookSubscriptions calls = client.webhookSubscriptions();
        assertThat(calls.list(account)).isEmpty();

        WebhookSubscriptions.Created created = calls.create(account, WANTED);
        assertThat(created.secret()).isNotBlank();
        assertThat(created).hasToString("Created[" + created.subscription() + ", ***]");
        assertThat(calls.list(account)).containsExactly(created.subscription());
        assertThat(WANTED.plan(calls.list(account), created.subscription().id()).step())
                .isInstanceOf(WantedSubscription.Step.Keep.class);

        WantedSubscription moved = WantedSubscription.of("prod", "default", URI.create("http://127.0.0.1:9/moved"));
        calls.change(account, created.subscription().id(), moved);
        assertThat(calls.list(account)).extracting(Subscription::clientUrl).containsExactly("http://127.0.0.1:9/moved");

        calls.delete(account, created.subscription().id());
        assertThat(calls.list(account)).isEmpty();
    }

    @Test
    void areListedToTheLastPage() throws Exception {
        WebhookSubscriptions calls = client.webhookSubscriptions();
        for (int i = 0; i < 101; i++) {
            calls.create(account, WANTED);
        }
        emulator.counters().reset();
        assertThat(calls.list(account)).hasSize(101).doesNotHaveDuplicates();
        assertThat(emulator.count(Endpoint.LIST_WEBHOOKS)).isEqualTo(2);
    }

    /** A token that may not read webhooks may do all else. */
    @Test
    void aRefusalSuspendsNoAccount() {
        emulator.faults().next(1).on(Endpoint.LIST_WEBHOOKS).status(403);
        emulator.faults().next(1).on(Endpoint.CREATE_WEBHOOK).status(401);
        WebhookSubscriptions calls = client.webhookSubscriptions();
        assertThatThrownBy(() -> calls.list(account)).isInstanceOf(DbtCloudException.class);
        assertThatThrownBy(() -> calls.create(account, WANTED))
                .isInstanceOfSatisfying(
                        DbtCloudException.class,
                        failure -> assertThat(failure.failure()).isNotInstanceOf(CallFailure.Unclear.class));
        assertThat(client.calls().suspended()).isEmpty();
    }
}
