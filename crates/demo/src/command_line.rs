//! The command line, and what each command does.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::Context;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::network::Network;
use crate::supervision::Order;
use crate::topology::ObjectStore;
use crate::{control, doctor, lifeline, logs, progress, report, run, state_dir, status, webhook};

const HELP: &str = "\
Starts three data planes (prod, dev, qa: demo API, collector, traffic) and the control plane, every one the program that \
ships, each host a loopback address of its own. The control plane is a pair: two Prometheus with Thanos' sidecars, two \
Alertmanagers, two Pushgateways, two health agents; and once Thanos' query, frontend, store gateway, compactor and ruler, the object store, \
node_exporter, a receiver for notifications, the dashboard. When the metrics of all three environments are visible it \
prints the dashboard's address and waits; Ctrl-C stops everything, a second Ctrl-C kills at once. The next run goes on \
with the kept data.

Examples:
  signalbox-demo                                   the box, at http://127.0.0.1:3000
  signalbox-demo --profile simple                  one box, without Thanos and object store
  signalbox-demo --fresh                           without the data of earlier runs
  signalbox-demo --network 127.0.5 --state-dir /tmp/second
                                                   a second box beside it, at http://127.0.5.1:3000
  signalbox-demo --then 'curl -s $SIGNALBOX_DASHBOARD_URL/api/v1/overview'
                                                   start, run it, stop, with its exit status
While it runs, in another terminal:
  signalbox-demo status                            each part: state, memory, CPU, address
  signalbox-demo doctor                            what is wrong, and what to do
  signalbox-demo kill prometheus-b                 break something; `restart prometheus-b` mends it
  signalbox-demo logs thanos-query --follow        what a part says

The command of --then finds the box in SIGNALBOX_DASHBOARD_URL, SIGNALBOX_QUERY_URL (all of the history), \
SIGNALBOX_PROMETHEUS_URL, SIGNALBOX_ALERTMANAGER_URL, SIGNALBOX_PUSHGATEWAY_URL, SIGNALBOX_HEALTH_URL (of replica b \
SIGNALBOX_PROMETHEUS_B_URL and so on), SIGNALBOX_RECEIVER_URL, SIGNALBOX_STATE_DIR and, per environment, SIGNALBOX_API_PROD_URL and \
SIGNALBOX_OTLP_PROD_URL.

The state directory is $XDG_STATE_HOME/signalbox-demo if that variable is set.

Programs: ours lie beside signalbox-demo; the others come from --programs, else from where `make programs` puts them, \
else from PATH. SIGNALBOX_DEMO_PROMETHEUS=/path/to/prometheus names one program, and so do SIGNALBOX_DEMO_ALERTMANAGER, \
…_PUSHGATEWAY, …_NODE_EXPORTER, …_THANOS, …_MINIO, …_GARAGE, …_COLLECTOR, …_DEMO_API, …_LOAD_GEN, …_DASHBOARD and …_HEALTH.

Exit status: 0 stopped as asked, 1 a part or the start failed, 64 wrong command line. With --then the command's, or 128 \
and the signal's number if a signal came before the command's end. `status` gives 1 if a part is not ready, `doctor` 1 with \
warnings and 2 if something is broken.";

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

    /// Show each part of a running demo: state, memory, CPU, address
    Status {
        #[command(flatten)]
        state_dir: StateDirOption,

        /// Measure CPU over this long
        #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = humantime::parse_duration)]
        over: Duration,

        /// The same as JSON
        #[arg(long)]
        json: bool,
    },

    /// Say what is wrong with a demo and what to do, whether it runs or not: 0 all is well, 1 with warnings, 2 broken
    Doctor {
        #[command(flatten)]
        state_dir: StateDirOption,

        /// Which box of the pair to look at
        #[arg(long = "box", value_name = "a|b", default_value = "a", value_parser = ["a", "b"])]
        replica: String,

        /// What `signalbox-health doctor` takes: --wait 120s, --category thanos, --json, --verbose; after all other options
        #[arg(
            value_name = "DOCTOR'S OPTIONS",
            trailing_var_arg = true,
            allow_hyphen_values = true
        )]
        arguments: Vec<OsString>,
    },

    /// Show the log of a part
    Logs {
        /// As `status` names it
        part: String,

        #[command(flatten)]
        state_dir: StateDirOption,

        /// How many of its last lines
        #[arg(long, short = 'n', value_name = "COUNT", default_value_t = 50)]
        lines: usize,

        /// Go on as it grows
        #[arg(long, short)]
        follow: bool,
    },

    /// Stop a part of a running demo and start it again, or start one that is down
    Restart {
        /// As `status` names it
        part: String,

        #[command(flatten)]
        state_dir: StateDirOption,
    },

    /// Kill a part of a running demo, as `kill -9` would; it stays down until `restart`
    Kill {
        /// As `status` names it
        part: String,

        #[command(flatten)]
        state_dir: StateDirOption,
    },

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
        command: Vec<OsString>,
    },

    /// Run a command whose whole process group ends when standard input does
    #[command(hide = true)]
    Guarded {
        #[arg(last = true, required = true)]
        command: Vec<OsString>,
    },
}

/// Options of `run`.
#[derive(Debug, Clone, Args)]
pub(crate) struct RunOptions {
    /// How much of the box to run
    #[arg(long, value_enum, default_value = "full")]
    pub(crate) profile: Profile,

