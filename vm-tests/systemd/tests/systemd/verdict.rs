//! What the gate of a box says, after everything else was tried on it.

use std::time::Duration;

use serde_json::Value;
use systemd_tests::eventually;

use crate::shared::site;

/// It wants to see the box well for a minute without a break.
const SEEN: Duration = Duration::from_mins(4);

#[tokio::test(flavor = "multi_thread")]
async fn the_gate_lets_a_healthy_box_stay() {
    let site = site().await;
    let machine = &site.control.machine;
    eventually("the gate's verdict", SEEN, async || {
        let state = machine
            .try_run("cat /var/lib/signalbox-health-gate/state.json")
            .await;
        let state: Value = serde_json::from_str(&state.stdout).map_err(|error| error.to_string())?;
        if state["last"]["green"] == true {
            Ok(())
        } else {
            Err(state.to_string())
        }
    })
    .await;
    assert_eq!(
        machine.property("signalbox-health-gate", "Result").await,
        "success"
    );
}
