package org.dbtrelay.artifact;

import java.net.URI;
import java.net.URISyntaxException;
import org.dbtrelay.run.job.ArtifactContent;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.StoredArtifact;
import org.dbtrelay.run.job.WantedArtifact;

/** Keeps nothing: an artifact stays in dbt Cloud and is announced with dbt Cloud's own URL. */
final class NoStore implements ArtifactStore {

    /**
     * The artifact with the URL that reads it, given a token; not read, so without size, checksum and content.
     *
     * @param host the access URL of the account
     */
    StoredArtifact pointTo(URI host, RunSnapshot run, WantedArtifact wanted) {
        return new StoredArtifact(wanted, url(host, run, wanted), null, null, null, ArtifactContent.NONE);
    }

    private static String url(URI host, RunSnapshot run, WantedArtifact wanted) {
        String base = host.getPath() == null ? "" : host.getPath().replaceFirst("/+$", "");
        String path =
                base + "/api/v2/accounts/" + run.accountId() + "/runs/" + run.runId() + "/artifacts/" + wanted.path();
        String query = wanted.step() == null ? null : "step=" + wanted.step();
        try {
            // This constructor encodes what may not stand in a path; the one for a whole text does not.
            return StoreLayout.ascii(new URI(host.getScheme(), host.getAuthority(), path, query, null));
        } catch (URISyntaxException e) {
            throw new IllegalStateException("relay.connections.*.host is no access URL: " + host, e);
        }
    }
}
