package org.dbtrelay.emulator;

import java.io.PrintStream;
import java.net.BindException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;

/**
 * The emulator as a process of its own. Its options are system properties; the command line takes them as well, after the jar's name.
 */
public final class EmulatorMain {

    private static final String PORT = "emulator.port";
    private static final String BIND = "emulator.bind";
    private static final String ACCOUNT_ID = "emulator.account-id";
    private static final String TOKEN = "emulator.token";
    private static final String SPEED = "emulator.speed";
    private static final String ENGINE = "emulator.engine";
    private static final String ADAPTER = "emulator.adapter";
    private static final String STRICT = "emulator.strict";
    private static final String STORAGE_PORT = "emulator.storage-port";
    private static final String TLS = "emulator.tls";
    private static final String TLS_NAMES = "emulator.tls-names";
    private static final String DIRECTORY = "emulator.directory";

    private static final int DEFAULT_PORT = 8580;
    private static final String DEFAULT_DIRECTORY = "target/emulator";

    /** The options, each with its default value and its meaning. */
    private static final List<Option> OPTIONS = List.of(
            new Option(PORT, String.valueOf(DEFAULT_PORT), "the port; 0 takes a free one"),
            new Option(BIND, DbtCloudEmulator.LOOPBACK, "the address to listen at; 0.0.0.0 for all"),
            new Option(ACCOUNT_ID, String.valueOf(World.ACCOUNT_ID), "the account"),
            new Option(TOKEN, DbtCloudEmulator.TOKEN, "the token that is valid at the start"),
            new Option(SPEED, "1", "10: runs take a tenth of the time"),
            new Option(ENGINE, "core", "fusion: the jobs' runs have the logs and artifacts of Fusion, which is dbt v2"),
            new Option(ADAPTER, "none", "snowflake, bigquery …: the jobs build a project in such a database"),
            new Option(STRICT, "off", "take only what dbt Cloud's documents describe"),
            new Option(STORAGE_PORT, "off", "redirect files to presigned URLs at this other port; 0 takes a free one"),
            new Option(TLS, "off", "https, with a certificate that the emulator makes"),
            new Option(TLS_NAMES, "none", "more names and addresses for the certificate, by commas"),
            new Option(DIRECTORY, DEFAULT_DIRECTORY, "the directory of the certificate"));

    private record Option(String name, String standard, String meaning) {}

    private EmulatorMain() {}

    /**
     * Runs until the process is told to end.
     *
     * @param args {@code --help}, or options as {@code -Demulator.port=0}
     */
    public static void main(String[] args) throws InterruptedException {
        for (String arg : args) {
            if (arg.equals("--help") || arg.equals("-h")) {
                help(System.out);
                return;
            }
            if (!isTaken(arg)) {
                System.err.println("dbt Cloud emulator: there is no option " + arg + "; --help lists all.");
                System.exit(2);
            }
        }
        // Else the JVM warns that Netty uses sun.misc.Unsafe.
        System.setProperty("io.netty.noUnsafe", "true");
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
        describe(emulator, isSet(STRICT), out);
        told.await();
    }

    private static void help(PrintStream out) {
        out.println("An HTTP server that behaves like dbt Cloud's Administrative API. Options:");
        for (Option option : OPTIONS) {
            out.printf("  -D%-20s %s (default: %s)%n", option.name(), option.meaning(), option.standard());
        }
        out.flush();
    }

    /** Sets the system property of an option on the command line; false if there is no such option. */
    private static boolean isTaken(String arg) {
        String[] parts = arg.split("=", 2);
        Option option = OPTIONS.stream()
                .filter(known -> parts[0].equals("-D" + known.name()))
                .findFirst()
                .orElse(null);
        if (option == null) {
            return false;
        }
        System.setProperty(option.name(), parts.length == 2 ? parts[1] : "true");
        return true;
    }

    private static DbtCloudEmulator.Builder configured(PrintStream out) {
        DbtCloudEmulator.Builder builder = DbtCloudEmulator.builder()
                .world(world())
                .port(Integer.getInteger(PORT, DEFAULT_PORT))
                .bind(System.getProperty(BIND, DbtCloudEmulator.LOOPBACK))
                .behaviour(Behaviour.likely()
                        .speed(Double.parseDouble(System.getProperty(SPEED, "1")))
                        .strict(isSet(STRICT)));
        String token = System.getProperty(TOKEN);
        if (token != null && !token.isEmpty()) {
            builder.token(token);
        }
        Integer storagePort = Integer.getInteger(STORAGE_PORT);
        if (storagePort != null) {
            builder.storage(storagePort);
        }
        if (isSet(TLS)) {
            Path directory =
                    Path.of(System.getProperty(DIRECTORY, DEFAULT_DIRECTORY)).toAbsolutePath();
            out.println("dbt Cloud emulator: making an authority and a certificate of its own, some seconds …");
            builder.tls(PrivateCa.in(directory, names()));
        }
        return builder;
    }

    private static World world() {
        World world = World.standard(Long.getLong(ACCOUNT_ID, World.ACCOUNT_ID));
        String adapter = System.getProperty(ADAPTER, "");
        World building = adapter.isEmpty() ? world : world.building(adapter);
        return System.getProperty(ENGINE, "core").equals("fusion") ? building.fusion() : building;
    }

    private static String[] names() {
        return Stream.of(System.getProperty(TLS_NAMES, "").split(",", -1))
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
