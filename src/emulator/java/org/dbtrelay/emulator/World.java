package org.dbtrelay.emulator;

import java.time.Duration;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The accounts, projects, environments and jobs. A test may add some while the emulator runs. The methods that add
 * put each thing into what was added last: a project into the last account, a job into the last environment.
 */
public final class World {
    /** The account of {@link #standard()}. */
    public static final long ACCOUNT_ID = 70403103920001L;

    private final NavigableMap<Long, EmulatedAccount> accounts = new ConcurrentSkipListMap<>();
    private final NavigableMap<Long, EmulatedProject> projects = new ConcurrentSkipListMap<>();
    private final NavigableMap<Long, EmulatedEnvironment> environments = new ConcurrentSkipListMap<>();
    private final NavigableMap<Long, EmulatedJob> jobs = new ConcurrentSkipListMap<>();
    private final AtomicLong nextId = new AtomicLong(70403103930000L);
    private volatile int webhookPatience = 1000;
    private volatile long firstAccount;
    private volatile long lastAccount;
    private volatile long lastProject;
    private volatile long lastEnvironment;

    /** A world with nothing in it. */
    public static World empty() {
        return new World();
    }

    /** One account {@link #ACCOUNT_ID} with the project {@code Jaffle Shop} and its environment {@code Production}; no jobs. */
    public static World jaffleShop() {
        return jaffleShop(ACCOUNT_ID);
    }

    private static World jaffleShop(long accountId) {
        return empty().account(accountId, "Jaffle Shop").project("Jaffle Shop").environment("Production");
    }

    /**
     * One account {@link #ACCOUNT_ID} with two projects and, among their jobs, one that succeeds, one that fails in its
     * dbt step, one with docs, a slow one and a deactivated one.
     */
    public static World standard() {
        return standard(ACCOUNT_ID);
    }

    /** The same with another account id. */
    public static World standard(long accountId) {
        return jaffleShop(accountId)
                .job(EmulatedJob.named("Daily build").id(70403103930101L).description("succeeds"))
                .job(EmulatedJob.named("Broken build")
                        .id(70403103930102L)
                        .description("fails in dbt build")
                        .plan(RunPlan.failing(
                                        "dbt build", "Database Error in model orders: column \"amount\" is missing")
                                .failingNode(
                                        "model.jaffle_shop.orders",
                                        "error",
                                        "Database Error in model orders: column \"amount\" is missing")
                                .failingNode("test.jaffle_shop.not_null_orders_id.cf6c17daed", "skipped", "")))
                .job(EmulatedJob.named("Build with docs")
                        .id(70403103930103L)
                        .description("source freshness, build and docs")
                        .steps("dbt seed", "dbt build")
                        .withSourceFreshness()
                        .withDocs())
                .job(EmulatedJob.named("Slow build")
                        .id(70403103930104L)
                        .description("runs for two minutes")
                        .plan(RunPlan.succeeding().running(Duration.ofMinutes(2))))
                .job(EmulatedJob.named("Retired build")
                        .id(70403103930105L)
                        .description("deactivated: a trigger is refused")
                        .deactivated(true))
                .environment("Staging")
                .job(EmulatedJob.named("Daily build")
                        .id(70403103930106L)
                        .description("has the same name as a job in Production"))
                .project("Finance")
                .environment("Production")
                .job(EmulatedJob.named("Ledger build")
                        .id(70403103930107L)
                        .description("times out after a minute")
                        .timeout(Duration.ofMinutes(1))
                        .plan(RunPlan.succeeding().running(Duration.ofHours(1))));
    }

    /** The same with all jobs that are there by now run by Fusion. */
    public World fusion() {
        jobs.replaceAll((_, job) -> job.plan(job.plans().stream().map(RunPlan::fusion).toArray(RunPlan[]::new)));
        return this;
    }

    /** Has a webhook subscription deactivated after so many failed deliveries in a row; without this 1,000, as dbt Cloud does. */
    public World webhookPatience(int failures) {
        webhookPatience = failures;
        return this;
    }

    int webhookPatience() {
        return webhookPatience;
    }

    /** Adds an account. */
    public World account(long id, String name) {
        accounts.put(id, new EmulatedAccount(id, name, "enterprise", 15));
        if (accounts.size() == 1) {
            firstAccount = id;
        }
        lastAccount = id;
        return this;
    }

    /** Adds a project to the last account, with an id of the emulator's choice. */
    public World project(String name) {
        return project(nextId.addAndGet(1000), name);
    }

