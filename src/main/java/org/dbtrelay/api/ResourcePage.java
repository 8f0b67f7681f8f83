package org.dbtrelay.api;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.function.Function;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.paging.Cursor;
import org.dbtrelay.dbtcloud.paging.Listing;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.jspecify.annotations.Nullable;

/**
 * A page of a list.
 *
 * @param data the rows as dbt Cloud sent them
 * @param nextCursor to ask for the next page; null after the last
 */
@Schema(name = "Page")
public record ResourcePage(
        @Schema(description = "The rows as dbt Cloud sent them")
        List<?> data,

        @JsonProperty("next_cursor")
        @Schema(description = "Give it as cursor to get the next page; null after the last")
        @Nullable
        String nextCursor) {

    static <T> ResourcePage of(Listing<T> listing, Filters filters, Function<T, ?> row) throws DbtCloudException {
        Listing.Page<T> page = listing.page(filters.cursor(), filters.limit());
        Cursor next = page.next();
        return new ResourcePage(page.rows().stream().map(row).toList(), next == null ? null : next.text());
    }

    /** All there is. */
    static ResourcePage whole(List<?> rows) {
        return new ResourcePage(rows, null);
    }
}
