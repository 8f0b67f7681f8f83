package org.dbtrelay.lineage.tell;

import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;

/** The artifacts of a run. */
public interface StepArtifacts {

    /**
     * Opens one; the caller closes it.
     *
     * @return empty if the run surely has no such file, or nobody waits for it any longer
     * @throws IOException it cannot be had now, but perhaps later
     */
    Optional<InputStream> open(String path, int step) throws IOException, InterruptedException;
}
