package org.dbtrelay.it;

/** The methods at which tests stop the relay: between two of them it decides, records or does something, and may die. */
final class Moments {

    /** One transaction of the ledger. At its entry nothing is written, at its return all of it counts. */
    static final String APPEND = "org.dbtrelay.ledger.Claim.append";

    /** The last step of a transaction. At its entry all records of it are with the broker, and none counts. */
    static final String COMMIT = "org.apache.kafka.clients.producer.KafkaProducer.commitTransaction";

    /** One request to start a run. At its entry the intent is recorded and nothing is sent, at its return dbt Cloud has answered. */
    static final String TRIGGER = "org.dbtrelay.dbtcloud.runs.RunStarts.trigger";

    /** An artifact's file gets its name. */
    static final String PUBLISH = "org.dbtrelay.artifact.PartFile.publish";

    /** The name of the thread that appends and commits for a partition; at the same moment another one may append, too. */
    static String ownerOf(int partition) {
        return "owner-" + partition;
    }

    private Moments() {}
}
