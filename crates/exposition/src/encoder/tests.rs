mod client_model;
mod model;
mod protobuf;
mod text;

use super::*;
use crate::points::{Bounds, Buckets};

const TIME: u64 = 1_520_879_607_789_000_000;

const TRACE: Exemplar<'_> = Exemplar {
    labels: "trace_id=\"4bf92f35\"",
    value: 0.67,
    time: TIME,
};

fn head(name: &str, metric_type: MetricType) -> Head<'_> {
    Head {
        name,
        metric_type,
        help: "",
        unit: "",
    }
}

/// What `write` makes of an encoder for a format, as text.
fn written(format: Format, escaping: Escaping, write: impl FnOnce(&mut Encoder, &mut Vec<u8>)) -> String {
    let options = Options { created_series: true };
    let mut encoder = Encoder::new(Negotiated { format, escaping }, options);
    let mut out = Vec::new();
    write(&mut encoder, &mut out);
    encoder.finish(&mut out);
    String::from_utf8(out).expect("UTF-8")
}

/// One family of each type.
fn everything(encoder: &mut Encoder, out: &mut Vec<u8>) {
    let requests = Head {
        help: "Re\"quests.\nAll \\ of them.",
        ..head("requests_total", MetricType::Counter)
    };
    encoder.begin_family(out, &requests);
    encoder.number(out, ["job=\"api\"", "code=\"200\""], 17.0, TIME, Some(&TRACE));
    encoder.number(out, ["job=\"api\"", ""], 0.5, 0, None);
    encoder.end_family(out);

    encoder.begin_family(out, &head("nothing", MetricType::Gauge));
    encoder.end_family(out);

    let temperature = Head {
        unit: "celsius",
        ..head("room_celsius", MetricType::Gauge)
    };
    encoder.begin_family(out, &temperature);
    encoder.number(out, ["", ""], -1.5, TIME, Some(&TRACE));
    encoder.pause(out);
    encoder.number(out, ["", "room=\"b\""], f64::NAN, 0, None);
    encoder.end_family(out);

    let bounds = Bounds::new([0.5, 1.0, 1e-5 + 1e6]);
    let rtt = Head {
        unit: "seconds",
        ..head("rtt_seconds", MetricType::Histogram)
    };
    encoder.begin_family(out, &rtt);
    let histogram = Histogram {
        count: 6,
        sum: Some(2.5),
        bounds: &bounds,
        buckets: &[1, 2, 0, 3],
        created: TIME,
        exemplars: &[None, Some(TRACE), None, None],
    };
    encoder.histogram(out, ["job=\"api\"", ""], &histogram);
    let no_buckets = Histogram {
        sum: None,
        buckets: &[],
        exemplars: &[],
        created: 0,
        ..histogram
    };
    encoder.histogram(out, ["", ""], &no_buckets);
    encoder.end_family(out);

    encoder.begin_family(out, &head("size", MetricType::Summary));
    let summary = Summary {
        count: 2,
        sum: 3.0,
        quantiles: &[(0.5, 1.0), (1.0, 2.0)],
        created: 1_000_000_000,
    };
    encoder.summary(out, ["", "a=\"b\""], &summary);
    encoder.end_family(out);

    encoder.begin_family(out, &head("something", MetricType::Unknown));
    encoder.number(out, ["", ""], 1e21, TIME, None);
    encoder.end_family(out);
    encoder.begin_family(out, &head("target_info", MetricType::Info));
    encoder.number(out, ["", "os=\"linux\""], 1.0, 0, None);
    encoder.end_family(out);
    encoder.begin_family(out, &head("state", MetricType::StateSet));
    encoder.number(out, ["", "state=\"on\""], 1.0, 0, None);
    encoder.end_family(out);
    encoder.begin_family(out, &head("odd", MetricType::Counter));
    encoder.number(out, ["", ""], 1.0, TIME, Some(&TRACE));
    encoder.end_family(out);
}

