//! Measures the whole stack: a generator sends a million series to collectors, Prometheus scrapes them, clients ask.
//!
//! ```text
//!  shape, motion ─► instance ─► traffic ══► collectors ══► Prometheus ══► sidecar ══► object store
//!  (what series are)(a request) (open loop)                    ▲             ▲
//!                                                              │           query
//!                              queries ─► clients ═════════════╧═════► query-frontend ◄══ dashboard
//!                                       (closed loop)
//!
//!  topology: files and addresses     process, stack: what runs     prometheus, interval, disk: what is read
//!  bench: what is done when          report: what came out
//! ```
//!
//! All parts are those of the product, with the configuration that is shipped, each on addresses of its own.

mod shape;
mod motion;
mod instance;
mod traffic;
mod http;
mod queries;
mod clients;
mod process;
mod class;
mod topology;
mod stack;
mod prometheus;
mod disk;
mod interval;
mod progress;
mod bench;
mod report;

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::Parser;

use crate::bench::{Settings, Times};
use crate::class::Class;
use crate::motion::Values;
use crate::report::Report;
use crate::shape::EXPOSED;
use crate::topology::Site;

/// Measures the whole stack under many series: ingestion, queries, disk, and what each part uses
#[derive(Debug, Parser)]
#[command(
    name = "bench/stack/run",
    bin_name = "bench/stack/run",
    override_usage = "bench/stack/run [OPTIONS]",
    after_help = "Results go to target/bench/stack/results.json, logs beside it."
)]
struct Arguments {
    /// The checkout
    #[arg(long, hide = true)]
    root: PathBuf,
    /// What is measured, as it stands in the results
    #[arg(long, hide = true, default_value = "unknown")]
    commit: String,
    /// Series, in thousands of which each is an instance of a service [default: 1000000; 100000 with --quick]
    #[arg(long, value_parser = clap::value_parser!(u32).range(3000..=5_000_000))]
    series: Option<u32>,
    /// Seconds in which samples come in and nobody asks anything [default: 240; 45 with --quick]
    #[arg(long, value_parser = clap::value_parser!(u16).range(20..))]
    duration: Option<u16>,
    /// Seconds of each round of questions [default: 15; 4 with --quick]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    round: Option<u16>,
    /// How many clients ask at once, one round after another; 0 for no questions at all
    #[arg(long, value_delimiter = ',', default_values_t = [1, 20, 100])]
    clients: Vec<u16>,
    /// How values move from one export to the next
    #[arg(long, value_enum, default_value_t = Values::Typical)]
    values: Values,
    /// Series that are replaced by new ones in a minute, in percent
    #[arg(long, default_value_t = 0.0)]
    churn: f64,
    /// Give parts the memory that a box of this class gives them: 2GB, 4GB or 8GB. The most that Go programs then try to
    /// keep to is nine tenths of it; nothing is killed
    #[arg(long)]
    class: Option<String>,
    /// Another option for Prometheus, as in --prometheus=--query.max-concurrency=4
    #[arg(long, value_name = "OPTION")]
    prometheus: Vec<String>,
    /// Another option for the query component of Thanos
    #[arg(long, value_name = "OPTION")]
    thanos_query: Vec<String>,
    /// A second Prometheus with its sidecar, as in an HA pair
    #[arg(long)]
    pair: bool,
    /// A tenth of the series, and about four minutes
    #[arg(long)]
    quick: bool,
    /// Do not restart Prometheus at the end: no blocks, no uploads
    #[arg(long)]
    no_restart: bool,
    /// Keep the data of all parts
    #[arg(long)]
    keep: bool,
    /// The first three numbers of the addresses that parts listen on
    #[arg(long, default_value = "127.99.0", value_parser = network)]
    network: [u8; 3],
}