    /// Where Thanos keeps its blocks: minio or garage in the box (garage only where it is installed), or a file that
    /// describes an S3 service elsewhere as Thanos reads it, keys included
    #[arg(long, value_name = "minio|garage|FILE", default_value = "minio")]
    pub(crate) object_store: ObjectStore,

    /// Budget the third-party programs as on a box of this class: 2GB, 4GB or 8GB
    #[arg(long, value_name = "CLASS", default_value = "4GB")]
    pub(crate) memory: String,

    #[command(flatten)]
    pub(crate) state_dir: StateDirOption,

    /// Start without the data and logs of earlier runs
    #[arg(long)]
    pub(crate) fresh: bool,

    /// The first three numbers of every address of the box
    #[arg(long, value_name = "PREFIX", default_value = "127.0.0")]
    pub(crate) network: Network,

    /// Take the third-party programs from this folder only
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

    /// For tests: how long Prometheus keeps samples, as in its own file
    #[arg(long, value_name = "TIME", hide = true)]
    pub(crate) retention: Option<String>,

    /// For tests: how much time a block spans, in place of two hours; then Thanos looks for blocks every few seconds
    #[arg(long, value_name = "DURATION", hide = true, value_parser = humantime::parse_duration)]
    pub(crate) block_duration: Option<Duration>,
}

/// Which demo.
#[derive(Debug, Clone, Args)]
pub(crate) struct StateDirOption {
    /// Where data, logs and generated configuration are kept [default: ~/.local/state/signalbox-demo]
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
}

impl StateDirOption {
    pub(crate) fn path(&self) -> anyhow::Result<PathBuf> {
        match &self.state_dir {
            Some(path) => Ok(path.clone()),
            None => state_dir::default_path(|name| std::env::var_os(name))
                .context("neither XDG_STATE_HOME nor HOME is set: name a state directory with --state-dir"),
        }
    }

    /// How this program was called.
    pub(crate) fn call(&self) -> Call {
        let program = std::env::args_os().next();
        Call {
            program: program.map_or_else(|| "signalbox-demo".into(), PathBuf::from),
            state_dir: self.state_dir.clone(),
        }
    }
}

/// How a demo was called, so that people can be told how to call it again.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) program: PathBuf,
    /// If one was named.
    pub(crate) state_dir: Option<PathBuf>,
}

impl Call {
    /// The words that run `command` for the same demo.
    pub(crate) fn of(&self, command: &str) -> String {
        let words = format!("{} {command}", self.program.display());
        match &self.state_dir {
            Some(path) => format!("{words} --state-dir {}", path.display()),
            None => words,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Profile {
    /// Data planes, and a pair of control planes with long-term storage
    Full,
    /// Data planes, one Prometheus, one Alertmanager, dashboard
    Simple,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnExit {
    /// Stop all others and exit with 1
    Stop,
    /// Report it and go on with the others
    Continue,
    /// Report it, go on, and start it again after five seconds, until it is ready: as systemd does
    Restart,
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
        Some(Action::Status {
            state_dir,
            over,
            json,
        }) => state_dir.path().and_then(|state| status::run(&state, over, json)),
        Some(Action::Doctor {
            state_dir,
            replica,
            arguments,
        }) => state_dir
            .path()
            .and_then(|state| doctor::run(&state, &replica, &arguments)),
        Some(Action::Logs {
            part,
            state_dir,
            lines,
            follow,
        }) => state_dir
            .path()
            .and_then(|state| logs::run(&state, &part, lines, follow)),
        Some(Action::Restart { part, state_dir }) => give(&state_dir, &part, Order::Restart),
        Some(Action::Kill { part, state_dir }) => give(&state_dir, &part, Order::Kill),
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

/// Gives an order to a running demo, and says what became of it.
fn give(state_dir: &StateDirOption, part: &str, order: Order) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let told = runtime.block_on(control::give(&state_dir.path()?, part, order))?;
    report::print(&format!("{told}\n"));
    Ok(ExitCode::SUCCESS)
}

fn command_of(words: &[OsString]) -> Command {
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
    fn the_doctors_own_options_come_last() {
        let words = "doctor --state-dir /s --box b --wait 120s --json --state-dir";
        let Some(Action::Doctor {
            state_dir,
            replica,
            arguments,
        }) = parse(words).unwrap().command
        else {
            panic!("doctor is a command")
        };
        assert_eq!(state_dir.path().unwrap(), PathBuf::from("/s"));
        assert_eq!((replica.as_str(), arguments.len()), ("b", 4));
        assert_eq!(arguments[0], "--wait");
    }

    #[test]
    fn wrong_values_are_told_in_words_that_help() {
        let told = |words| parse(words).unwrap_err().to_string();
        assert!(told("--network 10.0.0").contains("as in 127.0.0"));
        assert!(told("--profile half").contains("[possible values: full, simple]"));
        assert!(told("--object-store ceph").contains("must be minio, garage, or a file as Thanos reads it"));
        assert!(told("--on-exit retry").contains("[possible values: stop, continue, restart]"));
        assert!(told("--timeout soon").contains("invalid value 'soon' for '--timeout <DURATION>'"));
    }
}
