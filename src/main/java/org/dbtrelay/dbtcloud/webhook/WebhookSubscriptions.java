package org.dbtrelay.dbtcloud.webhook;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.http.ApiCalls;
import org.dbtrelay.dbtcloud.http.Envelope;
import org.dbtrelay.dbtcloud.http.Envelope.UnreadableAnswer;
import org.dbtrelay.dbtcloud.http.GuardedBody;
import org.dbtrelay.dbtcloud.paging.Listing;

/**
 * The webhook subscriptions of an account (API v3). The token needs the permission to write webhooks: Account Admin, Admin,
 * Developer or Webhooks Only. A refusal suspends no account, because no command depends on it.
 */
public final class WebhookSubscriptions {

    /** No account has so many; a list that does not end is given up. */
    private static final int MOST = 10_000;

    private final ApiCalls calls;

    /** Calls over one connection. */
    public WebhookSubscriptions(ApiCalls calls) {
        this.calls = calls.withoutSuspending();
    }

    /**
     * A subscription that was just created.
     *
     * @param secret signs its webhooks; dbt Cloud shows it only here
     */
    public record Created(Subscription subscription, String secret) {
        @Override
        public String toString() {
            return "Created[" + subscription + ", ***]";
        }
    }

    /** All subscriptions of the account. */
    public List<Subscription> list(long accountId) throws DbtCloudException {
        List<Subscription> all = new ArrayList<>();
        boolean isLast = false;
        while (!isLast && all.size() < MOST) {
            int before = all.size();
            Map<String, String> page =
                    Map.of("limit", Integer.toString(Listing.LARGEST_PAGE), "offset", Integer.toString(before));
            isLast = calls.get(accountId, Priority.SWEEP, api -> api.webhookSubscriptions(accountId, page), body -> {
                Envelope envelope = Envelope.read(body);
                for (JsonNode row : envelope.rows()) {
                    all.add(Subscription.of(row));
                }
                return envelope.isLastPage(before, Listing.LARGEST_PAGE);
            });
        }
        return all;
    }

    /** Creates a subscription. If the answer is lost, it may be there all the same. */
    public Created create(long accountId, WantedSubscription wanted) throws DbtCloudException {
        GuardedBody body = body(wanted);
        return calls.post(
                accountId,
                calls.acquire(accountId, Priority.SWEEP),
                api -> api.createWebhookSubscription(accountId, body),
                body,
                answer -> {
                    ObjectNode row = Envelope.read(answer).object();
                    String secret = row.path("hmac_secret").asText("");
                    if (secret.isBlank()) {
                        throw new UnreadableAnswer("a new webhook subscription without its secret");
                    }
                    return new Created(Subscription.of(row), secret);
                });
    }

    /** Makes a subscription as it is wanted, and active. */
    public void change(long accountId, String id, WantedSubscription wanted) throws DbtCloudException {
        GuardedBody body = body(wanted);
        calls.post(
                accountId,
                calls.acquire(accountId, Priority.SWEEP),
                api -> api.changeWebhookSubscription(accountId, id, body),
                body,
                Envelope::read);
    }

    /** Deletes a subscription. */
    public void delete(long accountId, String id) throws DbtCloudException {
        calls.post(
                accountId,
                calls.acquire(accountId, Priority.SWEEP),
                api -> api.deleteWebhookSubscription(accountId, id),
                null,
                Envelope::read);
    }

    private static GuardedBody body(WantedSubscription wanted) {
        return new GuardedBody(wanted.json(), () -> true);
    }
}
