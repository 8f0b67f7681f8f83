package org.dbtrelay.testkit;

import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;

/**
 * The broker as a process of its own, for tests that kill or freeze it. Arguments: data directory, port (0 or absent: a free
 * one). Prints {@value #READY}{@code <host>:<port>} when it serves clients, and ends in good order on SIGTERM.
 */
public final class EmbeddedKafkaMain {

    /** The beginning of the line that names the bootstrap server. */
    public static final String READY = "Kafka is ready: ";

    private EmbeddedKafkaMain() {}

    public static void main(String[] arguments) throws InterruptedException {
        if (arguments.length < 1 || arguments.length > 2) {
            System.err.println("Arguments: <data directory> [<port>]");
            System.exit(2);
        }
        int port = arguments.length == 2 ? Integer.parseInt(arguments[1]) : 0;
        var kafka = EmbeddedKafka.in(Path.of(arguments[0]), port).mayHalt().start();
        Runtime.getRuntime().addShutdownHook(new Thread(kafka::stop, "stop-kafka"));
        System.out.println(READY + kafka.bootstrapServers());
        new CountDownLatch(1).await();
    }
}
