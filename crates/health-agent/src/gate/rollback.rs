//! The way back, once it is on record: by a process of its own under systemd, because a switch ends the gate's unit.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use rustix::fs::{FlockOperation, flock};
use tokio::process::Command;
use tokio::time::{Instant, sleep, timeout};

use super::generation::{self, Profile, switch_to_configuration};
use super::state::{Occasion, Outcome, Rollback, State};
use crate::config::Config;

/// The unit in which it runs.
const UNIT: &str = "signalbox-health-rollback";

/// A switch that started the gate ends soon after it; one that somebody else runs may download first.
const LOCK_PATIENCE: Duration = Duration::from_mins(10);

/// Activation stops and starts units, each with its own time-outs.
const ACTIVATION_PATIENCE: Duration = Duration::from_mins(15);

/// Whether this process is a unit's, which an activation may stop.
pub(super) fn is_unit() -> bool {
    Path::new("/run/systemd/system").is_dir() && std::env::var_os("INVOCATION_ID").is_some()
}

/// Starts this program again, as a unit that outlives the gate's.
pub(super) async fn detach() -> anyhow::Result<()> {
    let program = std::env::current_exe().context("failed to find this program")?;
    let mut command = Command::new("systemd-run");
    command
        .arg(format!("--unit={UNIT}"))
        .args(["--collect", "--no-block", "--quiet", "--service-type=oneshot"])
        .arg("--description=Signalbox health agent: activates the generation before")
        // an activation that takes too long is reported, and not killed in the middle
        .arg("--property=KillMode=process")
        .args(environment(std::env::vars_os()))
        .arg("--")
        .arg(program)
        .args(std::env::args_os().skip(1))
        .arg("--carry-out");
    let status = run(&mut command, Duration::from_mins(1), Late::IsKilled).await?;
    if !status.success() {
        bail!("systemd-run ended with {status}");
    }
    Ok(())
}

/// What that unit takes over from this one: settings, and what an activation and the programs that it calls look for.
fn environment(variables: impl Iterator<Item = (OsString, OsString)>) -> impl Iterator<Item = OsString> {
    variables.filter_map(|(key, value)| {
        let name = key.to_str()?;
        let is_needed = name.starts_with("SIGNALBOX_") || matches!(name, "PATH" | "LOCALE_ARCHIVE");
        is_needed.then(|| {
            let mut setting = OsString::from("--setenv=");
            setting.push(&key);
            setting.push("=");
            setting.push(value);
            setting
        })
    })
}

/// Does what is on record, and puts on record how it went.
pub(super) async fn carry_out(config: &Config) -> anyhow::Result<()> {
    let dir = &config.gate.state_dir;
    let _carrying_out = State::carrying_out(dir).context("failed to lock the rollback")?;
    let state = State::read(dir).map_err(anyhow::Error::msg)?;
    let Some(rollback) = state
        .and_then(|state| state.rollbacks.last().cloned())
        .filter(|rollback| rollback.outcome == Outcome::Begun)
    else {
        bail!("no rollback has been begun");
    };
    let activated = activate(config, &rollback).await;
    let (outcome, detail) = match &activated {
        Ok(detail) => (Outcome::Done, detail.clone()),
        Err(error) => (Outcome::Failed, format!("{error:#}")),
    };
    close(dir, outcome, &detail);
    if activated.is_ok() {
        tracing::warn!(gate.from = %rollback.from, gate.to = %rollback.to, detail, "rolled back");
    } else {
        tracing::error!(
            gate.from = %rollback.from,
            gate.to = %rollback.to,
            detail,
            fix = config.system.profile.as_deref().map(|profile| by_hand(profile, &rollback)),
            "failed to roll back"
        );
    }
    activated?;
    if rollback.occasion == Occasion::Boot
        && let Err(error) = reboot(config).await
    {
        close(
            dir,
            Outcome::Failed,
            &format!("the next boot is {}, but: {error:#}", rollback.to),
        );
        return Err(error);
    }
    Ok(())
}

/// What is left to do. `nixos-rebuild --rollback` would go by the profile, whatever runs: from the generation that it leads to already to one
/// before it, or back from what somebody has switched to meanwhile.
fn by_hand(profile: &Path, rollback: &Rollback) -> String {
    let is_default = Profile::read(profile).is_ok_and(|now| Some(now.current) == rollback.to.number);
    let program = switch_to_configuration(profile);
    if is_default {
        let (action, then) = match rollback.occasion {
            Occasion::Boot => ("boot", ", and start the machine again"),
            Occasion::Switch => ("switch", ""),
        };
        format!(
            "{} is the default already: run `{} {action}`, mend what it says{then}",
            rollback.to,
            program.display()
        )
    } else {
        format!(
            "nothing was changed; to activate another generation, choose one by `nixos-rebuild list-generations`, and run \
             `nix-env -p {} --switch-generation N` and `{} switch`",
            profile.display(),
            program.display()
        )
    }
}

