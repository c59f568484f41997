//! The command of `--then`: a shell's, in a process group that ends with the demo.

use std::io;
use std::path::Path;
use std::process::{ExitCode, Stdio};

use rustix::process::{Pid, Signal};
use tokio::process::{Child, ChildStdin, Command};

use crate::process;

#[derive(Debug)]
pub(crate) struct FollowUp {
    guard: Child,
    group: Pid,
    /// Its end tells the guard that the demo is gone.
    _lifeline: Option<ChildStdin>,
}

pub(crate) fn start(
    executable: &Path,
    command: &str,
    variables: &[(String, String)],
) -> io::Result<FollowUp> {
    let mut guard = Command::new(executable)
        .args(["guarded", "--", "/bin/sh", "-c", command])
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .process_group(0)
        .spawn()?;
    Ok(FollowUp {
        group: process::group_of(&guard)?,
        // taken out, because waiting closes what is still in there
        _lifeline: guard.stdin.take(),
        guard,
    })
}

/// Resolves with the command's exit code; pending for ever if there is no command.
pub(crate) async fn ended(follow_up: &mut Option<FollowUp>) -> io::Result<ExitCode> {
    match follow_up {
        Some(follow_up) => Ok(process::exit_code(follow_up.guard.wait().await?)),
        None => std::future::pending().await,
    }
}

impl Drop for FollowUp {
    /// Nothing that the command started stays.
    fn drop(&mut self) {
        process::signal(self.group, Signal::KILL);
    }
}
