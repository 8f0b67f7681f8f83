package org.dbtrelay.api;

import static org.dbtrelay.metrics.RelayLog.pair;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.rest.client.reactive.QuarkusRestClientBuilder;
import io.quarkus.tls.TlsConfigurationRegistry;
import jakarta.annotation.PreDestroy;
import jakarta.inject.Singleton;
import jakarta.ws.rs.ProcessingException;
import jakarta.ws.rs.client.ClientRequestFilter;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.net.URI;
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
    private static final long READ_MS = 1_500;

    /** Asks each; with a time of its own for what no time-out of the client covers. */
    private static final long ALL_MS = 1_800;

    private final Instances instances;
    private final KeyFilter keys;
    private final ObjectMapper json;
    private final InstanceApi api;

    OtherInstances(Instances instances, KeyFilter keys, ObjectMapper json, TlsConfigurationRegistry tls) {
        this.instances = instances;
        this.keys = keys;
        this.json = json;
        QuarkusRestClientBuilder builder = QuarkusRestClientBuilder.newBuilder()
                .baseUri(URI.create("http://instance.invalid"))
                .connectTimeout(CONNECT_MS, TimeUnit.MILLISECONDS)
                .readTimeout(READ_MS, TimeUnit.MILLISECONDS)
                .followRedirects(false)
                .disableDefaultMapper(true)
                .loggingScope(LoggingScope.NONE)
                .register(signature());
        tls.get("instances").or(tls::getDefault).ifPresent(builder::tlsConfiguration);
        this.api = builder.build(InstanceApi.class);
    }

    /** What an instance has answered. */
    record Answer(int status, @Nullable String contentType, String body) {}

    /**
     * What became of a question.
     *
     * @param answers of those that answered
     * @param silent the addresses of those that did not
     */
    record Answers(List<Answer> answers, List<URI> silent) {

        /** A line for each instance that did not answer. */
        List<String> missing() {
            return silent.stream()
                    .map(instance -> instance + ": it did not answer")
                    .toList();
        }
    }

    /** Whether no other instance says where it can be reached. */
    boolean isAlone() {
        return instances.others().isEmpty();
    }

    /** As {@code GET /api/commands}. */
    Answers commands(Map<String, String> query) {
        return ask((instance, client) -> client.commands(instance, query));
    }

    /** As {@code GET /api/commands/{command_id}}. */
    Answers command(String commandId) {
        return ask((instance, client) -> client.command(instance, commandId, CommandQuery.INSTANCE));
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
    <T> List<T> read(Answers answers, Class<T> type) {
        List<T> read = new ArrayList<>();
        for (Answer answer : answers.answers()) {
            if (answer.status() != Response.Status.OK.getStatusCode()) {
                continue;
            }
            try {
                read.add(json.readValue(answer.body(), type));
            } catch (JsonProcessingException e) {
                LOG.warn(
                        "The answer of another instance cannot be read; is it of another version?",
                        pair(LogKey.DETAIL, e.getMessage()));
            }
        }
        return read;
    }

    private Answers ask(BiFunction<String, InstanceApi, Response> question) {
        List<URI> all = instances.others();
        List<Callable<Answer>> calls = all.stream()
                .<Callable<Answer>>map(instance -> () -> answer(question.apply(instance.toString(), api)))
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

    private static Answer answer(Response response) throws ProcessingException {
        try (response) {
            return new Answer(
                    response.getStatus(),
                    response.getHeaderString(HttpHeaders.CONTENT_TYPE),
                    response.readEntity(String.class));
        }
    }

    private ClientRequestFilter signature() {
        return request -> keys.signed(request.getMethod(), request.getUri())
                .ifPresent(header -> request.getHeaders().putSingle(HttpHeaders.AUTHORIZATION, header));
    }

    @PreDestroy
    void close() throws IOException {
        api.close();
    }
}
