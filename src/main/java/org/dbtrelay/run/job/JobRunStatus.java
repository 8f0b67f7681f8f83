package org.dbtrelay.run.job;

/**
 * The status of a dbt Cloud run: one of the six documented codes, or a code that this build does not know. An unknown
 * code is never an end: the run is polled on.
 */
public sealed interface JobRunStatus {

    /** The number that dbt Cloud uses. */
    int code();

    /** The word for it in events: {@code queued}, {@code starting}, … or {@code unknown}. */
    String label();

    /** True for a run that will not change any more. */
    boolean isTerminal();

    /** The status of the given code, {@link Unknown} if it is none of the six. */
    static JobRunStatus of(int code) {
        for (Known known : Known.values()) {
            if (known.code == code) {
                return known;
            }
        }
        return new Unknown(code);
    }

    /** The documented codes. */
    enum Known implements JobRunStatus {
        QUEUED(1, "queued", false),
        STARTING(2, "starting", false),
        RUNNING(3, "running", false),
        SUCCESS(10, "success", true),
        ERROR(20, "error", true),
        CANCELLED(30, "cancelled", true);

        private final int code;
        private final String label;
        private final boolean terminal;

        Known(int code, String label, boolean terminal) {
            this.code = code;
            this.label = label;
            this.terminal = terminal;
        }

        @Override
        public int code() {
            return code;
        }

        @Override
        public String label() {
            return label;
        }

        @Override
        public boolean isTerminal() {
            return terminal;
        }
    }

    /** A code that dbt Cloud may have got since. */
    record Unknown(int code) implements JobRunStatus {
        @Override
        public String label() {
            return "unknown";
        }

        @Override
        public boolean isTerminal() {
            return false;
        }
    }
}
