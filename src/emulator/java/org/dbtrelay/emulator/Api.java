package org.dbtrelay.emulator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import java.util.Set;
import java.util.function.Function;

/** Carries a request out: the emulator without HTTP and without faults. */
final class Api {
    private final Access access;
    private final ResourceCalls resources;
    private final RunCalls runs;
    private final ArtifactCalls artifacts;
    private final Function<Request, Answer> webhooks;

    Api(
            Access access,
            ResourceCalls resources,
            RunCalls runs,
            ArtifactCalls artifacts,
            Function<Request, Answer> webhooks) {
        this.access = access;
        this.resources = resources;
        this.runs = runs;
        this.artifacts = artifacts;
        this.webhooks = webhooks;
    }

    /** The answer to a request; whatever it creates is created when this returns. */
    Answer answer(Request request, Hiding hiding) {
        try {
            if (request.endpoint() == Endpoint.UNKNOWN) {
                return unknown(request);
            }
            Set<Long> accounts = access.check(request);
            Values values = Parameters.check(request);
            return call(request, values, accounts, hiding);
        } catch (Refusal refusal) {
            return refusal.answer();
        }
    }

    private Answer call(Request request, Values values, Set<Long> accounts, Hiding hiding) {
        return switch (request.endpoint()) {
            case WHOAMI -> resources.whoAmI(accounts);
            case LIST_ACCOUNTS -> resources.accounts(accounts);
            case GET_ACCOUNT -> resources.account(request);
            case LIST_PROJECTS -> resources.projects(request, values);
            case GET_PROJECT -> resources.project(request, values);
            case LIST_ENVIRONMENTS -> resources.environments(request, values);
            case GET_ENVIRONMENT -> resources.environment(request);
            case GET_CONNECTION -> resources.connection(request);
            case LIST_JOBS -> resources.jobs(request, values);
            case CREATE_JOB -> runs.createJob(request);
            case DELETE_JOB -> runs.deleteJob(request);
            case GET_JOB -> runs.job(request, values);
            case TRIGGER -> runs.trigger(request, hiding);
            case RERUN -> runs.rerun(request, hiding);
            case LIST_RUNS -> runs.list(request, values);
            case GET_RUN -> runs.get(request, values);
            case CANCEL -> runs.cancel(request);
            case GET_RETRY -> runs.failureDetails(request);
            case RETRY -> runs.retry(request, hiding);
            case GET_STEP -> runs.step(request, values);
            case LIST_ARTIFACTS -> artifacts.list(request, values);
            case GET_ARTIFACT -> artifacts.ofRun(request, values);
            case GET_JOB_ARTIFACT -> artifacts.ofJob(request);
            case LIST_WEBHOOKS,
                    CREATE_WEBHOOK,
                    GET_WEBHOOK,
                    UPDATE_WEBHOOK,
                    DELETE_WEBHOOK,
                    TEST_WEBHOOK,
                    LIST_WEBHOOK_EVENTS -> webhooks.apply(request);
            case UNKNOWN -> unknown(request);
        };
    }

    private static Answer unknown(Request request) {
        JsonNode none = NullNode.instance;
        return Endpoint.isKnownPath(request)
                ? Envelope.error(405, "Method \"" + request.method() + "\" not allowed.", none)
                : Refusal.notFound().answer();
    }
}
