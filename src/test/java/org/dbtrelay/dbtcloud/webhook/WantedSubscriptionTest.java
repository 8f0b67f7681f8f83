package org.dbtrelay.dbtcloud.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.util.List;
import java.util.Set;
import org.dbtrelay.dbtcloud.webhook.WantedSubscription.Plan;
import org.dbtrelay.dbtcloud.webhook.WantedSubscription.Step;
import org.junit.jupiter.api.Test;

/** What has to be done to have the one subscription, and that those of others are left alone. */
class WantedSubscriptionTest {

    private static final String URL = "https://relay.example.com/webhooks/dbt-cloud/default";
    private static final Set<String> EVENTS = Set.of("job.run.started", "job.run.completed", "job.run.errored");
    private static final WantedSubscription WANTED = WantedSubscription.of("prod", "default", URI.create(URL));
    private static final Subscription GOOD = found("wsu_1");
    private static final Subscription OF_OTHERS =
            new Subscription("wsu_9", "for Slack, not [relay:prod2/default]", Set.of(), EVENTS, URL, false, null);

    private static Subscription found(String id) {
        return new Subscription(
                id,
                "Made and looked after by dbt-cloud-relay. [relay:prod/default]",
                Set.of(),
                EVENTS,
                URL,
                true,
                null);
    }

    @Test
    void oneThatIsGoodStays() {
        assertThat(WANTED.plan(List.of(OF_OTHERS, GOOD), "wsu_1")).isEqualTo(new Plan(new Step.Keep(GOOD), List.of()));
    }

    @Test
    void oneThatIsMissingIsMade() {
        assertThat(WANTED.plan(List.of(OF_OTHERS), null)).isEqualTo(new Plan(new Step.Create(), List.of()));
        assertThat(WANTED.plan(List.of(OF_OTHERS), "wsu_1")).isEqualTo(new Plan(new Step.Create(), List.of()));
    }

    /** A crash between the answer and the record of the secret leaves one that nobody can use. */
    @Test
    void oneWhoseSecretIsNotKnownIsReplaced() {
        assertThat(WANTED.plan(List.of(GOOD, OF_OTHERS), null)).isEqualTo(new Plan(new Step.Create(), List.of(GOOD)));
    }

    @Test
    void aSecondOneIsDeleted() {
        Subscription second = found("wsu_2");
        assertThat(WANTED.plan(List.of(second, GOOD), "wsu_1"))
                .isEqualTo(new Plan(new Step.Keep(GOOD), List.of(second)));
    }

    @Test
    void oneThatIsNotAsItShouldBeIsChanged() {
        for (Subscription changed : List.of(
                new Subscription("wsu_1", GOOD.description(), Set.of(), EVENTS, URL, false, "too many failures"),
                new Subscription("wsu_1", GOOD.description(), Set.of("7"), EVENTS, URL, true, null),
                new Subscription("wsu_1", GOOD.description(), Set.of(), Set.of("job.run.started"), URL, true, null),
                new Subscription("wsu_1", GOOD.description(), Set.of(), EVENTS, URL + "/", true, null),
                new Subscription("wsu_1", "", Set.of(), EVENTS, URL, true, null))) {
            assertThat(WANTED.plan(List.of(changed), "wsu_1")).isEqualTo(new Plan(new Step.Change(changed), List.of()));
        }
    }

    @Test
    void thatOfAnotherConnectionOrDeploymentIsLeftAlone() {
        WantedSubscription other = WantedSubscription.of("prod", "default2", URI.create(URL));
        assertThat(other.plan(List.of(GOOD), null)).isEqualTo(new Plan(new Step.Create(), List.of()));
    }
}
