package org.dbtrelay.api;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import jakarta.ws.rs.core.Response;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;
import org.dbtrelay.api.OtherInstances.Answer;
import org.dbtrelay.api.OtherInstances.Answers;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.flow.CommandViews;
import org.jspecify.annotations.Nullable;

/**
 * Answers about a command that wait until something has happened to it. They hold a virtual thread each, and there are only so
 * many. A command of another instance is waited for there, for some seconds each time: an instance may be frozen, or lose the
 * partition.
 */
@Singleton
class CommandNews {

    private static final int MOST = 200;

    /** A command that nobody knows may just have been sent. */
    private static final Duration ON_ITS_WAY = Duration.ofSeconds(5);

    private static final Duration PAUSE = Duration.ofMillis(300);

    private final CommandViews views;
    private final Commands commands;
    private final OtherInstances others;
    private final Monotonic time;
    private final ObjectMapper json;
    private final Semaphore waiting = new Semaphore(MOST);
    private volatile boolean stopping;

    CommandNews(CommandViews views, Commands commands, OtherInstances others, Monotonic time, ObjectMapper json) {
        this.views = views;
        this.commands = commands;
        this.others = others;
        this.time = time;
        this.json = json;
    }

    /** Requests that wait would hold up the stop, which waits for the requests at hand. */
    void onStop(@Observes ShutdownDelayInitiatedEvent event) {
        stopping = true;
        views.wakeAll();
        others.waitNoLonger();
    }

    /** Nobody waits any more. */
    boolean isStopping() {
        return stopping;
    }

    /**
     * The command when it has come so far, or as it is when the time is over.
     *
     * @param ofInstance whether no other one is asked
     */
    Response await(String commandId, Wait wait, boolean ofInstance) {
        if (!waiting.tryAcquire()) {
            return Problem.response(
                    Response.Status.SERVICE_UNAVAILABLE,
                    "as many requests wait here as may; ask again later, or without wait");
        }
        try {
            return new Attempt(commandId, wait, ofInstance).await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return stops();
        } finally {
            waiting.release();
        }
    }

    private static Response stops() {
        return Problem.response(Response.Status.SERVICE_UNAVAILABLE, "the relay stops");
    }

    private final class Attempt {

        private final String commandId;
        private final Wait wait;
        private final boolean ofInstance;
        private final Supplier<Duration> left;
        private final long began = time.nanos();

        /** The last that another instance has answered; null: none has it. */
        private @Nullable Answer known;

        Attempt(String commandId, Wait wait, boolean ofInstance) {
            this.commandId = commandId;
            this.wait = wait;
            this.ofInstance = ofInstance;
            this.left = () -> stopping ? Duration.ZERO : wait.longest().minusNanos(time.nanos() - began);
        }

        Response await() throws InterruptedException {
            try (CommandViews.Watch watch = views.watch(commandId)) {
                while (true) {
                    Optional<CommandViews.View> here = commands.here(commandId);
                    if (here.isPresent()) {
                        known = null;
                        if (isOver(here.get()) || !left.get().isPositive()) {
                            return Response.ok(commands.state(here.get(), true)).build();
                        }
                        watch.await(left.get());
                    } else if (ofInstance) {
                        return CommandResource.notHere();
                    } else if (stopping) {
                        // Its partition may have been given up just now.
                        return known == null ? stops() : passOn(known);
                    } else {
                        @Nullable Response answer = elsewhere(watch);
                        if (answer != null) {
                            return answer;
                        }
                    }
                }
            }
        }

        private boolean isOver(CommandViews.View view) {
            return wait.isOver(!view.entry().unfinished(), view.entry().nextSequence());
        }

        private boolean isOver(Answer answer) {
            try {
                JsonNode state = json.readTree(answer.body());
                return wait.isOver(
                        state.path("state").asText().equals("finished"),
                        state.path("events_told").asInt());
            } catch (JsonProcessingException e) {
                return true;
            }
        }

        /** Asks the others; null: it may be here by now, or somewhere else, and there is time. */
        private @Nullable Response elsewhere(CommandViews.Watch watch) throws InterruptedException {
            Answers answers = others.command(commandId);
            Optional<Answer> found = answers.answers().stream()
                    .filter(answer -> answer.status() == Response.Status.OK.getStatusCode())
                    .findFirst();
            if (found.isPresent()) {
                return follow(found.get());
            }
            boolean isUnknown = known == null && answers.silent().isEmpty();
            Duration patience = isUnknown ? ON_ITS_WAY.minusNanos(time.nanos() - began) : wait.longest();
            if (!left.get().isPositive() || !patience.isPositive()) {
                return known == null ? commands.elsewhere(answers) : passOn(known);
            }
            watch.await(PAUSE);
            return null;
        }

        private @Nullable Response follow(Answer answer) {
            known = answer;
            if (isOver(answer) || !left.get().isPositive()) {
                return passOn(answer);
            }
            URI instance = answer.instance();
            Duration some =
                    left.get().compareTo(OtherInstances.LONGEST_WAIT) < 0 ? left.get() : OtherInstances.LONGEST_WAIT;
            Map<String, String> query = wait.query(some.isNegative() ? Duration.ZERO : some);
            @Nullable Answer news = others.news(instance, commandId, query);
            if (news != null && news.status() == Response.Status.OK.getStatusCode()) {
                known = news;
                return isOver(news) || !left.get().isPositive() ? passOn(news) : null;
            }
            return null;
        }

        private static Response passOn(Answer answer) {
            return Response.status(answer.status())
                    .type(answer.contentType())
                    .entity(answer.body())
                    .build();
        }
    }
}
