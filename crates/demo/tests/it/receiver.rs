//! The receiver of notifications, as a program of its own: what it acknowledges, and what ends it.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::harness::{PATIENCE, demo_program, send};

/// Starts a receiver behind a line of shell, and returns it when it is ready.
async fn receiver(before: &str, address: &str, log: &Path) -> Child {
    let script = format!("{before}; exec \"$0\" receive-webhooks --listen {address} --log \"$1\"");
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", &script]).arg(demo_program()).arg(log);
    let receiver = shell.stdin(Stdio::null()).kill_on_drop(true).spawn().unwrap();
    let ready = async {
        while tokio::net::TcpStream::connect(address).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, ready)
        .await
        .expect("it gets ready");
    receiver
}

async fn post(address: &str, body: &Value) -> u16 {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http.post(format!("http://{address}/alerts")).json(body);
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn what_does_not_fit_on_the_disk_leaves_no_half_line() {
    let address = "127.78.5.1:8871";
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("notifications.jsonl");
    // a file that may not grow stands in for a full disk: the beginning of a line fits, too
    let _receiver = receiver("trap '' XFSZ; ulimit -f 1", address, &log).await;
    assert_eq!(post(address, &json!("before")).await, 204);
    assert_eq!(post(address, &json!("x".repeat(4000))).await, 500);
    assert_eq!(post(address, &json!("after")).await, 204);
    let logged = std::fs::read_to_string(&log).unwrap();
    let bodies: Vec<_> = logged
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["body"].clone())
        .collect();
    assert_eq!(bodies, ["before", "after"], "{logged}");
}

#[tokio::test]
async fn a_closed_terminal_ends_it_unless_that_is_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("notifications.jsonl");
    // what nohup does
    let mut kept = receiver("trap '' HUP", "127.78.6.1:8871", &log).await;
    let pid = kept.id().unwrap();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let ignored = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .unwrap();
    let ignored = u64::from_str_radix(ignored.trim(), 16).unwrap();
    assert_eq!(ignored & 1, 1, "the signal stays ignored: {status}");
    send(pid.try_into().unwrap(), Signal::HUP);
    assert_eq!(post("127.78.6.1:8871", &json!("after the signal")).await, 204);
    send(pid.try_into().unwrap(), Signal::TERM);
    assert_eq!(kept.wait().await.unwrap().code(), Some(0));

    let mut ended = receiver(":", "127.78.6.2:8871", &log).await;
    send(ended.id().unwrap().try_into().unwrap(), Signal::HUP);
    assert_eq!(ended.wait().await.unwrap().code(), Some(0));
}
