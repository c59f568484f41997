//! How long the encoder takes for one series, in each format: `cargo run --release -p exposition --example speed`.

#![expect(clippy::print_stdout, reason = "a measurement is there to be read")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use exposition::{
    Bounds, Buckets, Encoder, Escaping, Exemplar, Exponential, Format, Head, Histogram, LabelSet, MetricType,
    Negotiated, Options, Translation, negotiate,
};

const SERIES: usize = 100_000;
const CHUNK: usize = 64 * 1024;

/// What one sort of series costs: shows the `nth`.
type Show<'a> = &'a dyn Fn(&mut Encoder, &mut Vec<u8>, [&str; 2], usize);

fn main() {
    let bounds = Bounds::new([
        0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
    ]);
    let counts: Vec<u64> = (0..15).map(|bucket| bucket * 1017).collect();
    let exponential_counts: Vec<u64> = (0..80).map(|bucket| bucket * 31 % 97).collect();
    let exemplar = Exemplar {
        labels: "span_id=\"00f067aa0ba902b7\",trace_id=\"4bf92f3577b34da6a3ce929d0e0e4736\"",
        value: 0.067,
        time: 1_520_879_607_789_000_000,
    };
    let created = exemplar.time;
    let histogram = |nth: usize| Histogram {
        count: 1000 + nth as u64,
        sum: Some(nth as f64 * 0.1),
        bounds: &bounds,
        buckets: &counts,
        created,
        exemplars: &[],
    };
    let exponential = |nth: usize| Exponential {
        count: 1000 + nth as u64,
        sum: Some(nth as f64 * 0.1),
        scale: 4,
        zero_threshold: 0.0,
        zero_count: 1,
        positive: Buckets {
            offset: -40,
            counts: &exponential_counts,
        },
        negative: Buckets::default(),
        created,
        exemplars: &[],
        classic: None,
    };
    let sorts: [(&str, MetricType, Show<'_>); 5] = [
        (
            "counter, integer",
            MetricType::Counter,
            &|encoder, out, labels, nth| {
                encoder.number(out, labels, nth as f64, created, None);
            },
        ),
        (
            "counter, fraction",
            MetricType::Counter,
            &|encoder, out, labels, nth| {
                encoder.number(out, labels, nth as f64 * 0.1, created, None);
            },
        ),
        (
            "counter, exemplar",
            MetricType::Counter,
            &|encoder, out, labels, nth| {
                encoder.number(out, labels, nth as f64, created, Some(&exemplar));
            },
        ),
        (
            "histogram, 15 buckets",
            MetricType::Histogram,
            &|encoder, out, labels, nth| {
                encoder.histogram(out, labels, &histogram(nth));
            },
        ),
        (
            "exponential, 80 buckets",
            MetricType::Histogram,
            &|encoder, out, labels, nth| {
                encoder.exponential(out, labels, &exponential(nth));
            },
        ),
    ];
    let prometheus = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8";
    let asked = [
        ("text", Negotiated::default(), Translation::default()),
        (
            "openmetrics",
            negotiate([prometheus].into_iter()),
            Translation::default(),
        ),
        (
            "openmetrics, underscores",
            Negotiated {
                format: Format::OpenMetrics,
                escaping: Escaping::Underscores,
            },
            Translation::default(),
        ),
        (
            "protobuf",
            Negotiated {
                format: Format::Protobuf,
                escaping: Escaping::Underscores,
            },
            Translation::default(),
        ),
        (
            "text, utf-8 names escaped",
            Negotiated::default(),
            Translation::NoTranslation,
        ),
    ];
    for (format, negotiated, translation) in asked {
        for (sort, metric_type, show) in sorts {
            let (time, bytes) = measure(negotiated, translation, metric_type, show);
            println!(
                "{format:25} {sort:24} {:8.1} ns per series, {:6} bytes, {:6.2} GB/s",
                time.as_nanos() as f64 / SERIES as f64,
                bytes / SERIES,
                bytes as f64 / time.as_nanos() as f64,
            );
        }
    }
}

/// The shortest of some scrapes of 100,000 series with about 580 bytes of text each: eight resources' labels, and own
/// ones.
fn measure(
    negotiated: Negotiated,
    translation: Translation,
    metric_type: MetricType,
    show: Show<'_>,
) -> (Duration, usize) {
    let shared: Vec<String> = (0..8)
        .map(|resource| shared_labels(resource, translation))
        .collect();
    let own: Vec<String> = (0..SERIES)
        .map(|series| own_labels(series, translation))
        .collect();
    let head = Head {
        name: "http_server_requests_total",
        metric_type,
        help: "Requests that were answered.",
        unit: "",
    };
    let mut best = (Duration::MAX, 0);
    for _ in 0..7 {
        let start = Instant::now();
        let mut encoder = Encoder::new(negotiated, Options::default());
        let mut out = Vec::with_capacity(CHUNK + CHUNK / 4);
        let mut bytes = 0;
        encoder.begin_family(&mut out, &head);
        for (nth, own) in own.iter().enumerate() {
            show(&mut encoder, &mut out, [&shared[nth * 8 / SERIES], own], nth);
            if out.len() >= CHUNK {
                encoder.pause(&mut out);
                bytes += black_box(&out).len();
                out.clear();
            }
        }
        encoder.end_family(&mut out);
        encoder.finish(&mut out);
        bytes += black_box(&out).len();
        best = best.min((start.elapsed(), bytes));
    }
    best
}

fn shared_labels(resource: usize, translation: Translation) -> String {
    let mut labels = LabelSet::new(translation);
    let attributes = [
        ("cloud.availability_zone", "europe-west1-b"),
        ("cloud.region", "europe-west1"),
        ("data_plane_id", "prod-europe-west1-01"),
        ("environment", "production"),
        ("host.name", "gke-prod-pool-1-3a4b5c6d-x7k2"),
        ("k8s.namespace.name", "payments"),
        ("k8s.pod.name", "payments-api-7c9d8f6b5-abcde"),
        ("job", "payments/payments-api"),
        ("otel_scope_name", "io.opentelemetry.contrib.http-server"),
        ("otel_scope_version", "2.14.0-alpha"),
        ("service.name", "payments-api"),
    ];
    for (key, value) in attributes {
        labels.push(key, value);
    }
    labels.push(
        "instance",
        &format!("3f2504e0-4f89-11d3-9a0c-0305e82c33{resource:02}"),
    );
    labels.render()
}

fn own_labels(series: usize, translation: Translation) -> String {
    let mut labels = LabelSet::new(translation);
    labels.push("http.request.method", "GET");
    labels.push("http.response.status_code", "200");
    labels.push("http.route", &format!("/v1/accounts/{{id}}/payments/{series}"));
    labels.push("server.address", "api.example.com");
    labels.render()
}
