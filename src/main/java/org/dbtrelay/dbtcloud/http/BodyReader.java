package org.dbtrelay.dbtcloud.http;

import java.io.IOException;
import java.io.InputStream;

/** Makes a value of a good answer's body. */
@FunctionalInterface
public interface BodyReader<T> {

    /**
     * Reads the body; without bytes if there is none.
     *
     * @throws Envelope.UnreadableAnswer if it makes no sense
     */
    T read(InputStream body) throws IOException;
}
