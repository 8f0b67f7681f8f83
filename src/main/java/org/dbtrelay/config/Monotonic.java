package org.dbtrelay.config;

import jakarta.inject.Singleton;

/** A clock that nobody can set: for the length of things, where the wall clock may jump. */
@Singleton
public class Monotonic {

    /** Nanoseconds since some moment; only differences mean something. */
    public long nanos() {
        return System.nanoTime();
    }
}
