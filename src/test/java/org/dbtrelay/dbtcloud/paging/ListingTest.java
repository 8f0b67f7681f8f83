package org.dbtrelay.dbtcloud.paging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.http.Envelope;
import org.dbtrelay.dbtcloud.paging.Listing.Shape;
import org.dbtrelay.run.job.CallFailure;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Lists of a server that does not do what it is asked to. */
@Timeout(20)
class ListingTest {

    private static final int ROWS = 100;

    /** Stops a test that would ask for ever. */
    private static final int FAR_TOO_MANY = 1_000;

    private final AtomicInteger requests = new AtomicInteger();

    private Listing<Long> sameRowsAlways(@Nullable Integer totalCount, @Nullable String idAbove, String orderBy) {
        ArrayNode rows = JsonNodeFactory.instance.arrayNode();
        for (int id = 1; id <= ROWS; id++) {
            rows.addObject().put("id", id);
        }
        return new Listing<>(
                parameters -> {
                    if (requests.incrementAndGet() > FAR_TOO_MANY) {
                        throw new IllegalStateException("it asks for ever");
                    }
                    return new Envelope(rows, totalCount);
                },
                new Shape<>(row -> row.path("id").longValue(), id -> id, idAbove),
                Map.of("order_by", orderBy));
    }

    /** The filter or the offset counts for nothing there: each page has the rows of the first one. */
    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                "250, id__gt, id, 2",
                "-, id__gt, id, 2",
                "-, -, id, 4",
                "-, -, -id, 4",
                "-, id__gt, name, 4",
                "-, -, name, 4"
            })
    void pagesWithNothingNewEndIt(@Nullable Integer totalCount, @Nullable String idAbove, String orderBy, int asked) {
        assertThatThrownBy(() -> sameRowsAlways(totalCount, idAbove, orderBy).toList())
                .isInstanceOfSatisfying(
                        DbtCloudException.class, e -> assertThat(e.failure()).isInstanceOf(CallFailure.Unclear.class));
        assertThat(requests).hasValue(asked);
    }

    @Test
    void theLastPageEndsItBefore() throws DbtCloudException {
        assertThat(sameRowsAlways(ROWS, "id__gt", "id").toList()).hasSize(ROWS);
        assertThat(requests).hasValue(1);
    }
}
