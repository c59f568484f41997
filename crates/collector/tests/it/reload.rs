//! SIGHUP, with the program itself.

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::collector::PATIENCE;
use crate::load::Load;
use crate::program::Program;
use crate::requests::{gauge, metric, point, request, sum};

/// A collector whose configuration is a file.
struct Running {
    child: Child,
    log: Lines<BufReader<ChildStderr>>,
    file: tempfile::NamedTempFile,
    http: String,
    data: String,
    client: reqwest::Client,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    fn start(settings: &str) -> Self {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), settings).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_signalbox-collector"))
            .env_clear()
            .args([
                "--set",
                "listen.grpc=127.0.0.1:0",
                "--set",
                "listen.http=127.0.0.1:0",
            ])
            .args(["--set", "listen.self_metrics=127.0.0.1:0"])
            .arg("--config")
            .arg(file.path())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut running = Self {
            child,
            log,
            file,
            http: String::new(),
            data: String::new(),
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
        };
        let ready = running.line_with(" (HTTP), serving it on ");
        let (before, data) = ready.split_once(" (HTTP), serving it on ").unwrap();
        let (_, http) = before.rsplit_once(' ').unwrap();
        running.http = format!("http://{http}/v1/metrics");
        running.data = format!("http://{}/metrics", data.trim_end_matches('"'));
        running
    }

    /// The next line of the log that says this.
    fn line_with(&mut self, text: &str) -> String {
        let mut lines = self.log.by_ref().map(Result::unwrap);
        lines.find(|line| line.contains(text)).expect("before it ends")
    }

    fn reload(&mut self, settings: &str) {
        std::fs::write(self.file.path(), settings).unwrap();
        kill_process(Pid::from_child(&self.child), Signal::HUP).unwrap();
    }

    async fn send(&self, body: Vec<u8>) {
        let export = self.client.post(&self.http).body(body);
        let export = export.header("content-type", "application/x-protobuf");
        assert_eq!(export.send().await.unwrap().status(), 200);
    }

    /// The names and values of what is scraped, without labels, in the order in which they stand there.
    async fn scrape(&self) -> Vec<String> {
        let scrape = self.client.get(&self.data).send().await.unwrap();
        let text = scrape.text().await.unwrap();
        text.lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| {
                let (name, rest) = line.split_once('{').unwrap();
                format!("{name}{}", rest.split_once('}').unwrap().1)
            })
            .collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_changes_what_comes_in_and_what_is_shown_and_loses_no_series() {
    let ports = "listen = { data = \"127.0.0.1:0\" }\n";
    let mut running = Running::start(ports);
    let gauge_of = |name: &str, value| metric(name, "", gauge(vec![point(&[], value)]));
    let requests = |value| metric("requests", "", sum(true, vec![point(&[], value)]));
    running
        .send(request(&[], vec![gauge_of("a", 1.0), requests(7.0)]))
        .await;
    assert_eq!(running.scrape().await, ["a 1", "requests_total 7"]);

    running.reload(
        "listen = { data = \"127.0.0.1:1\" }\n\
         [[process]]\nstep = \"filter_metrics\"\nexclude = [\"noise.*\"]\n\
         [[aliases]]\nmetric = \"requests_total\"\nnames = [\"calls_total\"]\n",
    );
    let warning = running.line_with("these changes take a restart");
    assert!(warning.contains("listen.data"), "{warning}");
    running.line_with("configuration reloaded");
    assert_eq!(
        running.scrape().await,
        ["a 1", "calls_total 7", "requests_total 7"]
    );
    running
        .send(request(
            &[],
            vec![gauge_of("noise.a", 1.0), gauge_of("b", 2.0), requests(8.0)],
        ))
        .await;
    let after = ["a 1", "b 2", "calls_total 8", "requests_total 8"];
    assert_eq!(running.scrape().await, after);

    running.reload("[[process]]\nstep = \"filter_metrics\"\n");
    let refused = running.line_with("configuration not reloaded, the old one stays");
    assert!(
        refused.contains("needs something in include or exclude"),
        "{refused}"
    );
    assert_eq!(running.scrape().await, after);
}

#[tokio::test(flavor = "multi_thread")]
async fn reloads_under_load_lose_no_series_and_no_delta() {
    let state = tempfile::tempdir().unwrap();
    let file = state.path().join("collector.toml");
    let settings = |turn: u32| {
        // what the load sends is not touched by it, but all that is known about it is found anew
        let filter = format!("[[process]]\nstep = \"filter_metrics\"\nexclude = [\"noise.{turn}\"]\n");
        std::fs::write(&file, filter).unwrap();
    };
    settings(0);
    let mut command = Command::new(env!("CARGO_BIN_EXE_signalbox-collector"));
    command.env_clear().arg("--config").arg(&file);
    command.env("SIGNALBOX_COLLECTOR__STATE_DIR", state.path().join("state"));
    let mut program = Program::start(command);
    let mut log = program.log.take().unwrap();

    let load = Load::new();
    let on = load.start(program.http, program.data);
    for turn in 1..=20 {
        let before = load.answered();
        settings(turn);
        kill_process(Pid::from_child(&program.child), Signal::HUP).unwrap();
        let mut lines = log.by_ref().map(Result::unwrap);
        assert!(lines.any(|line| line.contains("configuration reloaded")));
        let goes_on = async {
            while load.answered() < before + 20 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, goes_on)
            .await
            .expect("the load goes on");
    }
    on.stop().await;
    load.is_exact(program.http, program.data).await;
}
