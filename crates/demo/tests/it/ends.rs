//! How parts end, how the demo ends, and that neither leaves anything.

use std::time::Duration;

use rustix::process::Signal;

use crate::harness::{Demo, send};
use crate::processes;
use crate::self_check;

/// How things end is the same for any number of parts.
const SIMPLE: &[&str] = &["--profile", "simple"];

#[tokio::test]
async fn each_part_may_die_and_is_reported_while_the_others_go_on() {
    let state = tempfile::tempdir().unwrap();
    let mut demo = Demo::start(
        "127.77.2",
        state.path(),
        &["--profile", "simple", "--on-exit", "continue"],
    )
    .await;
    demo.says("metrics of prod, dev and qa visible after").await;
    let addresses = demo.addresses();
    let parts: Vec<_> = demo.record()["parts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(parts.len(), 14, "{parts:?}");
    for part in &parts {
        let pid = demo.pid_of(part);
        if Some(part) == parts.last() {
            block_record(&demo);
        }
        send(pid, Signal::KILL);
        let told = demo.says(&format!("{part} ended")).await;
        let log = demo.state().join(format!("logs/{part}.log"));
        let expected = format!(
            "{part} ended (signal: 9 (SIGKILL)); the end of its log, {}:",
            log.display()
        );
        let silent = format!(
            "{part} ended (signal: 9 (SIGKILL)); its log, {}, is empty",
            log.display()
        );
        let last_line = std::fs::read_to_string(&log)
            .unwrap()
            .lines()
            .last()
            .map(ToOwned::to_owned);
        match last_line {
            Some(last_line) => {
                assert_eq!(told, expected);
                demo.says(&format!("  | {last_line}")).await;
            }
            None => assert_eq!(told, silent),
        }
    }
    let left = processes::of_box(demo.state());
    assert_eq!(left.len(), 1, "only the demo itself runs: {left:#?}");
    demo.signal(Signal::INT);
    let (status, said) = demo.ends().await;
    assert_eq!(status.code(), Some(0), "{said}");
    let folder = demo.state().display();
    for told in [
        format!("\ncannot write down what runs in {folder}: Is a directory"),
        format!("\ncannot remove demo.json from {folder}: Is a directory"),
        "\nstopped after ".to_owned(),
    ] {
        assert_eq!(said.matches(&told).count(), 1, "{told}: {said}");
    }
    demo.assert_nothing_left(&addresses).await;
}

/// From now on the demo can write down nothing of what runs, as on a full disk.
fn block_record(demo: &Demo) {
    let record = demo.state().join("demo.json");
    // it may be writing at this very moment
    while std::fs::create_dir(&record).is_err() {
        drop(std::fs::remove_file(&record));
    }
}

#[tokio::test]
async fn a_part_that_dies_is_started_again() {
    let state = tempfile::tempdir().unwrap();
    let arguments = ["--profile", "simple", "--on-exit", "restart"];
    let mut demo = Demo::start("127.77.10", state.path(), &arguments).await;
    demo.says("metrics of prod, dev and qa visible after").await;
    self_check::one_box_alone_is_well(&demo).await;
    let pid = demo.pid_of("api-dev");
    send(pid, Signal::KILL);
    demo.says("api-dev ended (signal: 9 (SIGKILL)); ").await;
    demo.says("api-dev: ready after ").await;
    assert_ne!(demo.pid_of("api-dev"), pid);
    // what was killed as ordered stays down
    demo.obeys(&["kill", "api-qa"]).await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    let said = demo.runs(&["status", "--over", "100ms"]).await.1;
    assert!(said.contains("\n13 of 14 parts are ready; "), "{said}");
    demo.signal(Signal::INT);
    let (status, said) = demo.ends().await;
    assert_eq!(status.code(), Some(0), "{said}");
    demo.assert_nothing_left(&[]).await;
}

#[tokio::test]
async fn a_part_that_dies_stops_the_box() {
    let state = tempfile::tempdir().unwrap();
    let mut demo = Demo::start("127.77.3", state.path(), SIMPLE).await;
    demo.says("dashboard: ready").await;
    let addresses = demo.addresses();
    let pid = demo.pid_of("api-dev");
    block_record(&demo);
    send(pid, Signal::KILL);
    let (status, said) = demo.ends().await;
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(
        said.contains("signalbox-demo: api-dev ended (signal: 9 (SIGKILL)); "),
        "{said}"
    );
    assert!(said.contains("\nstopped after "), "{said}");
    demo.assert_nothing_left(&addresses).await;
}

#[tokio::test]
async fn a_killed_demo_leaves_nothing() {
    let state = tempfile::tempdir().unwrap();
    // the command starts a child of its own, which nobody but the guard would end
    let mut demo = Demo::start(
        "127.77.4",
        state.path(),
        &["--profile", "simple", "--then", "sleep 600 & echo running; wait"],
    )
    .await;
    demo.says("running").await;
    let addresses = demo.addresses();
    // the demo, 14 parts, the guard, its shell and the sleep
    let commands = processes::of_box_with(demo.state(), "sleep 600").await;
    assert_eq!(commands.len(), 18, "{commands:#?}");
    demo.signal(Signal::KILL);
    demo.assert_nothing_left(&addresses).await;
}

#[tokio::test]
async fn the_command_of_then_sees_the_box_and_its_status_comes_back() {
    let state = tempfile::tempdir().unwrap();
    let script = "echo \"at $SIGNALBOX_DASHBOARD_URL and $SIGNALBOX_API_QA_URL\"; exit 7";
    let mut demo = Demo::start(
        "127.77.5",
        state.path(),
        &["--profile", "simple", "--then", script],
    )
    .await;
    assert_eq!(
        demo.says("at http").await,
        "at http://127.77.5.1:3000 and http://127.77.5.13:8080"
    );
    let (status, said) = demo.ends().await;
    assert_eq!(status.code(), Some(7), "{said}");
    assert!(
        said.starts_with("collector-") || said.contains("\nDashboard: http://127.77.5.1:3000\n"),
        "{said}"
    );
    demo.assert_nothing_left(&[]).await;
}

#[tokio::test]
async fn a_second_interrupt_waits_for_nothing() {
    let state = tempfile::tempdir().unwrap();
    let mut demo = Demo::start("127.77.6", state.path(), SIMPLE).await;
    demo.says("dashboard: ready").await;
    let addresses = demo.addresses();
    // a stopped process hears no SIGTERM
    send(demo.pid_of("prometheus-a"), Signal::STOP);
    demo.signal(Signal::INT);
    demo.says("stopping").await;
    // neither of these is a user who has lost patience
    demo.signal(Signal::TERM);
    demo.signal(Signal::HUP);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let left = processes::of_box(demo.state());
    assert!(left.iter().any(|one| one.contains("/prometheus ")), "{left:#?}");
    demo.signal(Signal::INT);
    let (status, said) = demo.ends().await;
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(said.contains("prometheus"), "{said}");
    assert!(said.contains(" killed, as asked\n"), "{said}");
    assert!(!said.contains("did not stop in time"), "{said}");
    demo.assert_nothing_left(&addresses).await;
    assert!(!demo.state().join("demo.json").exists());
}

#[tokio::test]
async fn a_command_that_is_cut_off_is_no_success() {
    let state = tempfile::tempdir().unwrap();
    let mut demo = Demo::start(
        "127.77.8",
        state.path(),
        &["--profile", "simple", "--then", "echo running; sleep 600"],
    )
    .await;
    demo.says("running").await;
    demo.signal(Signal::TERM);
    let (status, said) = demo.ends().await;
    assert_eq!(status.code(), Some(128 + 15), "{said}");
    demo.assert_nothing_left(&[]).await;
}

#[tokio::test]
async fn a_command_is_not_run_without_metrics() {
    let state = tempfile::tempdir().unwrap();
    let arguments = [
        "--profile",
        "simple",
        "--timeout",
        "1ms",
        "--on-exit",
        "continue",
        "--then",
        "echo it runs",
    ];
    let mut demo = Demo::start("127.77.9", state.path(), &arguments).await;
    let (status, said) = demo.ends().await;
    assert_eq!(status.code(), Some(1), "{said}");
    let told = " not ready after 0.0 s, so the command of --then was not run; the logs are in ";
    assert!(said.contains(told), "{said}");
    assert!(!said.contains("it runs"), "{said}");
    demo.assert_nothing_left(&[]).await;
}

#[tokio::test]
async fn a_start_that_takes_too_long_names_what_is_not_ready() {
    let state = tempfile::tempdir().unwrap();
    let mut demo = Demo::start(
        "127.77.7",
        state.path(),
        &["--profile", "simple", "--timeout", "1ms"],
    )
    .await;
    let (status, said) = demo.ends().await;
    assert_eq!(status.code(), Some(1), "{said}");
    let logs = demo.state().join("logs");
    assert!(
        said.contains(&format!(
            " and health-a not ready after 0.0 s; the logs are in {}",
            logs.display()
        )),
        "{said}"
    );
    demo.assert_nothing_left(&[]).await;
}
