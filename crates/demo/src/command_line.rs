//! The command line, and what each command does.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::network::Network;
use crate::{lifeline, progress, run, webhook};

const HELP: &str = "\
Starts three data planes (prod, dev, qa: demo API, collector, traffic) and a control plane (Prometheus, Alertmanager,
a receiver for its notifications, the dashboard), every one the program that ships, each on a loopback address of its
own. When the metrics of all three environments are visible it prints the dashboard's address and waits; Ctrl-C stops
everything, a second Ctrl-C kills at once. The next run goes on with the kept data.

Examples:
  signalbox-demo                                   the box, at http://127.0.0.1:3000
  signalbox-demo --fresh                           the same, without the data of earlier runs
  signalbox-demo --network 127.0.5 --state-dir /tmp/second
                                                   a second box beside it, at http://127.0.5.1:3000
  signalbox-demo --then 'curl -s $SIGNALBOX_DASHBOARD_URL/api/v1/overview'
                                                   start, run one command, stop; the exit status is the command's

The command of --then finds the box in SIGNALBOX_DASHBOARD_URL, SIGNALBOX_PROMETHEUS_URL, SIGNALBOX_ALERTMANAGER_URL,
SIGNALBOX_RECEIVER_URL, SIGNALBOX_STATE_DIR and, per environment, SIGNALBOX_API_PROD_URL and SIGNALBOX_OTLP_PROD_URL.

The state directory is $XDG_STATE_HOME/signalbox-demo if that variable is set.

Programs: ours lie beside signalbox-demo; prometheus and alertmanager come from --programs, else from where
`make programs` puts them, else from PATH. SIGNALBOX_DEMO_PROMETHEUS=/path/to/prometheus names one program, and so do
SIGNALBOX_DEMO_ALERTMANAGER, …_COLLECTOR, …_DEMO_API, …_LOAD_GEN and …_DASHBOARD.

Exit status: 0 stopped as asked, 1 a part or the start failed, 64 wrong command line. With --then the command's, or 128
and the signal's number if a signal came before the command's end.";

#[derive(Debug, Parser)]
#[command(
    name = "signalbox-demo",
    version,
    about = "Runs the whole box on one machine",
    after_help = HELP,
    args_conflicts_with_subcommands = true
)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Action>,

    #[command(flatten)]
    run: RunOptions,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Run the box until Ctrl-C (what happens without a command, too)
    #[command(after_help = HELP)]
    Run(RunOptions),

    /// Receive notifications of Alertmanager (POST /alerts) and show them (GET /notifications); a part of the box
    ReceiveWebhooks {
        /// Where to listen
        #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8871")]
        listen: SocketAddr,

        /// Append each notification to this file, one line of JSON each
        #[arg(long, value_name = "FILE")]
        log: PathBuf,
    },

    /// Run a command that ends when the process with this id does
    #[command(hide = true)]
    Attached {
        #[arg(long, value_name = "PID")]
        to: i32,

        #[arg(last = true, required = true)]
        command: Vec<std::ffi::OsString>,
    },

    /// Run a command whose whole process group ends when standard input does
    #[command(hide = true)]
    Guarded {
        #[arg(last = true, required = true)]
        command: Vec<std::ffi::OsString>,
    },
}

/// Options of `run`.
#[derive(Debug, Clone, Args)]
pub(crate) struct RunOptions {
    /// How much of the box to run
    #[arg(long, value_enum, default_value = "simple")]
    pub(crate) profile: Profile,

    /// Where data, logs and generated configuration are kept [default: ~/.local/state/signalbox-demo]
    #[arg(long, value_name = "DIR")]
    pub(crate) state_dir: Option<PathBuf>,

    /// Start without the data and logs of earlier runs
    #[arg(long)]
    pub(crate) fresh: bool,

    /// The first three numbers of every address of the box
    #[arg(long, value_name = "PREFIX", default_value = "127.0.0")]
    pub(crate) network: Network,

    /// Take prometheus and alertmanager from this folder only
    #[arg(long, value_name = "DIR", env = "SIGNALBOX_DEMO_PROGRAMS")]
    pub(crate) programs: Option<PathBuf>,

    /// The configuration of the third-party programs [default: the nearest folder stack/ above the executable or above
    /// the working directory]
    #[arg(long, value_name = "DIR", env = "SIGNALBOX_DEMO_STACK")]
    pub(crate) stack: Option<PathBuf>,

    /// What to do when a part ends by itself
    #[arg(long, value_name = "WHAT", value_enum, default_value = "stop")]
    pub(crate) on_exit: OnExit,

    /// How long the start may take until metrics are visible, as in 90s or 2m
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = humantime::parse_duration)]
    pub(crate) timeout: Duration,

    /// Plain lines, no colours, nothing that moves; always so when standard error is no terminal
    #[arg(long)]
    pub(crate) plain: bool,

    /// When metrics are visible run this shell command, then stop and exit with its status
    #[arg(long, value_name = "COMMAND")]
    pub(crate) then: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Profile {
    /// Data planes, Prometheus, Alertmanager, dashboard
    Simple,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnExit {
    /// Stop all others and exit with 1
    Stop,
    /// Report it and go on with the others
    Continue,
}

/// The program: parses the command line and does what it says.
pub fn main() -> ExitCode {
    let command_line = match CommandLine::try_parse() {
        Ok(command_line) => command_line,
        Err(error) => {
            drop(error.print());
            return if error.use_stderr() {
                ExitCode::from(64)
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    let outcome = match command_line.command {
        None => run::run(command_line.run),
        Some(Action::Run(options)) => run::run(options),
        Some(Action::ReceiveWebhooks { listen, log }) => webhook::run(listen, &log),
        Some(Action::Attached { to, command }) => {
            Err(lifeline::become_attached(to, &mut command_of(&command)))
        }
        Some(Action::Guarded { command }) => lifeline::guard(&mut command_of(&command)).map_err(Into::into),
    };
    outcome.unwrap_or_else(|error| {
        progress::line(&format!("signalbox-demo: {error:#}"));
        ExitCode::FAILURE
    })
}

fn command_of(words: &[std::ffi::OsString]) -> Command {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]);
    command
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(words: &str) -> Result<CommandLine, clap::Error> {
        CommandLine::try_parse_from(format!("signalbox-demo {words}").split_whitespace())
    }

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn run_is_what_happens_without_a_command() {
        let bare = parse("--network 127.0.5 --timeout 90s").unwrap();
        assert_eq!(bare.run.network.to_string(), "127.0.5");
        let Some(Action::Run(named)) = parse("run --network 127.0.5 --timeout 2m").unwrap().command else {
            panic!("run is a command")
        };
        assert_eq!(named.network, bare.run.network);
        assert_eq!((bare.run.timeout.as_secs(), named.timeout.as_secs()), (90, 120));
    }

    #[test]
    fn wrong_values_are_told_in_words_that_help() {
        let told = |words| parse(words).unwrap_err().to_string();
        assert!(told("--network 10.0.0").contains("as in 127.0.0"));
        assert!(told("--profile full").contains("[possible values: simple]"));
        assert!(told("--on-exit restart").contains("[possible values: stop, continue]"));
        assert!(told("--timeout soon").contains("invalid value 'soon' for '--timeout <DURATION>'"));
    }
}
