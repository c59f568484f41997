use serde_json::json;

use super::*;

fn resolve(settings: serde_json::Value) -> Result<Config, Vec<String>> {
    let raw: RawConfig = serde_json::from_value(settings).unwrap();
    raw.into_config()
        .map_err(|problems| problems.iter().map(str::to_owned).collect())
}

fn shapes(config: &Config) -> Vec<String> {
    let describe = |load: &Load| {
        format!(
            "{} {} {}",
            load.environment, load.pattern.shape, load.pattern.fault_ratio
        )
    };
    config.loads.iter().map(describe).collect()
}

#[test]
fn each_target_gets_the_pattern_of_its_environment() {
    let config = resolve(json!({
        "target": "prod=http://127.0.0.11:8080, dev=http://127.0.0.12:8080, http://127.0.0.13:8080, uat=http://u",
        "environment": "qa",
    }))
    .unwrap();
    assert_eq!(
        shapes(&config),
        [
            "prod steady 50/s 0",
            "dev bursts from 5/s up to 20/s 0",
            "qa steady 20/s 0.1",
            "uat steady 10/s 0"
        ]
    );
    assert_eq!((config.duration, config.wait), (None, None));
    assert_eq!(
        (config.limits.timeout, config.limits.concurrency.get()),
        (Duration::from_secs(5), 256)
    );
    let weights: Vec<f64> = config.endpoints.iter().map(|endpoint| endpoint.weight).collect();
    assert_eq!(weights, [40.0, 30.0, 15.0, 10.0, 5.0, 5.0]);
    assert_eq!(config.endpoints[5].name, "GET /api/search");
}

#[test]
fn a_rate_is_the_peak_of_every_pattern() {
    let targets = json!(["prod=http://a", "dev=http://b", "qa=http://c", "http://d"]);
    let config = resolve(json!({"target": targets, "rate": 100, "duration": 300, "wait": "30s"})).unwrap();
    assert_eq!(
        shapes(&config),
        [
            "prod steady 100/s 0",
            "dev bursts from 25/s up to 100/s 0",
            "qa steady 100/s 0.1",
            "default steady 100/s 0"
        ]
    );
    assert_eq!(
        (config.duration, config.wait),
        (Some(Duration::from_mins(5)), Some(Duration::from_secs(30)))
    );
    assert_eq!(
        resolve(json!({"target": "http://a", "duration": "0"}))
            .unwrap()
            .duration,
        None
    );
}

#[test]
fn all_that_is_wrong_is_found_at_once() {
    let settings = json!({
        "target": ["prod=ftp://a"],
        "rate": 0,
        "duration": "soon",
        "concurrency": 0,
        "patterns": {
            "prod": {"rate": 1e9},
            "dev": {"rate": 5, "quiet_rate": 10},
            "qa": {"rate": 5, "fault_ratio": 10},
        },
        "endpoints": [{"paths": ["health"], "weight": 1}, {"paths": [], "weight": -1}],
    });
    assert_eq!(
        resolve(settings).unwrap_err(),
        [
            "rate: must be from 0.001 to 100000 requests per second, is 0",
            "patterns.dev.quiet_rate: must be at most the rate of 5/s, is 10/s",
            "patterns.prod.rate: must be from 0.001 to 100000 requests per second, is 1000000000",
            "patterns.qa.fault_ratio: must be from 0 to 1, is 10",
            "target: must be a URL such as http://127.0.0.11:8080 or, with its environment, prod=http://127.0.0.11:8080; is \"prod=ftp://a\"",
            "endpoints.0.paths: must begin with a slash, is \"health\"",
            "endpoints.1.weight: must be 0 or more, is -1",
            "endpoints.1.paths: must have at least one",
            "endpoints: must have at least one with a weight above 0",
            "duration: must be a number of seconds, or a time such as 5m or 500ms; is \"soon\"",
            "concurrency: must be at least 1",
        ]
    );
    assert_eq!(
        resolve(json!({})).unwrap_err(),
        ["target: must name at least one, as in --target prod=http://127.0.0.11:8080"]
    );
}
