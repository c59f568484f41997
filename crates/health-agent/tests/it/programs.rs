//! Programs under test, and those that they need, on loopback addresses that no other test has.

use std::fs::{self, File};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// A stand-in host: the standard ports of all parts are free there.
pub(crate) fn host() -> Ipv4Addr {
    static HOSTS: AtomicU8 = AtomicU8::new(1);
    let [.., high, low] = std::process::id().to_be_bytes();
    // one network for each run of the tests; it ends before a process id comes again
    Ipv4Addr::new(127, 64 | (high & 63), low, HOSTS.fetch_add(1, Ordering::Relaxed))
}

/// A program that runs until this is dropped.
pub(crate) struct Program {
    child: Child,
    log: PathBuf,
}

impl Program {
    /// It runs in `folder`, where its log is too.
    pub(crate) fn start(folder: &Path, program: &Path, arguments: &[String]) -> Self {
        let name = program.file_name().unwrap().to_str().unwrap();
        let log = folder.join(format!("{name}.log"));
        let out = File::create(&log).unwrap();
        let child = Command::new(program)
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(out.try_clone().unwrap())
            .stderr(out)
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}; run stack/go/build", program.display()));
        Self { child, log }
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }
}

impl Drop for Program {
    #[expect(
        clippy::print_stderr,
        reason = "a test that fails shows what its program said"
    )]
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("{}:\n{}", self.log.display(), self.log());
        }
    }
}

/// One of the programs of `stack/go/build`.
pub(crate) fn of_the_stack(name: &str) -> PathBuf {
    checkout().join("target/stack/bin").join(name)
}

pub(crate) fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// A health agent.
pub(crate) struct Agent {
    pub(crate) url: String,
    pub(crate) program: Program,
    folder: TempDir,
}

impl Agent {
    /// It listens on the standard port of `host`; `settings` are in TOML and begin with what belongs to no table.
    pub(crate) async fn start(host: Ipv4Addr, settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = Path::new(env!("CARGO_BIN_EXE_signalbox-health"));
        let arguments = write(folder.path(), host, settings);
        let agent = Self {
            url: format!("http://{host}:8870"),
            program: Program::start(folder.path(), program, &arguments),
            folder,
        };
        eventually("the agent is ready", async || {
            let answer = client().get(format!("{}/readyz", agent.url)).send().await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
        agent
    }

    pub(crate) async fn json(&self, path: &str) -> Value {
        json(&format!("{}{path}", self.url)).await
    }

    /// The value of the first series whose line begins like this.
    pub(crate) async fn metric(&self, begins: &str) -> Option<f64> {
        let page = text(&format!("{}/metrics", self.url)).await;
        let line = page.lines().find(|line| line.starts_with(begins))?;
        line.rsplit_once(' ')?.1.parse().ok()
    }

    /// What it holds of one check: the verdict and the evidence.
    pub(crate) async fn check(&self, id: &str) -> Option<(String, String)> {
        let answer = client().get(format!("{}/status", self.url)).send().await.ok()?;
        let status: Value = answer.json().await.ok()?;
        let check = status["checks"]
            .as_array()?
            .iter()
            .find(|check| check["id"] == id)?;
        let text = |key: &str| check[key].as_str().unwrap().to_owned();
        Some((text("verdict"), text("evidence")))
    }

    /// Waits until a check has that verdict; what it has seen.
    pub(crate) async fn finds(&self, id: &str, verdict: &str) -> String {
        eventually(&format!("{id} is {verdict}"), async || {
            let (held, evidence) = self.check(id).await?;
            (held == verdict).then_some(evidence)
        })
        .await
    }

    /// A doctor with the same settings, in a process of its own.
    pub(crate) fn doctor(&self, category: &str) -> Value {
        doctor(self.folder.path(), category)
    }
}

/// A doctor where no agent runs.
pub(crate) fn doctor_alone(host: Ipv4Addr, settings: &str, category: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), host, settings);
    doctor(folder.path(), category)
}

/// What a report of the doctor says of one check: the verdict and the evidence.
pub(crate) fn finding<'a>(report: &'a Value, id: &str) -> (&'a str, &'a str) {
    let checks = report["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["id"] == id).unwrap();
    (
        check["verdict"].as_str().unwrap(),
        check["evidence"].as_str().unwrap(),
    )
}

fn write(folder: &Path, host: Ipv4Addr, settings: &str) -> Vec<String> {
    let file = folder.join("health.toml");
    fs::write(&file, format!("listen = \"{host}:8870\"\n{settings}")).unwrap();
    vec!["--config".to_owned(), file.display().to_string()]
}

fn doctor(folder: &Path, category: &str) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_signalbox-health"))
        .args([
            "--config",
            "health.toml",
            "doctor",
            "--json",
            "--category",
            category,
        ])
        .current_dir(folder)
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

pub(crate) fn client() -> reqwest::Client {
    let patience = Duration::from_secs(30);
    reqwest::Client::builder()
        .no_proxy()
        .timeout(patience)
        .build()
        .unwrap()
}

pub(crate) async fn text(url: &str) -> String {
    client().get(url).send().await.unwrap().text().await.unwrap()
}

pub(crate) async fn json(url: &str) -> Value {
    serde_json::from_str(&text(url).await).unwrap()
}

/// Tries until there is an answer; a machine that is busy is waited for.
pub(crate) async fn eventually<T>(what: &str, mut attempt: impl AsyncFnMut() -> Option<T>) -> T {
    let attempts = async {
        loop {
            if let Some(found) = attempt().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(90), attempts).await;
    found.unwrap_or_else(|_| panic!("in vain: {what}"))
}

/// Serves for as long as the test runs.
pub(crate) async fn serve(address: (Ipv4Addr, u16), router: axum::Router) {
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
}
