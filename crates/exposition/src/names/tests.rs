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
            metric_name(name, unit, instrument).as_deref(),
            Some(expected),
            "{name:?} in {unit:?}, {instrument:?}"
        );
    }
}

#[test]
fn a_name_without_letters_or_digits_is_none() {
    for name in ["", ".", "___", "@#$%", "::", "é"] {
        assert_eq!(metric_name(name, "s", Instrument::Counter), None, "{name:?}");
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
        assert_eq!(label_name(key), expected, "{key:?}");
    }
}

proptest! {
    #[test]
    fn translated_names_are_valid_and_stay_as_they_are(
        name in ".{0,20}",
        unit in "(|s|By|1|%|m/s|\\{x\\}|.{0,5})",
        which in 0..4_usize,
    ) {
        use Instrument::{Counter, Gauge, Histogram, UpDownCounter};
        let instrument = [Counter, UpDownCounter, Gauge, Histogram][which];
        if let Some(translated) = metric_name(&name, &unit, instrument) {
            prop_assert!(is_metric_name(&translated), "{translated:?}");
            prop_assert!(!translated.contains("__"), "{translated:?}");
            prop_assert_eq!(metric_name(&translated, &unit, instrument), Some(translated));
        }
    }

    #[test]
    fn translated_label_names_are_valid_and_stay_as_they_are(key in ".{0,20}") {
        let translated = label_name(&key);
        prop_assert!(is_label_name(&translated), "{translated:?}");
        prop_assert_eq!(label_name(&translated), translated);
    }
}
