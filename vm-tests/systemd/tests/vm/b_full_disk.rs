//! The disk of a data plane's host is full.

use systemd_tests::{Deltas, Http, eventually};

use crate::shared::{SEEN, accepted, is_exact, plane};

#[tokio::test(flavor = "multi_thread")]
async fn senders_are_told_to_wait_and_nothing_accepted_is_lost() {
    let plane = plane().await;
    let machine = &plane.machine;
    let process = machine.property("signalbox-collector", "MainPID").await;
    let mut deltas = Deltas::start(machine.address(), "disk");
    accepted(&deltas, 100).await;

    // to the last block; what is written is bounded by the disk of the machine
    machine
        .run("fallocate --length $(df --output=avail --block-size=1 / | tail -1) /fill; cat /dev/zero >/fill2 2>/dev/null; sync; df --output=avail / | tail -1 | grep -qw 0")
        .await;
    let repeated = deltas.repeated();
    eventually("senders are told to wait", SEEN, async || {
        if deltas.repeated() > repeated + 10 {
            Ok(())
        } else {
            Err("they are not")
        }
    })
    .await;
    // it goes on showing what it has
    let data = Http::default()
        .get(&format!("http://{}:8889/metrics", machine.address()))
        .await
        .unwrap();
    assert_eq!(data.status, 200);
    assert!(data.body.contains("disk_total{"));

    machine.run("rm /fill /fill2 && sync").await;
    accepted(&deltas, 100).await;
    deltas.stop().await;
    is_exact(&deltas).await;
    assert_eq!(machine.property("signalbox-collector", "MainPID").await, process);

    // and it is on the disk
    machine.run("systemctl restart signalbox-collector").await;
    is_exact(&deltas).await;
}
