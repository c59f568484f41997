//! kill -9 of each service.

use std::time::Duration;

use systemd_tests::{Deltas, Machine, eventually};

use crate::shared::site;

/// systemd starts a service again after five seconds at most, and it has as long to be ready again.
const BACK: Duration = Duration::from_mins(1);

#[tokio::test(flavor = "multi_thread")]
async fn each_service_comes_back_and_no_counter_is_reset() {
    let site = site().await;
    let control = &site.control.machine;
    let plane = &site.plane("prod").machine;
    let mut deltas = Deltas::start(plane.address(), "killed");
    eventually("points are accepted", BACK, async || match deltas.accepted() {
        0 => Err("none"),
        _ => Ok(()),
    })
    .await;
    // what is kept: a batch job's group, and a sample of each counter
    control
        .run("echo 'kept_total 42' | curl -sS --fail --data-binary @- http://10.20.0.10:9091/metrics/job/killed")
        .await;
    let requests = "http_server_request_duration_seconds_count{environment=\"prod\"}";
    let before = value(control, &format!("sum({requests})"))
        .await
        .expect("there were requests");

    for service in [
        "signalbox-collector",
        "signalbox-collector",
        "signalbox-collector",
        "signalbox-load-gen@prod",
    ] {
        let process = kill(plane, service).await;
        is_back(plane, service, &process).await;
    }
    // pushed metrics are written down every five seconds
    tokio::time::sleep(Duration::from_secs(6)).await;
    // every service of the box at once
    let mut killed = Vec::new();
    for service in site.control.golden.daemons() {
        let process = kill(control, &service).await;
        killed.push((service, process));
    }
    for (service, process) in killed {
        is_back(control, &service, &process).await;
    }
    site.is_ready().await;

    deltas.stop().await;
    for (sender, (exposed, accepted)) in deltas.sums().await.into_iter().enumerate() {
        assert!(accepted > 0.0);
        assert_eq!(
            exposed.to_bits(),
            accepted.to_bits(),
            "sender {sender}: {exposed} exposed, {accepted} accepted"
        );
    }
    // what Prometheus had before is there, and goes on
    eventually("counters go on", BACK, async || {
        match value(control, &format!("sum({requests})")).await {
            Some(now) if now > before => Ok(()),
            now => Err(format!("{before}, now {now:?}")),
        }
    })
    .await;
    for counter in [requests, "killed_total"] {
        let resets = value(control, &format!("sum(resets({counter}[10m]))")).await;
        assert_eq!(resets, Some(0.0), "{counter}");
    }
    let pushed = eventually("what was pushed is scraped", BACK, async || {
        value(control, "kept_total").await.ok_or("it is not")
    })
    .await;
    assert_eq!(pushed.to_bits(), 42.0_f64.to_bits());

    // the service itself starts from nothing, as it must, and its requests are seen again
    let process = kill(plane, "signalbox-demo-api").await;
    is_back(plane, "signalbox-demo-api", &process).await;
    eventually("requests are counted", BACK, async || {
        let rate = value(control, &format!("sum(rate({requests}[30s]))")).await;
        if rate > Some(0.0) {
            Ok(())
        } else {
            Err(format!("{rate:?}"))
        }
    })
    .await;
    for machine in [control, plane] {
        machine.run("systemctl reset-failed").await;
    }
}

/// Kills a service, and says which process it was.
async fn kill(machine: &Machine, service: &str) -> String {
    let process = machine.property(service, "MainPID").await;
    assert_ne!(process, "0", "{service} does not run");
    machine.run(&format!("kill -KILL {process}")).await;
    process
}

/// Waits until systemd has started it again.
async fn is_back(machine: &Machine, service: &str, killed: &str) {
    eventually(service, BACK, async || {
        let state = machine.property(service, "ActiveState").await;
        let process = machine.property(service, "MainPID").await;
        if state == "active" && process != killed && process != "0" {
            Ok(())
        } else {
            Err(format!("{state}, process {process}"))
        }
    })
    .await;
}

/// The one value of a query, as the query-frontend answers it.
async fn value(control: &Machine, query: &str) -> Option<f64> {
    let answer = control
        .run(&format!(
            "curl -sS --max-time 10 --data-urlencode 'query={query}' http://127.0.0.1:10908/api/v1/query"
        ))
        .await;
    let answer: serde_json::Value = serde_json::from_str(&answer).ok()?;
    answer["data"]["result"][0]["value"][1].as_str()?.parse().ok()
}
