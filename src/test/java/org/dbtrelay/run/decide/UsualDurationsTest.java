package org.dbtrelay.run.decide;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.SampleRun;
import org.junit.jupiter.api.Test;

/** The relay learns when the runs of a job usually end, and polls less until then. */
class UsualDurationsTest {

    private static final Instant START = Instant.parse("2026-11-22T10:00:00Z");
    private static final Duration INTERVAL = Duration.ofSeconds(10);
    private static final Duration LONGEST = Duration.ofMinutes(1);
    private static final long ACCOUNT = 1;

    private final UsualDurations durations = new UsualDurations();

    @Test
    void fewRunsSayNothing() {
        ended(7, 600, 600, 600);
        assertThat(durations.shortest(ACCOUNT, 7)).isZero();
        ended(7, 600);
        assertThat(durations.shortest(ACCOUNT, 7)).isEqualTo(Duration.ofMinutes(10));
        assertThat(durations.shortest(ACCOUNT, 8)).isZero();
        assertThat(durations.shortest(2, 7)).isZero();
    }

    @Test
    void oneRunThatEndsEarlyChangesLittle() {
        ended(7, 600, 610, 620, 630, 640, 650, 660, 670, 680, 5);
        assertThat(durations.shortest(ACCOUNT, 7)).isEqualTo(Duration.ofMinutes(10));
        ended(7, 5);
        assertThat(durations.shortest(ACCOUNT, 7)).isEqualTo(Duration.ofSeconds(5));
    }

    @Test
    void onlyTheLastRunsCount() {
        ended(7, IntStream.range(0, 16).map(_ -> 60).toArray());
        ended(7, IntStream.range(0, 15).map(_ -> 600).toArray());
        assertThat(durations.shortest(ACCOUNT, 7)).isEqualTo(Duration.ofMinutes(10));
    }

    @Test
    void aRunWithoutTimesDoesNotCount() {
        for (int i = 0; i < 10; i++) {
            durations.ended(SampleRun.of(i).jobId(7).build());
        }
        assertThat(durations.shortest(ACCOUNT, 7)).isZero();
    }

    @Test
    void theJobsLongestUnusedAreForgotten() {
        for (int job = 1; job <= 10_001; job++) {
            ended(job, 600, 600, 600, 600);
        }
        assertThat(durations.shortest(ACCOUNT, 1)).isZero();
        assertThat(durations.shortest(ACCOUNT, 2)).isPositive();
    }

    @Test
    void gapsGrowShorterTowardsTheUsualEnd() {
        assertThat(gap(600)).isEqualTo(LONGEST);
        assertThat(gap(90)).isEqualTo(Duration.ofSeconds(45));
        assertThat(gap(21)).isEqualTo(Duration.ofMillis(10_500));
        assertThat(gap(20)).isEqualTo(INTERVAL);
        assertThat(gap(-600)).isEqualTo(INTERVAL);
        assertThat(PollPlan.gap(Duration.ofMinutes(5), Duration.ofHours(1), Duration.ofHours(1), LONGEST))
                .as("a longer interval")
                .isEqualTo(Duration.ofMinutes(5));
    }

    private static Duration gap(int secondsLeft) {
        return PollPlan.gap(INTERVAL, Duration.ofHours(1), Duration.ofSeconds(secondsLeft), LONGEST);
    }

    /**
     * Runs of 200 jobs as they are in practice: jobs take a minute to an hour, a job's runs differ by a fifth, and one in twenty
     * fails early.
     */
    @Test
    void halfOfThePollsTellTheEndAsSoon() {
        Random random = new Random(11);
        Polls alike = new Polls();
        Polls learned = new Polls();
        for (int job = 0; job < 200; job++) {
            double usual = 60 * Math.exp(random.nextDouble() * Math.log(60));
            for (int run = 0; run < 50; run++) {
                double spread = Math.exp(0.2 * random.nextGaussian());
                double part = random.nextInt(20) == 0 ? random.nextDouble() : 1;
                Duration length = Duration.ofMillis((long) (1000 * usual * spread * part));
                alike.follow(length, Duration.ZERO);
                learned.follow(length, durations.shortest(ACCOUNT, job));
                ended(job, (int) length.toSeconds());
            }
        }

        System.out.printf("polls: all alike %s; by usual durations %s%n", alike, learned);
        assertThat(learned.count).isLessThan(alike.count / 2);
        assertThat(learned.delay(0.5)).isLessThanOrEqualTo(alike.delay(0.5).plusMillis(500));
        assertThat(learned.delay(0.9)).isLessThanOrEqualTo(alike.delay(0.9).multipliedBy(2));
    }

    /** The polls of many runs, and the time from each end to the poll that shows it. */
    private static final class Polls {
        private long[] delays = new long[0];
        private int count;

        void follow(Duration length, Duration usual) {
            Duration now = Duration.ZERO;
            while (now.compareTo(length) < 0) {
                count++;
                now = now.plus(PollPlan.gap(INTERVAL, now, usual.minus(now), LONGEST));
            }
            count++;
            delays = Arrays.copyOf(delays, delays.length + 1);
            delays[delays.length - 1] = now.minus(length).toMillis();
        }

        Duration delay(double part) {
            long[] sorted = delays.clone();
            Arrays.sort(sorted);
            return Duration.ofMillis(sorted[(int) (part * sorted.length)]);
        }

        @Override
        public String toString() {
            return "%d a run, end told after %d ms (p50), %d ms (p90)"
                    .formatted(
                            count / delays.length,
                            delay(0.5).toMillis(),
                            delay(0.9).toMillis());
        }
    }

    private void ended(long job, int... seconds) {
        for (int second : seconds) {
            durations.ended(SampleRun.of(1)
                    .jobId(job)
                    .status(JobRunStatus.Known.SUCCESS)
                    .startedAt(START)
                    .finishedAt(START.plusSeconds(second))
                    .build());
        }
    }
}
