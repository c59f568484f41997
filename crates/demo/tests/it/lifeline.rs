//! The two commands by which the demo ties processes to its own life.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};

use crate::harness::{PATIENCE, command, output};
use crate::processes;

#[tokio::test]
async fn attached_becomes_the_command() {
    let me = std::process::id().to_string();
    // the id of the shell is that of the process that was started
    let child = command(&["attached", "--to", &me, "--", "/bin/sh", "-c", "echo $$; exit 5"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = child.id().unwrap();
    let output = child.wait_with_output().await.unwrap();
    assert_eq!(output.status.code(), Some(5));
    assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{pid}\n"));
}

#[tokio::test]
async fn attached_does_not_start_what_nobody_would_end() {
    // as if the demo had died in between: process 1 is not our parent
    let output = output(&["attached", "--to", "1", "--", "/bin/echo", "started"]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "signalbox-demo: the demo has ended\n"
    );
}

#[tokio::test]
async fn attached_tells_why_a_program_cannot_start() {
    let me = std::process::id().to_string();
    let output = output(&["attached", "--to", &me, "--", "/dev/null"]).await;
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "signalbox-demo: cannot start /dev/null: Permission denied (os error 13)\n"
    );
}

#[tokio::test]
async fn guarded_ends_the_whole_group_when_standard_input_does() {
    let folder = tempfile::tempdir().unwrap();
    let mut guard = command(&["guarded", "--", "/bin/sh", "-c", "sleep 600 & echo started; wait"])
        .env(processes::MARK, folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(guard.stdout.take().unwrap()).lines();
    assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("started"));
    processes::of_box_with(folder.path(), "sleep 600").await;
    drop(guard.stdin.take());
    tokio::time::timeout(PATIENCE, guard.wait())
        .await
        .expect("the guard ends")
        .unwrap();
    processes::assert_none(folder.path()).await;
}

#[tokio::test]
async fn guarded_gives_the_status_of_the_command() {
    let mut guard = command(&["guarded", "--", "/bin/sh", "-c", "exit 9"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let lifeline = guard.stdin.take();
    assert_eq!(guard.wait().await.unwrap().code(), Some(9));
    drop(lifeline);
}
