//! Memory that there is no more of.

use systemd_tests::{Deltas, Http, eventually};

use crate::shared::{SEEN, accepted, is_exact, is_ready, plane, restarts};

#[tokio::test(flavor = "multi_thread")]
async fn the_kernel_holds_a_unit_to_its_limit_and_the_unit_comes_back() {
    let plane = plane().await;
    let machine = &plane.machine;
    let mut deltas = Deltas::start(machine.address(), "memory");
    accepted(&deltas, 100).await;
    let process = machine.property("signalbox-collector", "MainPID").await;

    let before = restarts(machine).await;

    // less than it has: what it asks for next is too much
    machine
        .run("systemctl set-property --runtime signalbox-collector MemoryHigh=infinity MemoryMax=4M MemorySwapMax=0")
        .await;
    eventually("the kernel ends it, and systemd says why", SEEN, async || {
        let ended = machine
            .journal("UNIT=signalbox-collector.service UNIT_RESULT=oom-kill")
            .await;
        if ended.is_empty() {
            Err("it is not")
        } else {
            Ok(())
        }
    })
    .await;
    // nobody else had to go
    assert_eq!(restarts(machine).await, before);

    machine
        .run("systemctl revert signalbox-collector && systemctl restart signalbox-collector")
        .await;
    is_ready(machine).await;
    accepted(&deltas, 100).await;
    deltas.stop().await;
    is_exact(&deltas).await;
    assert_ne!(machine.property("signalbox-collector", "MainPID").await, process);
    // with the limit that it has, it keeps to less than that
    let (used, limit) = (
        machine.property("signalbox-collector", "MemoryCurrent").await,
        machine.property("signalbox-collector", "MemoryMax").await,
    );
    assert!(
        used.parse::<u64>().unwrap() < limit.parse::<u64>().unwrap(),
        "{used} of {limit}"
    );
    let live = Http::default()
        .get(&format!("http://{}:8888/livez", machine.address()))
        .await;
    assert_eq!(live.unwrap().status, 200);
}