    /** Adds a project to the last account. */
    public World project(long id, String name) {
        projects.put(id, new EmulatedProject(id, lastAccount, name));
        lastProject = id;
        return this;
    }

    /** Adds an environment to the last project, with an id of the emulator's choice. */
    public World environment(String name) {
        return environment(nextId.addAndGet(1000), name);
    }

    /** Adds an environment to the last project. */
    public World environment(long id, String name) {
        environments.put(id, new EmulatedEnvironment(id, lastAccount, lastProject, name, "latest", null, true));
        lastEnvironment = id;
        return this;
    }

    /** The same with all jobs that are there by now building the jaffle shop in the database of an adapter, and environments that show it. */
    public World building(String adapter) {
        DbtProject project = DbtProject.jaffleShop(adapter);
        jobs.replaceAll((_, job) ->
                job.plan(job.plans().stream().map(plan -> plan.of(project)).toArray(RunPlan[]::new)));
        environments.replaceAll((_, each) -> new EmulatedEnvironment(
                each.id(), each.accountId(), each.projectId(), each.name(), each.dbtVersion(), adapter, true));
        return this;
    }

    /** The same with environments that show their connection by its id only, which has to be read by itself. */
    public World hidingConnections() {
        environments.replaceAll((_, each) -> new EmulatedEnvironment(
                each.id(),
                each.accountId(),
                each.projectId(),
                each.name(),
                each.dbtVersion(),
                each.adapter(),
                false));
        return this;
    }

    /** Adds the job to the last environment; if it has no id yet it gets one, see {@link #jobNamed}. */
    public World job(EmulatedJob job) {
        long id = job.id() == 0 ? nextId.addAndGet(1000) : job.id();
        jobs.put(id, job.at(id, lastAccount, lastProject, lastEnvironment));
        return this;
    }

    /** Adds the job to that environment, with an id of the emulator's choice. */
    EmulatedJob create(EmulatedJob job, EmulatedEnvironment environment) {
        EmulatedJob made =
                job.at(nextId.addAndGet(1000), environment.accountId(), environment.projectId(), environment.id());
        jobs.put(made.id(), made);
        return made;
    }

    /** Puts a changed job in the place of the one with its id; runs that exist keep their old definition. */
    public void change(EmulatedJob job) {
        EmulatedJob old = jobs.get(job.id());
        if (old == null) {
            throw new IllegalArgumentException("There is no job " + job.id());
        }
        jobs.put(job.id(), job.at(job.id(), old.accountId(), old.projectId(), old.environmentId()));
    }

    /** The job of that name; if there are several, the one with the lowest id. */
    public EmulatedJob jobNamed(String name) {
        return jobs.values().stream()
                .filter(job -> job.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("There is no job named " + name));
    }

    /** The id of the account that was added first, 0 in an empty world. */
    public long firstAccount() {
        return firstAccount;
    }

    /** By id, as all lists here. */
    public List<EmulatedAccount> accounts() {
        return List.copyOf(accounts.values());
    }

    /** The account's projects. */
    public List<EmulatedProject> projects(long accountId) {
        return projects.values().stream()
                .filter(project -> project.accountId() == accountId)
                .toList();
    }

    /** The account's environments. */
    public List<EmulatedEnvironment> environments(long accountId) {
        return environments.values().stream()
                .filter(environment -> environment.accountId() == accountId)
                .toList();
    }

    /** The account's jobs, deleted ones as well. */
    public List<EmulatedJob> jobs(long accountId) {
        return jobs.values().stream()
                .filter(job -> job.accountId() == accountId)
                .toList();
    }

    /** The account with that id. */
    public Optional<EmulatedAccount> account(long id) {
        return Optional.ofNullable(accounts.get(id));
    }

    /** The account's project with that id. */
    public Optional<EmulatedProject> project(long accountId, long id) {
        return Optional.ofNullable(projects.get(id)).filter(project -> project.accountId() == accountId);
    }

    /** The account's environment with that id. */
    public Optional<EmulatedEnvironment> environment(long accountId, long id) {
        return Optional.ofNullable(environments.get(id)).filter(environment -> environment.accountId() == accountId);
    }

    /** The account's job with that id, deleted or not. */
    public Optional<EmulatedJob> job(long accountId, long id) {
        return Optional.ofNullable(jobs.get(id)).filter(job -> job.accountId() == accountId);
    }
}
