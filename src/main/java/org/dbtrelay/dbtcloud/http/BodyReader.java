package org.dbtrelay.dbtcloud.http;

import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/** Makes a value of a good answer's body. */
@FunctionalInterface
public interface BodyReader<T> {

    /**
     * Reads the body; null if there is none.
     *
     * @throws Envelope.UnreadableAnswer if it makes no sense
     */
    T read(@Nullable InputStream body) throws IOException;
}
