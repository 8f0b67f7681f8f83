package org.dbtrelay.testkit.emulator;

import java.io.PrintStream;
import java.net.BindException;
import java.nio.file.Path;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;

/**
 * The emulator as its own process, for the relay and for other clients of dbt Cloud. System properties:
 * {@code emulator.port} (default 8580, 0 for a free one), {@code emulator.bind} (default 127.0.0.1),
 * {@code emulator.account-id}, {@code emulator.token}, {@code emulator.speed}, {@code emulator.strict} (default false),
 * {@code emulator.tls} (default false) with {@code emulator.tls-names} (more names for the certificate, by commas) and
 * {@code emulator.directory} (default {@code target/emulator}; where the certificate lies).
 */
public final class EmulatorMain {

    private EmulatorMain() {}

    /** Runs until the process is told to end. */
    public static void main(String[] args) throws InterruptedException {
        PrintStream out = System.out;
        out.println();
        out.println("dbt Cloud emulator: starting …");
        DbtCloudEmulator emulator;
        try {
            emulator = configured(out).start();
        } catch (CompletionException e) {
            if (e.getCause() instanceof BindException) {
                out.println("dbt Cloud emulator: " + e.getCause().getMessage()
                        + ". Another -Demulator.port=… helps; 0 takes a free one.");
                System.exit(1);
            }
            throw e;
        }
        CountDownLatch told = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            emulator.close();
            out.println();
            out.println("dbt Cloud emulator: ended. Its runs are forgotten.");
            out.flush();
            told.countDown();
        }));
        describe(emulator, isSet("emulator.strict"), out);
        told.await();
    }

    private static DbtCloudEmulator.Builder configured(PrintStream out) {
        DbtCloudEmulator.Builder builder = DbtCloudEmulator.builder()
                .world(World.standard(Long.getLong("emulator.account-id", World.ACCOUNT_ID)))
                .port(Integer.getInteger("emulator.port", 8580))
                .bind(System.getProperty("emulator.bind", DbtCloudEmulator.LOOPBACK))
                .behaviour(Behaviour.likely()
                        .speed(Double.parseDouble(System.getProperty("emulator.speed", "1")))
                        .strict(isSet("emulator.strict")));
        String token = System.getProperty("emulator.token");
        if (token != null && !token.isEmpty()) {
            builder.token(token);
        }
        if (isSet("emulator.tls")) {
            Path directory = Path.of(System.getProperty("emulator.directory", "target/emulator"))
                    .toAbsolutePath();
            out.println("dbt Cloud emulator: making an authority and a certificate of its own, some seconds …");
            builder.tls(PrivateCa.in(directory, names()));
        }
        return builder;
    }

    private static String[] names() {
        return Stream.of(System.getProperty("emulator.tls-names", "").split(",", -1))
                .map(String::strip)
                .filter(name -> !name.isEmpty())
                .toArray(String[]::new);
    }

    /** {@code -Dname} is as good as {@code -Dname=true}. */
    private static boolean isSet(String property) {
        return !System.getProperty(property, "false").equals("false");
    }

    static void describe(DbtCloudEmulator emulator, boolean strict, PrintStream out) {
        World world = emulator.world();
        out.println();
        out.println("dbt Cloud emulator at " + emulator.baseUrl());
        out.println("  account " + emulator.accountId() + ", token " + emulator.token());
        for (EmulatedProject project : world.projects(emulator.accountId())) {
            out.println("  project " + project.id() + " \"" + project.name() + "\"");
            for (EmulatedEnvironment environment : world.environments(emulator.accountId())) {
                if (environment.projectId() == project.id()) {
                    out.println("    environment " + environment.id() + " \"" + environment.name() + "\"");
                    world.jobs(emulator.accountId()).stream()
                            .filter(job -> job.environmentId() == environment.id())
                            .forEach(job -> out.println(
                                    "      job " + job.id() + " \"" + job.name() + "\": " + job.description()));
                }
            }
        }
        out.println("  page with runs, tokens, faults, clock and examples: " + emulator.baseUrl() + "/emulator/");
        if (strict) {
            out.println("  strict: it takes only what dbt Cloud's documents have");
        }
        emulator.certificate().ifPresent(file -> describe(emulator, file, out));
        out.println("Ctrl-C ends it.");
        out.flush();
    }

    private static void describe(DbtCloudEmulator emulator, Path certificate, PrintStream out) {
        String host = emulator.baseUrl().substring("https://".length());
        out.println("  TLS: clients have to trust the authority in " + certificate);
        out.println("    requests (Airflow, dbtc, dbt-cloud-cli)   export REQUESTS_CA_BUNDLE=" + certificate);
        out.println("    httpx (Prefect, dbt-mcp), OpenSSL         export SSL_CERT_FILE=" + certificate);
        out.println("    Node                                      export NODE_EXTRA_CA_CERTS=" + certificate);
        out.println("    curl                                      curl --cacert " + certificate);
        out.println("    the relay                                 export RELAY_CONNECTIONS_DEFAULT_TRUST_STORE="
                + certificate);
        out.println("    their host                                " + host);
    }
}
