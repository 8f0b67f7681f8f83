package org.dbtrelay.artifact;

import java.io.InputStream;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * An artifact on its way to a store. The caller closes the stream.
 *
 * @param bytes an {@link java.io.IOException} while reading means that the transfer broke
 * @param contentType as dbt Cloud gave it
 * @param size in bytes, where dbt Cloud told it beforehand
 */
record Download(InputStream bytes, @Nullable String contentType, OptionalLong size) {}
