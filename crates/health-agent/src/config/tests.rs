use serde_json::{Value, json};

use super::*;

/// What is wrong with such settings, a sentence each.
fn problems(settings: Value) -> Vec<String> {
    let settings: RawConfig = serde_json::from_value(settings).unwrap();
    match settings.into_config() {
        Ok(_) => vec![],
        Err(problems) => problems.iter().map(str::to_owned).collect(),
    }
}

#[test]
fn a_round_is_made_at_least_once_a_minute() {
    assert_eq!(problems(json!({ "interval": "1m" })), [""; 0]);
    assert_eq!(
        problems(json!({ "interval": "61s" })),
        ["interval: must be between 1s and 1m, is \"61s\""]
    );
}

#[test]
fn a_url_has_nothing_behind_its_path() {
    let prometheus = |url: &str| problems(json!({ "parts": { "prometheus": url } }));
    for right in ["http://127.0.0.1:9090", "https://box/prometheus/", ""] {
        assert_eq!(prometheus(right), [""; 0], "{right}");
    }
    for url in [
        "http://127.0.0.1:9090/#graph",
        "http://127.0.0.1:9090?",
        "http://127.0.0.1:9090/?a=b",
    ] {
        let said = format!(
            "parts.prometheus: must be a URL without `?` and `#`, such as http://127.0.0.1:9090, is {url:?}"
        );
        assert_eq!(prometheus(url), [said]);
    }
    for text in ["127.0.0.1:9090", "ftp://box", "box"] {
        let said = format!("parts.prometheus: must be a URL such as http://127.0.0.1:9090, is {text:?}");
        assert_eq!(prometheus(text), [said]);
    }
}

#[test]
fn whatever_has_a_name_is_called_something() {
    let url = "http://127.0.0.1:1";
    let settings = |name: &str, peer: &str| {
        json!({
            "box": name,
            "collectors": [
                { "environment": "prod", "data_plane_id": "dp-prod-01", "otlp": url, "self_metrics": url },
                { "environment": name, "data_plane_id": name, "otlp": url, "self_metrics": url },
            ],
            "peer": { "box": peer, "health": url, "prometheus": url, "alertmanager": url },
        })
    };
    assert_eq!(problems(settings("a", "b")), [""; 0]);
    assert_eq!(
        problems(settings("a", "a")),
        ["peer.box: must be the other box's name, is \"a\" like this one's"]
    );
    for nothing in ["", " "] {
        assert_eq!(
            problems(settings(nothing, nothing)),
            [
                format!("box: must be the name of this box, such as \"a\", is {nothing:?}"),
                format!(
                    "collectors.1.environment: must be the environment that it writes on all that it takes, such as \"prod\", is {nothing:?}"
                ),
                format!(
                    "collectors.1.data_plane_id: must be the data plane that it writes on all that it takes, such as \"dp-prod-01\", is {nothing:?}"
                ),
                format!("peer.box: must be the other box's name, such as \"b\", is {nothing:?}"),
            ]
        );
    }
}
