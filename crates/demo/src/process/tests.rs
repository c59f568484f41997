use std::fs;
use std::future::pending;
use std::os::unix::process::ExitStatusExt;

use rustix::process::test_kill_process;

use super::*;

/// Stands in for this program; the real one is tested on the real binary.
fn attacher() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/attacher.sh")
}

struct Shell {
    folder: tempfile::TempDir,
    process: Process,
}

impl Shell {
    fn run(script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let process = Process::start(&Launch {
            attacher: &attacher(),
            program: Path::new("/bin/sh"),
            arguments: &["-c".to_owned(), script.to_owned()],
            environment: &[("PART".to_owned(), "collector-prod".to_owned())],
            folder: folder.path(),
            log: folder.path().join("part.log"),
        })
        .unwrap();
        Self { folder, process }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("part.log")).unwrap()
    }

    /// Resolves when the script has written a line.
    async fn wrote_a_line(&self) {
        while !self.log().ends_with('\n') {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

#[tokio::test]
async fn both_outputs_go_to_the_log_and_the_status_comes_back() {
    let mut shell = Shell::run("echo \"$PART starts\"; echo 'no such port' >&2; exit 3");
    let status = shell.process.ended().await.unwrap();
    assert_eq!(status.code(), Some(3));
    assert_eq!(shell.log(), "collector-prod starts\nno such port\n");
}

#[tokio::test]
async fn nothing_else_of_the_environment_is_inherited() {
    // cargo sets this one for every test
    assert!(std::env::var_os("CARGO_PKG_NAME").is_some());
    let mut shell = Shell::run("echo \"${CARGO_PKG_NAME-nothing}\"");
    shell.process.ended().await.unwrap();
    assert_eq!(shell.log(), "nothing\n");
}

#[tokio::test]
async fn a_program_that_cannot_be_executed_ends_at_once_and_its_log_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("part.log");
    let mut process = Process::start(&Launch {
        attacher: &attacher(),
        program: Path::new("/nowhere/prometheus"),
        arguments: &[],
        environment: &[],
        folder: folder.path(),
        log: log.clone(),
    })
    .unwrap();
    assert_eq!(process.ended().await.unwrap().code(), Some(127));
    let tail = log_file::tail(&log, 1).join("");
    assert!(
        tail.contains("/nowhere/prometheus") && tail.contains("not found"),
        "{tail}"
    );
}

#[tokio::test]
async fn sigterm_ends_it_in_time() {
    let shell = Shell::run("trap 'echo stopping; exit 0' TERM; echo ready; sleep 600 & wait");
    shell.wrote_a_line().await;
    let folder = shell.folder;
    let stopped = shell
        .process
        .stop(Duration::from_mins(1), pending::<()>())
        .await
        .unwrap();
    assert_eq!(stopped, Stopped::InTime(ExitStatus::from_raw(0)));
    assert_eq!(
        fs::read_to_string(folder.path().join("part.log")).unwrap(),
        "ready\nstopping\n"
    );
}

#[tokio::test]
async fn what_ignores_sigterm_is_killed_with_its_children() {
    let shell = Shell::run("trap '' TERM; sleep 600 & echo $!; wait");
    shell.wrote_a_line().await;
    let child = Pid::from_raw(shell.log().trim().parse().unwrap()).unwrap();
    assert_eq!(test_kill_process(child), Ok(()));
    let stopped = shell
        .process
        .stop(Duration::from_millis(1), pending::<()>())
        .await
        .unwrap();
    assert_eq!(stopped, Stopped::TooLate);
    assert_gone(child).await;
}

#[tokio::test]
async fn a_second_request_does_not_wait_for_the_grace() {
    let shell = Shell::run("trap '' TERM; echo ready; sleep 600 & wait");
    shell.wrote_a_line().await;
    let stopped = shell
        .process
        .stop(Duration::from_mins(10), async {})
        .await
        .unwrap();
    assert_eq!(stopped, Stopped::Hurried);
}

#[tokio::test]
async fn what_a_dead_leader_leaves_in_its_group_is_swept() {
    let mut shell = Shell::run("sleep 600 & echo $!; kill -9 $$");
    let status = shell.process.ended().await.unwrap();
    assert_eq!(status.signal(), Some(9));
    assert_gone(Pid::from_raw(shell.log().trim().parse().unwrap()).unwrap()).await;
}

/// An orphan's entry stays until its new parent reaps it: what matters is that it no longer runs.
async fn assert_gone(pid: Pid) {
    for _ in 0..500 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
        if stat.is_empty() || stat.contains(") Z ") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("process {pid:?} still runs");
}

#[test]
fn exit_codes_are_a_shells() {
    let code = |raw| exit_code(ExitStatus::from_raw(raw));
    assert_eq!(code(0), ExitCode::SUCCESS);
    assert_eq!(code(7 << 8), ExitCode::from(7));
    assert_eq!(code(9), ExitCode::from(137));
}
