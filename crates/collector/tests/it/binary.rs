//! The program itself, started as the demo starts it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::requests::{gauge, metric, point, request};

const FILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../stack/collector/collector.toml"
);

fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_signalbox-collector"));
    command.env_clear().args(["--config", FILE]);
    command
}

/// A program that does not outlive its test, however that ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_takes_its_place_from_the_environment_and_ends_on_sigterm() {
    let child = binary()
        .envs([
            ("SIGNALBOX_COLLECTOR__ENVIRONMENT", "qa"),
            ("SIGNALBOX_COLLECTOR__DATA_PLANE_ID", "dp-qa-01"),
            ("SIGNALBOX_COLLECTOR__LISTEN__GRPC", "127.0.0.1:0"),
            ("SIGNALBOX_COLLECTOR__LISTEN__HTTP", "127.0.0.1:0"),
            ("SIGNALBOX_COLLECTOR__LISTEN__DATA", "127.0.0.1:0"),
            ("SIGNALBOX_COLLECTOR__LISTEN__SELF_METRICS", "127.0.0.1:0"),
        ])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut child = Running(child);
    let mut log = BufReader::new(child.0.stderr.take().unwrap()).lines();
    let ready = log
        .find(|line| line.as_ref().unwrap().contains("taking OTLP on "))
        .unwrap()
        .unwrap();
    let (_, addresses) = ready.split_once("taking OTLP on ").unwrap();
    let (http, data) = addresses
        .split_once(" and ")
        .unwrap()
        .1
        .split_once(" (HTTP), serving it on ")
        .unwrap();
    let data = data.trim_end_matches('"');

    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let body = request(
        &[("environment", "prod")],
        vec![metric("g", "", gauge(vec![point(&[], 1.0)]))],
    );
    let export = client
        .post(format!("http://{http}/v1/metrics"))
        .header("content-type", "application/x-protobuf");
    assert_eq!(export.body(body).send().await.unwrap().status(), 200);
    let scrape = client.get(format!("http://{data}/metrics")).send().await.unwrap();
    let text = scrape.text().await.unwrap();
    let series = "g{instance=\"\",data_plane_id=\"dp-qa-01\",environment=\"qa\",otel_scope_name=\"lib\",\
                  otel_scope_version=\"1.0\"} 1\n";
    assert!(text.contains(series), "{text}");

    kill_process(Pid::from_child(&child.0), Signal::TERM).unwrap();
    let end = tokio::task::spawn_blocking(move || {
        let rest: Vec<String> = log.map(Result::unwrap).collect();
        (child.0.wait().unwrap(), rest)
    });
    let (status, rest) = end.await.unwrap();
    assert!(status.success(), "{status}: {rest:#?}");
}

#[test]
fn a_wrong_configuration_is_explained() {
    let output = binary()
        .args(["--set", "listen.http=\"4318\"", "--set", "expiry.gauges=\"0s\""])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(78));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "signalbox-collector: 2 problems in the configuration:\n  \
         command line: listen.http: must be an IP address and a port, such as 127.0.0.1:4317, is `4318`\n  \
         command line: expiry.gauges: must be a time of at least 1s, such as 5m, or never, is `0s`\n"
    );
}
