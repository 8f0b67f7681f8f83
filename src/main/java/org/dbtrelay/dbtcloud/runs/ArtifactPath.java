package org.dbtrelay.dbtcloud.runs;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.run.job.CallFailure;

/** Makes the path of an artifact fit for a URL. */
final class ArtifactPath {

    private ArtifactPath() {}

    /**
     * Encodes segment by segment: the slashes stay.
     *
     * @throws DbtCloudException refused, if the path could lead anywhere else than below the run's artifacts
     */
    static String encode(String path) throws DbtCloudException {
        String[] segments = path.split("/", -1);
        for (String segment : segments) {
            if (segment.isEmpty()
                    || segment.equals(".")
                    || segment.equals("..")
                    || segment.indexOf('\\') >= 0
                    || segment.chars().anyMatch(Character::isISOControl)) {
                throw new DbtCloudException(new CallFailure.Refused(
                        "This is no path of an artifact: no empty, '.' or '..' segments, backslashes or control"
                                + " characters are allowed.",
                        400,
                        "path"));
            }
        }
        return Arrays.stream(segments)
                .map(segment ->
                        URLEncoder.encode(segment, StandardCharsets.UTF_8).replace("+", "%20"))
                .collect(Collectors.joining("/"));
    }
}
