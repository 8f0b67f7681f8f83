package org.dbtrelay.artifact;

/**
 * One artifact on its way into a store. It appears there complete, under its right name and in the place of an older one,
 * when it is published; closed before that, nothing of it stays.
 */
interface ArtifactWriter extends AutoCloseable {

    /**
     * Adds some of its bytes.
     *
     * @throws StoreException the store's own trouble
     */
    void write(byte[] bytes, int from, int length) throws StoreException, InterruptedException;

    /**
     * All bytes are written: lets the artifact appear.
     *
     * @param sha256 of them, in lower-case hex
     * @return its URI
     * @throws StoreException it has not appeared; where the store did not answer, it may have
     */
    String publish(String sha256) throws StoreException, InterruptedException;

    /** Takes back what was not published. */
    @Override
    void close();
}
