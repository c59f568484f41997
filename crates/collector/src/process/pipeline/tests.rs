use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::metrics::v1::NumberDataPoint;
use opentelemetry_proto::tonic::resource::v1::Resource;
use proptest::prelude::*;
use proptest::sample::{SizeRange, select, subsequence};
use prost::Message;
use service::Settings;

use super::*;
use crate::config::RawConfig;
use crate::otlp::NumberPoint;
use crate::requests::attributes as key_values;

type Pairs<'a> = &'a [(&'a str, &'a str)];

fn pipeline(toml: &str) -> Pipeline {
    let settings: RawConfig = toml::from_str(toml).expect("settings");
    settings.into_config().expect("right settings").rules.pipeline
}

/// The labels of the `target_info` of a resource, without `instance=""`; `None` if it is not taken.
fn resource_info(pipeline: &Pipeline, attributes: Pairs<'_>) -> Option<String> {
    let message = Resource {
        attributes: key_values(attributes),
        ..Resource::default()
    };
    let labels = pipeline.resource(&message.encode_to_vec()).expect("readable");
    Some(
        labels?
            .info
            .trim_start_matches("instance=\"\"")
            .trim_start_matches(',')
            .to_owned(),
    )
}

/// The name and the labels of a point's series; `None` if it is not taken.
fn series(pipeline: &Pipeline, name: &str, attributes: Pairs<'_>) -> Option<String> {
    let message = NumberDataPoint {
        attributes: key_values(attributes),
        ..NumberDataPoint::default()
    };
    let plan = pipeline.metric(name)?;
    let labels = pipeline.series(&plan, &message.encode_to_vec(), NumberPoint::ATTRIBUTES, None);
    Some(format!("{}{{{}}}", plan.name(name), labels.expect("readable")?))
}