/// Starts the machine again.
pub(super) async fn reboot(config: &Config) -> anyhow::Result<()> {
    let (program, arguments) = config
        .gate
        .reboot
        .split_first()
        .context("there is no command to reboot")?;
    let status = run(
        Command::new(program).args(arguments),
        Duration::from_mins(2),
        Late::IsKilled,
    )
    .await?;
    if !status.success() {
        bail!("failed to reboot: {program} ended with {status}");
    }
    Ok(())
}

async fn activate(config: &Config, rollback: &Rollback) -> anyhow::Result<String> {
    let path = config
        .system
        .profile
        .as_ref()
        .context("no profile is configured")?;
    let running = config.gate.run_dir.join("current-system");
    wait_for_lock(&config.gate.run_dir.join("nixos/switch-to-configuration.lock")).await?;
    let profile = Profile::read(path).with_context(|| format!("failed to read {}", path.display()))?;
    let now = running
        .canonicalize()
        .with_context(|| format!("failed to resolve {}", running.display()))?;
    let still = profile
        .find(&now)
        .map_or(now.clone(), |installed| installed.system.clone());
    if still != rollback.from.system {
        bail!("somebody has switched to {} meanwhile", now.display());
    }
    let number = rollback.to.number.context("it has no number")?;
    generation::point(path, number).with_context(|| {
        format!(
            "failed to make generation {number} the default of {}",
            path.display()
        )
    })?;

    let program = switch_to_configuration(&rollback.to.system);
    let act = async |action: &str, check: bool| {
        let mut command = Command::new(&program);
        command.arg(action);
        if !check {
            command.env("NIXOS_NO_CHECK", "1");
        }
        run(&mut command, ACTIVATION_PATIENCE, Late::GoesOn).await
    };
    match rollback.occasion {
        Occasion::Boot => {
            let status = act("boot", true).await?;
            if !status.success() {
                bail!("{} boot ended with {status}", program.display());
            }
            Ok("it is the default, and the machine starts again".to_owned())
        }
        Occasion::Switch => {
            let status = act("switch", true).await?;
            let is_running = running.canonicalize().is_ok_and(|now| now == rollback.to.system);
            match (status.success(), is_running) {
                (true, _) => Ok("it runs".to_owned()),
                // units of it have failed, and what can be done is done
                (false, true) => Ok(format!("it runs; its activation ended with {status}")),
                (false, false) => {
                    // it cannot take over a running machine; so that at least the next boot is right:
                    let boot = act("boot", false).await?;
                    bail!(
                        "{} switch ended with {status}; its boot entry {}, reboot the machine",
                        program.display(),
                        if boot.success() {
                            "is the default".to_owned()
                        } else {
                            format!("could not be made the default ({boot})")
                        }
                    )
                }
            }
        }
    }
}

/// An activation that runs would make another one fail at once.
async fn wait_for_lock(path: &Path) -> anyhow::Result<()> {
    let until = Instant::now() + LOCK_PATIENCE;
    loop {
        match File::open(path) {
            // none has run since the machine has started
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error).with_context(|| format!("failed to open {}", path.display())),
            // it is free again at once, when the file is closed
            Ok(file) if flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() => return Ok(()),
            Ok(_) if Instant::now() >= until => {
                bail!(
                    "another activation holds {} for {} min",
                    path.display(),
                    LOCK_PATIENCE.as_secs() / 60
                )
            }
            Ok(_) => sleep(Duration::from_millis(200)).await,
        }
    }
}

/// What is done is done, even where it cannot be written down.
fn close(dir: &Path, outcome: Outcome, detail: &str) {
    let written = State::update(dir, |state| {
        if let Some(rollback) = state.rollbacks.last_mut() {
            rollback.outcome = outcome;
            detail.clone_into(&mut rollback.detail);
        }
    });
    if let Err(error) = written {
        tracing::error!(error = %error, ?outcome, detail, "failed to write to {}", dir.display());
    }
}

/// What becomes of a program that has not ended in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Late {
    IsKilled,
    /// A system that is half activated is worse than one whose activation takes its time.
    GoesOn,
}

/// What it prints goes where this process' output goes: to the journal.
async fn run(command: &mut Command, patience: Duration, late: Late) -> anyhow::Result<ExitStatus> {
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::null())
        .kill_on_drop(late == Late::IsKilled)
        .spawn()
        .with_context(|| format!("failed to start {program}"))?;
    timeout(patience, child.wait())
        .await
        .with_context(|| {
            let goes_on = if late == Late::GoesOn { ", and goes on" } else { "" };
            format!("{program} did not end within {} s{goes_on}", patience.as_secs())
        })?
        .with_context(|| format!("failed to wait for {program}"))
}

#[cfg(test)]
mod tests;
