package org.dbtrelay.control;

import static org.dbtrelay.metrics.RelayLog.pair;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.time.Clock;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.dbtrelay.dbtcloud.budget.JobSwitches;
import org.dbtrelay.dbtcloud.budget.ManualSuspension;
import org.dbtrelay.dbtcloud.budget.ManualSuspension.Switched;
import org.dbtrelay.dbtcloud.connection.Connections;
import org.dbtrelay.dbtcloud.connection.DbtCloudClient;
import org.dbtrelay.ledger.Owners;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.job.JobOfConnection;
import org.jspecify.annotations.Nullable;

/** The kill switches of connections and of single jobs: they hold on all instances, and also after a restart. */
@Singleton
public class Switches {

    private static final RelayLog LOG = RelayLog.of(Switches.class);
    private static final RelayLog AUDIT = RelayLog.of(RelayLog.AUDIT);
    static final String PREFIX = "suspension/";

    /** What follows is the connection's name, a slash and the job's id. */
    static final String JOB_PREFIX = "job-suspension/";

    private static final int VERSION = 1;

    private final Connections connections;
    private final JobSwitches jobs;
    private final Runnable jobsSwitched;
    private final ControlTopic topic;
    private final Clock clock;

    private static final Pattern JOB = Pattern.compile("(.+)/([0-9]{1,18})");

    /** By connection, as the topic or a person has said last. */
    private final Map<String, Switched> said = new HashMap<>();

    private boolean known;

    @Inject
    Switches(Connections connections, JobSwitches jobs, Owners owners, ControlTopic topic, Clock clock) {
        this(connections, jobs, () -> owners.offerToAll(new Input.JobsSwitched()), topic, clock);
    }

    /** With what is done when a job's switch has changed: the partitions look at once. */
    Switches(Connections connections, JobSwitches jobs, Runnable jobsSwitched, ControlTopic topic, Clock clock) {
        this.connections = connections;
        this.jobs = jobs;
        this.jobsSwitched = jobsSwitched;
        this.topic = topic;
        this.clock = clock;
    }

    /** Others were not told: they do, and will do, what they did before. */
    public static final class NotTold extends Exception {
        private static final long serialVersionUID = 1L;

        NotTold(String message, Throwable cause) {
            super(message, cause);
        }
    }

    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    private record Value(
            int version,
            Instant since,
            @Nullable String by,
            @Nullable String reason) {}

    /**
     * Why a switch concerns this instance only, and only until its process ends; empty: it concerns all instances, and lasts.
     */
    public Optional<String> whyHereOnly() {
        return topic.whyAbsent();
    }

    /**
     * Starts nothing more over a connection. This instance stops at once, whatever becomes of the others.
     *
     * @param by the name of the person's API key; null if nobody knows
     * @param reason the person's words; null if there are none
     * @throws NotTold if this instance has stopped, and the others perhaps not
     */
    public void suspend(DbtCloudClient client, @Nullable String by, @Nullable String reason) throws NotTold {
        Switched switched = new Switched(clock.instant(), by, reason);
        hold(client, switched);
        AUDIT.warn(
                "A person suspended a connection: nothing is started over it until it is resumed",
                about(client, by, reason));
        if (topic.whyAbsent().isEmpty()) {
            write(PREFIX + client.name(), record(switched));
        }
    }

    /**
     * Starts no run of a job any more. This instance stops at once, whatever becomes of the others.
     *
     * @param by the name of the person's API key; null if nobody knows
     * @param reason the person's words; null if there are none
     * @throws NotTold if this instance has stopped, and the others perhaps not
     */
    public void suspend(JobOfConnection job, @Nullable String by, @Nullable String reason) throws NotTold {
        Switched switched = new Switched(clock.instant(), by, reason);
        jobs.hold(job, switched);
        jobsSwitched.run();
        AUDIT.warn("A person suspended a job: no run of it is started until it is resumed", about(job, by, reason));
        if (topic.whyAbsent().isEmpty()) {
            write(key(job), record(switched));
        }
    }

    /**
     * Lets a job go on.
     *
     * @throws NotTold if the job may stay suspended on all instances
     */
    public void resume(JobOfConnection job, @Nullable String by) throws NotTold {
        if (topic.whyAbsent().isEmpty()) {
            write(key(job), null);
        }
        jobs.release(job);
        jobsSwitched.run();
        AUDIT.info("A person resumed a job", about(job, by, null));
    }

    private static String key(JobOfConnection job) {
        return JOB_PREFIX + job.connection() + "/" + job.jobId();
    }

