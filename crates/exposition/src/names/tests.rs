use proptest::prelude::*;

use super::*;

#[test]
fn metric_names_follow_the_specification() {
    use Instrument::{Counter, Gauge, Histogram, UpDownCounter};
    for (name, unit, instrument, expected) in [
        (
            "http.server.request.duration",
            "s",
            Histogram,
            "http_server_request_duration_seconds",
        ),
        (
            "http.server.active_requests",
            "{request}",
            UpDownCounter,
            "http_server_active_requests",
        ),
        (
            "http.server.request.body.size",
            "By",
            Histogram,
            "http_server_request_body_size_bytes",
        ),
        ("foo.bar", "By", Counter, "foo_bar_bytes_total"),
        ("simple_metric", "", Gauge, "simple_metric"),
        ("requests", "", Counter, "requests_total"),
        ("requests_total", "", Counter, "requests_total"),
        ("foo_total", "By", Counter, "foo_bytes_total"),
        ("cpu_seconds_total", "s", Counter, "cpu_seconds_total"),
        ("process.cpu.seconds", "s", Counter, "process_cpu_seconds_total"),
        ("response_time_seconds", "s", Gauge, "response_time_seconds"),
        (
            "response_milliseconds",
            "s",
            Gauge,
            "response_milliseconds_seconds",
        ),
        ("seconds", "s", Gauge, "seconds"),
        ("total", "", Counter, "total_total"),
        ("cpu_usage", "1", Gauge, "cpu_usage_ratio"),
        ("cpu_usage_ratio", "1", Gauge, "cpu_usage_ratio"),
        ("items", "1", Counter, "items_total"),
        ("queue", "1", UpDownCounter, "queue"),
        ("sizes", "1", Histogram, "sizes"),
        ("throughput", "By/s", Gauge, "throughput_bytes_per_second"),
        ("requests", "1/s", Gauge, "requests_per_second"),
        ("speed", "m/s", Gauge, "speed_meters_per_second"),
        ("metric@@##$$name", "", Gauge, "metric_name"),
        (
            "metric__with__runs",
            "unit__too",
            Gauge,
            "metric_with_runs_unit_too",
        ),
        ("job:latency:p99", "s", Gauge, "job:latency:p99_seconds"),
        ("123metric", "", Gauge, "_123metric"),
        ("_leading", "", Gauge, "_leading"),
        ("trailing_", "", Counter, "trailing_total"),
        ("größe", "", Gauge, "gr_e"),
    ] {
        assert_eq!(
            metric_name(name, unit, instrument, Translation::default())
                .map(|found| found.name)
                .as_deref(),
            Some(expected),
            "{name:?} in {unit:?}, {instrument:?}"
        );
    }
}

#[test]
fn a_name_without_letters_or_digits_is_none() {
    for name in ["", ".", "___", "@#$%", "::", "é"] {
        assert_eq!(
            metric_name(name, "s", Instrument::Counter, Translation::default()),
            None,
            "{name:?}"
        );
    }
}

#[test]
fn label_names_follow_the_specification() {
    for (key, expected) in [
        ("http.request.method", "http_request_method"),
        ("http_route", "http_route"),
        ("a..b", "a_b"),
        ("__name__", "_name_"),
        ("le", "le"),
        ("200", "key_200"),
        ("", "_"),
        ("ключ", "_"),
        ("job:x", "job_x"),
    ] {
        assert_eq!(label_name(key, Translation::default()), expected, "{key:?}");
    }
}

#[test]
fn each_strategy_has_its_own_names() {
    use Instrument::{Counter, Gauge, Histogram, Summary};
    for (name, unit, instrument, expected) in [
        (
            "foo.bar",
            "By",
            Counter,
            ["foo_bar_bytes_total", "foo_bar", "foo.bar_bytes_total", "foo.bar"],
        ),
        (
            "http.server.request.duration",
            "s",
            Histogram,
            [
                "http_server_request_duration_seconds",
                "http_server_request_duration",
                "http.server.request.duration_seconds",
                "http.server.request.duration",
            ],
        ),
        (
            "cpu.utilization",
            "1",
            Gauge,
            [
                "cpu_utilization_ratio",
                "cpu_utilization",
                "cpu.utilization_ratio",
                "cpu.utilization",
            ],
        ),
        (
            "a_total",
            "s",
            Counter,
            ["a_seconds_total", "a_total", "a_seconds_total", "a_total"],
        ),
        ("1st", "", Summary, ["_1st", "_1st", "1st", "1st"]),
        (
            "größe  x",
            "",
            Gauge,
            ["gr_e_x", "gr_e_x", "größe  x", "größe  x"],
        ),
        ("a\0", "", Gauge, ["a_", "a_", "a\u{fffd}", "a\u{fffd}"]),
    ] {
        let names = Translation::ALL.map(|translation| {
            let found = metric_name(name, unit, instrument, translation);
            found.map(|found| found.name).unwrap_or_default()
        });
        assert_eq!(names, expected, "{name:?} in {unit:?}, {instrument:?}");
    }
    // what has letters of other alphabets only is a name where they stay
    let names = Translation::ALL.map(|translation| metric_name("é", "", Gauge, translation).is_some());
    assert_eq!(names, [false, false, true, true]);
    for translation in Translation::ALL {
        assert_eq!(metric_name("", "s", Gauge, translation), None);
    }
}

