package org.dbtrelay.lineage.event;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.UUID;

/**
 * The ids of runs in lineage. They are UUIDs of version 5 (RFC 9562) of a text that says which run it is, so whoever tells of the
 * same run again, or computes its id elsewhere, has the same id.
 */
public final class RunIds {

    /** The namespace of URLs in RFC 9562. */
    private static final UUID OF_URLS = UUID.fromString("6ba7b811-9dad-11d1-80b4-00c04fd430c8");

    private final String run;

    /**
     * The ids of a run of dbt Cloud and of its parts.
     *
     * @param host of dbt Cloud: two of them number their accounts and runs alike
     */
    public RunIds(String host, long accountId, long runId) {
        this.run = "dbt-cloud://" + host + "/accounts/" + accountId + "/runs/" + runId;
    }

    /** The run itself. */
    public UUID ofRun() {
        return of(run);
    }

    /** A step of it. */
    public UUID ofStep(int index) {
        return of(run + "/steps/" + index);
    }

    /** A node in a step. */
    public UUID ofNode(int step, String uniqueId) {
        return of(run + "/steps/" + step + "/" + uniqueId);
    }

    /** All tests of a node in a step. */
    public UUID ofTests(int step, String testedId) {
        return of(run + "/steps/" + step + "/tests/" + testedId);
    }

    /** The UUID of version 5 of a text. */
    static UUID of(String name) {
        try {
            MessageDigest sha1 = MessageDigest.getInstance("SHA-1");
            sha1.update(ByteBuffer.allocate(16)
                    .putLong(OF_URLS.getMostSignificantBits())
                    .putLong(OF_URLS.getLeastSignificantBits())
                    .flip());
            ByteBuffer hash = ByteBuffer.wrap(sha1.digest(name.getBytes(StandardCharsets.UTF_8)));
            long high = (hash.getLong() & ~0xF000L) | 0x5000L;
            long low = (hash.getLong() & 0x3FFFFFFFFFFFFFFFL) | 0x8000000000000000L;
            return new UUID(high, low);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-1", e);
        }
    }
}