#[test]
fn every_type_in_prometheus_text() {
    assert_eq!(
        written(Format::Text, Escaping::Underscores, everything),
        r#"# HELP requests_total Re"quests.\nAll \\ of them.
# TYPE requests_total counter
requests_total{job="api",code="200"} 17
requests_total{job="api"} 0.5
# TYPE room_celsius gauge
room_celsius -1.5
room_celsius{room="b"} NaN
# TYPE rtt_seconds histogram
rtt_seconds_bucket{job="api",le="0.5"} 1
rtt_seconds_bucket{job="api",le="1"} 3
rtt_seconds_bucket{job="api",le="1000000.00001"} 3
rtt_seconds_bucket{job="api",le="+Inf"} 6
rtt_seconds_sum{job="api"} 2.5
rtt_seconds_count{job="api"} 6
rtt_seconds_bucket{le="+Inf"} 6
rtt_seconds_count 6
# TYPE size summary
size{a="b",quantile="0.5"} 1
size{a="b",quantile="1"} 2
size_sum{a="b"} 3
size_count{a="b"} 2
# TYPE something untyped
something 1e+21
# TYPE target_info gauge
target_info{os="linux"} 1
# TYPE state gauge
state{state="on"} 1
# TYPE odd counter
odd 1
"#
    );
}

#[test]
fn every_type_in_openmetrics() {
    assert_eq!(
        written(Format::OpenMetrics, Escaping::Underscores, everything),
        r#"# TYPE requests counter
# HELP requests Re\"quests.\nAll \\ of them.
requests_total{job="api",code="200"} 17 # {trace_id="4bf92f35"} 0.67 1520879607.789
requests_created{job="api",code="200"} 1520879607.789
requests_total{job="api"} 0.5
# TYPE room_celsius gauge
# UNIT room_celsius celsius
room_celsius -1.5
room_celsius{room="b"} NaN
# TYPE rtt_seconds histogram
# UNIT rtt_seconds seconds
rtt_seconds_bucket{job="api",le="0.5"} 1
rtt_seconds_bucket{job="api",le="1.0"} 3 # {trace_id="4bf92f35"} 0.67 1520879607.789
rtt_seconds_bucket{job="api",le="1.00000000001e+06"} 3
rtt_seconds_bucket{job="api",le="+Inf"} 6
rtt_seconds_sum{job="api"} 2.5
rtt_seconds_count{job="api"} 6
rtt_seconds_created{job="api"} 1520879607.789
rtt_seconds_bucket{le="+Inf"} 6
# TYPE size summary
size{a="b",quantile="0.5"} 1
size{a="b",quantile="1.0"} 2
size_sum{a="b"} 3
size_count{a="b"} 2
size_created{a="b"} 1
# TYPE something unknown
something 1e+21
# TYPE target info
target_info{os="linux"} 1
# TYPE state stateset
state{state="on"} 1
# TYPE odd unknown
odd 1
# EOF
"#
    );
}

#[test]
fn names_that_need_quotes_stand_inside_the_braces() {
    let write = |encoder: &mut Encoder, out: &mut Vec<u8>| {
        let counter = Head {
            help: "Help.",
            unit: "seconds",
            ..head("cpu.\"time\"_seconds_total", MetricType::Counter)
        };
        encoder.begin_family(out, &counter);
        let exemplar = Exemplar {
            labels: "\"span.id\"=\"1\"",
            time: 0,
            ..TRACE
        };
        encoder.number(
            out,
            ["\"a.b\"=\"x\",job=\"j\"", "\"a_.b\"=\"y\""],
            1.0,
            TIME,
            Some(&exemplar),
        );
        encoder.number(out, ["", ""], 2.0, 0, None);
        encoder.end_family(out);
        encoder.begin_family(out, &head("h.h", MetricType::Histogram));
        let histogram = Histogram {
            count: 1,
            sum: Some(1.0),
            bounds: &Bounds::new([]),
            buckets: &[1],
            created: 0,
            exemplars: &[],
        };
        encoder.histogram(out, ["", ""], &histogram);
        encoder.end_family(out);
    };
    assert_eq!(
        written(Format::OpenMetrics, Escaping::AllowUtf8, write),
        r#"# TYPE "cpu.\"time\"_seconds" counter
# UNIT "cpu.\"time\"_seconds" seconds
# HELP "cpu.\"time\"_seconds" Help.
{"cpu.\"time\"_seconds_total","a.b"="x",job="j","a_.b"="y"} 1 # {"span.id"="1"} 0.67
{"cpu.\"time\"_seconds_created","a.b"="x",job="j","a_.b"="y"} 1520879607.789
{"cpu.\"time\"_seconds_total"} 2
# TYPE "h.h" histogram
{"h.h_bucket",le="+Inf"} 1
{"h.h_sum"} 1
{"h.h_count"} 1
# EOF
"#
    );
    assert_eq!(
        written(Format::Text, Escaping::Dots, write),
        r#"# HELP cpu_dot___time____seconds__total Help.
# TYPE cpu_dot___time____seconds__total counter
cpu_dot___time____seconds__total{a_dot_b="x",job="j",a___dot_b="y"} 1
cpu_dot___time____seconds__total 2
# TYPE h_dot_h histogram
h_dot_h_bucket{le="+Inf"} 1
h_dot_h_sum 1
h_dot_h_count 1
"#
    );
    // the unit is left out where the escaped name does not end with it
    assert_eq!(
        written(Format::OpenMetrics, Escaping::Values, write),
        r#"# TYPE U__cpu_2e__22_time_22___seconds_ counter
# HELP U__cpu_2e__22_time_22___seconds_ Help.
U__cpu_2e__22_time_22___seconds__total{U__a_2e_b="x",job="j",U__a___2e_b="y"} 1 # {U__span_2e_id="1"} 0.67
U__cpu_2e__22_time_22___seconds__created{U__a_2e_b="x",job="j",U__a___2e_b="y"} 1520879607.789
U__cpu_2e__22_time_22___seconds__total 2
# TYPE U__h_2e_h histogram
U__h_2e_h_bucket{le="+Inf"} 1
U__h_2e_h_sum 1
U__h_2e_h_count 1
# EOF
"#
    );
}

