use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::shop::Shop;

fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_signalbox-load-gen"));
    command.env_clear();
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn prints_its_report_when_it_is_stopped() {
    let shop = Shop::start().await;
    let child = binary()
        .args(["--target", &shop.url, "--environment", "prod", "--rate", "200"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    shop.wait_for(20).await;
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let output = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap())
        .await
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let report = String::from_utf8(output.stdout).unwrap();
    assert!(
        report.starts_with(&format!("prod {}: steady 200/s for ", shop.url)),
        "{report}"
    );
    let all = report
        .lines()
        .find(|line| line.trim_start().starts_with("all "))
        .unwrap();
    let requests: u64 = all.split_whitespace().nth(1).unwrap().parse().unwrap();
    assert_eq!(requests, shop.seen().total(), "{report}");
}

#[test]
fn a_target_that_is_not_there_is_one_sentence_and_1() {
    let output = binary()
        .args(["--target", "http://127.0.0.1:9", "--wait", "0.2"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(
        log.contains("http://127.0.0.1:9 did not answer within 200ms: Connection refused"),
        "{log}"
    );
    assert!(log.lines().count() <= 7, "{log}");
}

#[test]
fn no_target_is_78() {
    let output = binary().output().unwrap();
    assert_eq!(output.status.code(), Some(78));
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(
        complaint.contains("target: must name at least one, as in --target prod=http://127.0.0.11:8080"),
        "{complaint}"
    );
}

#[test]
fn credentials_of_a_target_are_refused_and_never_printed() {
    for target in [
        "http://bob:hunter2@127.0.0.1:9",
        "prod=http://bob:hunter2@127.0.0.1:9",
    ] {
        let output = binary()
            .args(["--target", target, "--wait", "0.1"])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(78));
        let printed = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(
            printed.contains("target: must be without user name, password and @"),
            "{printed}"
        );
        assert!(!printed.contains("hunter2"), "{printed}");
    }
}
