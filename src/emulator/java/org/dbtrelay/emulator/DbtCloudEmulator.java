package org.dbtrelay.emulator;

import io.vertx.core.DeploymentOptions;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A server that behaves like dbt Cloud's Admin API, on 127.0.0.1 unless told otherwise. {@link #start()} or {@link #builder()} start
 * one; close it at the end.
 */
public final class DbtCloudEmulator implements AutoCloseable {
    /** The address to listen at unless told otherwise. */
    static final String LOOPBACK = "127.0.0.1";

    /** The token that is valid at the start unless told otherwise. */
    static final String TOKEN = "dbtc_emulated-token";

    private static final String EVERYWHERE = "0.0.0.0";
    private static final Duration WEBHOOK_INTERVAL = Duration.ofMillis(50);

    private final World world;
    private final String token;
    private final EmulatorClock clock;
    private final Access access = new Access();
    private final Counters counters;
    private final Faults faults;
    private final RunLife life;
    private final Vertx vertx;
    private final WebhookSender sender;
    private final AtomicInteger port = new AtomicInteger();
    private final @Nullable PrivateCa ca;
    private final String bind;
    private final AtomicInteger storagePort = new AtomicInteger();
    private final @Nullable Storage storage;

    private DbtCloudEmulator(Builder builder) {
        world = builder.world;
        token = builder.token;
        ca = builder.ca;
        bind = builder.bind;
        clock = new EmulatorClock(builder.clock);
        counters = new Counters(clock);
        life = new RunLife(clock, builder.behaviour.speed(), builder.behaviour.cancelDelay());
        faults = new Faults(clock, life::jobOf);
        access.allow(token, world.firstAccount());
        vertx = Vertx.vertx(new VertxOptions()
                .setEventLoopPoolSize(2)
                .setWorkerPoolSize(1)
                .setInternalBlockingPoolSize(1)
                .setFileSystemOptions(
                        new FileSystemOptions().setFileCachingEnabled(false).setClassPathResolvingEnabled(false)));
        sender = new WebhookSender(clock, world);
        Webhooks webhooks = new Webhooks(world, life, clock, sender);
        RunJson json = new RunJson(world, this::baseUrl);
        RunCalls runs = new RunCalls(world, life, json, builder.behaviour);
        Api api = new Api(
                access, new ResourceCalls(world, runs::json), runs, new ArtifactCalls(world, life), webhooks::answer);
        @Nullable Integer wantedStoragePort = builder.storagePort;
        storage = wantedStoragePort == null ? null : new Storage(clock, this::storageUrl);
        HttpFront.Traffic traffic = new HttpFront.Traffic(
                api,
                faults,
                counters,
                new AccountLimit(builder.behaviour.requestsPerMinute(), clock, faults),
                builder.behaviour.strict(),
                new Control(this)::answer,
                storage);
        if (storage != null && wantedStoragePort != null) {
            vertx.deployVerticle(new StorageFront(storage, bind, wantedStoragePort, storagePort, ca))
                    .toCompletionStage()
                    .toCompletableFuture()
                    .join();
        }
        vertx.deployVerticle(
                        () -> new HttpFront(traffic, builder.bind, builder.port, port, builder.ca),
                        new DeploymentOptions().setInstances(2))
                .toCompletionStage()
                .toCompletableFuture()
                .join();
        vertx.setPeriodic(WEBHOOK_INTERVAL.toMillis(), id -> webhooks.tick());
    }

    /** The standard world on a free port, with the system's clock. */
    public static DbtCloudEmulator start() {
        return builder().start();
    }

    /** A builder for another world, clock, port and more. */
    public static Builder builder() {
        return new Builder();
    }

    /** The emulator to start. */
    public static final class Builder {
        private World world = World.standard();
        private Clock clock = Clock.systemUTC();
        private String token = TOKEN;
        private int port;
        private String bind = LOOPBACK;
        private @Nullable PrivateCa ca;
        private @Nullable Integer storagePort;
        private Behaviour behaviour = Behaviour.likely();

        private Builder() {}

        /** The accounts and jobs; without this {@link World#standard()}. */
        public Builder world(World value) {
            world = value;
            return this;
        }

        /** The clock on which runs live; one that is turned by hand will do. */
        public Builder clock(Clock value) {
            clock = value;
            return this;
        }

        /** Runs go that many times faster than planned. */
        public Builder speed(double value) {
            behaviour = behaviour.speed(value);
            return this;
        }

        /** A token for the world's first account. */
        public Builder token(String value) {
            token = value;
            return this;
        }

        /** 0: a free one. */
        public Builder port(int value) {
            port = value;
            return this;
        }

        /** The address to listen at; {@code 0.0.0.0} for all of this machine's. */
        Builder bind(String value) {
            bind = value;
            return this;
        }

        /** HTTPS, with a certificate for 127.0.0.1 that this authority has signed. */
        public Builder tls(PrivateCa value) {
            ca = value;
            return this;
        }

        /**
         * Artifacts, and runs with the logs of their steps, are answered with a redirect to a presigned URL at this other port, as if
         * an object store had them; 0: a free one.
         */
        public Builder storage(int value) {
            storagePort = value;
            return this;
        }

