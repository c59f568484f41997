//! The clock of a data plane's host is set forward, and back.

use systemd_tests::{Deltas, Http};

use crate::shared::{accepted, is_exact, plane};

#[tokio::test(flavor = "multi_thread")]
async fn no_series_expires_and_no_watchdog_bites() {
    let plane = plane().await;
    let machine = &plane.machine;
    let process = machine.property("signalbox-collector", "MainPID").await;
    let data = format!("http://{}:8889/metrics", machine.address());
    let mut deltas = Deltas::start(machine.address(), "clock");
    accepted(&deltas, 100).await;
    for by in ["+3 hours", "-6 hours", "+3 hours"] {
        machine.run(&format!("date --set='{by}'")).await;
        accepted(&deltas, 100).await;
        // a gauge is kept for five minutes after its last point, a counter for an hour
        let seen = Http::default().get(&data).await.unwrap().body;
        for name in [
            "clock_total{",
            "http_server_active_requests{",
            "http_server_request_duration_seconds_count{",
        ] {
            assert!(seen.contains(name), "{name} is gone after {by}");
        }
    }
    deltas.stop().await;
    is_exact(&deltas).await;
    for service in [
        "signalbox-collector",
        "signalbox-demo-api",
        "signalbox-load-gen@prod",
    ] {
        assert_eq!(machine.property(service, "NRestarts").await, "0", "{service}");
    }
    assert_eq!(machine.property("signalbox-collector", "MainPID").await, process);
}
