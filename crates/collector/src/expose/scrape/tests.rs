use opentelemetry_proto::tonic::metrics::v1::Metric;

use super::*;
use crate::expose::Scale;
use crate::fixtures::{self, store, text};
use crate::requests::*;

fn take(store: &Store, job: &str, metrics: Vec<Metric>) {
    let points = fixtures::take(store, &request(&[("service.name", job)], metrics));
    assert_eq!((points.rejections.points(), points.malformed), (0, None));
}

/// A scrape without the labels of the scope and without `target_info`.
fn scraped(store: &Store, aliases: &[Alias]) -> String {
    let text = text(store, aliases)
        .replace("instance=\"\",", "")
        .replace(",otel_scope_name=\"lib\",otel_scope_version=\"1.0\"", "");
    text.lines()
        .filter(|line| !line.contains("target_info"))
        .flat_map(|line| [line, "\n"])
        .collect()
}

fn alias(of: &str, name: &str, labels: &[(&str, &str)]) -> Alias {
    Alias {
        metric: of.to_owned(),
        name: name.to_owned(),
        labels: labels
            .iter()
            .map(|(old, new)| ((*old).to_owned(), (*new).to_owned()))
            .collect(),
        scale: Scale::One,
    }
}

#[test]
fn families_stand_together_in_the_order_of_their_names() {
    let store = store();
    take(
        &store,
        "one",
        vec![
            metric("b", "", sum(true, vec![point(&[], 1.0)])),
            metric("a", "", gauge(vec![point(&[("k", "v")], 0.5)])),
        ],
    );
    take(
        &store,
        "two",
        vec![metric("b", "", sum(true, vec![point(&[], 2.0)]))],
    );
    assert_eq!(
        scraped(&store, &[]),
        "# HELP a What a means.\n\
         # TYPE a gauge\n\
         a{job=\"one\",k=\"v\"} 0.5\n\
         # HELP b_total What b means.\n\
         # TYPE b_total counter\n\
         b_total{job=\"one\"} 1\n\
         b_total{job=\"two\"} 2\n"
    );
}

#[test]
fn a_family_without_values_has_no_header() {
    let store = store();
    take(&store, "one", vec![metric("a", "", gauge(vec![point(&[], 1.0)]))]);
    let mut ended = point(&[], 0.0);
    ended.flags = 1;
    take(&store, "one", vec![metric("a", "", gauge(vec![ended]))]);
    assert_eq!(scraped(&store, &[]), "");
}

#[test]
fn an_alias_shows_the_same_series_under_another_name() {
    let store = store();
    take(
        &store,
        "api",
        vec![
            metric(
                "req.duration",
                "s",
                histogram(vec![distribution(&[("method", "GET")], &[1.0], &[1, 2])]),
            ),
            metric(
                "req.active",
                "",
                sum(false, vec![point(&[("method", "GET")], 4.0)]),
            ),
        ],
    );
    let aliases = [
        alias(
            "req_duration_seconds",
            "old_duration",
            &[("method", "verb"), ("job", "service")],
        ),
        alias("req_active", "old_active", &[]),
        alias("unknown", "old_unknown", &[]),
    ];
    let text = scraped(&store, &aliases);
    let (of_aliases, _) = text
        .split_once("# HELP req_active")
        .expect("the real ones come after");
    assert_eq!(
        of_aliases,
        "# HELP old_active Another name of req_active.\n\
         # TYPE old_active gauge\n\
         old_active{job=\"api\",method=\"GET\"} 4\n\
         # HELP old_duration Another name of req_duration_seconds.\n\
         # TYPE old_duration histogram\n\
         old_duration_bucket{service=\"api\",verb=\"GET\",le=\"1\"} 1\n\
         old_duration_bucket{service=\"api\",verb=\"GET\",le=\"+Inf\"} 3\n\
         old_duration_sum{service=\"api\",verb=\"GET\"} 3\n\
         old_duration_count{service=\"api\",verb=\"GET\"} 3\n"
    );
}

#[test]
fn a_source_that_sends_the_old_name_itself_has_no_alias_of_it() {
    let store = store();
    take(
        &store,
        "both",
        vec![
            metric("new", "", gauge(vec![point(&[], 1.0)])),
            metric("old", "", gauge(vec![point(&[], 2.0)])),
        ],
    );
    take(
        &store,
        "modern",
        vec![metric("new", "", gauge(vec![point(&[], 3.0)]))],
    );
    let text = scraped(&store, &[alias("new", "old", &[])]);
    let (_, old) = text.split_once("# HELP old").expect("the family");
    assert_eq!(
        old,
        " What old means.\n\
         # TYPE old gauge\n\
         old{job=\"both\"} 2\n\
         old{job=\"modern\"} 3\n"
    );
}

