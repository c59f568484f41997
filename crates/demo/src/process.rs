//! A running part: its process group, its output on the way to the log, and its end.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use crate::log_file::{self, LogFile};

/// What to start and how.
#[derive(Debug)]
pub(crate) struct Launch<'a> {
    /// This program: it starts the part attached to the demo's life.
    pub(crate) attacher: &'a Path,
    pub(crate) program: &'a Path,
    pub(crate) arguments: &'a [String],
    /// All of it: nothing else is inherited but what [`INHERITED`] names.
    pub(crate) environment: &'a [(String, String)],
    pub(crate) folder: &'a Path,
    pub(crate) log: PathBuf,
}

/// What a part may know of the user's environment. Anything more (a proxy, a collector's address, a systemd socket)
/// would make the box another one on every machine.
const INHERITED: [&str; 9] = [
    "HOME",
    "LANG",
    "LC_ALL",
    "PATH",
    "RUST_BACKTRACE",
    "RUST_LOG",
    "TMPDIR",
    "TZ",
    "USER",
];

#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    group: Pid,
    output: JoinHandle<()>,
}

/// How a process that was asked to stop ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    InTime(ExitStatus),
    /// Killed, because its grace was over.
    TooLate,
    /// Killed, because nothing more was to be waited for.
    Hurried,
}

impl Process {
    pub(crate) fn start(launch: &Launch<'_>) -> io::Result<Self> {
        let log = LogFile::create(&launch.log, log_file::LIMIT)?;
        let (output, writer) = io::pipe()?;
        let inherited = INHERITED
            .iter()
            .filter_map(|name| Some((name, std::env::var_os(name)?)));
        let child = Command::new(launch.attacher)
            .args(["attached", "--to", &std::process::id().to_string(), "--"])
            .arg(launch.program)
            .args(launch.arguments)
            .env_clear()
            .envs(inherited)
            .envs(launch.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(launch.folder)
            .stdin(Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let group = group_of(&child)?;
        let output = pipe::Receiver::from_owned_fd(OwnedFd::from(output))?;
        Ok(Self {
            child,
            group,
            output: tokio::spawn(keep(output, log)),
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.group.as_raw_nonzero().get().cast_unsigned()
    }

    /// Waits for the end, after which nothing of the group is left and the log is whole.
    pub(crate) async fn ended(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await?;
        self.sweep().await;
        Ok(status)
    }

    /// SIGTERM to the group, SIGKILL after `grace` or as soon as `hurry` resolves.
    pub(crate) async fn stop(mut self, grace: Duration, hurry: impl Future) -> io::Result<Stopped> {
        signal(self.group, Signal::TERM);
        let stopped = tokio::select! {
            status = self.child.wait() => {
                let status = status?;
                self.sweep().await;
                return Ok(Stopped::InTime(status));
            }
            () = tokio::time::sleep(grace) => Stopped::TooLate,
            _ = hurry => Stopped::Hurried,
        };
        signal(self.group, Signal::KILL);
        self.child.wait().await?;
        self.sweep().await;
        Ok(stopped)
    }

    /// SIGKILL to the group, without a word before.
    pub(crate) async fn kill(mut self) -> io::Result<()> {
        signal(self.group, Signal::KILL);
        self.child.wait().await?;
        self.sweep().await;
        Ok(())
    }

    /// Ends what the leader may have left in its group, and reads the output to its end.
    async fn sweep(&mut self) {
        /// For bytes that are in the pipe already; a process that left the group may keep the pipe open for ever.
        const LAST_OUTPUT: Duration = Duration::from_millis(500);
        signal(self.group, Signal::KILL);
        if tokio::time::timeout(LAST_OUTPUT, &mut self.output).await.is_err() {
            self.output.abort();
        }
    }
}

pub(crate) fn group_of(child: &Child) -> io::Result<Pid> {
    child
        .id()
        .and_then(|id| Pid::from_raw(id.cast_signed()))
        .ok_or_else(|| io::Error::other("the process has ended already"))
}

/// A group that is gone needs no signal.
pub(crate) fn signal(group: Pid, signal: Signal) {
    let _ = kill_process_group(group, signal);
}

/// The code that a shell would give: the process' own, or 128 and the signal's number.
pub(crate) fn exit_code(status: ExitStatus) -> ExitCode {
    use std::os::unix::process::ExitStatusExt;
    let code = status.code().or_else(|| Some(128 + status.signal()?));
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

/// Moves a part's output into its log. A log that cannot be written must not stop the part: its output is read on.
async fn keep(mut output: pipe::Receiver, mut log: LogFile) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = output.read(&mut buffer).await {
        drop(log.write(&buffer[..length]));
    }
}

#[cfg(test)]
mod tests;
