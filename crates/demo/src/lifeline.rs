//! Ties a process to the life of the demo, so that not even `kill -9` of the demo leaves one behind.
//!
//! A part is started through this program (`signalbox-demo attached …`), which asks the kernel for a SIGKILL at its
//! parent's death and then becomes the part: the request outlives exec, and the part keeps its pid. That is the safe
//! form of what a hook between fork and exec would do.
//!
//! The request holds for one process only. Parts start no others; the command of `--then` is a shell that does, so it
//! gets a guard that stays and ends the whole process group when the pipe from the demo closes.
//!
//! The kernel sends the signal when the *thread* that started the process ends: the demo starts everything on its main
//! thread.

use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use anyhow::anyhow;
use rustix::process::{Pid, Signal, getppid, kill_current_process_group, set_parent_process_death_signal};

/// Becomes `command`, which ends with the process `parent`. Returns only if it cannot.
pub(crate) fn become_attached(parent: i32, command: &mut Command) -> anyhow::Error {
    if let Err(error) = set_parent_process_death_signal(Some(Signal::KILL)) {
        return error.into();
    }
    // the parent may have died before the request: then nobody would ever send the signal
    if getppid() != Pid::from_raw(parent) {
        return anyhow!("the demo has ended");
    }
    let error = command.exec();
    anyhow!(error).context(format!("cannot start {}", command.get_program().display()))
}

/// Runs `command` in this process' group until it ends, or until standard input closes: then nothing of the group is
/// left, this process included.
pub(crate) fn guard(command: &mut Command) -> io::Result<ExitCode> {
    let mut child = command.stdin(std::process::Stdio::null()).spawn()?;
    std::thread::spawn(|| {
        // nothing is ever written there; an end or an error both mean that the demo is gone
        drop(io::stdin().read(&mut [0]));
        let _ = kill_current_process_group(Signal::KILL);
    });
    let status = child.wait()?;
    Ok(crate::process::exit_code(status))
}
