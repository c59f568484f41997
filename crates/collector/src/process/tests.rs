use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::metrics::v1::NumberDataPoint;
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;

use super::*;
use crate::otlp::NumberPoint;
use crate::requests::attributes as key_values;

type Pairs<'a> = &'a [(&'a str, &'a str)];

fn promotion(label: &str, from: &[&str], fixed: Option<&str>) -> Promotion {
    Promotion {
        label: label.to_owned(),
        from: from.iter().map(|&key| key.to_owned()).collect(),
        fixed: fixed.map(str::to_owned),
    }
}

fn pipeline(promotions: &[Promotion]) -> Pipeline {
    Pipeline {
        promotions: promotions.to_vec(),
        ..Pipeline::default()
    }
}

fn environment(fixed: Option<&str>) -> Vec<Promotion> {
    vec![promotion(
        "environment",
        &["deployment.environment.name", "environment"],
        fixed,
    )]
}

fn resource_of(attributes: Pairs<'_>, promotions: &[Promotion]) -> ResourceLabels {
    let message = Resource {
        attributes: key_values(attributes),
        ..Resource::default()
    };
    let labels = pipeline(promotions).resource(&message.encode_to_vec());
    labels.expect("readable attributes").expect("not filtered")
}

fn origin_of(attributes: Pairs<'_>, promotions: &[Promotion], scope: &InstrumentationScope) -> OriginLabels {
    let resource = resource_of(attributes, promotions);
    let labels = pipeline(promotions).origin(&resource, &scope.encode_to_vec(), b"");
    labels.expect("readable attributes")
}

fn series_of(attributes: Pairs<'_>, promotions: &[Promotion], own: Option<&str>) -> String {
    let point = NumberDataPoint {
        attributes: key_values(attributes),
        ..NumberDataPoint::default()
    };
    let (plan, message) = (Plan::default(), point.encode_to_vec());
    let labels = pipeline(promotions).series(&plan, &message, NumberPoint::ATTRIBUTES, own);
    labels.expect("readable attributes").expect("not filtered")
}

#[test]
fn job_and_instance_name_the_service() {
    let namespaced = [
        ("service.name", "api"),
        ("service.namespace", "shop"),
        ("service.instance.id", "1"),
    ];
    assert_eq!(
        resource_of(&namespaced, &[]).target,
        "instance=\"1\",job=\"shop/api\""
    );
    assert_eq!(resource_of(&[("service.name", "api")], &[]).target, "job=\"api\"");
    assert_eq!(resource_of(&[("service.namespace", "shop")], &[]).target, "");
}

#[test]
fn the_first_attribute_with_a_value_is_promoted() {
    let text = |attributes: Pairs<'_>| {
        origin_of(attributes, &environment(None), &InstrumentationScope::default()).text
    };
    let both = [("environment", "old"), ("deployment.environment.name", "new")];
    assert_eq!(text(&both), "instance=\"\",environment=\"new\"");
    assert_eq!(
        text(&[("environment", "old")]),
        "instance=\"\",environment=\"old\""
    );
    let empty = [("environment", "old"), ("deployment.environment.name", "")];
    assert_eq!(text(&empty), "instance=\"\",environment=\"old\"");
    assert_eq!(text(&[]), "instance=\"\"");
}

#[test]
fn the_collectors_own_value_is_written_over_every_source_of_a_label() {
    let promotions = environment(Some("dev"));
    let pretended = [
        ("environment", "prod"),
        ("deployment.environment.name", "prod"),
        ("host.name", "h"),
    ];
    let labels = resource_of(&pretended, &promotions);
    assert_eq!(
        labels.info,
        "instance=\"\",deployment_environment_name=\"dev\",environment=\"dev\",host_name=\"h\""
    );
    // and it is there also where a client says nothing
    let labels = resource_of(&[], &promotions);
    assert_eq!(
        labels.info,
        "instance=\"\",deployment_environment_name=\"dev\",environment=\"dev\""
    );
}

#[test]
fn target_info_has_every_attribute_and_its_own_job() {
    let attributes = [
        ("service.name", "api"),
        ("job", "pretended"),
        ("process.pid", "7"),
    ];
    assert_eq!(
        resource_of(&attributes, &[]).info,
        "instance=\"\",exported_job=\"pretended\",job=\"api\",process_pid=\"7\",service_name=\"api\""
    );
    assert_eq!(resource_of(&[], &[]).info, "");
}

#[test]
fn scopes_become_labels() {
    let scope = InstrumentationScope {
        name: "lib".to_owned(),
        version: "1.0".to_owned(),
        attributes: key_values(&[
            ("short.name", "x"),
            ("name", "disguise"),
            ("schema.url", "disguise"),
        ]),
        ..InstrumentationScope::default()
    };
    let resource = resource_of(&[("service.name", "api")], &[]);
    let origin = pipeline(&[]).origin(&resource, &scope.encode_to_vec(), b"https://schema");
    let origin = origin.expect("readable attributes");
    assert_eq!(
        origin.text,
        "instance=\"\",job=\"api\",otel_scope_name=\"lib\",otel_scope_schema_url=\"https://schema\",\
         otel_scope_short_name=\"x\",otel_scope_version=\"1.0\""
    );
}

#[test]
fn a_series_keeps_only_its_own_labels() {
    assert_eq!(
        series_of(&[("http.route", "/"), ("a", "1")], &[], None),
        "a=\"1\",http_route=\"/\""
    );
}

#[test]
fn labels_of_resources_and_scopes_are_theirs_alone() {
    let attributes = [
        ("job", "x"),
        ("instance", "i"),
        // spelled as the label itself, and as an attribute
        ("otel_scope_name", "y"),
        ("otel.scope.version", "2"),
        ("otel.scope.any", ""),
        ("z", "1"),
    ];
    assert_eq!(
        series_of(&attributes, &[], None),
        "exported_instance=\"i\",exported_job=\"x\",exported_otel_scope_name=\"y\",\
         exported_otel_scope_version=\"2\",z=\"1\""
    );
    let attributes = [("environment", "prod"), ("le", "5")];
    // whether or not the resource has the label, and the collector a value for it
    for fixed in [Some("dev"), None] {
        assert_eq!(
            series_of(&attributes, &environment(fixed), Some("le")),
            "exported_environment=\"prod\",exported_le=\"5\""
        );
    }
    assert_eq!(series_of(&attributes, &[], None), "environment=\"prod\",le=\"5\"");
}

#[test]
fn a_label_moves_until_it_is_nobodys() {
    let mut promotions = environment(None);
    promotions.push(promotion("exported_environment", &["x"], None));
    assert_eq!(
        series_of(&[("environment", "prod")], &promotions, None),
        "exported_exported_environment=\"prod\""
    );
}

#[test]
fn names_of_prometheus_itself_are_reserved() {
    for name in [
        "up",
        "ALERTS",
        "ALERTS_FOR_STATE",
        "signalbox_dashboard_info",
        "signalbox.slo.objective.ratio",
        "scrape_duration_seconds",
        "target_info",
        "target.info",
        "scrape/duration.seconds",
    ] {
        assert!(is_reserved(name), "{name}");
    }
    for name in [
        "uptime",
        "alerts",
        "ALERTSX",
        "signalbox_collector_series",
        "scraped",
        "scrape_jobs_total",
        "target_info_total",
        "target..info",
    ] {
        assert!(!is_reserved(name), "{name}");
    }
}
