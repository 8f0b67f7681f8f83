package org.dbtrelay.artifact;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;

/** The end of a stream, with a script for what happens there. */
final class ScriptedEnd extends InputStream {

    /** Returns: the stream ends. Throws: it breaks. */
    @FunctionalInterface
    interface Script {
        void run() throws IOException;
    }

    private final Script script;

    private ScriptedEnd(Script script) {
        this.script = script;
    }

    static InputStream after(byte[] bytes, Script script) {
        return after(new ByteArrayInputStream(bytes), script);
    }

    static InputStream after(InputStream bytes, Script script) {
        return new SequenceInputStream(bytes, new ScriptedEnd(script));
    }

    @Override
    public int read() throws IOException {
        script.run();
        return -1;
    }

    @Override
    public int read(byte[] target, int from, int length) throws IOException {
        return read();
    }
}
