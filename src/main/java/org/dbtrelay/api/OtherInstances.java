package org.dbtrelay.api;

import static org.dbtrelay.metrics.RelayLog.pair;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.rest.client.reactive.QuarkusRestClientBuilder;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.tls.TlsConfigurationRegistry;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.event.Reception;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import jakarta.ws.rs.ProcessingException;
import jakarta.ws.rs.client.ClientRequestFilter;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.dbtrelay.control.Instances;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.jboss.resteasy.reactive.client.api.LoggingScope;
import org.jspecify.annotations.Nullable;

/**
 * Asks the other instances for what this one does not know, all at the same time and each for a limited time. Asked by an
 * instance, an instance asks nobody: there are no loops.
 */
@Singleton
class OtherInstances {

    private static final RelayLog LOG = RelayLog.of(OtherInstances.class);
    private static final long CONNECT_MS = 1_000;
    private static final long READ_MS = 1_300;

    /** Asks each; with a time of its own for what no time-out of the client covers. Who asks has an answer within two seconds. */
    private static final long ALL_MS = 1_500;

    /** An instance that waits for news says after so long that there are none; one that is frozen says nothing. */
    static final Duration LONGEST_WAIT = Duration.ofSeconds(10);

    private final Supplier<List<URI>> instances;
    private final InstanceApi api;

    /** Waits for answers that are given only when something has happened. */
    private final InstanceApi patient;

    @Inject
    OtherInstances(Instances instances, KeyFilter keys, TlsConfigurationRegistry tls) {
        this(instances::others, client(keys, tls, READ_MS), client(keys, tls, LONGEST_WAIT.toMillis() + READ_MS));
    }

    /** With the addresses of the others, and a client for each kind of question. */
    OtherInstances(Supplier<List<URI>> instances, InstanceApi api, InstanceApi patient) {
        this.instances = instances;
        this.api = api;
        this.patient = patient;
    }

    private static InstanceApi client(KeyFilter keys, TlsConfigurationRegistry tls, long readMs) {
        QuarkusRestClientBuilder builder = QuarkusRestClientBuilder.newBuilder()
                .baseUri(URI.create("http://instance.invalid"))
                .connectTimeout(CONNECT_MS, TimeUnit.MILLISECONDS)
                .readTimeout(readMs, TimeUnit.MILLISECONDS)
                .followRedirects(false)
                .disableDefaultMapper(true)
                .loggingScope(LoggingScope.NONE)
                .register(signature(keys));
        tls.get("instances").or(tls::getDefault).ifPresent(builder::tlsConfiguration);
        return builder.build(InstanceApi.class);
    }

    /** What an instance has answered. */
    record Answer(URI instance, int status, @Nullable String contentType, String body) {}

    /**
     * What became of a question.
     *
     * @param answers of those that answered
     * @param silent the addresses of those that did not
     */
    record Answers(List<Answer> answers, List<URI> silent) {}

    /**
     * Answers as what they should be.
     *
     * @param missing a line for each instance that did not answer, or not so
     */
    record Read<T>(List<T> answers, List<String> missing) {}

    /** Whether no other instance says where it can be reached. */
    boolean isAlone() {
        return instances.get().isEmpty();
    }

    /** As {@code GET /api/commands}. */
    Answers commands(Map<String, String> query) {
        return ask((instance, client) -> client.commands(instance, query));
    }

    /** As {@code GET /api/commands/{command_id}}. */
    Answers command(String commandId) {
        return ask((instance, client) -> client.command(instance, commandId, CommandQuery.INSTANCE));
    }

    /**
     * As {@code GET /api/commands/{command_id}} with a wait, of the one instance that has the command.
     *
     * @return null: it does not answer
     */
    @Nullable
    Answer news(URI instance, String commandId, Map<String, String> query) {
        try {
            return answer(instance, patient.news(instance.toString(), commandId, query));
        } catch (ProcessingException | IllegalStateException e) {
            LOG.debug("An instance did not answer another one", pair(LogKey.DETAIL, instance + ": " + e));
            return null;
        }
    }

