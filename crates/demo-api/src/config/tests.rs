use serde_json::json;

use super::*;

fn resolve(settings: serde_json::Value, variables: &[(&str, &str)]) -> Result<Config, Vec<String>> {
    let raw: RawConfig = serde_json::from_value(settings).unwrap();
    let find = |name: &str| {
        variables
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| (*value).to_owned())
    };
    let mut problems = Problems::default();
    let config = raw.resolve(Variables::read(find), &mut problems);
    let lines: Vec<String> = problems.iter().map(str::to_owned).collect();
    if lines.is_empty() {
        Ok(config.expect("nothing is wrong"))
    } else {
        Err(lines)
    }
}

#[test]
fn the_defaults_stand_without_any_setting() {
    let config = resolve(json!({}), &[]).unwrap();
    assert_eq!(config.listen, ["127.0.0.1:8080".parse().unwrap()]);
    assert_eq!(config.identity.service_name, "api-service");
    assert_eq!(config.identity.environment, None);
    assert_eq!(config.export.url, "http://127.0.0.1:4318/v1/metrics");
    assert_eq!(config.export.interval, Duration::from_secs(5));
    assert_eq!(config.latencies.products, "5ms..20ms".parse().unwrap());
    assert!(config.faults.accept_header);
    assert_eq!(config.fault_control, None);
}

#[test]
fn variables_stand_in_for_what_is_not_configured() {
    let variables = [
        ("ENV", "prod"),
        ("DATA_PLANE_ID", "dp-prod-01"),
        ("OTEL_ENDPOINT", "http://127.0.0.11:4318/"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "2500"),
        ("ERROR_RATE", "0.1"),
    ];
    let config = resolve(json!({}), &variables).unwrap();
    assert_eq!(config.identity.environment.as_deref(), Some("prod"));
    assert_eq!(config.identity.data_plane_id.as_deref(), Some("dp-prod-01"));
    assert_eq!(config.export.url, "http://127.0.0.11:4318/v1/metrics");
    assert_eq!(config.export.interval, Duration::from_millis(2500));
    assert_eq!(config.faults.error_ratio, "0.1".parse().unwrap());

    let settings = json!({
        "environment": "qa",
        "export": {"endpoint": "http://c:4318", "interval": "1s"},
        "fault": {"error_ratio": 0},
    });
    let config = resolve(settings, &variables).unwrap();
    assert_eq!(config.identity.environment.as_deref(), Some("qa"));
    assert_eq!(config.export.url, "http://c:4318/v1/metrics");
    assert_eq!(config.export.interval, Duration::from_secs(1));
    assert_eq!(config.faults.error_ratio, "0".parse().unwrap());
}

#[test]
fn all_that_is_wrong_is_found_at_once() {
    let settings = json!({
        "listen": "127.0.0.1:8080, localhost",
        "environment": "",
        "export": {"interval": "5"},
        "latency": {"search": "fast"},
        "payments": {"failure_ratio": 2, "breaker": {"failures": 0}},
        "fault": {"control": "0.0.0.0:8079"},
    });
    let variables = [
        ("ERROR_RATE", "10"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://c:4318"),
    ];
    assert_eq!(
        resolve(settings, &variables).unwrap_err(),
        [
            "listen: must be an IP address and a port such as 127.0.0.1:8080, is \"localhost\"",
            "fault.control: must be a loopback address such as 127.0.0.1:8079, is \"0.0.0.0:8079\"",
            "environment: must not be empty; leave it out instead",
            "export.endpoint: OTEL_EXPORTER_OTLP_ENDPOINT must be an http URL, TLS is not offered; is \"https://c:4318\"",
            "export.interval: must be a duration such as 5s or 250ms, is \"5\"",
            "latency.search: must be a duration such as 250ms, a range such as 5ms..20ms, or exponential 200ms; is \"fast\"",
            "fault.error_ratio: ERROR_RATE must be a share between 0 and 1 (0.1 is 10 %), is 10",
            "payments.failure_ratio: must be a share between 0 and 1 (0.1 is 10 %), is 2",
            "payments.breaker.failures: must be at least 1",
        ]
    );
}

#[test]
fn addresses_are_a_list_or_a_text() {
    let many = resolve(json!({"listen": ["127.0.0.1:1", "[::1]:2"]}), &[]).unwrap();
    let text = resolve(json!({"listen": "127.0.0.1:1, [::1]:2"}), &[]).unwrap();
    assert_eq!(many.listen, text.listen);
    assert_eq!(many.listen.len(), 2);
    assert!(resolve(json!({"listen": []}), &[]).is_err());
}

#[test]
fn credentials_in_the_endpoint_are_refused_and_not_repeated() {
    let sentence = "must be without user name, password and @, because it is written to the log; \
                    OTEL_EXPORTER_OTLP_HEADERS can carry credentials";
    for endpoint in [
        "http://user:s3cret@127.0.0.1:4318",
        "https://user:s3cret@collector",
        "http://user:s3/cret@collector",
        "user:s3cret@collector",
        "http://s3cret@",
    ] {
        assert_eq!(
            resolve(json!({"export": {"endpoint": endpoint}}), &[]).unwrap_err(),
            [format!("export.endpoint: {sentence}")]
        );
        for variable in ["OTEL_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"] {
            assert_eq!(
                resolve(json!({}), &[(variable, endpoint)]).unwrap_err(),
                [format!("export.endpoint: {variable} {sentence}")]
            );
        }
    }
}

#[test]
fn all_changes_but_those_of_faults_take_a_restart() {
    let changed = |settings| {
        let old = resolve(json!({}), &[]).unwrap();
        old.changed_until_restart(&resolve(settings, &[]).unwrap())
    };
    assert_eq!(changed(json!({})), [""; 0]);
    let faults = json!({"error_ratio": 0.5, "latency": "1s", "latency_ratio": 0.5, "accept_header": false});
    assert_eq!(changed(json!({"fault": faults})), [""; 0]);
    assert_eq!(
        changed(json!({"export": {"endpoint": "http://c:4318"}})),
        ["export.endpoint"]
    );
    let all = json!({
        "listen": "127.0.0.1:1",
        "service_name": "a",
        "instance_id": "b",
        "environment": "c",
        "data_plane_id": "d",
        "export": {"endpoint": "http://c:4318", "interval": "1h", "timeout": "1h"},
        "latency": {
            "health": "1s", "products": "1s", "orders": "1s", "reports": "1s", "search": "1s", "search_cached": "1s",
            "payments": "1s",
        },
        "payments": {"failure_ratio": 0.5, "breaker": {"failures": 1, "open_for": "1h"}},
        "fault": {"control": "127.0.0.1:2"},
    });
    assert_eq!(
        changed(all),
        [
            "listen",
            "fault.control",
            "service_name",
            "instance_id",
            "environment",
            "data_plane_id",
            "export.endpoint",
            "export.interval",
            "export.timeout",
            "latency.health",
            "latency.products",
            "latency.orders",
            "latency.reports",
            "latency.search",
            "latency.search_cached",
            "latency.payments",
            "payments.failure_ratio",
            "payments.breaker.failures",
            "payments.breaker.open_for",
        ]
    );
}
