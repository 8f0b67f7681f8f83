package org.dbtrelay.sim;

final class SimMain {
    public static void main(String[] args) {
        java.util.logging.Logger.getLogger("").setLevel(java.util.logging.Level.OFF);
        Uncaught.watch();
        long from = Long.parseLong(args[0]);
        long to = Long.parseLong(args[1]);
        boolean trace = args.length > 2;
        Coverage all = new Coverage();
        long steps = 0;
        long simNanos = 0;
        int bad = 0;
        long t0 = System.nanoTime();
        for (long seed = from; seed < to; seed++) {
            long b = System.nanoTime();
            if (System.getProperty("v") != null) System.out.println("seed " + seed);
            Simulation.Result r = Simulation.run(Plan.of(seed));
            all.add(r.coverage());
            steps += r.steps();
            simNanos += r.nanos();
            if (System.nanoTime() - b > 500_000_000L)
                System.out.println("slow seed " + seed + " " + (System.nanoTime() - b) / 1000000 + " ms, simulated s "
                        + r.nanos() / 1000000000 + " steps " + r.steps());
            if (trace) r.trace().lines().forEach(l -> System.out.println(l.length() > 400 ? l.substring(0, 400) : l));
            if (!r.isFine()) {
                bad++;
                if (bad < 15)
                    System.out.println("seed " + seed + ": "
                            + r.violations()
                                    .getFirst()
                                    .substring(
                                            0,
                                            Math.min(
                                                    300,
                                                    r.violations().getFirst().length())));
            }
        }
        double s = (System.nanoTime() - t0) / 1e9;
        System.out.println(all);
        Uncaught.all().stream().limit(3).forEach(System.out::println);
        System.out.printf(
                "%d histories, %d bad, %.1f s, %.1f ms each, %d steps each, %d s simulated each%n",
                to - from, bad, s, s * 1000 / (to - from), steps / (to - from), simNanos / 1000000000 / (to - from));
    }
}
