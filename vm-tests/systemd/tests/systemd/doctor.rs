//! The box says of itself that it is well, and is.

use crate::shared::site;

#[tokio::test(flavor = "multi_thread")]
async fn all_checks_of_the_doctor_are_green() {
    let site = site().await;
    let doctor = site
        .control
        .machine
        .try_run("timeout 100 signalbox-health --config /etc/signalbox/health.toml doctor --wait 90s --json")
        .await;
    println!("{}", doctor.stdout);
    assert_eq!(doctor.code, 0, "{}", doctor.stderr);
}