fn main() -> anyhow::Result<()> {
    let mut arguments = Arguments::parse();
    // links to the stack's files lead there from anywhere
    arguments.root = arguments
        .root
        .canonicalize()
        .context("there is no such checkout")?;
    ensure!(
        (0.0..=100.0).contains(&arguments.churn),
        "--churn is a percentage"
    );
    let out = arguments.root.join("target/bench/stack");
    let state = out.join("state");
    if state.exists() {
        std::fs::remove_dir_all(&state).with_context(|| format!("cannot remove {}", state.display()))?;
    }
    std::fs::create_dir_all(&state)?;
    let (keep, commit) = (arguments.keep, arguments.commit.clone());
    let settings = settings(arguments, state.clone())?;
    let report = Report::new(commit, bench::run(settings)?);
    let file = out.join("results.json");
    std::fs::write(&file, report.to_json()?).with_context(|| format!("cannot write {}", file.display()))?;
    if !keep {
        keep_logs(&state, &out)?;
        std::fs::remove_dir_all(&state)?;
    }
    write!(std::io::stdout(), "\n{report}\nall figures: {}\n", file.display())?;
    ensure!(!report.is_cut_off(), "not everything was measured");
    Ok(())
}

fn settings(arguments: Arguments, state: PathBuf) -> anyhow::Result<Settings> {
    let quick = arguments.quick;
    let seconds = |given: Option<u16>, full: u64, short: u64| {
        Duration::from_secs(given.map_or(if quick { short } else { full }, u64::from))
    };
    let series = arguments
        .series
        .unwrap_or(if quick { 100_000 } else { 1_000_000 });
    let memory = arguments.root.join("stack/memory.json");
    let class = arguments.class.as_deref().map(|name| Class::read(&memory, name));
    Ok(Settings {
        site: Site {
            class: class.transpose()?,
            prometheus_options: arguments.prometheus,
            query_options: arguments.thanos_query,
            root: arguments.root,
            state,
            network: arguments.network,
            instances: (series as usize).div_ceil(EXPOSED),
            replicas: if arguments.pair { 2 } else { 1 },
        },
        times: Times {
            settle: seconds(None, 30, 10),
            steady: seconds(arguments.duration, 240, 45),
            round: seconds(arguments.round, 15, 4),
            pause: seconds(None, 5, 2),
        },
        values: arguments.values,
        churn: arguments.churn,
        clients: arguments
            .clients
            .into_iter()
            .filter(|&clients| clients > 0)
            .map(usize::from)
            .collect(),
        samples_of: if quick { 1 } else { 4 },
        restart: !arguments.no_restart,
    })
}

fn keep_logs(state: &std::path::Path, out: &std::path::Path) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(state)? {
        let path = entry?.path();
        if let (Some("log"), Some(name)) = (path.extension().and_then(|end| end.to_str()), path.file_name()) {
            std::fs::rename(&path, out.join(name))?;
        }
    }
    Ok(())
}

/// Three numbers with dots between them, of loopback.
fn network(text: &str) -> Result<[u8; 3], String> {
    let numbers: Option<Vec<u8>> = text.split('.').map(|number| number.parse().ok()).collect();
    match numbers.as_deref() {
        Some(&[127, b, c]) => Ok([127, b, c]),
        _ => Err("must be three numbers such as 127.99.0, the first of them 127".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_of_loopback() {
        assert_eq!(network("127.99.0"), Ok([127, 99, 0]));
        for wrong in ["10.0.0", "127.0", "127.0.0.1", "127.0.x", "127.0.256", ""] {
            assert!(network(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_not_said_depends_on_quick() {
        let of = |words: &[&str]| {
            let words = ["run", "--root", "/r"].into_iter().chain(words.iter().copied());
            let arguments = Arguments::try_parse_from(words).expect("arguments");
            let settings = settings(arguments, PathBuf::new()).expect("settings");
            (
                settings.site.instances,
                settings.times.steady.as_secs(),
                settings.clients,
            )
        };
        assert_eq!(of(&[]), (1000, 240, vec![1, 20, 100]));
        assert_eq!(of(&["--quick"]), (100, 45, vec![1, 20, 100]));
        assert_eq!(
            of(&[
                "--quick",
                "--series",
                "3500",
                "--duration",
                "60",
                "--clients",
                "0"
            ]),
            (4, 60, vec![])
        );
    }
}
