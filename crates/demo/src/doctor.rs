//! What is wrong with the demo: its health agent's doctor says it, who needs nothing of the demo to run.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, bail};

use crate::programs::{self, Places, Program};
use crate::{control, progress, state_dir};

/// Becomes the doctor of a box, so that the exit status is the doctor's. Returns only if it cannot.
pub(crate) fn run(state: &Path, replica: &str, arguments: &[OsString]) -> anyhow::Result<ExitCode> {
    let nobody = control::nobody(state);
    let configuration = state.join(format!("config/health-{replica}/health.toml"));
    if state_dir::record_of_running(state).is_none() {
        if !configuration.exists() {
            bail!(nobody);
        }
        // what it finds is of use all the same: what listens that should not, whether there is room on the disk
        progress::line(&format!("signalbox-demo: {nobody}"));
    } else if !configuration.exists() {
        bail!("this demo has no box {replica}: --profile simple has a alone");
    }
    let mut doctor = Command::new(program()?);
    doctor
        .arg("--config")
        .arg(configuration)
        .arg("doctor")
        .args(arguments);
    let error = doctor.exec();
    Err(error).with_context(|| format!("cannot start {}", doctor.get_program().display()))
}

fn program() -> anyhow::Result<PathBuf> {
    let places = Places {
        executable: std::env::current_exe().context("cannot find this executable")?,
        programs: None,
        path: None,
    };
    match programs::find([Program::Health], &places, |name| std::env::var_os(name)) {
        Ok(mut found) => Ok(found.remove(&Program::Health).expect("that was asked for")),
        Err(missing) => bail!("{}", missing[0]),
    }
}
