//! The collector is restarted while everybody sends.

use std::time::Duration;

use systemd_tests::{Deltas, eventually};

use crate::shared::site;

/// So many restarts, with so many accepted points between them at least.
const RESTARTS: u64 = 5;
const BETWEEN: u64 = 200;

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_under_load_refuses_no_connection_and_loses_no_accepted_point() {
    let site = site().await;
    let machine = &site.plane("prod").machine;
    let mut deltas = Deltas::start(machine.address(), "restarted");
    for restart in 1..=RESTARTS {
        enough(&deltas, restart * BETWEEN).await;
        machine.run("systemctl restart signalbox-collector").await;
    }
    enough(&deltas, deltas.accepted() + BETWEEN).await;
    deltas.stop().await;

    println!(
        "{} points accepted, {} requests sent again, {} connections",
        deltas.accepted(),
        deltas.repeated(),
        deltas.connections()
    );
    assert_eq!(deltas.refused(), Vec::<String>::new());
    for (sender, (exposed, accepted)) in deltas.sums().await.into_iter().enumerate() {
        assert!(accepted > 0.0);
        assert_eq!(
            exposed.to_bits(),
            accepted.to_bits(),
            "sender {sender}: {exposed} exposed, {accepted} accepted"
        );
    }
}

async fn enough(deltas: &Deltas, accepted: u64) {
    eventually("points are accepted", Duration::from_secs(30), async || {
        let so_far = deltas.accepted();
        if so_far >= accepted {
            Ok(())
        } else {
            Err(format!("{so_far} of {accepted}"))
        }
    })
    .await;
}
