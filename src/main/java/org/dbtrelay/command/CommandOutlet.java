package org.dbtrelay.command;

import io.smallrye.mutiny.TimeoutException;
import io.smallrye.reactive.messaging.MutinyEmitter;
import io.smallrye.reactive.messaging.kafka.Record;
import jakarta.inject.Singleton;
import java.time.Duration;
import org.dbtrelay.run.Command;
import org.dbtrelay.run.JobNames;
import org.dbtrelay.run.JobSelector;
import org.eclipse.microprofile.reactive.messaging.Channel;

/** Puts commands that came by HTTP on the commands topic, keyed by job as producers are advised to. */
@Singleton
public class CommandOutlet {

    private static final Duration PATIENCE = Duration.ofSeconds(15);

    private final MutinyEmitter<Record<String, byte[]>> emitter;

    CommandOutlet(@Channel("commands-by-http") MutinyEmitter<Record<String, byte[]>> emitter) {
        this.emitter = emitter;
    }

    /** The brokers did not take a command, or did not say so in time. */
    public static final class NotTaken extends Exception {

        private static final long serialVersionUID = 1L;

        NotTaken(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /**
     * Sends and waits until the brokers have it.
     *
     * @throws NotTaken if they did not say that they took it; it may be there all the same
     */
    public void send(Command command, byte[] value) throws NotTaken {
        try {
            emitter.send(Record.of(key(command), value)).await().atMost(PATIENCE);
        } catch (TimeoutException e) {
            throw new NotTaken("Kafka does not answer", e);
        } catch (RuntimeException e) {
            throw new NotTaken("Kafka did not take the command: " + e.getMessage(), e);
        }
    }

    private static String key(Command command) {
        return switch (command) {
            case Command.Trigger trigger ->
                switch (trigger.job()) {
                    case JobSelector.ById(long jobId) -> Long.toString(jobId);
                    case JobSelector.ByNames(JobNames names) ->
                        names.projectName() + "/" + names.environmentName() + "/" + names.jobName();
                };
            case Command.Unfit unfit -> unfit.id();
        };
    }
}
