use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::collector::Collector;

fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_signalbox-demo-api"));
    command.env_clear();
    command
}

type Log = Lines<BufReader<ChildStderr>>;

/// Reads the log until the process is ready, and returns the first address that it serves on.
fn address(log: &mut Log) -> String {
    let ready = log
        .map(Result::unwrap)
        .find(|line| line.contains("serving on "))
        .unwrap();
    let addresses = ready.split("serving on ").nth(1).unwrap();
    addresses.split(',').next().unwrap().to_owned()
}

/// Stops the process, and returns the rest of its log.
async fn stop(mut child: Child, log: Log) -> Vec<String> {
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let rest = tokio::task::spawn_blocking(move || {
        let rest: Vec<String> = log.map(Result::unwrap).collect();
        assert!(child.wait().unwrap().success(), "{rest:#?}");
        rest
    });
    rest.await.unwrap()
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
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    let address = address(&mut log);
    assert_eq!(
        reqwest::get(format!("http://{address}/health"))
            .await
            .unwrap()
            .status(),
        200
    );

    stop(child, log).await;

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

#[test]
fn credentials_of_the_collector_are_refused_and_never_printed() {
    let with_set = ["--set", "export.endpoint=http://user:s3cret@127.0.0.1:4318"];
    let by_set = binary().args(with_set).output().unwrap();
    let by_variable = binary()
        .env("OTEL_ENDPOINT", "http://user:s3cret@127.0.0.1:4318")
        .output()
        .unwrap();
    for output in [by_set, by_variable] {
        assert_eq!(output.status.code(), Some(78));
        let printed = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(
            printed.contains("must be without user name, password and @"),
            "{printed}"
        );
        assert!(!printed.contains("s3cret"), "{printed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_rejects_metrics_is_told_of_once() {
    let mut collector = Collector::start().await;
    collector.reject(3, "timestamps are too old");
    let endpoint = format!("export.endpoint={}", collector.endpoint);
    let mut child = binary()
        .args(["--listen", "127.0.0.1:0", "--set", &endpoint])
        .args(["--set", "export.interval=20ms"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    // metrics are exported from the first request on
    let address = address(&mut log);
    assert_eq!(
        reqwest::get(format!("http://{address}/health"))
            .await
            .unwrap()
            .status(),
        200
    );
    collector.wait_for(4).await;
    collector.reject(0, "");
    // that of the first may have been on its way already
    collector.wait_for(3).await;
    let log = stop(child, log).await;

    let holding = |text: &str| -> Vec<&String> { log.iter().filter(|line| line.contains(text)).collect() };
    let refused = holding("the collector refuses a part of the metrics");
    assert_eq!(refused.len(), 1, "{log:#?}");
    assert!(refused[0].contains("export.rejected_data_points=3"), "{log:#?}");
    assert!(refused[0].contains("timestamps are too old"), "{log:#?}");
    assert_eq!(
        holding("the collector takes all metrics again").len(),
        1,
        "{log:#?}"
    );
    assert_eq!(holding("do not reach").len(), 0, "{log:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_names_the_changes_that_take_a_restart() {
    let restart = "only the faults are in force, the other changes take a restart";
    let file =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("demo-api-reload-{}.toml", std::process::id()));
    let write = |endpoint: &str, error_ratio: f64| {
        let export = format!("[export]\nendpoint = \"http://{endpoint}\"\ninterval = \"1h\"\n");
        std::fs::write(&file, format!("{export}[fault]\nerror_ratio = {error_ratio}\n")).unwrap();
    };
    write("127.0.0.1:9", 0.0);
    let mut child = binary()
        .args(["--listen", "127.0.0.1:0", "--config"])
        .arg(&file)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = Pid::from_child(&child);
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    let address = address(&mut log);
    let mut reload = || {
        kill_process(pid, Signal::HUP).unwrap();
        let mut lines = Vec::new();
        for line in &mut log {
            lines.push(line.unwrap());
            if lines.last().unwrap().contains("configuration reloaded") {
                break;
            }
        }
        lines
    };
    write("127.0.0.1:10", 1.0);
    let lines = reload();
    let warnings: Vec<&String> = lines.iter().filter(|line| line.contains(restart)).collect();
    assert_eq!(warnings.len(), 1, "{lines:#?}");
    assert!(warnings[0].contains("export.endpoint"), "{lines:#?}");
    assert!(!warnings[0].contains("export.interval"), "{lines:#?}");
    let failing = reqwest::get(format!("http://{address}/health")).await.unwrap();
    assert_eq!(failing.status(), 500, "the faults are in force");

    // back to what is in force: nothing to name
    write("127.0.0.1:9", 0.5);
    let lines = reload();
    assert!(!lines.iter().any(|line| line.contains(restart)), "{lines:#?}");
    stop(child, log).await;
    std::fs::remove_file(&file).unwrap();
}
