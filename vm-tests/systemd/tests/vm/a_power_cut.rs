//! The power of a data plane's host is cut while everybody sends.

use std::time::{Duration, Instant};

use systemd_tests::Deltas;

use crate::shared::{accepted, is_ready, plane};

/// The collector hands what it has accepted to the disk once a second; so much later it is there, on a slow machine too.
const ON_THE_DISK: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn what_was_on_the_disk_is_there_again_and_counters_go_on() {
    let plane = plane().await;
    let machine = &plane.machine;
    let mut deltas = Deltas::start(machine.address(), "power");
    accepted(&deltas, 200).await;
    let kept = deltas.by_sender();
    tokio::time::sleep(ON_THE_DISK).await;
    machine.kill().await;
    let cut = deltas.by_sender();

    let began = Instant::now();
    machine.boot().await;
    is_ready(machine).await;
    println!("ready {:.1?} after the power came back", began.elapsed());
    accepted(&deltas, 100).await;
    deltas.stop().await;

    let mut lost = 0.0;
    for (sender, (exposed, accepted)) in deltas.sums().await.into_iter().enumerate() {
        let at_risk = (cut[sender] - kept[sender]) as f64;
        assert!(
            exposed <= accepted && accepted - exposed <= at_risk,
            "sender {sender}: {exposed} exposed, {accepted} accepted, {at_risk} of them just before the power was cut"
        );
        assert!(exposed >= kept[sender] as f64);
        lost += accepted - exposed;
    }
    println!(
        "{lost} of {} points lost, all of the last moment before the power was cut",
        deltas.accepted()
    );
    // the file system mended itself, the state was whole, and the journal tells of both boots
    let state = machine
        .journal("-b -u signalbox-collector F_DATAPOINTS_REJECTED=0")
        .await;
    let read: f64 = state[0]["F_SERIES"].as_str().unwrap().parse().unwrap();
    assert!(read >= 8.0, "{state:?}");
    assert_eq!(
        machine
            .run("journalctl --list-boots --no-pager | grep -cE '^ *-?[0-9]+ '")
            .await,
        "2"
    );
    assert_eq!(machine.run("systemctl --failed --plain --no-legend").await, "");
}
