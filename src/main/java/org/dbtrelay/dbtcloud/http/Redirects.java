package org.dbtrelay.dbtcloud.http;

import jakarta.ws.rs.client.ClientRequestContext;
import jakarta.ws.rs.client.ClientResponseContext;
import jakarta.ws.rs.client.ClientResponseFilter;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MultivaluedMap;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Tells whether a read may follow a redirect. Only reads may: what starts, retries or cancels a run is never sent
 * anywhere but to the configured host.
 *
 * <ul>
 *   <li>By https; by plain http only to the very name that is configured with plain http, which can only be loopback.
 *   <li>Within the host's domain: the configured host and names below it, and, where the configured host is dbt Labs' own
 *       ({@code dbt.com}, {@code getdbt.com}), all of that domain, since there the account's access URL and the regions' hosts
 *       are siblings. No other parent domain is taken for the host's: whether siblings belong together cannot be told without
 *       the list of public suffixes ({@code a.co.uk} and {@code b.co.uk} do not), and that list is never up to date.
 *   <li>At most {@value #MOST} times, which also ends loops.
 *   <li>The token goes to the configured scheme, host and port only ({@link #isHome}); who answers elsewhere answers without.
 * </ul>
 */
public final class Redirects {

    static final int MOST = 3;

    private static final List<String> DBT_LABS = List.of("dbt.com", "getdbt.com");
    private static final Set<Integer> FOLLOWED = Set.of(301, 302, 303, 307, 308);

    /** The next step after an answer. */
    sealed interface Next {
        /** It is no redirect. */
        record Stay() implements Next {}

        /** Ask there. */
        record GoTo(URI target) implements Next {}

        /** It is not followed. {@code rule} is the rule that it breaks, as the end of a sentence. */
        record Refuse(String rule) implements Next {}
    }

    private final URI home;

    /** For a connection to {@code home}, the configured host. */
    public Redirects(URI home) {
        this.home = home;
    }

    /**
     * The next step after an answer to a read.
     *
     * @param location absolute already, see {@link #absoluteLocations()}
     * @param followed how many redirects have been followed for this read
     */
    Next after(int status, @Nullable String location, int followed) {
        if (status < 300 || status >= 400) {
            return new Next.Stay();
        }
        URI target = location == null ? null : parsedOrNull(location);
        if (!FOLLOWED.contains(status) || target == null) {
            return new Next.Refuse("it names no place to go on");
        }
        String scheme = lower(target.getScheme());
        boolean sameName = name(target).equals(name(home));
        if (!scheme.equals("https")
                && !(scheme.equals("http") && lower(home.getScheme()).equals("http") && sameName)) {
            return new Next.Refuse("redirects are followed by https only");
        }
        if (!isWithinDomain(name(target))) {
            return new Next.Refuse("redirects are followed within the domain of the configured host only");
        }
        if (followed >= MOST) {
            return new Next.Refuse("not more than " + MOST + " redirects are followed");
        }
        return new Next.GoTo(target);
    }

    /** Whether a URL is of the configured scheme, host and port: the only place that gets the token. */
    boolean isHome(URI url) {
        return url.getHost() != null
                && lower(url.getScheme()).equals(lower(home.getScheme()))
                && name(url).equals(name(home))
                && port(url) == port(home);
    }

    /** The name of the host that a URL points to; null if it names none. */
    static @Nullable String hostOf(@Nullable String location) {
        URI target = location == null ? null : parsedOrNull(location);
        return target == null ? null : name(target);
    }

    /** Makes {@code Location} absolute while it is known what was asked for. */
    static ClientResponseFilter absoluteLocations() {
        return new AbsoluteLocations();
    }

    private boolean isWithinDomain(String name) {
        String host = name(home);
        return isOf(host, name) || DBT_LABS.stream().anyMatch(domain -> isOf(domain, host) && isOf(domain, name));
    }

    private static boolean isOf(String domain, String name) {
        return name.equals(domain) || name.endsWith("." + domain);
    }

    /** Null for what has no host, or a name and a password in front of it. */
    private static @Nullable URI parsedOrNull(String location) {
        try {
            URI url = new URI(location);
            if (url.getScheme() == null || url.getHost() == null || url.getRawUserInfo() != null) {
                return null;
            }
            String path = url.getRawPath().isEmpty() ? "/" : url.getRawPath();
            String query = url.getRawQuery() == null ? "" : "?" + url.getRawQuery();
            // Without the fragment, which is not for the server.
            return new URI(url.getScheme() + "://" + url.getRawAuthority() + path + query);
        } catch (java.net.URISyntaxException e) {
            return null;
        }
    }

    private static String name(URI url) {
        String name = lower(url.getHost());
        return name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
    }

    private static int port(URI url) {
        if (url.getPort() != -1) {
            return url.getPort();
        }
        return lower(url.getScheme()).equals("https") ? 443 : 80;
    }

    private static String lower(String text) {
        return text.toLowerCase(Locale.ROOT);
    }

    private static final class AbsoluteLocations implements ClientResponseFilter {
        @Override
        public void filter(ClientRequestContext request, ClientResponseContext response) {
            // It is called without an answer too, when there is none.
            @Nullable MultivaluedMap<String, String> headers = response.getHeaders();
            String location = headers == null ? null : headers.getFirst(HttpHeaders.LOCATION);
            if (headers != null && location != null) {
                headers.putSingle(HttpHeaders.LOCATION, absolute(request.getUri(), location.strip()));
            }
        }

        private static String absolute(URI base, String location) {
            try {
                // URI.resolve would drop the last part of the path in front of a bare query.
                return location.startsWith("?")
                        ? base.getScheme() + "://" + base.getRawAuthority() + base.getRawPath() + location
                        : base.resolve(location).toString();
            } catch (IllegalArgumentException e) {
                // No URL, so it is refused.
                return location;
            }
        }
    }
}