    private static byte[] record(Switched switched) {
        return ControlRecord.json(new Value(VERSION, switched.since(), switched.by(), switched.reason()));
    }

    /**
     * Ends what {@link #suspend} has begun.
     *
     * @throws NotTold if the connection may stay suspended on all instances
     */
    public void resume(DbtCloudClient client, @Nullable String by) throws NotTold {
        if (topic.whyAbsent().isEmpty()) {
            write(PREFIX + client.name(), null);
        }
        release(client);
        AUDIT.info("A person resumed a connection", about(client, by, null));
    }

    private synchronized void hold(DbtCloudClient client, Switched switched) {
        said.put(client.name(), switched);
        client.manualSuspension().hold(switched);
    }

    private synchronized void release(DbtCloudClient client) {
        said.remove(client.name());
        client.manualSuspension().release();
    }

    private void write(String key, byte @Nullable [] value) throws NotTold {
        try {
            topic.write(key, value);
        } catch (ControlTopic.NotConfirmed e) {
            throw new NotTold(String.valueOf(e.getMessage()), e);
        }
    }

    /** Nothing is started until it is known how the switches stand. */
    void awaitKnown() {
        connections.all().forEach(client -> client.manualSuspension().awaitKnown());
    }

    /** All that the topic had is read, or there is none. */
    synchronized void known() {
        if (!known) {
            known = true;
            connections.all().forEach(client -> apply(client, said.get(client.name())));
        }
    }

    /** A record about a job: of this or another instance, of now or of a time before. */
    synchronized void readJob(String key, byte @Nullable [] value) {
        Matcher place = JOB.matcher(key.substring(JOB_PREFIX.length()));
        if (!place.matches()) {
            LOG.warn("A record of the control topic is about no job", pair(LogKey.KEY, key));
            return;
        }
        JobOfConnection job = new JobOfConnection(place.group(1), Long.parseLong(place.group(2)));
        boolean before = jobs.all().containsKey(job);
        if (value == null) {
            jobs.release(job);
            if (before) {
                LOG.info("The job is resumed on this instance", about(job, null, null));
            }
        } else {
            Switched switched = switched(key, value);
            jobs.hold(job, switched);
            if (!before) {
                LOG.warn(
                        "The job is suspended on this instance: a person has said so",
                        about(job, switched.by(), switched.reason()));
            }
        }
        jobsSwitched.run();
    }

    private Switched switched(String key, byte[] value) {
        try {
            Value found = ControlRecord.read(value, Value.class);
            return new Switched(found.since(), found.by(), found.reason());
        } catch (IOException | RuntimeException e) {
            // The safe side: somebody has meant to suspend it.
            LOG.error(
                    "A record of the control topic cannot be read; what it is about stays suspended until a person resumes it",
                    e,
                    pair(LogKey.KEY, key));
            return new Switched(clock.instant(), null, "by a record that cannot be read");
        }
    }

    /** A record of the topic: of this or another instance, of now or of a time before. */
    synchronized void read(String key, byte @Nullable [] value) {
        String connection = key.substring(PREFIX.length());
        if (value == null) {
            said.remove(connection);
        } else {
            said.put(connection, switched(key, value));
        }
        if (known) {
            connections.find(connection).ifPresent(client -> apply(client, said.get(connection)));
        }
    }

    private static void apply(DbtCloudClient client, @Nullable Switched switched) {
        ManualSuspension suspension = client.manualSuspension();
        boolean before = suspension.switched().isPresent();
        if (switched == null) {
            suspension.release();
            if (before) {
                LOG.info("The connection is resumed on this instance", pair(LogKey.CONNECTION, client.name()));
            }
        } else {
            suspension.hold(switched);
            if (!before) {
                LOG.warn(
                        "The connection is suspended on this instance: a person has said so",
                        about(client, switched.by(), switched.reason()));
            }
        }
    }

    private static RelayLog.Pair[] about(DbtCloudClient client, @Nullable String by, @Nullable String reason) {
        return present(pair(LogKey.CONNECTION, client.name()), pair(LogKey.KEY, by), pair(LogKey.REASON, reason));
    }

    private static RelayLog.Pair[] about(JobOfConnection job, @Nullable String by, @Nullable String reason) {
        return present(
                pair(LogKey.CONNECTION, job.connection()),
                pair(LogKey.JOB_ID, job.jobId()),
                pair(LogKey.KEY, by),
                pair(LogKey.REASON, reason));
    }

    private static RelayLog.Pair[] present(RelayLog.Pair... pairs) {
        return Stream.of(pairs).filter(pair -> pair.value() != null).toArray(RelayLog.Pair[]::new);
    }
}
