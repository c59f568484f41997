use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::collector::Collector;

fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_signalbox-demo-api"));
    command.env_clear();
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_drains_and_exports_the_last_metrics() {
    let collector = Collector::start().await;
    let mut child = binary()
        .args(["--listen", "127.0.0.1:0"])
        .envs([
            ("ENV", "qa"),
            ("DATA_PLANE_ID", "dp-qa-01"),
            ("OTEL_ENDPOINT", collector.endpoint.as_str()),
            ("OTEL_METRIC_EXPORT_INTERVAL", "3600000"),
            ("OTEL_SERVICE_NAME", "billing"),
            ("OTEL_RESOURCE_ATTRIBUTES", "team=blue,service.name=overridden"),
        ])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = Pid::from_child(&child);
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    let ready = log
        .find(|line| line.as_ref().unwrap().contains("serving on "))
        .unwrap()
        .unwrap();
    let address = ready
        .split("serving on ")
        .nth(1)
        .unwrap()
        .split(',')
        .next()
        .unwrap();
    assert_eq!(
        reqwest::get(format!("http://{address}/health"))
            .await
            .unwrap()
            .status(),
        200
    );

    kill_process(pid, Signal::TERM).unwrap();
    let rest = tokio::task::spawn_blocking(move || {
        let rest: Vec<String> = log.map(Result::unwrap).collect();
        (child.wait().unwrap(), rest)
    });
    let (status, rest) = rest.await.unwrap();
    assert!(status.success(), "{status}: {rest:#?}");

    let export = collector.latest();
    let resource = export.resource();
    for (key, value) in [
        ("service.name", "billing"),
        ("team", "blue"),
        ("deployment.environment.name", "qa"),
        ("data_plane_id", "dp-qa-01"),
    ] {
        assert_eq!(resource.get(key).map(String::as_str), Some(value), "{key}");
    }
    let durations = export.histogram("http.server.request.duration");
    assert_eq!(durations.iter().map(|(_, point)| point.count).sum::<u64>(), 1);
}

#[test]
fn wrong_settings_are_named_and_end_with_78() {
    let output = binary()
        .args(["check-config", "--set", "listen=nowhere"])
        .env("ERROR_RATE", "10")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(78));
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(
        complaint.contains("listen: must be an IP address and a port such as 127.0.0.1:8080, is \"nowhere\""),
        "{complaint}"
    );
    assert!(
        complaint.contains("fault.error_ratio: ERROR_RATE must be a share between 0 and 1"),
        "{complaint}"
    );
}
