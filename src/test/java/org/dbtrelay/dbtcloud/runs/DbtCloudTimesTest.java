package org.dbtrelay.dbtcloud.runs;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class DbtCloudTimesTest {

    @ParameterizedTest
    @CsvSource({
        // a run
        "2021-12-07 10:32:24.326116+00:00, 2021-12-07T10:32:24.326116Z",
        // a job
        "2024-05-27T10:42:10.111442+00:00, 2024-05-27T10:42:10.111442Z",
        // a job inside a run
        "2024-03-25T13:47:20.129690Z, 2024-03-25T13:47:20.129690Z",
        // without a fraction
        "2022-05-05 06:51:10+00:00, 2022-05-05T06:51:10Z",
        "2023-01-31T19:28:07Z, 2023-01-31T19:28:07Z",
        // a webhook's nanoseconds
        "2023-01-31T19:28:15.742843678Z, 2023-01-31T19:28:15.742843678Z",
        // other offsets, fractions and blanks
        "2023-01-31 19:28:15.7+02:00, 2023-01-31T17:28:15.7Z",
        "'  2023-01-31T19:28:15Z ', 2023-01-31T19:28:15Z",
    })
    void readsEveryShapeOfTimeStamp(String text, Instant expected) {
        assertThat(DbtCloudTimes.instant(text)).isEqualTo(expected);
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(
            strings = {
                "",
                " ",
                "None",
                "1675735768491774",
                "2023-01-31",
                "2023-13-31T19:28:15Z",
                // how other languages write that there is none, and what no length of time can be told from
                "0001-01-01T00:00:00Z",
                "1970-01-01 00:00:00+00:00",
                "9999-12-31T23:59:59Z",
                "+999999999-12-31T23:59:59Z",
                "-999999999-01-01T00:00:00Z"
            })
    void whatIsNoTimeStampIsNone(String text) {
        assertThat(DbtCloudTimes.instant(text)).isNull();
    }
}
