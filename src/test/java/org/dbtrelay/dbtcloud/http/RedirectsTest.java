package org.dbtrelay.dbtcloud.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import org.dbtrelay.dbtcloud.http.Redirects.Next;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

public class RedirectsTest {

    private static Next after(String home, String location) {
        return new Redirects(URI.create(home)).after(302, location, 0);
    }

    @ParameterizedTest
    @CsvSource({
        // the same host, whatever its spelling, and names below it
        "https://dbt.example.com, https://dbt.example.com/api/v3/x/?a=b%2Fc",
        "https://dbt.example.com, https://DBT.Example.COM./x",
        "https://dbt.example.com, https://dbt.example.com:8443/x",
        "https://dbt.example.com, https://eu.dbt.example.com/x",
        // dbt Labs' own domains
        "https://ab123.us1.dbt.com, https://cd456.us2.dbt.com/x",
        "https://cloud.getdbt.com, https://emea.getdbt.com/x",
        // plain http only where it is configured
        "http://127.0.0.1:8080, http://127.0.0.1:9090/x",
        "http://localhost:8080, http://localhost/x",
        "http://localhost:8080, https://localhost/x",
        "http://[::1]:8080, http://[::1]:9090/x"
    })
    void aReadGoesOnWithinTheDomainByHttps(String home, String location) {
        assertThat(after(home, location)).isEqualTo(new Next.GoTo(URI.create(location)));
    }

    @ParameterizedTest
    @CsvSource({
        "https://dbt.example.com, http://dbt.example.com/x, https",
        "https://dbt.example.com, ftp://dbt.example.com/x, https",
        "https://127.0.0.1, http://127.0.0.1/x, https",
        "http://localhost:1, http://x.localhost/x, https",
        "http://127.0.0.1:1, http://127.0.0.2/x, https",
        // the token's host with plain http would send what is read in the clear
        "https://ab123.us1.dbt.com, http://ab123.us1.dbt.com/x, https",
        "https://dbt.example.com, https://example.com/x, domain",
        "https://dbt.example.com, https://other.example.com/x, domain",
        "https://dbt.example.com, https://eu-dbt.example.com/x, domain",
        "https://dbt.example.com, https://dbt.example.com.invalid/x, domain",
        // public suffixes: siblings belong to others
        "https://dbt.co.uk, https://evil.co.uk/x, domain",
        "https://us.github.io, https://evil.github.io/x, domain",
        // looks like dbt Labs
        "https://ab123.us1.dbt.com, https://notdbt.com/x, domain",
        "https://ab123.us1.dbt.com, https://dbt.com.invalid/x, domain",
        "https://ab123.us1.dbt.com, https://emea.getdbt.com/x, domain",
        "https://notdbt.com, https://x.dbt.com/x, domain",
        "https://127.0.0.1, https://1.127.0.0.1/x, place",
        "http://127.0.0.1:1, https://localhost/x, domain",
        // no place
        "https://dbt.example.com, https://relay:secret@dbt.example.com/x, place",
        "https://dbt.example.com, https:///x, place",
        "https://dbt.example.com, /x, place",
        "https://dbt.example.com, mailto:x@dbt.example.com, place",
        "https://dbt.example.com, https://dbt.example.com/{x}, place",
        "https://dbt.example.com, , place"
    })
    void aReadGoesNowhereElse(String home, String location, String rule) {
        assertThat(after(home, location))
                .isInstanceOfSatisfying(
                        Next.Refuse.class, refused -> assertThat(refused.rule()).contains(rule));
    }

    @ParameterizedTest
    @ValueSource(ints = {200, 204, 400, 401, 404, 500})
    void otherAnswersAreNoRedirects(int status) {
        assertThat(new Redirects(URI.create("https://a.b")).after(status, "https://a.b/", 0))
                .isEqualTo(new Next.Stay());
    }

    @ParameterizedTest
    @ValueSource(ints = {300, 304, 305, 306})
    void whatIsNoRedirectOfAReadIsNotFollowed(int status) {
        assertThat(new Redirects(URI.create("https://a.b")).after(status, "https://a.b/", 0))
                .isInstanceOf(Next.Refuse.class);
    }

    @Test
    void theFourthIsNotFollowed() {
        Redirects redirects = new Redirects(URI.create("https://a.b"));

        assertThat(redirects.after(302, "https://a.b/", 2)).isInstanceOf(Next.GoTo.class);
        assertThat(redirects.after(302, "https://a.b/", 3))
                .isEqualTo(new Next.Refuse("not more than 3 redirects are followed"));
    }

    @Test
    void theFragmentIsLeftOut() {
        assertThat(after("https://a.b", "https://a.b#top")).isEqualTo(new Next.GoTo(URI.create("https://a.b/")));
    }

    @ParameterizedTest
    @CsvSource({
        "https://a.b, https://a.b/x, true",
        "https://a.b, https://A.B.:443/x, true",
        "http://127.0.0.1:1, http://127.0.0.1:1/x, true",
        "https://a.b, https://a.b:8443/x, false",
        "https://a.b, http://a.b/x, false",
        "https://a.b, http://a.b:443/x, false",
        "https://a.b, https://c.a.b/x, false",
        "http://127.0.0.1:1, http://127.0.0.1:2/x, false"
    })
    void theTokenIsForTheConfiguredSchemeHostAndPort(String home, String url, boolean forIt) {
        assertThat(new Redirects(URI.create(home)).isHome(URI.create(url))).isEqualTo(forIt);
    }
}
