package org.dbtrelay.ledger;

import jakarta.inject.Singleton;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;

/** Alive as long as every partition of this instance has an owner that runs: only then would a restart help. */
@Liveness
@Singleton
class OwnerLiveness implements HealthCheck {

    private final Owners owners;

    OwnerLiveness(Owners owners) {
        this.owners = owners;
    }

    @Override
    public HealthCheckResponse call() {
        boolean running = owners.status().stream().noneMatch(owner -> owner.phase() == OwnerStatus.Phase.STOPPED);
        return HealthCheckResponse.named("owners").status(running).build();
    }
}
