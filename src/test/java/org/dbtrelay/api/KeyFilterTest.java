package org.dbtrelay.api;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.ws.rs.container.ContainerRequestContext;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** With {@code relay.api.open} anybody's page in a browser inside the network could else end commands: it needs no leave for a POST. */
class KeyFilterTest {

    private static boolean refused(String method, Map<String, String> headers) {
        Map<String, String> all = new TreeMap<>(headers);
        all.put("Host", "relay.example:8080");
        ContainerRequestContext request = (ContainerRequestContext) Proxy.newProxyInstance(
                KeyFilterTest.class.getClassLoader(),
                new Class<?>[] {ContainerRequestContext.class},
                (proxy, called, arguments) -> called.getName().equals("getMethod") ? method : all.get(arguments[0]));
        return KeyFilter.isFromForeignPage(request);
    }

    @ParameterizedTest
    @CsvSource({
        "cross-site, true",
        "same-site, true",
        "same-origin, false",
        "none, false",
    })
    void aBrowserSaysWhosePageItIs(String site, boolean foreign) {
        assertThat(refused("POST", Map.of("Sec-Fetch-Site", site))).isEqualTo(foreign);
        assertThat(refused("PUT", Map.of("Sec-Fetch-Site", site))).isEqualTo(foreign);
        assertThat(refused("GET", Map.of("Sec-Fetch-Site", site))).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "https://evil.example, true",
        "null, true",
        "http://relay.example, true",
        "http://evil-relay.example:8080, true",
        "http://relay.example:8080, false",
        "https://relay.example:8080, false",
    })
    void anOlderOneSaysItByItsOrigin(String origin, boolean foreign) {
        assertThat(refused("POST", Map.of("Origin", origin))).isEqualTo(foreign);
        assertThat(refused("HEAD", Map.of("Origin", origin))).isFalse();
    }

    @Test
    void whatIsNoBrowserSaysNothing() {
        assertThat(refused("POST", Map.of())).isFalse();
    }
}