#[test]
fn every_scope_of_a_resource_that_sends_the_old_name_has_no_alias_of_it() {
    let store = store();
    let mut sent = of_resource(
        &[("service.name", "api")],
        vec![metric("new", "", gauge(vec![point(&[], 1.0)]))],
    );
    let mut of_old = sent.scope_metrics[0].clone();
    of_old.scope.as_mut().expect("a scope").name = "other".to_owned();
    of_old.metrics[0].name = "old".to_owned();
    sent.scope_metrics.push(of_old);
    let outcome = fixtures::take(&store, &encode(vec![sent]));
    assert_eq!(outcome.accepted, 2);
    let text = scraped(&store, &[alias("new", "old", &[])]);
    assert_eq!(
        text.lines().filter(|line| line.starts_with("old{")).count(),
        1,
        "{text}"
    );
}

#[test]
fn no_two_series_become_one_by_renaming() {
    let store = store();
    let points = [("http_request_method", 1.0), ("http_method", 2.0)];
    let points = points.map(|(key, value)| point(&[(key, "GET")], value));
    take(&store, "api", vec![metric("new", "", gauge(points.to_vec()))]);
    let aliases = [alias("new", "old", &[("http_request_method", "http_method")])];
    let text = scraped(&store, &aliases);
    let old: Vec<_> = text.lines().filter(|line| line.starts_with("old{")).collect();
    assert_eq!(old, ["old{job=\"api\",http_method=\"GET\"} 1"]);
}

#[test]
fn a_metric_of_which_nothing_was_taken_takes_no_alias_away() {
    let store = store();
    take(
        &store,
        "api",
        vec![metric("new", "", gauge(vec![point(&[], 1.0)]))],
    );
    let invalid = distribution(&[], &[1.0], &[1]);
    let squatter = request(&[], vec![metric("old", "", histogram(vec![invalid]))]);
    assert_eq!(fixtures::take(&store, &squatter).accepted, 0);
    let text = scraped(&store, &[alias("new", "old", &[])]);
    assert!(text.contains("\nold{job=\"api\"} 1\n"), "{text}");
}

#[test]
fn an_alias_gives_way_to_a_metric_of_another_type() {
    let store = store();
    take(
        &store,
        "api",
        vec![
            metric("new", "", histogram(vec![distribution(&[], &[], &[1])])),
            metric("old.count", "", gauge(vec![point(&[], 1.0)])),
            metric("other", "", sum(true, vec![point(&[], 1.0)])),
        ],
    );
    let text = scraped(
        &store,
        &[alias("new", "old", &[]), alias("new", "other_total", &[])],
    );
    assert!(!text.contains("Another name"), "{text}");
}

#[test]
fn a_long_scrape_comes_in_chunks_and_is_complete() {
    let store = store();
    let series = 5000;
    for first in (0..series).step_by(500) {
        let points =
            (first..first + 500).map(|index| point(&[("k", &format!("{index:04}"))], f64::from(index)));
        take(&store, "api", vec![metric("g", "", gauge(points.collect()))]);
    }
    let shape = Shape {
        format: exposition::negotiate(std::iter::empty()),
        options: exposition::Options {
            created_series: false,
        },
        classic_bounds: None,
    };
    let chunks: Vec<Bytes> = Scrape::new(&store, &[alias("g", "h", &[])], &shape).collect();
    assert!(chunks.len() > 10, "{} chunks", chunks.len());
    assert!(chunks.iter().all(|chunk| chunk.len() < CHUNK + 4096));
    let text = String::from_utf8(chunks.concat()).expect("UTF-8");
    for name in ["g", "h"] {
        let of_name = text.lines().filter(|line| line.starts_with(&format!("{name}{{")));
        assert_eq!(of_name.count(), series as usize);
        assert_eq!(text.matches(&format!("# TYPE {name} gauge\n")).count(), 1);
    }
    for index in 0..series {
        assert!(text.contains(&format!("k=\"{index:04}\"}} {index}\n")));
    }
}

#[test]
fn attributes_of_resources_are_shown_once_per_target() {
    let store = store();
    for version in ["1.0", "2.0"] {
        let resource = [("service.name", "api"), ("service.version", version)];
        let metrics = vec![metric("g", "", gauge(vec![point(&[], 1.0)]))];
        fixtures::take(&store, &request(&resource, metrics));
    }
    let text = text(&store, &[]);
    let (_, info) = text.split_once("# HELP target_info").expect("the family");
    assert_eq!(
        info,
        " The attributes of the resource that job and instance stand for.\n\
         # TYPE target_info gauge\n\
         target_info{instance=\"\",job=\"api\",service_name=\"api\",service_version=\"2.0\"} 1\n"
    );
}

