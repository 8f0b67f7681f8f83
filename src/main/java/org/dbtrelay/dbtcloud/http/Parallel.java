package org.dbtrelay.dbtcloud.http;

import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.run.job.CallFailure;

/** The same call for several things at once, each on a virtual thread; the budget bounds how many are on the wire. */
public final class Parallel {

    /** The outcome of the call for one key. */
    public sealed interface Outcome<K, T> {
        /** An answer. */
        record Done<K, T>(K key, T value) implements Outcome<K, T> {}

        /** None. */
        record Failed<K, T>(K key, DbtCloudException failure) implements Outcome<K, T> {}
    }

    /** The call for one thing. */
    @FunctionalInterface
    public interface Call<K, T> {
        /** Asks dbt Cloud. */
        T of(K key) throws DbtCloudException;
    }

    private Parallel() {}

    /**
     * Waits for all of them.
     *
     * @return an outcome for each key, in their order
     * @throws DbtCloudException not sent, if the thread is interrupted
     */
    public static <K, T> List<Outcome<K, T>> all(List<K> keys, Call<K, T> call) throws DbtCloudException {
        if (keys.size() <= 1) {
            return keys.stream().map(key -> one(key, call)).toList();
        }
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Outcome<K, T>>> futures = threads.invokeAll(keys.stream()
                    .<java.util.concurrent.Callable<Outcome<K, T>>>map(key -> () -> one(key, call))
                    .toList());
            return futures.stream().map(Parallel::result).toList();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DbtCloudException(new CallFailure.NotSent("Interrupted."), e);
        }
    }

    private static <T> T result(Future<T> ended) {
        if (ended.state() == Future.State.FAILED) {
            throw new IllegalStateException("internal error: a call failed", ended.exceptionNow());
        }
        return ended.resultNow();
    }

    private static <K, T> Outcome<K, T> one(K key, Call<K, T> call) {
        try {
            return new Outcome.Done<>(key, call.of(key));
        } catch (DbtCloudException e) {
            return new Outcome.Failed<>(key, e);
        }
    }
}
