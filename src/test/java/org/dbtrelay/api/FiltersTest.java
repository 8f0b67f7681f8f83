package org.dbtrelay.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jakarta.ws.rs.core.MultivaluedHashMap;
import jakarta.ws.rs.core.UriInfo;
import java.lang.reflect.Proxy;
import java.util.Map;
import org.dbtrelay.dbtcloud.paging.Cursor;
import org.dbtrelay.dbtcloud.paging.Listing;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Filters go to dbt Cloud as it wants them; what it does not have is refused here. */
class FiltersTest {

    private static Filters filters(Map<String, String> parameters) {
        MultivaluedHashMap<String, String> query = new MultivaluedHashMap<>(parameters);
        UriInfo uri = (UriInfo) Proxy.newProxyInstance(
                FiltersTest.class.getClassLoader(),
                new Class<?>[] {UriInfo.class},
                (proxy, called, arguments) -> query);
        return Filters.of(uri, Filters.OF_RUNS);
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '~',
            delimiter = '|',
            value = {
                "status | 10 | 10",
                "order_by | -id | -id",
                "id__gt | 0070 | 70",
                "status__in | 10 | [10]",
                "status__in | 10, 20,-1 | [10,20,-1]",
                "pk__in | 1,,2 | [1,\"\",2]",
                "status__in | [10,20] | [10,20]",
                "dbt_version__in | 1.9,latest | [\"1.9\",\"latest\"]",
                "dbt_version__in | a\"b\\c | [\"a\\\"b\\\\c\"]",
                "created_at__range | 2026-11-01,2026-11-02 | [\"2026-11-01\",\"2026-11-02\"]",
                "pk__in | 1234567890123456789 | [\"1234567890123456789\"]",
            })
    void listsGoAsJson(String name, String value, String sent) {
        assertThat(filters(Map.of(name, value)).filters()).isEqualTo(Map.of(name, sent));
    }

    @ParameterizedTest
    @CsvSource({
        "id__gt, newest, number",
        "stat, 10, there is no such parameter here",
        "limit, 0, from 1 to 100",
        "limit, 101, from 1 to 100",
        "cursor, ?, next_cursor",
    })
    void aFaultNamesItsParameter(String name, String value, String rule) {
        assertThatThrownBy(() -> filters(Map.of(name, value)))
                .isInstanceOf(BadParameter.class)
                .hasMessageStartingWith(name + ": ")
                .hasMessageContaining(rule);
    }

    @Test
    void thePageIsNoFilter() {
        Filters none = filters(Map.of());
        assertThat(none.limit()).isEqualTo(Listing.LARGEST_PAGE);
        assertThat(none.cursor()).isNull();

        Filters page = filters(Map.of("limit", "5", "cursor", "50-70", "status", "10"));
        assertThat(page.limit()).isEqualTo(5);
        assertThat(page.cursor()).isEqualTo(new Cursor(50, 70));
        assertThat(page.filters()).isEqualTo(Map.of("status", "10"));
    }
}
