//! A service that hangs is killed and started again.

use std::net::Ipv4Addr;
use std::time::Duration;

use systemd_tests::{Http, Plane, eventually};

const SEEN: Duration = Duration::from_mins(1);

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_whose_loop_hangs_while_it_still_answers_is_started_again() {
    let address = Ipv4Addr::new(10, 20, 0, 20);
    let plane = Plane::boot("hanging", "prod", address, None).await;
    let machine = &plane.machine;
    machine.write(
        "/etc/systemd/system/signalbox-collector.service.d/watchdog.conf",
        "[Service]\nWatchdogSec=2\nEnvironment=SIGNALBOX_TEST_HANG_FILE=/run/hang\n",
    );
    machine
        .run("systemctl daemon-reload && systemctl restart signalbox-collector")
        .await;
    let before = machine.property("signalbox-collector", "MainPID").await;

    machine.run("echo sweep >/run/hang").await;
    eventually("the loop hangs", SEEN, async || {
        let entries = machine.journal("-u signalbox-collector F_LOOP=sweep").await;
        if entries.is_empty() {
            Err("it is not told")
        } else {
            Ok(())
        }
    })
    .await;
    machine.run("rm /run/hang").await;
    // that it answers proves nothing
    let live = Http::default().get(&format!("http://{address}:8888/livez")).await;
    assert_eq!(live.unwrap().status, 200);

    eventually("it is started again", SEEN, async || {
        let state = machine.property("signalbox-collector", "ActiveState").await;
        let pid = machine.property("signalbox-collector", "MainPID").await;
        if state == "active" && pid != before && pid != "0" {
            Ok(())
        } else {
            Err(format!("{state}, process {pid}"))
        }
    })
    .await;
    assert_eq!(machine.property("signalbox-collector", "NRestarts").await, "1");
    let timeouts = machine
        .run("journalctl --no-pager -u signalbox-collector | grep -c 'Watchdog timeout'")
        .await;
    assert_eq!(timeouts, "1");
    let live = Http::default()
        .get(&format!("http://{address}:8888/readyz"))
        .await;
    assert_eq!(live.unwrap().status, 200);
}
