//! The box says of itself that it is well, and is.

use std::time::Duration;

use serde_json::Value;
use systemd_tests::{SECRET, Webhook, eventually};

use crate::shared::site;

const SEEN: Duration = Duration::from_secs(90);

/// The checks that look at the whole way.
const SEEN_TO_BE_WELL: &[&str] = &[
    "units-active",
    "disk-space",
    "listeners-expected",
    "collector-scraped",
    "prometheus-ready",
    "prometheus-targets",
    "object-store-canary",
    "thanos-ready",
    "canary-collector",
    "canary-prometheus",
    "canary-thanos",
    "canary-alert",
    "alertmanager-watchdog",
    "generation-current",
];

#[tokio::test(flavor = "multi_thread")]
async fn all_checks_of_the_doctor_are_green() {
    let site = site().await;
    let machine = &site.control.machine;
    eventually("a doctor without complaints", SEEN, async || {
        let doctor = machine
            .try_run("signalbox-health --config /etc/signalbox/health.toml doctor --json")
            .await;
        let report: Value =
            serde_json::from_str(&doctor.stdout).map_err(|error| format!("{error}: {doctor:?}"))?;
        let checks = report["checks"].as_array().ok_or("no checks")?;
        let mut complaints: Vec<_> = checks.iter().filter(|check| check["level"] != 0).collect();
        // what only time can tell is well as well: these have to be seen
        complaints.extend(
            checks.iter().filter(|check| {
                SEEN_TO_BE_WELL.iter().any(|id| check["id"] == *id) && check["verdict"] != "ok"
            }),
        );
        let looked = |id: &&&str| checks.iter().all(|check| check["id"] != **id);
        let forgotten: Vec<_> = SEEN_TO_BE_WELL.iter().filter(looked).collect();
        if complaints.is_empty() && forgotten.is_empty() && doctor.code == 0 {
            Ok(())
        } else {
            Err(format!(
                "exit code {}, {complaints:#?}, no check {forgotten:?}",
                doctor.code
            ))
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_heartbeat_of_the_box_reaches_people() {
    let site = site().await;
    eventually(
        "a notification of Watchdog",
        SEEN,
        async || match Webhook::alerts("http://127.0.0.1:9093", "Watchdog").first() {
            Some(alert) if alert["status"] == "firing" && !alert.to_string().contains(SECRET) => Ok(()),
            alert => Err(format!("{alert:?}")),
        },
    )
    .await;
    drop(site);
}
