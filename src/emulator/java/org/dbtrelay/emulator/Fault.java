package org.dbtrelay.emulator;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What can go wrong with a request. {@code acts}: whether the request is carried out although its answer is spoiled. */
sealed interface Fault {

    /** The connection is closed without an answer. */
    record LoseAnswer(boolean acts, boolean reset) implements Fault {}

    /** The answer comes late: carried out at once and answered later, or both later. Real time. */
    record AnswerLate(Duration delay, boolean actsFirst) implements Fault {}

    /** Another answer. */
    record AnswerWith(boolean acts, Answer answer) implements Fault {}

    /** The head of the right answer with its length, a part of the body, then the connection is reset. */
    record ResetMidBody(long bytes) implements Fault {}

    /** The right answer in pieces of {@code bytes} with a pause of real time after each. */
    record SlowBody(int bytes, Duration pause) implements Fault {}

    /** 429, and for {@code lockOut} of the emulator's time every further request of the account as well. */
    record RateLimit(Duration lockOut, @Nullable String retryAfter) implements Fault {}

    /** 400 for a request that has that query parameter. */
    record RefuseParameter(String name) implements Fault {}

    /** A run that this request creates shows late. Goes together with any other fault. */
    record HideRun(Duration fromLists, Duration fromGet) implements Fault {}
}
