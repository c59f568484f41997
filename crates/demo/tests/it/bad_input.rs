//! What the user gets for a mistake: one sentence that says what to do, an exit code, and nothing left behind.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use crate::harness::{Demo, assert_built, command, output};
use crate::processes;

/// The demo with `arguments` ends with `code` and says `told` on standard error, nothing on standard output.
async fn check(arguments: &[&str], code: i32, told: &str) {
    let output = output(arguments).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    assert!(said.contains(told), "{arguments:?} says\n{said}\nand not\n{told}");
    assert!(
        output.stdout.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

#[tokio::test]
async fn a_wrong_command_line_is_64() {
    check(
        &["--no-such-option"],
        64,
        "unexpected argument '--no-such-option' found",
    )
    .await;
    check(
        &["run", "--profile", "huge"],
        64,
        "invalid value 'huge' for '--profile <PROFILE>'",
    )
    .await;
    check(
        &["--network", "10.0.0"],
        64,
        "must be the first three numbers of a loopback address, as in 127.0.0",
    )
    .await;
    check(&["receive-webhooks"], 64, "--log <FILE>").await;
}

#[tokio::test]
async fn help_is_no_mistake() {
    let output = output(&["--help"]).await;
    assert_eq!(output.status.code(), Some(0));
    let help = String::from_utf8_lossy(&output.stdout);
    for taught in [
        "Examples:",
        "--on-exit",
        "SIGNALBOX_DASHBOARD_URL",
        "Ctrl-C",
        "Exit status:",
    ] {
        assert!(help.contains(taught), "{taught}");
    }
    assert!(
        !help.contains("attached"),
        "what only the demo itself calls is not shown"
    );
}

#[tokio::test]
async fn a_state_directory_that_cannot_be_written() {
    let state = "/dev/null/state";
    check(
        &["--state-dir", state],
        1,
        "signalbox-demo: cannot write to the state directory /dev/null/state: Not a directory (os error 20); choose \
         another with --state-dir\n",
    )
    .await;
}

#[tokio::test]
async fn a_folder_of_other_files_as_state_directory() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("thesis.tex"), "").unwrap();
    let path = folder.path().to_str().unwrap();
    check(&["--fresh", "--state-dir", path], 1, "holds other files").await;
    assert!(folder.path().join("thesis.tex").exists());
}

#[tokio::test]
async fn a_state_directory_that_prometheus_takes_for_a_pattern() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("box [2]");
    check(
        &["--state-dir", state.to_str().unwrap()],
        1,
        "/box [2] cannot be the state directory: Prometheus takes * ? [ and \\ in it for a pattern",
    )
    .await;
    assert!(!state.exists());
}

#[tokio::test]
async fn a_doctor_where_no_demo_has_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let told =
        format!("signalbox-demo: no demo runs with the state directory {path}; start one by `make demo`");
    check(&["doctor", "--state-dir", path, "--json"], 1, &told).await;
    check(&["doctor", "--box", "c"], 64, "[possible values: a, b]").await;
}

/// Makes the folder one that a demo has used, and returns a file of its data.
fn used_state(state: &Path) -> PathBuf {
    std::fs::write(state.join("signalbox-demo.lock"), "").unwrap();
    std::fs::create_dir(state.join("data")).unwrap();
    let file = state.join("data/block");
    std::fs::write(&file, "").unwrap();
    file
}

#[tokio::test]
async fn a_missing_program() {
    let state = tempfile::tempdir().unwrap();
    let state_dir = state.path().to_str().unwrap();
    let kept = used_state(state.path());
    check(
        &["--fresh", "--state-dir", state_dir, "--programs", "/nowhere"],
        1,
        "prometheus is not in /nowhere: `make programs` builds it, or \
         SIGNALBOX_DEMO_PROMETHEUS=/path/to/prometheus names yours\nthanos is not in /nowhere",
    )
    .await;
    assert!(kept.exists(), "nothing is deleted for a demo that cannot run");
    processes::assert_none(state.path()).await;
}

#[tokio::test]
async fn a_stack_that_is_none() {
    let state = tempfile::tempdir().unwrap();
    let state = state.path().to_str().unwrap();
    check(
        &["--state-dir", state, "--stack", "/tmp"],
        1,
        "/tmp has no prometheus/prometheus.yml",
    )
    .await;
}

#[tokio::test]
async fn a_port_in_use_is_named_with_its_holder() {
    assert_built();
    let state = tempfile::tempdir().unwrap();
    let kept = used_state(state.path());
    let _taken = TcpListener::bind("127.78.1.1:9090").unwrap();
    check(
        &[
            "--fresh",
            "--state-dir",
            state.path().to_str().unwrap(),
            "--network",
            "127.78.1",
        ],
        1,
        &format!(
            "signalbox-demo: prometheus-a cannot listen on 127.78.1.1:9090 (HTTP): process {} has that port (",
            std::process::id()
        ),
    )
    .await;
    assert!(kept.exists(), "nothing is deleted for a demo that cannot run");
    processes::assert_none(state.path()).await;
}

#[tokio::test]
async fn a_program_that_is_none_ends_the_start() {
    assert_built();
    let state = tempfile::tempdir().unwrap();
    let false_program = Path::new("/bin/false");
    let output = command(&[
        "--network",
        "127.78.2",
        "--state-dir",
        state.path().to_str().unwrap(),
    ])
    .env("SIGNALBOX_DEMO_COLLECTOR", false_program)
    .output()
    .await
    .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(" ended (exit status: 1); its log, "), "{said}");
    processes::assert_none(state.path()).await;
}

#[tokio::test]
async fn a_second_demo_in_the_same_state_directory() {
    let state = tempfile::tempdir().unwrap();
    let mut first = Demo::start("127.78.3", state.path(), &[]).await;
    first.says("collector-prod: ready").await;
    let told = format!(
        "signalbox-demo: another demo uses the state directory {} (process ",
        first.state().display()
    );
    check(
        &[
            "--network",
            "127.78.4",
            "--state-dir",
            state.path().to_str().unwrap(),
        ],
        1,
        &told,
    )
    .await;
    // asked to stop in the middle of its start
    first.signal(rustix::process::Signal::TERM);
    let (status, said) = first.ends().await;
    assert_eq!(status.code(), Some(0), "{said}");
    first.assert_nothing_left(&[]).await;
}