    /** As {@code POST /api/commands/{command_id}/end}. */
    Answers end(String commandId) {
        return ask((instance, client) -> client.end(instance, commandId, CommandQuery.INSTANCE));
    }

    /** As {@code GET /api/instances}. */
    Answers instances() {
        return ask((instance, client) -> client.instances(instance, CommandQuery.INSTANCE));
    }

    /** As {@code GET /api/activity}. */
    Answers activity() {
        return ask((instance, client) -> client.activity(instance, CommandQuery.INSTANCE));
    }

    /** The answers as what they should be; one of another version may be nothing such. */
    static <T> Read<T> read(ObjectMapper json, Answers answers, Class<T> type) {
        List<T> read = new ArrayList<>();
        List<String> missing = new ArrayList<>();
        answers.silent().forEach(instance -> missing.add(instance + ": it did not answer"));
        for (Answer answer : answers.answers()) {
            try {
                if (answer.status() == Response.Status.OK.getStatusCode()) {
                    read.add(json.readValue(answer.body(), type));
                    continue;
                }
            } catch (JsonProcessingException e) {
                LOG.warn(
                        "The answer of another instance cannot be read; is it of another version?",
                        pair(LogKey.DETAIL, e.getMessage()));
            }
            missing.add(answer.instance() + ": its answer cannot be read");
        }
        return new Read<>(read, missing);
    }

    private Answers ask(BiFunction<String, InstanceApi, Response> question) {
        List<URI> all = instances.get();
        List<Callable<Answer>> calls = all.stream()
                .<Callable<Answer>>map(instance -> () -> answer(instance, question.apply(instance.toString(), api)))
                .toList();
        List<Answer> answers = new ArrayList<>();
        List<URI> silent = new ArrayList<>();
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        try {
            List<Future<Answer>> asked = threads.invokeAll(calls, ALL_MS, TimeUnit.MILLISECONDS);
            for (int i = 0; i < asked.size(); i++) {
                @Nullable Answer answer = asked.get(i).isCancelled() ? null : answered(all.get(i), asked.get(i));
                if (answer == null) {
                    silent.add(all.get(i));
                } else {
                    answers.add(answer);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            silent.addAll(all);
        } finally {
            // Not close(): it would wait for a call that is past its time.
            threads.shutdownNow();
        }
        return new Answers(answers, silent);
    }

    private static @Nullable Answer answered(URI instance, Future<Answer> asked) throws InterruptedException {
        try {
            Answer answer = asked.get();
            if (answer.status() < 500 && answer.status() != Response.Status.UNAUTHORIZED.getStatusCode()) {
                return answer;
            }
            LOG.debug(
                    "An instance refused to answer another one",
                    pair(LogKey.DETAIL, instance + ": " + answer.status()));
        } catch (ExecutionException e) {
            LOG.debug("An instance did not answer another one", pair(LogKey.DETAIL, instance + ": " + e.getCause()));
        }
        return null;
    }

    private static Answer answer(URI instance, Response response) throws ProcessingException {
        try (response) {
            return new Answer(
                    instance,
                    response.getStatus(),
                    response.getHeaderString(HttpHeaders.CONTENT_TYPE),
                    response.readEntity(String.class));
        }
    }

    private static ClientRequestFilter signature(KeyFilter keys) {
        return request -> keys.signed(request.getMethod(), request.getUri())
                .ifPresent(header -> request.getHeaders().putSingle(HttpHeaders.AUTHORIZATION, header));
    }

    /** Ends the waits for news of others; a stop begins with it. */
    void waitNoLonger() {
        try {
            patient.close();
        } catch (IOException e) {
            LOG.debug("REST client did not close", pair(LogKey.DETAIL, e));
        }
    }

    /** Before Quarkus takes down what its REST client runs on: a request that ended later would end in an error of its own. */
    void onShutdown(@Observes(notifyObserver = Reception.IF_EXISTS) ShutdownEvent event) throws IOException {
        api.close();
    }
}
