package org.dbtrelay.ledger;

import jakarta.inject.Singleton;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;

/** Liveness: down if the owner of an assigned partition has stopped, because then a restart helps. */
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
