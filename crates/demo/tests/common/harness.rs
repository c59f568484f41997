//! A demo under test: the real program, on a network and in a state directory of its own.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, MutexGuard, mpsc};

use crate::processes;

/// For anything to happen that must: a slow machine gets there too, and a hanging test ends.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// Boxes are run one after the other, so that none slows another down.
static ONE_BOX: Mutex<()> = Mutex::const_new(());

pub(crate) fn demo_program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_signalbox-demo"))
}

/// The workspace's.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the workspace is there")
}

/// The demo with arguments, everything else as the user's shell would have it.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(demo_program());
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    // a variable of the user's would decide what is tested
    command
        .env_remove("SIGNALBOX_DEMO_STACK")
        .env("SIGNALBOX_DEMO_PROGRAMS", root().join("target/stack/bin"));
    command
}

/// Runs the demo until it ends by itself.
pub(crate) async fn output(arguments: &[&str]) -> Output {
    let running = command(arguments).output();
    tokio::time::timeout(PATIENCE, running)
        .await
        .expect("the demo ends")
        .expect("the demo starts")
}

/// Fails with one sentence if a program of the box is not built.
pub(crate) fn assert_built() {
    let beside = demo_program().parent().expect("it is in a folder");
    let stack = root().join("target/stack/bin");
    let programs = ["collector", "demo-api", "load-gen", "dashboard", "health"];
    let ours = programs.map(|name| beside.join(format!("signalbox-{name}")));
    let others = [
        "prometheus",
        "alertmanager",
        "pushgateway",
        "node_exporter",
        "thanos",
        "minio",
    ];
    for program in ours.into_iter().chain(others.map(|name| stack.join(name))) {
        assert!(
            program.exists(),
            "{} is not built: `make test` builds it",
            program.display()
        );
    }
}

/// Asks again, twice a second, until there is an answer; fails with `what` when patience ends.
pub(crate) async fn eventually<T>(what: &str, ask: impl AsyncFnMut() -> Option<T>) -> T {
    eventually_within(PATIENCE, what, ask).await
}

/// The same with a patience of its own, for what takes minutes by design.
pub(crate) async fn eventually_within<T>(
    patience: Duration,
    what: &str,
    mut ask: impl AsyncFnMut() -> Option<T>,
) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    tokio::time::timeout(patience, asking)
        .await
        .unwrap_or_else(|_| panic!("never: {what}"))
}

/// The JSON at `url`.
pub(crate) async fn get(url: &str) -> Value {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let response = http.get(url).send().await.unwrap();
    let status = response.status();
    let text = response.text().await.unwrap();
    assert!(status.is_success(), "{url}: {status}: {text}");
    serde_json::from_str(&text).unwrap()
}

#[derive(Debug)]
pub(crate) struct Demo {
    child: Child,
    pub(crate) network: String,
    state: PathBuf,
    lines: mpsc::Receiver<String>,
    /// Every line that was read so far.
    seen: Vec<String>,
    _alone: MutexGuard<'static, ()>,
}

impl Demo {
    /// Starts a box as soon as no other test runs one.
    pub(crate) async fn start(network: &str, state: &Path, arguments: &[&str]) -> Self {
        assert_built();
        let alone = ONE_BOX.lock().await;
        let state = state.canonicalize().unwrap();
        let mut child = command(arguments)
            .args(["--network", network, "--state-dir"])
            .arg(&state)
            .env(processes::MARK, &state)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (send, lines) = mpsc::channel(1000);
        tokio::spawn(read_lines(child.stdout.take().unwrap(), send.clone()));
        tokio::spawn(read_lines(child.stderr.take().unwrap(), send));
        Self {
            child,
            network: network.to_owned(),
            state,
            lines,
            seen: Vec::new(),
            _alone: alone,
        }
    }

    pub(crate) fn state(&self) -> &Path {
        &self.state
    }

    /// Of a part of box a.
    pub(crate) fn url(&self, port: u16) -> String {
        self.url_on(1, port)
    }

