package org.dbtrelay.control;

import static org.dbtrelay.metrics.RelayLog.pair;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.vertx.http.HttpServer;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.jspecify.annotations.Nullable;

/**
 * Where the other instances of the deployment can be reached: each says so over the control topic, again and again as long as it
 * lives.
 */
@Singleton
public class Instances {

    private static final RelayLog LOG = RelayLog.of(Instances.class);
    static final String PREFIX = "instance/";

    /** So often an instance says that it is there. */
    private static final Duration HEARTBEAT = Duration.ofSeconds(10);

    private static final Duration NOT_YET = Duration.ofMillis(200);

    /** An instance that was silent for so long is gone. */
    static final Duration GONE = Duration.ofSeconds(35);

    /** The topic forgets an instance after so long; its clock may be wrong. */
    private static final Duration FORGOTTEN = Duration.ofHours(1);

    private static final int LONGEST_URL = 500;

    private final String id = UUID.randomUUID().toString();
    private final Optional<URI> advertised;
    private final HttpServer server;
    private final ControlTopic topic;
    private final Clock clock;
    private final Instant startedAt;
    private final Map<String, Heard> others = new ConcurrentHashMap<>();
    private final CountDownLatch read = new CountDownLatch(1);
    private final CountDownLatch stopping = new CountDownLatch(1);

    private record Heard(@Nullable URI url, Instant at) {}

    Instances(RelayConfig config, HttpServer server, ControlTopic topic, Clock clock) {
        this.advertised = config.api().advertisedUrl();
        this.server = server;
        this.topic = topic;
        this.clock = clock;
        this.startedAt = clock.instant();
    }

    /** The addresses at which the APIs of the other instances can be reached, as far as they say. */
    public List<URI> others() {
        Instant oldest = clock.instant().minus(GONE);
        Optional<URI> here = here();
        return others.values().stream()
                .filter(heard -> heard.at().isAfter(oldest))
                .map(Heard::url)
                .flatMap(Stream::ofNullable)
                .distinct()
                .filter(url -> here.isEmpty() || !here.get().equals(url))
                .sorted()
                .toList();
    }

    /** The id of this one, new at each start. */
    public String id() {
        return id;
    }

    /** Since when this one runs. */
    public Instant startedAt() {
        return startedAt;
    }

    /** Where this one can be reached; empty: it does not say, or does not listen yet. */
    public Optional<URI> here() {
        if (advertised.isEmpty() || advertised.get().getPort() != 0) {
            return advertised;
        }
        URI url = advertised.get();
        int port = "https".equals(url.getScheme()) ? server.getSecurePort() : server.getPort();
        return port <= 0
                ? Optional.empty()
                : Optional.of(URI.create(url.getScheme() + "://" + url.getHost() + ":" + port));
    }

    void onStart(@Observes StartupEvent event) {
        Thread.ofVirtual().name("instance").start(() -> {
            try {
                read.await();
                forgetTheDead();
                while (advertised.isPresent()) {
                    Optional<URI> here = here();
                    here.ifPresent(url -> write(id, ControlRecord.json(Map.of("version", 1, "url", url))));
                    if (stopping.await((here.isPresent() ? HEARTBEAT : NOT_YET).toMillis(), TimeUnit.MILLISECONDS)) {
                        return;
                    }
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    void onStop(@Observes ShutdownEvent event) {
        stopping.countDown();
    }

    /** All records of before are read. */
    void known() {
        read.countDown();
    }

    /**
     * A record of the topic.
     *
     * @param at when the instance wrote it, if that was before this one read the topic; else now
     */
    void read(String key, byte @Nullable [] value, Instant at) {
        String other = key.substring(PREFIX.length());
        if (value == null) {
            others.remove(other);
        } else if (!other.equals(id)) {
            others.put(other, new Heard(url(other, value), read.getCount() > 0 ? at : clock.instant()));
        }
    }

    private static @Nullable URI url(String instance, byte[] value) {
        try {
            JsonNode url = ControlRecord.read(value).path("url");
            if (url.isTextual() && url.textValue().length() <= LONGEST_URL) {
                return URI.create(url.textValue());
            }
        } catch (IOException | IllegalArgumentException e) {
            LOG.debug("An instance says nothing that can be read", pair(LogKey.DETAIL, e));
        }
        LOG.warn("An instance does not say where it can be reached", pair(LogKey.KEY, instance));
        return null;
    }

    /** Instances that were killed, which nobody else removes: the topic would grow with every restart. */
    private void forgetTheDead() {
        Instant oldest = clock.instant().minus(FORGOTTEN);
        others.forEach((other, heard) -> {
            if (heard.at().isBefore(oldest)) {
                write(other, null);
            }
        });
    }

    private void write(String instance, byte @Nullable [] value) {
        if (topic.whyAbsent().isEmpty()) {
            try {
                topic.write(PREFIX + instance, value);
            } catch (ControlTopic.NotConfirmed e) {
                LOG.debug("The other instances were not told; they will be", pair(LogKey.REASON, e.getMessage()));
            }
        }
    }
}
