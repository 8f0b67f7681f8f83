package org.dbtrelay.flow;

import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.dbtrelay.ledger.Claim;
import org.dbtrelay.ledger.placement.Placement;
import org.dbtrelay.run.command.Observed;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.job.Target;
import org.dbtrelay.run.observe.Observation;

/**
 * The observed accounts of one claim. The cursor of a connection is in one partition, by the connection's name: its owner is the only
 * one that lists runs there. The number of partitions may become known, or grow, under a claim.
 */
final class Observing {

    private final Claim claim;
    private final Policy policy;
    private final Observations all;
    private final long number;
    private final Map<String, ObservedAccount> accounts = new HashMap<>();
    private int partitions;

    Observing(Claim claim, Policy policy, Observations all) {
        this.claim = claim;
        this.policy = policy;
        this.all = all;
        this.number = all.begin();
    }

    /** The partition that has the cursor of a connection. */
    static int home(String connection, int partitions) {
        return Placement.of(Placement.key("observe/" + connection), partitions);
    }

    /** Finds out which accounts are this partition's, if the number of partitions has changed. */
    void place(Instant now) {
        int known = claim.placement().partitions();
        if (policy.observed().isEmpty() || known == partitions) {
            return;
        }
        partitions = known;
        policy.observed().forEach((connection, observed) -> {
            boolean here = known > 0 && home(connection, known) == claim.partition();
            if (here && !accounts.containsKey(connection)) {
                serve(connection, observed, now);
            } else if (!here && accounts.containsKey(connection)) {
                all.end(accounts.remove(connection));
            }
        });
    }

    private void serve(String connection, Observed observed, Instant now) {
        ObservedAccount account = new ObservedAccount(
                number,
                new Target(connection, observed.accountId()),
                observed,
                new Observation(observed, policy.deployment(), claim.cursor(connection, observed.accountId()), now),
                claim.inbox());
        accounts.put(connection, account);
        all.serve(account);
    }

    /** Takes an answer of a lister, unless it was for an earlier claim. */
    void take(Input.ObservationBegins begun, CommitBatch batch) {
        ObservedAccount account = accounts.get(begun.cursor().connection());
        if (account != null && begun.claim() == number) {
            batch.observe(account, account.take(begun));
        }
    }

    /** The same for a page. */
    void take(Input.RunsListed listed, CommitBatch batch) {
        ObservedAccount account = accounts.get(listed.page().connection());
        boolean may = claim.placement().mayPassOn() && claim.refusals().mayObserve(batch.now());
        if (account != null && listed.claim() == number) {
            batch.observe(account, may ? account.take(listed, batch.now()) : account.skip());
        }
    }

    void end() {
        accounts.values().forEach(all::end);
        accounts.clear();
    }
}