fn openmetrics(store: &Store, escaping: &str) -> String {
    let accept = format!("application/openmetrics-text;version=1.0.0;escaping={escaping}");
    let text = String::from_utf8(fixtures::scrape(store, &accept, &[])).expect("UTF-8");
    text.replace(
        "instance=\"\",job=\"one\",otel_scope_name=\"lib\",otel_scope_version=\"1.0\"",
        "",
    )
}

fn types(text: &str) -> Vec<&str> {
    text.lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
        .collect()
}

#[test]
fn in_openmetrics_no_two_families_have_one_name() {
    let store = store();
    let info = |name: &str| Metric {
        metadata: attributes(&[("prometheus.type", "info")]),
        ..metric(name, "", gauge(vec![point(&[], 1.0)]))
    };
    let counter = |name: &str| metric(name, "", sum(true, vec![point(&[], 1.0)]));
    let gauge = |name: &str| metric(name, "", gauge(vec![point(&[], 1.0)]));
    take(
        &store,
        "one",
        vec![
            gauge("a"),
            info("a_info"),
            counter("b"),
            info("b_info"),
            gauge("c"),
            counter("c"),
            counter("d"),
            info("e_info"),
            gauge("target"),
        ],
    );
    assert_eq!(
        types(&openmetrics(&store, "underscores")),
        [
            "a gauge",
            "a_info gauge",
            "b_info gauge",
            "b_total unknown",
            "c gauge",
            "c_total unknown",
            "d counter",
            "e info",
            "target gauge",
            "target_info gauge",
        ]
    );
}

#[test]
fn when_counting_began_takes_nobodys_name() {
    let store = store();
    let mut began = point(&[], 1.0);
    began.start_time_unix_nano = 2_000_000_000;
    take(
        &store,
        "one",
        vec![
            metric("a", "", sum(true, vec![began.clone()])),
            metric("b", "", sum(true, vec![began])),
            metric("a_created", "", gauge(vec![point(&[], 7.0)])),
        ],
    );
    let text = openmetrics(&store, "underscores");
    let created: Vec<&str> = text.lines().filter(|line| line.contains("_created{")).collect();
    assert_eq!(created, ["a_created{} 7", "b_created{} 2"]);
}

#[test]
fn names_that_become_one_by_escaping_are_one_family() {
    let mut rules = fixtures::rules(fixtures::LIMITS);
    rules.pipeline.translation = exposition::Translation::NoTranslation;
    let store = Store::new(rules, std::time::Instant::now());
    let gauge = |name: &str, value: &str| metric(name, "", gauge(vec![point(&[("k", value)], 1.0)]));
    take(
        &store,
        "one",
        vec![
            gauge("a.b", "1"),
            gauge("a_b", "2"),
            metric("a-b", "", sum(true, vec![point(&[], 1.0)])),
        ],
    );
    let text = openmetrics(&store, "underscores");
    assert_eq!(types(&text), ["a_b gauge", "target info"]);
    let samples: Vec<&str> = text.lines().filter(|line| line.starts_with("a_b")).collect();
    assert_eq!(samples, ["a_b{,k=\"2\"} 1", "a_b{,k=\"1\"} 1"]);
    assert_eq!(types(&openmetrics(&store, "allow-utf-8")).len(), 4);
}

#[test]
fn an_exemplar_stands_in_its_own_bucket_or_nowhere() {
    use opentelemetry_proto::tonic::metrics::v1::{Exemplar, exemplar};
    let store = store();
    let example = |value: f64| Exemplar {
        time_unix_nano: 1_000_000_000,
        trace_id: vec![1; 16],
        value: Some(exemplar::Value::AsDouble(value)),
        ..Exemplar::default()
    };
    let mut observed = distribution(&[], &[1.0, 2.0], &[1, 1, 1]);
    observed.exemplars = vec![example(0.5), example(1.5), example(f64::NAN)];
    take(&store, "one", vec![metric("h", "", histogram(vec![observed]))]);
    let examples = |text: String| text.lines().filter(|line| line.contains(" # ")).count();
    assert_eq!(examples(openmetrics(&store, "underscores")), 2);
    // as many bounds, but others
    let moved = distribution(&[], &[10.0, 20.0], &[1, 1, 1]);
    take(&store, "one", vec![metric("h", "", histogram(vec![moved]))]);
    assert_eq!(examples(openmetrics(&store, "underscores")), 1);
    let more = distribution(&[], &[10.0, 20.0, 30.0], &[1, 1, 1, 0]);
    take(&store, "one", vec![metric("h", "", histogram(vec![more]))]);
    assert_eq!(examples(openmetrics(&store, "underscores")), 0);
}
