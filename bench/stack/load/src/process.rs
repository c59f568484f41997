//! A part of the stack as a process. It ends with this program, whatever ends that.

use std::fs::File;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use crate::http::Client;

/// How long a part may take until it is ready.
const START: Duration = Duration::from_mins(5);

/// How long it may take to end when it is asked to.
const END: Duration = Duration::from_mins(2);

/// Lines of its log that are shown when it ends by itself.
const LAST_LINES: usize = 15;

/// What is started.
#[derive(Debug, Clone)]
pub(crate) struct Launch {
    pub(crate) name: String,
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) log: PathBuf,
    /// Where it listens.
    pub(crate) ports: Vec<SocketAddr>,
    /// What answers 200 when it is ready, at which of its ports.
    pub(crate) ready: Option<(SocketAddr, &'static str)>,
}

/// A part that runs.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) launch: Launch,
    child: Child,
}

impl Launch {
    /// Says which of its ports another process has.
    pub(crate) fn check_ports(&self) -> anyhow::Result<()> {
        for &port in &self.ports {
            TcpListener::bind(port).with_context(|| format!("{} cannot listen on {port}", self.name))?;
        }
        Ok(())
    }

    /// Starts it and does not wait. To be called on the main thread: the kernel ends the part when the thread that
    /// started it ends.
    pub(crate) fn start(self) -> anyhow::Result<Part> {
        let log = File::options().append(true).create(true).open(&self.log);
        let log = log.with_context(|| format!("cannot write {}", self.log.display()))?;
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL"])
            .arg(&self.program)
            .args(&self.arguments)
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("cannot start setpriv, which is part of util-linux")?;
        // if the kernel has to end something, then this and nothing else on the machine
        std::fs::write(format!("/proc/{}/oom_score_adj", child.id()), "900")?;
        Ok(Part { launch: self, child })
    }
}

impl Part {
    pub(crate) fn name(&self) -> &str {
        &self.launch.name
    }

    pub(crate) fn process(&self) -> u32 {
        // setpriv has become the part
        self.child.id()
    }

    /// An error if it has ended.
    pub(crate) fn check(&mut self) -> anyhow::Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!(
                "{} ended with {status}:\n{}",
                self.name(),
                last_lines(&self.launch.log)
            );
        }
        Ok(())
    }

    pub(crate) fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let begin = Instant::now();
        while !self.is_ready() {
            self.check()?;
            ensure!(
                begin.elapsed() < START,
                "{} is not ready after {START:?}:\n{}",
                self.name(),
                last_lines(&self.launch.log)
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    fn is_ready(&self) -> bool {
        match self.launch.ready {
            Some((port, path)) => Client::new(port, Duration::from_secs(5))
                .get(path)
                .is_ok_and(|(status, _)| status == 200),
            None => self
                .launch
                .ports
                .iter()
                .all(|port| TcpStream::connect(port).is_ok()),
        }
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn stop(&mut self) -> anyhow::Result<()> {
        let signal = ["-TERM", &self.process().to_string()].map(str::to_owned);
        Command::new("kill").args(signal).status()?;
        let begin = Instant::now();
        while self.child.try_wait()?.is_none() {
            ensure!(begin.elapsed() < END, "{} does not end", self.name());
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // nothing that it could still write is wanted
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn last_lines(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn launch(program: &str, arguments: &[&str], log: &str) -> Launch {
        let log = std::env::temp_dir().join(format!("stack-load-{}-{log}.log", std::process::id()));
        Launch {
            name: "a part".to_owned(),
            program: program.into(),
            arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
            environment: Vec::new(),
            log,
            ports: Vec::new(),
            ready: None,
        }
    }

    #[test]
    fn a_part_that_ends_by_itself_is_an_error_with_its_last_lines() {
        let launch = launch("sh", &["-c", "echo it is broken; exit 3"], "ends");
        let log = launch.log.clone();
        let mut part = launch.start().expect("it starts");
        part.child.wait().expect("it ends");
        let error = part.check().expect_err("it has ended").to_string();
        std::fs::remove_file(log).expect("a log");
        assert!(
            error.contains("exit status: 3") && error.contains("it is broken"),
            "{error}"
        );
    }

    #[test]
    fn a_part_ends_when_it_is_asked_to() {
        let launch = launch("sleep", &["60"], "stops");
        let log = launch.log.clone();
        let mut part = launch.start().expect("it starts");
        part.check().expect("it runs");
        part.stop().expect("it stops");
        std::fs::remove_file(log).expect("a log");
        assert!(part.check().is_err());
    }

    #[test]
    fn a_port_that_is_taken_is_named() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
        let mut launch = launch("sleep", &["60"], "ports");
        launch.ports = vec![taken.local_addr().expect("its address")];
        let error = launch.check_ports().expect_err("it is taken").to_string();
        assert_eq!(error, format!("a part cannot listen on {}", launch.ports[0]));
    }
}
