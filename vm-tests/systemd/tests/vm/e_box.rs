//! A box whose power is cut while it scrapes three data planes.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use systemd_tests::{Control, Golden, Kind, Machine, Plane, eventually};

use crate::shared::{SEEN, end};

/// Everything of a box starts at once, on an emulated processor; and what went too slowly meanwhile is remembered for a quarter of an hour.
const BOX: Duration = Duration::from_mins(22);

#[tokio::test(flavor = "multi_thread")]
async fn data_is_intact_counters_go_on_and_the_doctor_is_green_again() {
    end().await;
    // under systemd-nspawn: they go on while the box is off
    let (prod, dev, qa) = tokio::join!(
        Plane::boot(
            "prod",
            "prod",
            Ipv4Addr::new(10, 20, 0, 11),
            Some(Golden::named("acme-prod"))
        ),
        Plane::boot("dev", "dev", Ipv4Addr::new(10, 20, 0, 12), None),
        Plane::boot("qa", "qa", Ipv4Addr::new(10, 20, 0, 13), None),
    );
    let began = Instant::now();
    let machine = Machine::create(Kind::Qemu, "acme", Ipv4Addr::new(10, 20, 0, 10)).await;
    let control = Control::on(machine, Golden::named("acme")).await;
    let machine = &control.machine;
    doctor(machine, "the doctor is green", 0, &[]).await;
    println!(
        "the doctor of a new box is green {:.1?} after it was switched on",
        began.elapsed()
    );

    let requests = "sum(http_server_request_duration_seconds_count)";
    let then: f64 = machine.run("date +%s").await.parse().unwrap();
    let before = eventually("requests are counted", SEEN, async || {
        value(machine, requests, then).await.ok_or("none")
    })
    .await;
    // the write-ahead log is on the disk when the kernel says so, every 30 s at the latest
    tokio::time::sleep(Duration::from_secs(40)).await;
    machine.kill().await;

    let began = Instant::now();
    machine.boot().await;
    doctor(machine, "nothing is broken", 1, &[]).await;
    println!(
        "nothing is broken any more {:.1?} after the power came back",
        began.elapsed()
    );
    // the record that was being written when the power went may be torn, which is told for a day
    doctor(machine, "the doctor is green", 0, &["prometheus-wal"]).await;
    println!(
        "the doctor is green again {:.1?} after the power came back",
        began.elapsed()
    );
    let after = value(machine, requests, then).await;
    assert_eq!(
        after.map(f64::to_bits),
        Some(before.to_bits()),
        "what was measured before"
    );
    let now: f64 = machine.run("date +%s").await.parse().unwrap();
    let goes_on = value(machine, requests, now).await;
    assert!(goes_on > Some(before), "{before}, now {goes_on:?}");
    let resets = value(
        machine,
        "sum(resets(http_server_request_duration_seconds_count[30m]))",
        now,
    )
    .await;
    assert_eq!(resets, Some(0.0));
    // the record that was being written when the power went may be torn, and no other
    let torn = value(machine, "sum(prometheus_tsdb_wal_corruptions_total)", now).await;
    assert!(torn.is_some_and(|torn| torn <= 1.0), "{torn:?}");
    assert_eq!(machine.run("systemctl --failed --plain --no-legend").await, "");
    drop((prod, dev, qa));
}

/// Waits until the doctor says that nothing is worse than this: 0 is well, 1 wants attention, 2 is broken. Some may want attention all the same.
async fn doctor(machine: &Machine, what: &str, worst: u64, but_for: &[&str]) {
    eventually(what, BOX, async || {
        let doctor = machine
            .try_run("signalbox-health --config /etc/signalbox/health.toml doctor --json")
            .await;
        let report: serde_json::Value = serde_json::from_str(&doctor.stdout)
            .map_err(|error| format!("{error}: {}{}", doctor.stdout, doctor.stderr))?;
        let checks = report["checks"].as_array().ok_or("no checks")?;
        let worse: Vec<_> = checks
            .iter()
            .filter(|check| {
                let may = but_for.iter().any(|id| check["id"] == **id);
                check["level"].as_u64() > Some(if may { worst.max(1) } else { worst })
            })
            .map(|check| format!("{}: {}", check["id"], check["evidence"]))
            .collect();
        if checks.is_empty() || !worse.is_empty() {
            Err(worse.join("\n"))
        } else {
            Ok(())
        }
    })
    .await;
}

/// The one value of a query at a moment, as the query-frontend answers it.
async fn value(machine: &Machine, query: &str, time: f64) -> Option<f64> {
    let answer = machine
        .try_run(&format!(
            "curl -sS --max-time 30 --data-urlencode 'query={query}' --data time={time} http://127.0.0.1:10908/api/v1/query"
        ))
        .await;
    let answer: serde_json::Value = serde_json::from_str(&answer.stdout).ok()?;
    answer["data"]["result"][0]["value"][1].as_str()?.parse().ok()
}