        /** The behaviour where dbt Cloud's documents leave it open. It includes a speed, so call {@link #speed} after this. */
        public Builder behaviour(Behaviour value) {
            behaviour = value;
            return this;
        }

        /** Starts the server; it answers when this returns. */
        public DbtCloudEmulator start() {
            return new DbtCloudEmulator(this);
        }
    }

    /** {@code http://127.0.0.1:port}, or {@code https}, without a slash at the end. */
    public String baseUrl() {
        return url(port);
    }

    private String url(AtomicInteger at) {
        return (ca == null ? "http" : "https") + "://" + (bind.equals(EVERYWHERE) ? LOOPBACK : bind) + ":" + at.get();
    }

    /** The same of the storage that has the files. */
    String storageUrl() {
        return url(storagePort);
    }

    /** All headers of the latest requests to the storage, oldest first, names in lower case; none without a storage. */
    public List<Map<String, String>> headersToStorage() {
        return storage == null
                ? List.of()
                : storage.requests().stream().map(Storage.Received::headers).toList();
    }

    /** The certificate of the authority that clients have to trust, PEM; nothing without TLS. */
    Optional<Path> certificate() {
        return Optional.ofNullable(ca).map(PrivateCa::certificate);
    }

    /** {@link #baseUrl()} as a URI. */
    public URI baseUri() {
        return URI.create(baseUrl());
    }

    /** The port on 127.0.0.1. */
    public int port() {
        return port.get();
    }

    /** A token that is good at the start. */
    public String token() {
        return token;
    }

    /** The world's first account, which the token is for. */
    public long accountId() {
        return world.firstAccount();
    }

    /** The accounts and jobs; a test may add some. */
    public World world() {
        return world;
    }

    /** The tokens that are good. */
    public Access access() {
        return access;
    }

    /** The faults, to add some. */
    public Faults faults() {
        return faults;
    }

    /** Counts and log of the requests. */
    public Counters counters() {
        return counters;
    }

    /** The requests at that endpoint since the last reset of the counters. */
    public long count(Endpoint endpoint) {
        return counters.count(endpoint);
    }

    /** The emulator's clock. */
    public Clock clock() {
        return clock;
    }

    /** All runs of all accounts, oldest first, hidden ones as well. */
    public List<RunView> runs() {
        return life.all(run -> true);
    }

    /** The runs of a job, oldest first, hidden ones as well. */
    public List<RunView> runsOfJob(long jobId) {
        return life.all(run -> run.job.id() == jobId);
    }

    /** The runs whose cause contains {@code part}. */
    public List<RunView> runsByCause(String part) {
        return life.all(run -> run.trigger.cause().contains(part));
    }

    /** The run with that id, hidden or not. */
    public Optional<RunView> run(long id) {
        return life.all(run -> run.id == id).stream().findFirst();
    }

    /** Pushes the emulator's clock forward; the clock that it was made with stays as it is. */
    public Instant advance(Duration time) {
        clock.advance(time);
        return clock.instant();
    }

    /** Ends a run now, whatever its plan. */
    public RunView finishRun(long id, RunStatus status) {
        return life.force(id, status, null);
    }

    /** Brings a run to {@code status} now, whatever its plan; a run that is made to run no longer ends by itself. */
    public RunView moveRun(long id, RunStatus status, @Nullable String message) {
        return life.force(id, status, message);
    }

    /** Shows {@code code} as the run's status, which dbt Cloud need not have documented; null: the true one again. */
    public void showStatus(long id, @Nullable Integer code) {
        life.show(id, code);
    }

    /** The plan of the job's next run, before the job's own; several are used one after the other. */
    public void planNextRun(long jobId, RunPlan plan) {
        life.planNext(jobId, plan);
    }

    /** A run that somebody else triggers now. */
    public RunView triggerByOther(long jobId, String cause) {
        return life.create(job(jobId), RunTrigger.of(cause, "ui"), Hiding.NOTHING);
    }

    /** A run that the emulator's scheduler starts now, as if the job's time had come. */
    public RunView startByScheduler(long jobId) {
        return life.create(job(jobId), RunTrigger.of("scheduled", "scheduled"), Hiding.NOTHING);
    }

    /** Makes {@code count} runs by others that have succeeded, newer than all there are; their ids, ascending. */
    public List<Long> seedRuns(long jobId, int count) {
        return life.seed(job(jobId), count, false);
    }

    /** Makes {@code count} runs by others that have succeeded, older than all there are; their ids, ascending. */
    public List<Long> seedOlderRuns(long jobId, int count) {
        return life.seed(job(jobId), count, true);
    }

    private EmulatedJob job(long id) {
        return world.accounts().stream()
                .flatMap(account -> world.job(account.id(), id).stream())
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("There is no job " + id));
    }

    @Override
    public void close() {
        sender.close();
        vertx.close()
                .toCompletionStage()
                .toCompletableFuture()
                .orTimeout(30, TimeUnit.SECONDS)
                .join();
    }
}
