//! The example daemon as a child process, with a notification socket of its own.

use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::Duration;

use command_fds::{CommandFdExt, FdMapping};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};

/// Seconds that anything here may take before the test gives up.
pub(crate) const TIMEOUT: u64 = 20;

pub(crate) struct Minimal {
    child: Child,
    notifications: UnixDatagram,
    received: Vec<String>,
    folder: tempfile::TempDir,
}

impl Minimal {
    pub(crate) fn start(environment: &[(&str, &str)], config: &str) -> Self {
        Self::start_as(Command::new(program()), environment, config)
    }

    /// Starts it with sockets, as systemd does.
    pub(crate) fn start_with(sockets: &[&dyn AsFd], config: &str) -> Self {
        Self::start_as(with_sockets(sockets).into(), &[], config)
    }

    fn start_as(mut command: Command, environment: &[(&str, &str)], config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("notify");
        let notifications = UnixDatagram::bind(&socket).unwrap();
        notifications
            .set_read_timeout(Some(Duration::from_secs(TIMEOUT)))
            .unwrap();
        let file = folder.path().join("minimal.toml");
        std::fs::write(&file, config).unwrap();
        let log = File::create(folder.path().join("log")).unwrap();
        let child = command
            .arg("--config")
            .arg(&file)
            .envs(environment.iter().copied())
            .env("NOTIFY_SOCKET", &socket)
            .stderr(Stdio::from(log))
            .kill_on_drop(true)
            .spawn()
            .expect("cargo builds the example with the tests");
        Self {
            child,
            notifications,
            received: Vec::new(),
            folder,
        }
    }

    /// Runs it to its end: exit code and standard error.
    pub(crate) async fn run(arguments: &[&str], config: &str) -> (Option<i32>, String) {
        Self::run_with(&[], arguments, config).await
    }

    pub(crate) async fn run_with(
        environment: &[(&str, &str)],
        arguments: &[&str],
        config: &str,
    ) -> (Option<i32>, String) {
        let output = Self::output(environment, arguments, config).await;
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }

    /// What it prints on standard output until it ends by itself.
    pub(crate) async fn print(arguments: &[&str], config: &str) -> String {
        let output = Self::output(&[], arguments, config).await;
        String::from_utf8(output.stdout).unwrap()
    }

    async fn output(environment: &[(&str, &str)], arguments: &[&str], config: &str) -> Output {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("minimal.toml");
        std::fs::write(&file, config).unwrap();
        let output = Command::new(program())
            .arg("--config")
            .arg(&file)
            .args(arguments)
            .envs(environment.iter().copied())
            .kill_on_drop(true)
            .output();
        tokio::time::timeout(Duration::from_secs(TIMEOUT), output)
            .await
            .expect("ends by itself")
            .unwrap()
    }

    pub(crate) fn write_config(&self, config: &str) {
        std::fs::write(self.folder.path().join("minimal.toml"), config).unwrap();
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = self
            .child
            .id()
            .and_then(|id| Pid::from_raw(i32::try_from(id).unwrap()))
            .expect("still running");
        kill_process(pid, signal).unwrap();
    }

    /// The next notification with `state` in it.
    pub(crate) async fn notification(&mut self, state: &str) -> String {
        loop {
            let mut datagram = vec![0; 4096];
            let socket = self.notifications.try_clone().unwrap();
            let (length, datagram) = tokio::task::spawn_blocking(move || {
                let length = socket.recv(&mut datagram).expect("a notification in time");
                (length, datagram)
            })
            .await
            .unwrap();
            let text = String::from_utf8(datagram[..length].to_vec()).unwrap();
            self.received.push(text.clone());
            if text.contains(state) {
                return text;
            }
        }
    }

    /// How many notifications with `state` have come, those that wait unread included.
    pub(crate) fn received(&mut self, state: &str) -> usize {
        self.notifications.set_nonblocking(true).unwrap();
        let mut datagram = [0; 4096];
        while let Ok(length) = self.notifications.recv(&mut datagram) {
            self.received
                .push(String::from_utf8_lossy(&datagram[..length]).into_owned());
        }
        self.received.iter().filter(|text| text.contains(state)).count()
    }

    pub(crate) async fn exit_code(&mut self) -> Option<i32> {
        let ended = tokio::time::timeout(Duration::from_secs(TIMEOUT), self.child.wait());
        ended.await.expect("ends in time").unwrap().code()
    }

    pub(crate) async fn log(&self) -> String {
        let mut text = String::new();
        let mut file = tokio::fs::File::open(self.folder.path().join("log"))
            .await
            .unwrap();
        file.read_to_string(&mut text).await.unwrap();
        text
    }

    /// Waits until the log has a line with `text` in it.
    pub(crate) async fn log_line(&self, text: &str) {
        let written = async {
            while !self.log().await.contains(text) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(TIMEOUT), written)
            .await
            .expect("the line is logged in time");
    }
}

/// The program, with these sockets as its file descriptors from 3 on and the variables that say so.
fn with_sockets(sockets: &[&dyn AsFd]) -> std::process::Command {
    let mut command = std::process::Command::new("sh");
    // the variable has the number of the process that systemd started, which is that of the shell
    command
        .args(["-c", "LISTEN_PID=$$ exec \"$0\" \"$@\""])
        .arg(program());
    command.env("LISTEN_FDS", sockets.len().to_string());
    command.env("LISTEN_FDNAMES", vec!["minimal.socket"; sockets.len()].join(":"));
    let mappings = sockets.iter().zip(3..).map(|(socket, child_fd)| FdMapping {
        parent_fd: socket.as_fd().try_clone_to_owned().unwrap(),
        child_fd,
    });
    command.fd_mappings(mappings.collect()).unwrap();
    command
}

/// cargo builds examples beside the folder of test binaries.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent()
        .and_then(|deps| deps.parent())
        .unwrap()
        .join("examples/minimal")
}
