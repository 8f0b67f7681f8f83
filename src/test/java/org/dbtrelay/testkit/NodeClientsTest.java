package org.dbtrelay.testkit;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class NodeClientsTest {

    @Test
    void tellsHowAScriptFailed() {
        NodeClients clients = NodeClients.orSkip();
        assertThatThrownBy(() -> clients.run("produce.mjs", "nowhere:1", "topic", "unheard-of", "none.json"))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("no partitioner 'unheard-of'");
    }
}
