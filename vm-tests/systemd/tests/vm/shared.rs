//! The data plane that most tests look at, and those who send to it.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use systemd_tests::{Deltas, Http, Kind, Machine, Plane, eventually};
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};

/// Without KVM, everything takes ten times as long.
pub(crate) const SEEN: Duration = Duration::from_mins(5);

static PLANE: Mutex<Option<Plane>> = Mutex::const_new(None);

/// The host of a data plane, for one test at a time.
#[expect(clippy::print_stdout, reason = "how long it takes is told, not judged")]
pub(crate) async fn plane() -> MappedMutexGuard<'static, Plane> {
    let mut plane = PLANE.lock().await;
    if plane.is_none() {
        let began = Instant::now();
        let machine = Machine::create(Kind::Qemu, "plane", Ipv4Addr::new(10, 20, 0, 14)).await;
        let booted = Plane::on(machine, "prod", None).await;
        is_ready(&booted.machine).await;
        println!(
            "the data plane's host is installed and ready after {:.1?}",
            began.elapsed()
        );
        *plane = Some(booted);
    }
    MutexGuard::map(plane, |plane| plane.as_mut().expect("it has booted"))
}

/// Ends it: the processors are for another machine.
pub(crate) async fn end() {
    PLANE.lock().await.take();
}

pub(crate) async fn is_ready(machine: &Machine) {
    let url = format!("http://{}:8888/readyz", machine.address());
    eventually("the collector is ready", SEEN, async || {
        match Http::default().get(&url).await?.status {
            200 => Ok(()),
            status => Err(format!("{status}")),
        }
    })
    .await;
}

/// Waits until so many points more were accepted.
pub(crate) async fn accepted(deltas: &Deltas, more: u64) {
    let goal = deltas.accepted() + more;
    eventually("points are accepted", SEEN, async || {
        let so_far = deltas.accepted();
        if so_far >= goal {
            Ok(())
        } else {
            Err(format!("{so_far} of {goal}"))
        }
    })
    .await;
}

/// What is exposed is what was accepted, for each sender.
pub(crate) async fn is_exact(deltas: &Deltas) {
    for (sender, (exposed, accepted)) in deltas.sums().await.into_iter().enumerate() {
        assert!(accepted > 0.0);
        assert_eq!(
            exposed.to_bits(),
            accepted.to_bits(),
            "sender {sender}: {exposed} exposed, {accepted} accepted"
        );
    }
}

/// How often systemd has started the other services again.
pub(crate) async fn restarts(machine: &Machine) -> String {
    machine
        .run("systemctl show --property=Id,NRestarts signalbox-demo-api 'signalbox-load-gen@prod'")
        .await
}
