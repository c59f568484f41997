//! The clock of a data plane's host is set forward, and back.

use systemd_tests::{Deltas, Http, eventually};

use crate::shared::{SEEN, accepted, is_exact, plane, restarts};

/// A sum of deltas, a gauge and a counter.
const NAMES: &[&str] = &[
    "clock_total{",
    "http_server_active_requests{",
    "http_server_request_duration_seconds_count{",
];

#[tokio::test(flavor = "multi_thread")]
async fn no_series_expires_and_no_watchdog_bites() {
    let plane = plane().await;
    let machine = &plane.machine;
    let process = machine.property("signalbox-collector", "MainPID").await;
    let data = format!("http://{}:8889/metrics", machine.address());
    let mut deltas = Deltas::start(machine.address(), "clock");
    accepted(&deltas, 100).await;
    // what the service measures is there again some seconds after the collector's last start
    eventually("all series are there", SEEN, async || {
        let seen = Http::default().get(&data).await?.body;
        match NAMES.iter().find(|name| !seen.contains(**name)) {
            None => Ok(()),
            Some(name) => Err(format!("no {name}")),
        }
    })
    .await;
    let before = restarts(machine).await;
    for by in ["+3 hours", "-6 hours", "+3 hours"] {
        machine.run(&format!("date --set='{by}'")).await;
        accepted(&deltas, 100).await;
        // a gauge is kept for five minutes after its last point, a counter for an hour
        let seen = Http::default().get(&data).await.unwrap().body;
        for name in NAMES {
            assert!(seen.contains(*name), "{name} is gone after {by}");
        }
    }
    deltas.stop().await;
    is_exact(&deltas).await;
    assert_eq!(restarts(machine).await, before);
    assert_eq!(machine.property("signalbox-collector", "MainPID").await, process);
}
