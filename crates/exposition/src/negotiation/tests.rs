use super::*;

fn negotiated(headers: &[&str]) -> (Format, Escaping) {
    let Negotiated { format, escaping } = negotiate(headers.iter().copied());
    (format, escaping)
}

#[test]
fn what_prometheus_sends_is_understood() {
    use Escaping::{AllowUtf8, Underscores};
    use Format::{OpenMetrics, Protobuf, Text};
    for (accept, expected) in [
        // 3.x
        (
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
             application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
             text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            (OpenMetrics, AllowUtf8),
        ),
        // 3.x, which asks for native histograms
        (
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,\
             application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
             application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,\
             text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
            (Protobuf, AllowUtf8),
        ),
        // 3.x, which wants old names
        (
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,\
             text/plain;version=1.0.0;escaping=underscores;q=0.3,*/*;q=0.1",
            (Protobuf, Underscores),
        ),
        // 2.x
        (
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
             text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            (OpenMetrics, Underscores),
        ),
        // 1.x
        (
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,\
             text/plain;version=0.0.4;q=0.3,*/*;q=0.1",
            (Protobuf, Underscores),
        ),
        ("text/plain;version=0.0.4;q=0.5,*/*;q=0.1", (Text, Underscores)),
    ] {
        assert_eq!(negotiated(&[accept]), expected, "{accept}");
    }
}

#[test]
fn everyone_else_gets_text() {
    for accept in [
        "",
        "*/*",
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8",
        "application/json",
        "application/openmetrics-text;version=7.0.0",
        "application/openmetrics-text;q=0",
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text",
        "application/vnd.google.protobuf",
        "text/plain;escaping=unheard-of",
        ";;;,,,q=,\"",
    ] {
        assert_eq!(
            negotiated(&[accept]),
            (Format::Text, Escaping::Underscores),
            "{accept}"
        );
    }
    assert_eq!(negotiated(&[]), (Format::Text, Escaping::Underscores));
}

#[test]
fn the_best_liked_format_wins() {
    use Escaping::{AllowUtf8, Dots, Underscores, Values};
    use Format::{OpenMetrics, Text};
    for (headers, expected) in [
        (&["application/openmetrics-text"][..], (OpenMetrics, Underscores)),
        (
            &["application/openmetrics-text; version=0.0.1"],
            (OpenMetrics, Underscores),
        ),
        (
            &["text/plain;q=0.2, Application/OpenMetrics-Text;Q=0.9"],
            (OpenMetrics, Underscores),
        ),
        (
            &["text/plain;q=0.2", "application/openmetrics-text;q=0.1"],
            (Text, Underscores),
        ),
        (
            &["text/plain", "application/openmetrics-text"],
            (Text, Underscores),
        ),
        (
            &["text/plain; version=1.0.0; escaping=allow-utf-8"],
            (Text, AllowUtf8),
        ),
        (
            &["text/plain; version=\"0.0.4\"; escaping=\"dots\""],
            (Text, Dots),
        ),
        (
            &["application/openmetrics-text; note=\"a,b;c\"; escaping=values"],
            (OpenMetrics, Values),
        ),
        // what is said of one format is not said of another
        (
            &["text/plain;version=0.0.4, application/openmetrics-text;escaping=values;q=0.5"],
            (Text, Underscores),
        ),
    ] {
        assert_eq!(negotiated(headers), expected, "{headers:?}");
    }
}

#[test]
fn the_content_type_says_what_it_is() {
    for (format, escaping, expected) in [
        (
            Format::Text,
            Escaping::Underscores,
            "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
        ),
        (
            Format::Text,
            Escaping::AllowUtf8,
            "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
        ),
        (
            Format::OpenMetrics,
            Escaping::Dots,
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=dots",
        ),
        (
            Format::Protobuf,
            Escaping::Values,
            "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; \
             escaping=values",
        ),
    ] {
        let negotiated = Negotiated { format, escaping };
        assert_eq!(negotiated.content_type(), expected);
        // who asks for what it says gets it
        assert_eq!(negotiate([expected].into_iter()), negotiated);
    }
}
