//! What people were told: all notifications that the receiver got since the box started.

use std::fs;

use serde::Deserialize;
use serde_json::Value;

use crate::harness::Demo;

/// As the receiver wrote it down.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Notification {
    /// Unix seconds.
    pub(crate) received_at: f64,
    pub(crate) body: Value,
}

/// All about one alert in one environment, the first one first.
pub(crate) fn about(demo: &Demo, alert: &str, environment: &str) -> Vec<Notification> {
    let text = fs::read_to_string(demo.state().join("logs/notifications.jsonl")).unwrap();
    // the last line may still be on its way
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let all = whole
        .lines()
        .map(|line| serde_json::from_str::<Notification>(line).unwrap());
    all.filter(|one| {
        let group = &one.body["groupLabels"];
        group["alertname"] == alert && group["environment"] == environment
    })
    .collect()
}

/// `firing` or `resolved`, of each.
pub(crate) fn statuses(notifications: &[Notification]) -> Vec<&str> {
    let bodies = notifications.iter().map(|one| &one.body);
    bodies.map(|body| body["status"].as_str().unwrap()).collect()
}
