package org.dbtrelay.api;

import jakarta.inject.Singleton;
import jakarta.ws.rs.NotFoundException;
import java.util.List;
import org.dbtrelay.dbtcloud.connection.Connections;
import org.dbtrelay.dbtcloud.connection.DbtCloudClient;

/** The configured connections, by the names in paths. */
@Singleton
class Clients {

    private final Connections connections;

    Clients(Connections connections) {
        this.connections = connections;
    }

    DbtCloudClient named(String connection) {
        return connections
                .find(connection)
                .orElseThrow(() -> new NotFoundException(
                        "there is no connection of this name; there are " + String.join(", ", connections.names())));
    }

    List<DbtCloudClient> all() {
        return connections.names().stream().map(this::named).toList();
    }
}
