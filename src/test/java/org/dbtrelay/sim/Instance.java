package org.dbtrelay.sim;

import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.producer.Producer;
import org.dbtrelay.command.SimCommands;
import org.dbtrelay.dbtcloud.connection.SimConnections;
import org.dbtrelay.flow.SimFlow;
import org.dbtrelay.ledger.SimLedger;
import org.dbtrelay.metrics.RelayMetrics;
import org.dbtrelay.metrics.SimMetrics;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.watch.SimPoller;

/** One process of the relay: the real objects, wired as the container would, on the simulated outside. */
final class Instance {

    /** Its own, as all of it: a lock that two histories share lets the one wait in real time for the other. */
    private final RelayMetrics metrics = SimMetrics.none();

    private final World world;
    private final SimProcess process;
    private final SimConfig config;
    private final SimFlow flow;
    private final SimConnections connections;
    private final SimChannel channel;
    private final SimLedger ledger;
    private int producers;

    Instance(World world, SimProcess process, SimConfig config) {
        this.world = world;
        this.process = process;
        this.config = config;
        Meddling meddling = new Meddling(world, process);
        this.connections = new SimConnections(
                config.relay(),
                new SimApi(world, process, world.cloud(), new Budget(world, process, config)),
                process.clock(),
                process.time(),
                metrics);
        this.flow = new SimFlow(
                config.relay(),
                meddling.policy(config.policy()),
                connections.connections(),
                process.clock(),
                process.time(),
                metrics,
                meddling);
        this.channel = new SimChannel(world, process, SimCommands.decoder(config.relay()));
        this.ledger = new SimLedger(
                clients(),
                config.relay(),
                meddling.work(flow.work()),
                channel.clients(),
                process.clock(),
                process.time(),
                metrics,
                change -> SimFlow.share(connections.connections(), change));
    }

    SimProcess process() {
        return process;
    }

    SimChannel channel() {
        return channel;
    }

    SimFlow flow() {
        return flow;
    }

    /** A person has suspended jobs, or has let them go on. */
    void jobsSwitched() {
        ledger.owners().offerToAll(new Input.JobsSwitched());
    }

    void start() {
        world.stops().tellAtStart(process, flow.jobSwitches());
        process.spawn("main", () -> {
            channel.start(ledger);
            Runnable poller = SimPoller.of(
                    ledger.owners(),
                    flow.watches(),
                    connections.connections(),
                    config.policy(),
                    config.relay(),
                    process.clock(),
                    process.time(),
                    metrics,
                    SimPoller.lister(
                            flow.observations(),
                            ledger.startedRuns(),
                            connections.connections(),
                            config.relay(),
                            process.clock(),
                            process.time(),
                            metrics));
            process.spawn("ticks", () -> forever(1_000, poller));
            process.spawn("judge", () -> forever(1_000, this::checkThatNoneIsSuspended));
            process.spawn("probes", () -> forever(3_000, connections::probe));
        });
    }

    /** SIGTERM. */
    void stop() {
        process.spawn("shutdown", () -> {
            channel.stop();
            world.trace().say(process.name(), "has stopped in order");
            world.ended(this);
        });
    }

    /** What is refused of one job says nothing about the token. */
    private void checkThatNoneIsSuspended() {
        boolean ofOneJob = world.lasting() == null || world.lasting().jobId() != null;
        boolean fromOutside = world.plan().tokenTrouble() || world.plan().http() > 0;
        world.check(
                !ofOneJob || fromOutside || !connections.isAnySuspended(),
                "%s takes its connection for suspended, and only calls about one job are refused",
                process.name());
    }

    private void forever(long millis, Runnable work) {
        while (true) {
            work.run();
            process.sleep((millis + world.faults().upTo(1_500)) * 1_000_000);
        }
    }

    /** Each process finds itself in a cluster of its own, as if the ledger were moved from one to the other. */
    static String clusterOf(SimProcess process) {
        return "cluster-of-" + process.name();
    }

    private SimLedger.Clients clients() {
        return new SimLedger.Clients() {
            @Override
            public Producer<byte[], byte[]> producer(int partition) {
                String id = config.relay().topics().ledger() + "-" + partition;
                return new SimProducer(world, process, world.mutant() == Mutant.NO_FENCE ? id + "-" + producers++ : id);
            }

            @Override
            public Consumer<byte[], byte[]> reader(int partition) {
                return SimReader.of(world, process, world.mutant() != Mutant.READ_UNCOMMITTED);
            }

            @Override
            public long[] endAndCommitted(int partition) {
                return channel.endAndCommitted(partition);
            }

            @Override
            public long ledgerEnd(int partition) {
                return world.plan().observes()
                        ? world.broker().log(SimConfig.LEDGER, partition).end()
                        : 0;
            }

            @Override
            public String clusterId() {
                return clusterOf(process);
            }

            @Override
            public String topicId() {
                return "commands-topic";
            }

            @Override
            public int partitions() {
                return world.plan().partitions();
            }

            @Override
            public int partitionsOfKeys() {
                return world.mutant() == Mutant.TAKEN_WHERE_IT_LIES ? 0 : partitions();
            }
        };
    }
}
