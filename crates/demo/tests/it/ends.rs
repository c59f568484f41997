//! How parts end, how the demo ends, and that neither leaves anything.

use rustix::process::Signal;

use crate::harness::{Demo, send};
use crate::processes;

#[tokio::test]
async fn each_part_may_die_and_is_reported_while_the_others_go_on() {
    let state = tempfile::tempdir().unwrap();
    let mut demo = Demo::start("127.77.2", state.path(), &["--on-exit", "continue"]).await;
    demo.says("metrics of prod, dev and qa visible after").await;
    let addresses = demo.addresses();
    let parts: Vec<_> = demo.record()["parts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(parts.len(), 13, "{parts:?}");
    for part in &parts {
        send(demo.pid_of(part), Signal::KILL);
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
    demo.assert_nothing_left(&addresses).await;
}

#[tokio::test]
async fn a_part_that_dies_stops_the_box() {
    let state = tempfile::tempdir().unwrap();
    let mut demo = Demo::start("127.77.3", state.path(), &[]).await;
    demo.says("dashboard: ready").await;
    let addresses = demo.addresses();
    send(demo.pid_of("api-dev"), Signal::KILL);
    let (status, said) = demo.ends().await;
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(
        said.contains("signalbox-demo: api-dev ended (signal: 9 (SIGKILL)); "),
        "{said}"
    );
    demo.assert_nothing_left(&addresses).await;
    assert!(!demo.state().join("demo.json").exists());
}

#[tokio::test]
async fn a_killed_demo_leaves_nothing() {
    let state = tempfile::tempdir().unwrap();
    // the command starts a child of its own, which nobody but the guard would end
    let mut demo = Demo::start(
        "127.77.4",
        state.path(),
        &["--then", "sleep 600 & echo running; wait"],
    )
    .await;
    demo.says("running").await;
    let addresses = demo.addresses();
    // the demo, 13 parts, the guard, its shell and the sleep
    let commands = processes::of_box_with(demo.state(), "sleep 600").await;
    assert_eq!(commands.len(), 17, "{commands:#?}");
    demo.signal(Signal::KILL);
    demo.assert_nothing_left(&addresses).await;
}

#[tokio::test]
async fn the_command_of_then_sees_the_box_and_its_status_comes_back() {
    let state = tempfile::tempdir().unwrap();
    let script = "echo \"at $SIGNALBOX_DASHBOARD_URL and $SIGNALBOX_API_QA_URL\"; exit 7";
    let mut demo = Demo::start("127.77.5", state.path(), &["--then", script]).await;
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
    let mut demo = Demo::start("127.77.6", state.path(), &[]).await;
    demo.says("dashboard: ready").await;
    let addresses = demo.addresses();
    // a stopped process hears no SIGTERM
    send(demo.pid_of("prometheus"), Signal::STOP);
    demo.signal(Signal::INT);
    demo.says("stopping").await;
    demo.signal(Signal::INT);
    let (status, said) = demo.ends().await;
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(said.contains("had to be killed"), "{said}");
    demo.assert_nothing_left(&addresses).await;
}

#[tokio::test]
async fn a_start_that_takes_too_long_names_what_is_not_ready() {
    let state = tempfile::tempdir().unwrap();
    let mut demo = Demo::start("127.77.7", state.path(), &["--timeout", "1ms"]).await;
    let (status, said) = demo.ends().await;
    assert_eq!(status.code(), Some(1), "{said}");
    let logs = demo.state().join("logs");
    assert!(
        said.contains(&format!(
            " and dashboard not ready after 0.0 s; the logs are in {}",
            logs.display()
        )),
        "{said}"
    );
    demo.assert_nothing_left(&[]).await;
}