/// What becomes of points, each the name of its metric and its attributes.
fn check(toml: &str, points: &[(&str, Pairs<'_>, Option<&str>)]) {
    let pipeline = pipeline(toml);
    for (name, attributes, expected) in points {
        let found = series(&pipeline, name, attributes);
        assert_eq!(found.as_deref(), *expected, "{name} {attributes:?}");
    }
}

fn check_resources(toml: &str, resources: &[(Pairs<'_>, Option<&str>)]) {
    let pipeline = pipeline(toml);
    for (attributes, expected) in resources {
        let found = resource_info(&pipeline, attributes);
        assert_eq!(found.as_deref(), *expected, "{attributes:?}");
    }
}

/// A step that does one thing to the attribute `k` of points.
fn action(rest: &str) -> String {
    format!("[[process]]\nstep = \"point_attributes\"\nactions = [{{ {rest} }}]\n")
}

#[test]
fn insert_update_upsert_and_delete() {
    for (rest, absent, there, empty) in [
        (
            "action = \"insert\", key = \"k\", value = \"new\"",
            "k=\"new\"",
            "k=\"old\"",
            "",
        ),
        (
            "action = \"update\", key = \"k\", value = \"new\"",
            "",
            "k=\"new\"",
            "k=\"new\"",
        ),
        (
            "action = \"upsert\", key = \"k\", value = \"new\"",
            "k=\"new\"",
            "k=\"new\"",
            "k=\"new\"",
        ),
        ("action = \"delete\", key = \"k\"", "", "", ""),
        ("action = \"delete\", key = \"?\"", "", "", ""),
        (
            "action = \"upsert\", key = \"k\", value = 5",
            "k=\"5\"",
            "k=\"5\"",
            "k=\"5\"",
        ),
        (
            "action = \"upsert\", key = \"k\", value = true",
            "k=\"true\"",
            "k=\"true\"",
            "k=\"true\"",
        ),
    ] {
        let expected = [absent, there, empty].map(|labels| format!("m{{{labels}}}"));
        check(
            &action(rest),
            &[
                ("m", &[], Some(&expected[0])),
                ("m", &[("k", "old")], Some(&expected[1])),
                // there, though to Prometheus it is not
                ("m", &[("k", "")], Some(&expected[2])),
            ],
        );
    }
}

#[test]
fn a_value_can_be_that_of_another_attribute() {
    check(
        &action("action = \"upsert\", key = \"k\", from_attribute = \"a\""),
        &[
            ("m", &[("a", "1")], Some("m{a=\"1\",k=\"1\"}")),
            ("m", &[("a", "1"), ("k", "old")], Some("m{a=\"1\",k=\"1\"}")),
            ("m", &[("k", "old")], Some("m{k=\"old\"}")),
        ],
    );
    // of a resource too, and as the actions before have left it
    check_resources(
        "promote = { environment = [], data_plane_id = [], service_name = [] }\n\
         [[process]]\nstep = \"resource_attributes\"\nactions = [\n\
         { action = \"upsert\", key = \"a\", value = \"2\" },\n\
         { action = \"insert\", key = \"b\", from_attribute = \"a\" },\n\
         { action = \"delete\", key = \"a\" },\n]",
        &[(&[("a", "1")], Some("b=\"2\"")), (&[], Some("b=\"2\""))],
    );
}

#[test]
fn actions_can_be_limited_to_metrics() {
    let limited = format!(
        "{}metrics = [\"http.*\", \"rpc.*\"]\n",
        action("action = \"delete\", key = \"k\"")
    );
    check(
        &limited,
        &[
            ("http.x", &[("k", "1")], Some("http.x{}")),
            ("rpc.x", &[("k", "1")], Some("rpc.x{}")),
            ("db.x", &[("k", "1")], Some("db.x{k=\"1\"}")),
        ],
    );
}

#[test]
fn metrics_are_filtered_by_name() {
    check(
        "[[process]]\nstep = \"filter_metrics\"\ninclude = [\"http.*\", \"up?\"]\nexclude = [\"*.debug\"]",
        &[
            ("http.a", &[], Some("http.a{}")),
            ("up2", &[], Some("up2{}")),
            ("http.a.debug", &[], None),
            ("db.a", &[], None),
        ],
    );
}

#[test]
fn points_are_filtered_by_attributes() {
    // within one alternative all conditions must hold; alternatives stand beside each other
    check(
        "[[process]]\nstep = \"filter_points\"\nmetrics = \"http.*\"\nexclude = [\n\
         { \"http.route\" = [\"/health*\", \"/ready\"], \"http.method\" = \"GET\" },\n\
         { \"http.status\" = 404 },\n]",
        &[
            (
                "http.a",
                &[("http.route", "/healthz"), ("http.method", "GET")],
                None,
            ),
            (
                "http.a",
                &[("http.route", "/ready"), ("http.method", "GET")],
                None,
            ),
            (
                "http.a",
                &[("http.route", "/ready"), ("http.method", "PUT")],
                Some("http.a{http_method=\"PUT\",http_route=\"/ready\"}"),
            ),
            (
                "http.a",
                &[("http.route", "/ready")],
                Some("http.a{http_route=\"/ready\"}"),
            ),
            ("http.a", &[("http.status", "404")], None),
            (
                "rpc.a",
                &[("http.status", "404")],
                Some("rpc.a{http_status=\"404\"}"),
            ),
        ],
    );
    check(
        "[[process]]\nstep = \"filter_points\"\ninclude = [{ tenant = \"*\" }]",
        &[
            ("a", &[("tenant", "x")], Some("a{tenant=\"x\"}")),
            ("a", &[("tenant", "")], Some("a{}")),
            ("a", &[], None),
        ],
    );
}

#[test]
fn resources_are_filtered_by_what_their_client_and_the_steps_before_say() {
    check_resources(
        "environment = \"qa\"\npromote = { service_name = [], data_plane_id = [], environment = [\"environment\"] }\n\
         [[process]]\nstep = \"resource_attributes\"\n\
         actions = [{ action = \"insert\", key = \"team\", value = \"none\" }]\n\
         [[process]]\nstep = \"filter_resources\"\nexclude = [{ environment = \"prod\" }, { team = \"none\" }]",
        &[
            (&[("team", "a"), ("environment", "prod")], None),
            (&[("team", "a")], Some("environment=\"qa\",team=\"a\"")),
            (&[], None),
        ],
    );
}

#[test]
fn conditions_see_the_name_as_renamed_so_far() {
    check(
        "[[process]]\nstep = \"filter_metrics\"\nexclude = [\"new.a\"]\n\
         [[process]]\nstep = \"rename_metrics\"\nfrom = \"old.*\"\nto = \"new.*\"\n\
         [[process]]\nstep = \"filter_metrics\"\nexclude = [\"new.b\"]\n\
         [[process]]\nstep = \"point_attributes\"\nmetrics = \"new.c\"\n\
         actions = [{ action = \"insert\", key = \"k\", value = \"1\" }]\n\
         [[process]]\nstep = \"rename_metrics\"\nfrom = \"new.c\"\nto = \"d\"\n\
         [[process]]\nstep = \"filter_points\"\nmetrics = \"new.c\"\nexclude = [{ k = \"*\" }]",
        &[
            ("old.a", &[], Some("new.a{}")),
            ("new.a", &[], None),
            ("old.b", &[], None),
            ("old.c", &[], Some("d{k=\"1\"}")),
        ],
    );
}

#[test]
fn metrics_that_get_one_name_keep_their_own_steps() {
    let pipeline = pipeline(
        "[[process]]\nstep = \"point_attributes\"\nmetrics = \"a\"\n\
         actions = [{ action = \"upsert\", key = \"k\", value = \"of a\" }]\n\
         [[process]]\nstep = \"rename_metrics\"\nfrom = \"a\"\nto = \"b\"",
    );
    assert_eq!(
        series(&pipeline, "a", &[("k", "1")]).as_deref(),
        Some("b{k=\"of a\"}")
    );
    assert_eq!(
        series(&pipeline, "b", &[("k", "1")]).as_deref(),
        Some("b{k=\"1\"}")
    );
    let steps = |name| pipeline.metric(name).expect("not filtered").steps();
    assert_eq!((steps("a"), steps("b")), (1, 0));
}

#[test]
fn the_collectors_own_values_win_over_steps() {
    check_resources(
        "environment = \"qa\"\npromote = { service_name = [], data_plane_id = [], environment = [\"env\", \"environment\"] }\n\
         [[process]]\nstep = \"resource_attributes\"\n\
         actions = [{ action = \"upsert\", key = \"environment\", value = \"prod\" }]",
        &[(&[("env", "dev")], Some("env=\"qa\",environment=\"qa\""))],
    );
}

#[test]
fn a_resource_tells_its_environment() {
    let environment = |toml: &str, attributes: Pairs<'_>| {
        let message = Resource {
            attributes: key_values(attributes),
            ..Resource::default()
        };
        let labels = pipeline(toml).resource(&message.encode_to_vec());
        labels.expect("readable").expect("not filtered").environment
    };
    let sent = [("deployment.environment.name", "dev")];
    assert_eq!(environment("", &sent), "dev");
    assert_eq!(environment("environment = \"qa\"", &sent), "qa");
    assert_eq!(environment("", &[]), "");
}

#[test]
fn scope_labels_can_be_switched_off() {
    let scope = InstrumentationScope {
        name: "lib".to_owned(),
        version: "1.0".to_owned(),
        ..InstrumentationScope::default()
    };
    let text = |toml: &str| {
        let pipeline = pipeline(toml);
        let resource = pipeline.resource(b"").expect("readable").expect("not filtered");
        let origin = pipeline.origin(&resource, &scope.encode_to_vec(), b"https://schema");
        origin.expect("readable").text
    };
    assert_eq!(
        text(""),
        "instance=\"\",otel_scope_name=\"lib\",otel_scope_schema_url=\"https://schema\",otel_scope_version=\"1.0\""
    );
    assert_eq!(text("scope_labels = false"), "instance=\"\"");
}

#[test]
fn labels_are_counted_and_measured_after_the_steps() {
    let pipeline = pipeline(
        "limits = { labels = 2, label_name_bytes = 4, label_value_bytes = 3 }\n\
         [[process]]\nstep = \"point_attributes\"\nactions = [{ action = \"delete\", key = \"x\" }]",
    );
    let refused = |attributes: Pairs<'_>| {
        let message = NumberDataPoint {
            attributes: key_values(attributes),
            ..NumberDataPoint::default()
        };
        let labels = pipeline.series(
            &Plan {
                renamed: None,
                steps: 1,
            },
            &message.encode_to_vec(),
            NumberPoint::ATTRIBUTES,
            None,
        );
        labels.err()
    };
    assert_eq!(refused(&[("a", "1"), ("b", "2"), ("x", "far too long")]), None);
    assert_eq!(refused(&[("a", "1"), ("b", "2"), ("c", "")]), None);
    assert_eq!(
        refused(&[("a", "1"), ("b", "2"), ("c", "3")]),
        Some(LabelError::TooMany)
    );
    assert_eq!(refused(&[("name", "123")]), None);
    assert_eq!(refused(&[("names", "1")]), Some(LabelError::TooLong));
    assert_eq!(refused(&[("a", "1234")]), Some(LabelError::TooLong));
    // joined, they are one label
    assert_eq!(refused(&[("a.b", "1"), ("a_b", "2")]), None);
    assert_eq!(refused(&[("a.b", "12"), ("a_b", "3")]), Some(LabelError::TooLong));
}

/// Names that steps and points share often enough to meet.
fn word() -> impl Strategy<Value = String> {
    select(vec![
        "a",
        "b",
        "a.b",
        "a_b",
        "k",
        "environment",
        "service.name",
        "job",
    ])
    .prop_map(str::to_owned)
}

fn glob() -> impl Strategy<Value = String> {
    prop_oneof![
        word(),
        select(vec!["*", "a*", "?", "*b", "a?b"]).prop_map(str::to_owned)
    ]
}

fn raw_action() -> impl Strategy<Value = String> {
    prop_oneof![
        glob().prop_map(|key| format!("{{ action = \"delete\", key = \"{key}\" }}")),
        (select(vec!["insert", "update", "upsert"]), word(), "[a-z]{0,3}").prop_map(
            |(action, key, value)| format!(
                "{{ action = \"{action}\", key = \"{key}\", value = \"{value}\" }}"
            )
        ),
        (select(vec!["insert", "update", "upsert"]), word(), word()).prop_map(|(action, key, from)| {
            format!("{{ action = \"{action}\", key = \"{key}\", from_attribute = \"{from}\" }}")
        }),
    ]
}

fn raw_step() -> impl Strategy<Value = String> {
    let actions = || prop::collection::vec(raw_action(), 1..4).prop_map(|actions| actions.join(", "));
    let match_of = || (word(), glob()).prop_map(|(key, value)| format!("{{ \"{key}\" = \"{value}\" }}"));
    let side = || select(vec!["include", "exclude"]);
    let step = prop_oneof![
        actions().prop_map(|actions| format!("step = \"resource_attributes\"\nactions = [{actions}]")),
        (glob(), actions()).prop_map(|(metrics, actions)| {
            format!("step = \"point_attributes\"\nmetrics = \"{metrics}\"\nactions = [{actions}]")
        }),
        (side(), match_of()).prop_map(|(side, one)| format!("step = \"filter_resources\"\n{side} = [{one}]")),
        (side(), match_of(), glob()).prop_map(|(side, one, metrics)| {
            format!("step = \"filter_points\"\nmetrics = \"{metrics}\"\n{side} = [{one}]")
        }),
        (side(), glob()).prop_map(|(side, one)| format!("step = \"filter_metrics\"\n{side} = [\"{one}\"]")),
        word().prop_map(|from| format!(
            "step = \"rename_metrics\"\nfrom = \"{from}\"\nto = \"renamed.{from}\""
        )),
    ];
    step.prop_map(|step| format!("[[process]]\n{step}\n"))
}

fn raw_steps() -> impl Strategy<Value = String> {
    prop::collection::vec(raw_step(), 0..6).prop_map(|steps| steps.concat())
}

/// Attributes, each key once, in two orders.
fn in_two_orders() -> impl Strategy<Value = [Vec<(String, String)>; 2]> {
    let keys = vec!["a", "b", "a.b", "a_b", "k", "environment", "service.name", "job"];
    let some = subsequence(keys, SizeRange::from(0..=8)).prop_flat_map(|keys| {
        let count = keys.len();
        (Just(keys), prop::collection::vec("[a-c]{0,2}", count))
    });
    some.prop_map(|(keys, values)| {
        keys.into_iter()
            .map(str::to_owned)
            .zip(values)
            .collect::<Vec<_>>()
    })
    .prop_flat_map(|attributes| (Just(attributes.clone()), Just(attributes).prop_shuffle()))
    .prop_map(|(one, other)| [one, other])
}

/// Everything that a pipeline makes of a resource and of a point with these attributes.
fn outcome(pipeline: &Pipeline, name: &str, attributes: &[(String, String)]) -> [Option<String>; 2] {
    let attributes: Vec<(&str, &str)> = attributes
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    [
        resource_info(pipeline, &attributes),
        series(pipeline, name, &attributes),
    ]
}

proptest! {
    #[test]
    fn the_order_of_attributes_never_matters(steps in raw_steps(), name in word(), [one, other] in in_two_orders()) {
        let pipeline = pipeline(&steps);
        prop_assert_eq!(outcome(&pipeline, &name, &one), outcome(&pipeline, &name, &other));
    }

    /// What `check-config` prints is a configuration: a pipeline that is read from it is the same.
    #[test]
    fn a_configuration_that_is_read_again_is_the_same(steps in raw_steps()) {
        let settings: RawConfig = toml::from_str(&steps).expect("settings");
        let shown = toml::to_string(&settings).expect("settings");
        prop_assert_eq!(pipeline(&steps), pipeline(&shown));
    }

    #[test]
    fn no_bytes_make_it_panic(
        steps in raw_steps(),
        name in ".{0,8}",
        bytes in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let pipeline = pipeline(&steps);
        let plan = pipeline.metric(&name).unwrap_or_default();
        let _ = pipeline.series(&plan, &bytes, NumberPoint::ATTRIBUTES, Some("le"));
        if let Ok(Some(resource)) = pipeline.resource(&bytes) {
            let _ = pipeline.origin(&resource, &bytes, &bytes);
        }
    }
}
