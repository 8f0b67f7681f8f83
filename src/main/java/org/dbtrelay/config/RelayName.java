package org.dbtrelay.config;

/** The name of this deployment, as the marker in a run's {@code cause} carries it. */
public final class RelayName {

    /** The marker shares dbt Cloud's 255 characters of {@code cause} with the user's own words. */
    private static final int LONGEST = 40;

    private RelayName() {}

    /** {@code relay.name}, else the ledger topic's name, cut to 40 characters. */
    public static String of(RelayConfig config) {
        String ledger = config.topics().ledger();
        return config.name().orElse(ledger.substring(0, Math.min(LONGEST, ledger.length())));
    }
}
