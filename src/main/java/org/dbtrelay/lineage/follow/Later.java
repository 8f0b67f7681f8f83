package org.dbtrelay.lineage.follow;

import java.io.IOException;

/** Something cannot be had from dbt Cloud now, but perhaps later. */
final class Later extends IOException {

    private static final long serialVersionUID = 1L;

    private final boolean cutOff;

    /** {@code cutOff}: dbt Cloud cannot be asked at all, so patience does not run out. */
    Later(String why, boolean cutOff) {
        super(why);
        this.cutOff = cutOff;
    }

    boolean isCutOff() {
        return cutOff;
    }
}
