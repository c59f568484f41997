use std::future::Future;
use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use clap::Subcommand;

use crate::about::About;
use crate::command_line::{Command, CommandLine, NoCommands};
use crate::exit;
use crate::life::{DRAIN, Life, Signals};
use crate::open_files;
use crate::settings::{Settings, Sources};
use crate::sockets::Sockets;

/// The life of a daemon, from its command line to its exit code.
///
/// `body` gets the validated configuration and the process' [`Life`]. It binds what it listens on, says
/// `life.ready(…)`, serves until `life.shutdown()`, drains, and returns.
pub fn run<S, Body, Running>(about: &About, body: Body) -> ExitCode
where
    S: Settings,
    Body: FnOnce(S::Config, Life) -> Running,
    Running: Future<Output = anyhow::Result<()>>,
{
    let no_command = async |command: NoCommands, _config, _problems| match command {};
    run_with_commands::<S, NoCommands, _, _, _, _>(about, body, no_command, |command| match *command {})
}

/// As [`run`], for a daemon that has commands of its own beside `serve` and `check-config`.
///
/// `command` gets the validated configuration too. Its outcome is the exit code: what it has to tell goes to standard
/// output, an error to standard error. It has no [`Life`]: nothing is logged but warnings, and signals end it.
///
/// Where no `--config` is given, a command takes [`About::usual_file`], if it is there.
///
/// A command of which `despite` says so runs although the configuration is wrong: without its files, and without the environment where
/// that is wrong as well. It is told what the problems are. What its command line sets has to be right in any case.
pub fn run_with_commands<S, C, Body, Running, Own, Commanding>(
    about: &About,
    body: Body,
    command: Own,
    despite: fn(&C) -> bool,
) -> ExitCode
where
    S: Settings,
    C: Subcommand,
    Body: FnOnce(S::Config, Life) -> Running,
    Running: Future<Output = anyhow::Result<()>>,
    Own: FnOnce(C, S::Config, Option<String>) -> Commanding,
    Commanding: Future<Output = anyhow::Result<ExitCode>>,
{
    let mut arguments = match CommandLine::<S::Flags, C>::parse_from_env(about) {
        Ok(arguments) => arguments,
        Err(error) => {
            // help and version are answers, not errors; a closed pipe is the reader's choice
            let _ = error.print();
            return if error.use_stderr() {
                exit::usage()
            } else {
                exit::SUCCESS
            };
        }
    };
    // no command at all is `serve`
    let asked = arguments.command.take();
    if let Some(Command::Own(_)) = asked
        && arguments.config.is_empty()
    {
        // who types a command means this machine, as it is
        arguments
            .config
            .extend(about.usual_file().filter(|file| file.exists()));
    }
    let mut sources = Sources::new(about, arguments.config, arguments.set, &arguments.flags);
    match &asked {
        Some(Command::CheckConfig { elsewhere }) => sources.elsewhere = *elsewhere,
        Some(Command::Serve { flags }) => sources.add(flags),
        Some(Command::Own(_)) | None => {}
    }
    let sockets = match asked {
        Some(Command::Serve { .. }) | None => Sockets::take(),
        Some(Command::CheckConfig { .. } | Command::Own(_)) => Ok(Sockets::default()),
    };
    let sockets = match sockets {
        Ok(sockets) => sockets,
        Err(error) => {
            complain(about, &error);
            return exit::configuration();
        }
    };
    sources.handed = sockets.handed();
    let (settings, config, problems) = match sources.load::<S>() {
        Ok((settings, config)) => (settings, config, None),
        Err(problems) => {
            complain(about, &problems);
            let rest = match &asked {
                Some(Command::Own(command)) if despite(command) => sources.load_rest::<S>(),
                _ => None,
            };
            match rest {
                Some((settings, config)) => (settings, config, Some(problems.to_string())),
                None => return exit::configuration(),
            }
        }
    };
    if let Err(error) = telemetry::logs::check() {
        complain(about, &error);
        return exit::configuration();
    }
    let own = match asked {
        Some(Command::CheckConfig { .. }) => {
            return show(about, &settings, S::explain(&config).as_deref());
        }
        Some(Command::Serve { .. }) | None => None,
        Some(Command::Own(command)) => Some(command),
    };

    if let Err(error) = telemetry::logs::init(about.name) {
        complain(about, &error);
        return exit::FAILURE;
    }
    if own.is_none() {
        tracing::info!(version = about.version, "starting {}", about.name);
    }
    open_files::raise_limit();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(about, &error);
            return exit::FAILURE;
        }
    };
    if let Some(own) = own {
        let outcome = runtime.block_on(command(own, config, problems));
        runtime.shutdown_background();
        return outcome.unwrap_or_else(|error| {
            complain(about, &format_args!("{error:#}"));
            exit::FAILURE
        });
    }
    let life = Life::new(sources, sockets);
    life.metrics().build_info(about.name, about.version);
    let outcome = runtime.block_on(live(body(config, life.clone()), &life));
    // tasks that do not end by themselves must not hold up the process
    runtime.shutdown_background();
    match outcome {
        Ok(()) => {
            tracing::info!("stopped");
            exit::SUCCESS
        }
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "failed");
            exit::FAILURE
        }
    }
}

/// Runs the service and what accompanies it, and bounds the drain.
async fn live(service: impl Future<Output = anyhow::Result<()>>, life: &Life) -> anyhow::Result<()> {
    // before the service can say that it is ready: from then on it is asked to stop, not killed
    let signals = Signals::install().context("signals cannot be received")?;
    let drained = async {
        life.shutdown().await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        outcome = service => outcome,
        () = life.accompany(signals) => unreachable!("upkeep does not end"),
        () = drained => Err(anyhow::anyhow!("did not stop within {} s, what was left is cut off", DRAIN.as_secs())),
    }
}

/// Prints the settings that are in force and, as comments, what they do: the whole is a configuration file.
fn show(about: &About, settings: &figment::value::Value, explanation: Option<&str>) -> ExitCode {
    let shown = toml::to_string_pretty(settings).unwrap_or_default();
    let mut text = format!(
        "# {}: the configuration is right; in force is\n{shown}",
        about.name
    );
    if let Some(explanation) = explanation {
        text.push('\n');
        for line in explanation.lines() {
            text += format!("# {line}").trim_end();
            text.push('\n');
        }
    }
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => exit::SUCCESS,
        Err(error) => {
            complain(about, &format_args!("cannot print the configuration: {error}"));
            exit::FAILURE
        }
    }
}

/// Before logging is there, a sentence on standard error.
fn complain(about: &About, error: &dyn std::fmt::Display) {
    // nobody is left to tell when standard error is closed
    let _ = writeln!(std::io::stderr(), "{}: {error}", about.name);
}