#[test]
fn labels_that_escaping_makes_one_are_joined() {
    let text = written(Format::Text, Escaping::Underscores, |encoder, out| {
        encoder.begin_family(out, &head("g", MetricType::Gauge));
        encoder.number(
            out,
            ["a_b=\"1\"", "\"a.b\"=\"2,\",\"..name..\"=\"3\""],
            1.0,
            0,
            None,
        );
        encoder.end_family(out);
    });
    assert_eq!(text, "# TYPE g gauge\ng{a_b=\"1;2,\",_name__=\"3\"} 1\n");
}

/// An exponential histogram of scale 0: 1 in (0.5, 1], 2 in (1, 2], 4 in (4, 8], 8 in [-2, -1), 16 zeros.
const EXPONENTIAL: Exponential<'_> = Exponential {
    count: 31,
    sum: Some(12.0),
    scale: 0,
    zero_threshold: 0.0,
    zero_count: 16,
    positive: Buckets {
        offset: -1,
        counts: &[1, 2, 0, 4],
    },
    negative: Buckets {
        offset: 0,
        counts: &[8],
    },
    created: 0,
    exemplars: &[
        Exemplar { value: 5.0, ..TRACE },
        Exemplar {
            value: 6.0,
            time: TIME + 1,
            labels: "",
        },
    ],
    classic: None,
};

#[test]
fn exponential_histograms_are_shown_over_classic_bounds() {
    let write = |classic: Option<&[f64]>| {
        let bounds = classic.map(Bounds::new);
        let classic = bounds.as_ref();
        written(Format::OpenMetrics, Escaping::Underscores, |encoder, out| {
            encoder.begin_family(out, &head("h", MetricType::Histogram));
            encoder.exponential(
                out,
                ["", ""],
                &Exponential {
                    classic,
                    ..EXPONENTIAL
                },
            );
            encoder.end_family(out);
        })
    };
    assert_eq!(
        write(None),
        "# TYPE h histogram\n\
         h_bucket{le=\"+Inf\"} 31 # {} 6 1520879607.789000001\n\
         h_sum 12\n\
         h_count 31\n\
         # EOF\n"
    );
    // (0.5, 1] fits below 1, (1, 2] below 2, (4, 8] below none but infinity
    assert_eq!(
        write(Some(&[0.7, 1.0, 2.0, 7.0])),
        "# TYPE h histogram\n\
         h_bucket{le=\"0.7\"} 24\n\
         h_bucket{le=\"1.0\"} 25\n\
         h_bucket{le=\"2.0\"} 27\n\
         h_bucket{le=\"7.0\"} 27 # {} 6 1520879607.789000001\n\
         h_bucket{le=\"+Inf\"} 31\n\
         h_sum 12\n\
         h_count 31\n\
         # EOF\n"
    );
    // -1 is the upper bound of the negative bucket; OpenMetrics has no sum beside negative bounds
    assert_eq!(
        write(Some(&[-1.5, -1.0])),
        "# TYPE h histogram\n\
         h_bucket{le=\"-1.5\"} 0\n\
         h_bucket{le=\"-1.0\"} 8\n\
         h_bucket{le=\"+Inf\"} 31 # {} 6 1520879607.789000001\n\
         # EOF\n"
    );
}