    /// Of a part on the host with that last number.
    pub(crate) fn url_on(&self, host: u8, port: u16) -> String {
        format!("http://{}.{host}:{port}", self.network)
    }

    /// Runs one of the demo's other commands against it: `["kill", "prometheus-b"]`. Returns whether it succeeded and what
    /// it said.
    pub(crate) async fn runs(&self, words: &[&str]) -> (bool, String) {
        let state = self.state.to_str().expect("a path of the test's own");
        // before what the doctor takes for its own
        let (command, rest) = words.split_first().expect("there is a command");
        let output = output(&[&[*command, "--state-dir", state], rest].concat()).await;
        let said = [output.stdout, output.stderr].concat();
        (
            output.status.success(),
            String::from_utf8_lossy(&said).into_owned(),
        )
    }

    /// The same for a command that must succeed.
    pub(crate) async fn obeys(&self, words: &[&str]) -> String {
        let (success, said) = self.runs(words).await;
        assert!(success, "{words:?}: {said}");
        said
    }

    /// Reads on until a line holds `text`, and returns that line.
    pub(crate) async fn says(&mut self, text: &str) -> String {
        let reading = async {
            while let Some(line) = self.lines.recv().await {
                self.seen.push(line.clone());
                if line.contains(text) {
                    return Some(line);
                }
            }
            None
        };
        let found = tokio::time::timeout(PATIENCE, reading).await.ok().flatten();
        found.unwrap_or_else(|| panic!("the demo never said {text:?}, only:\n{}", self.seen.join("\n")))
    }

    /// What it wrote down of itself.
    pub(crate) fn record(&self) -> Value {
        let text = std::fs::read(self.state.join("demo.json")).expect("the demo runs");
        serde_json::from_slice(&text).expect("the record is JSON")
    }

    pub(crate) fn pid_of(&self, part: &str) -> i32 {
        let record = self.record();
        let parts = record["parts"].as_array().unwrap();
        let part = parts
            .iter()
            .find(|one| one["name"] == part)
            .expect("the part runs");
        part["pid"].as_i64().unwrap().try_into().unwrap()
    }

    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        let record = self.record();
        let parts = record["parts"].as_array().unwrap();
        let addresses = parts
            .iter()
            .flat_map(|part| part["addresses"].as_array().unwrap());
        addresses
            .map(|address| address.as_str().unwrap().parse().unwrap())
            .collect()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = self.child.id().expect("the demo runs");
        send(pid.try_into().unwrap(), signal);
    }

    /// Waits for the end and returns the status and everything that was said.
    pub(crate) async fn ends(&mut self) -> (ExitStatus, String) {
        let ending = async {
            while let Some(line) = self.lines.recv().await {
                self.seen.push(line);
            }
            self.child.wait().await.unwrap()
        };
        let status = tokio::time::timeout(PATIENCE, ending).await;
        let said = self.seen.join("\n");
        (
            status.unwrap_or_else(|_| panic!("the demo does not end:\n{said}")),
            said,
        )
    }

    /// Nothing of it runs, and its ports are free.
    pub(crate) async fn assert_nothing_left(&self, addresses: &[SocketAddr]) {
        processes::assert_none(&self.state).await;
        for address in addresses {
            assert_free(*address).await;
        }
    }
}

/// Waits until the port is free: the kernel closes the files of a dead process on its own time.
async fn assert_free(address: SocketAddr) {
    for _ in 0..500 {
        if TcpListener::bind(address).is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{address} is still taken");
}

pub(crate) fn send(pid: i32, signal: Signal) {
    kill_process(Pid::from_raw(pid).expect("a pid is positive"), signal).expect("it runs");
}

async fn read_lines(from: impl AsyncRead + Unpin, to: mpsc::Sender<String>) {
    let mut lines = BufReader::new(from).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if to.send(line).await.is_err() {
            return;
        }
    }
}
