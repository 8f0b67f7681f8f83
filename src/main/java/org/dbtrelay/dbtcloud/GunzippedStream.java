package org.dbtrelay.dbtcloud;

import java.io.IOException;
import java.io.InputStream;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * The content of a body that came as gzip. The relay does not ask for it, but proxies and servers have ideas of their own, and
 * neither Vert.x' client nor Quarkus' unpacks what it did not ask for. Nothing is read before the first byte is wanted.
 */
final class GunzippedStream extends InputStream {

    private static final int BUFFER = 16 * 1024;

    private final InputStream packed;
    private @Nullable InputStream content;

    GunzippedStream(InputStream packed) {
        this.packed = packed;
    }

    @Override
    public int read() throws IOException {
        return content().read();
    }

    @Override
    public int read(byte[] target, int from, int length) throws IOException {
        return content().read(target, from, length);
    }

    private InputStream content() throws IOException {
        InputStream opened = content;
        if (opened == null) {
            opened = new GZIPInputStream(packed, BUFFER);
            content = opened;
        }
        return opened;
    }

    @Override
    public void close() throws IOException {
        // The unpacking stream has memory of its own outside the heap; it closes the packed one, too.
        (content == null ? packed : content).close();
    }
}