#[test]
fn the_unit_is_known_where_the_name_ends_with_it() {
    use Instrument::{Counter, Gauge, Histogram};
    for (name, unit, instrument, expected) in [
        ("a", "s", Counter, ["seconds", "", "seconds", ""]),
        ("a.seconds", "s", Counter, ["seconds", "seconds", "seconds", ""]),
        ("a_seconds_total", "s", Counter, ["seconds"; 4]),
        (
            "a",
            "By/s",
            Gauge,
            ["bytes_per_second", "", "bytes_per_second", ""],
        ),
        ("a", "1", Gauge, ["ratio", "", "ratio", ""]),
        ("a", "1", Counter, [""; 4]),
        ("a", "{request}", Histogram, [""; 4]),
        // OpenMetrics wants something before it
        ("seconds", "s", Gauge, [""; 4]),
    ] {
        let units = Translation::ALL.map(|translation| {
            let found = metric_name(name, unit, instrument, translation);
            found.expect("a name").unit
        });
        assert_eq!(units, expected, "{name:?} in {unit:?}, {instrument:?}");
    }
}

#[test]
fn label_names_that_stay_are_never_reserved() {
    for (key, expected) in [
        ("http.route", "http.route"),
        ("a__b", "a__b"),
        ("__name__", "_name__"),
        ("___", "_"),
        ("_a", "_a"),
        ("200", "200"),
        ("", "_"),
        ("ключ", "ключ"),
        ("a\0", "a\u{fffd}"),
    ] {
        assert_eq!(label_name(key, Translation::NoTranslation), expected, "{key:?}");
    }
}

#[test]
fn strategies_are_spelled_as_prometheus_spells_them() {
    for translation in Translation::ALL {
        assert_eq!(Translation::from_word(translation.as_str()), Some(translation));
    }
    assert_eq!(
        Translation::from_word("NoUTF8EscapingWithSuffixes"),
        Some(Translation::NoUtf8EscapingWithSuffixes)
    );
    assert_eq!(Translation::from_word("notranslation"), None);
    assert_eq!(
        Translation::default(),
        Translation::UnderscoreEscapingWithSuffixes
    );
}

proptest! {
    #[test]
    fn translated_names_are_valid_and_stay_as_they_are(
        name in ".{0,20}",
        unit in "(|s|By|1|%|m/s|\\{x\\}|.{0,5})",
        which in 0..5_usize,
    ) {
        use Instrument::{Counter, Gauge, Histogram, Summary, UpDownCounter};
        let instrument = [Counter, UpDownCounter, Gauge, Histogram, Summary][which];
        for translation in Translation::ALL {
            let Some(translated) = metric_name(&name, &unit, instrument, translation) else {
                continue;
            };
            if translation.allows_utf8() {
                prop_assert!(!translated.name.is_empty());
                prop_assert!(!translated.name.contains('\0'));
            } else {
                prop_assert!(is_metric_name(&translated.name), "{translated:?}");
                prop_assert!(!translated.name.contains("__"), "{translated:?}");
            }
            let again = metric_name(&translated.name, &unit, instrument, translation);
            prop_assert_eq!(again, Some(translated));
        }
    }

    #[test]
    fn translated_label_names_are_valid_and_stay_as_they_are(key in ".{0,20}") {
        for translation in Translation::ALL {
            let translated = label_name(&key, translation);
            prop_assert!(!translated.is_empty() && !translated.starts_with("__"), "{translated:?}");
            if !translation.allows_utf8() {
                prop_assert!(is_label_name(&translated), "{translated:?}");
            }
            prop_assert_eq!(label_name(&translated, translation), translated);
        }
    }
}
