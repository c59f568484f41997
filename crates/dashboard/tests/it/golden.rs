//! Whole answers, kept as files. The web app's tests read the same files.

use std::fmt::Write;
use std::path::Path;

use serde_json::Value;

use super::harness::{Running, config};
use super::store::Store;
use super::world;

#[tokio::test]
async fn whole_answers() {
    let store = Store::start(world::mixed).await;
    let dashboard = Running::start(config(&store.url)).await;
    let rows = [
        ("overview-mixed", "/api/v1/overview?range=1h"),
        ("environments", "/api/v1/environments"),
        (
            "panel-request-rate",
            "/api/v1/environments/qa/panels/request-rate?range=15m&width=600",
        ),
        (
            "panel-latency",
            "/api/v1/environments/qa/panels/latency?range=15m&width=600",
        ),
        (
            "panel-error-ratio",
            "/api/v1/environments/qa/panels/error-ratio?range=15m&width=600",
        ),
        (
            "panel-active-requests",
            "/api/v1/environments/qa/panels/active-requests?range=15m&width=600",
        ),
        (
            "error-unknown-environment",
            "/api/v1/environments/nowhere/panels/latency",
        ),
    ];
    for (name, path) in rows {
        let (_, body) = dashboard.json(path).await;
        check(name, &body, &store.url);
    }
    let url = store.url.clone();
    drop(store);
    let dashboard = Running::start(config(&url)).await;
    let body = dashboard.answer("/api/v1/overview?range=1h").await;
    check("overview-store-unreachable", &body, &url);
}

#[track_caller]
fn check(name: &str, found: &Value, store: &str) {
    let mut text = String::new();
    write(found, 0, &mut text);
    text.push('\n');
    // the fake store listens on another port each time
    let text = text.replace(store, "http://127.0.0.1:9090");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.json"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == text,
        "{name} changed. If it should: UPDATE_GOLDEN=1 cargo test -p signalbox-dashboard golden\n{text}"
    );
}

/// Indented like `to_string_pretty`, but with the values of a series on one line.
fn write(value: &Value, depth: usize, out: &mut String) {
    let indent = |depth: usize| "  ".repeat(depth);
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (place, (name, value)) in fields.iter().enumerate() {
                let opening = if place == 0 { "{" } else { "," };
                write!(
                    out,
                    "{opening}\n{}{}: ",
                    indent(depth + 1),
                    Value::from(name.as_str())
                )
                .unwrap();
                write(value, depth + 1, out);
            }
            write!(out, "\n{}}}", indent(depth)).unwrap();
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for (place, item) in items.iter().enumerate() {
                let opening = if place == 0 { "[" } else { "," };
                write!(out, "{opening}\n{}", indent(depth + 1)).unwrap();
                write(item, depth + 1, out);
            }
            write!(out, "\n{}]", indent(depth)).unwrap();
        }
        plain => write!(out, "{plain}").unwrap(),
    }
}
