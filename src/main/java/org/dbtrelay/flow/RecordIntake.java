package org.dbtrelay.flow;

import org.dbtrelay.ledger.Claim;
import org.dbtrelay.ledger.intake.SourceRecord;
import org.dbtrelay.metrics.RelayMetrics;
import org.dbtrelay.run.decide.Decision;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.partition.Partition;
import org.jspecify.annotations.Nullable;

/** Takes the records of the commands topic: each once, and each in the partition of its key. */
final class RecordIntake {

    private final Claim claim;
    private final Partition commands;
    private final RecordRouting routing;
    private final RelayMetrics metrics;

    RecordIntake(Claim claim, Partition commands, Destinations destinations, RelayMetrics metrics) {
        this.claim = claim;
        this.commands = commands;
        this.routing = new RecordRouting(claim.partition(), claim.placement(), destinations, commands);
        this.metrics = metrics;
    }

    /** Takes a record into a batch, or passes it on to where it belongs. */
    void take(SourceRecord origin, Input input, CommitBatch batch) {
        batch.acknowledge(origin);
        if (batch.covers(origin)) {
            metrics.ignoredAsKnown();
            return;
        }
        batch.moveTo(origin);
        if (!(input instanceof Input.RecordInput record)) {
            commands.take(input, batch);
            return;
        }
        switch (routing.of(origin, record)) {
            case RecordRouting.Place.Here here -> takeHere(origin, here, batch);
            case RecordRouting.Place.Elsewhere elsewhere -> {
                @Nullable String whyNot = whyNotPassedOn(origin);
                if (whyNot == null) {
                    batch.passOn(origin, elsewhere);
                } else {
                    batch.putAside(origin, elsewhere.origin(), elsewhere.verdict(whyNot));
                }
            }
        }
    }

    private void takeHere(SourceRecord origin, RecordRouting.Place.Here here, CommitBatch batch) {
        if (here.cameOn()) {
            batch.cameOn(origin, here.origin(), here.input().commandIdOrNull());
        }
        Input input = here.input() instanceof Input.CommandReceived command
                ? command.at(batch.place(command.offset()))
                : here.input();
        Decision decision = commands.take(input, batch);
        if (!decision.changes()) {
            metrics.ignoredAsKnown();
        }
        if (decision.deadLetter() != null) {
            batch.putAside(origin, here.origin(), decision.deadLetter());
        }
    }

    private @Nullable String whyNotPassedOn(SourceRecord origin) {
        return claim.placement().mayPassOn()
                ? claim.refusals().whyNotPassedOn(origin.record().offset())
                : "Kafka does not let the relay's user Write the topic";
    }
}
