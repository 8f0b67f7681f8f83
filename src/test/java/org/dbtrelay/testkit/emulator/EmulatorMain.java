package org.dbtrelay.testkit.emulator;

import java.io.PrintStream;
import java.util.concurrent.CountDownLatch;

/**
 * The emulator as its own process. System properties: {@code emulator.port} (default 8580, 0 for a free one),
 * {@code emulator.account-id}, {@code emulator.token}, {@code emulator.speed},
 * {@code emulator.slash-required} (Airflow's client leaves the last slash out when it gets a job).
 */
public final class EmulatorMain {
    private EmulatorMain() {}

    /** Runs until the process is told to end. */
    public static void main(String[] args) throws InterruptedException {
        DbtCloudEmulator.Builder builder = DbtCloudEmulator.builder()
                .world(World.standard(Long.getLong("emulator.account-id", World.ACCOUNT_ID)))
                .port(Integer.getInteger("emulator.port", 8580))
                .behaviour(Behaviour.likely()
                        .speed(Double.parseDouble(System.getProperty("emulator.speed", "1")))
                        .slashRequired(Boolean.parseBoolean(System.getProperty("emulator.slash-required", "true"))));
        String token = System.getProperty("emulator.token");
        if (token != null && !token.isEmpty()) {
            builder.token(token);
        }
        DbtCloudEmulator emulator = builder.start();
        CountDownLatch told = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            emulator.close();
            told.countDown();
        }));
        describe(emulator, System.out);
        told.await();
    }

    static void describe(DbtCloudEmulator emulator, PrintStream out) {
        World world = emulator.world();
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
        out.println("  faults, clock and counters: " + emulator.baseUrl() + "/emulator/...");
        out.println("Ctrl-C ends it.");
        out.flush();
    }
}
