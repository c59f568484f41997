//! The program itself, started as the demo starts it.

use std::io::{BufRead, BufReader, Lines};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, ChildStderr, Command, Stdio};

use command_fds::{CommandFdExt, FdMapping};

const FILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../stack/collector/collector.toml"
);

/// The program, its environment, and the file that it always has.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_signalbox-collector"));
    command.env_clear().args(["--config", FILE]);
    command
}

/// The program with sockets that are open already, as systemd hands them over.
pub(crate) fn with_sockets(sockets: &[TcpListener]) -> Command {
    let mut command = Command::new("/bin/sh");
    // the variable has the number of the process that systemd started, which is that of the shell
    command.args([
        "-c",
        "LISTEN_PID=$$ exec \"$0\" \"$@\"",
        env!("CARGO_BIN_EXE_signalbox-collector"),
    ]);
    command.env_clear().args(["--config", FILE]);
    command.env("LISTEN_FDS", sockets.len().to_string());
    command.env(
        "LISTEN_FDNAMES",
        vec!["signalbox-collector.socket"; sockets.len()].join(":"),
    );
    let mappings = sockets.iter().zip(3..).map(|(socket, child_fd)| FdMapping {
        parent_fd: socket.try_clone().unwrap().into(),
        child_fd,
    });
    command.fd_mappings(mappings.collect()).unwrap();
    command
}

/// A program that does not outlive its test, however that ends.
pub(crate) struct Program {
    pub(crate) child: Child,
    pub(crate) log: Option<Lines<BufReader<ChildStderr>>>,
    pub(crate) grpc: SocketAddr,
    pub(crate) http: SocketAddr,
    pub(crate) data: SocketAddr,
}

impl Program {
    /// Starts it on ports of its own, and waits until it is ready.
    pub(crate) fn start(mut command: Command) -> Self {
        for port in ["GRPC", "HTTP", "DATA", "SELF_METRICS"] {
            command.env(format!("SIGNALBOX_COLLECTOR__LISTEN__{port}"), "127.0.0.1:0");
        }
        Self::start_as_it_is(command)
    }

    /// Starts it on the ports that it is told, and waits until it is ready.
    pub(crate) fn start_as_it_is(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let ready = log
            .find_map(|line| Some(line.unwrap().split_once("taking OTLP on ")?.1.to_owned()))
            .unwrap();
        let mut addresses = ready
            .split(|character: char| !(character.is_ascii_digit() || ".:".contains(character)))
            .filter_map(|word| word.parse().ok());
        let mut next = || addresses.next().expect("an address");
        let (grpc, http, data) = (next(), next(), next());
        Self {
            child,
            log: Some(log),
            grpc,
            http,
            data,
        }
    }

    /// Kibibytes of memory in use.
    pub(crate) fn resident(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// Kibibytes of memory in use at most until now.
    pub(crate) fn resident_at_most(&self) -> u64 {
        self.status("VmHWM:")
    }

    pub(crate) fn open_files(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id()))
            .unwrap()
            .count()
    }

    fn status(&self, key: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let value = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
        value.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
