//! Where log events go.

use std::io::IsTerminal;
use std::os::fd::AsFd;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

/// The environment variable that chooses what is logged, in `tracing`'s filter language: `info`,
/// `warn,collector::series=debug`.
pub const FILTER_VARIABLE: &str = "SIGNALBOX_LOG";

/// Our own parts at `info`; the HTTP and gRPC libraries only when something is wrong.
const DEFAULT_FILTER: &str = "info,h2=warn,hyper=warn,hyper_util=warn,reqwest=warn,tonic=warn,tower=warn";

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogsError {
    /// The filter does not parse.
    #[error("{FILTER_VARIABLE} is not a log filter: {0}; write for example {FILTER_VARIABLE}=debug")]
    Filter(#[from] ParseError),
    /// Somebody else has installed a subscriber.
    #[error("logging is set up already: {0}")]
    Installed(#[from] TryInitError),
}

/// Sends log events to journald when systemd connected this process to it, and to standard error otherwise:
/// with colours on a terminal, without them in a file.
///
/// In the journal every field of an event is a field of its own (`F_SERIES_COUNT=…`), so that `journalctl` can
/// filter by it.
pub fn init(identifier: &str) -> Result<(), LogsError> {
    let registry = tracing_subscriber::registry().with(filter()?);
    if let Some(journal) = connected_to_journal()
        .then(tracing_journald::layer)
        .and_then(Result::ok)
    {
        registry
            .with(journal.with_syslog_identifier(identifier.to_owned()))
            .try_init()?;
    } else {
        let terminal = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        registry
            .with(
                tracing_subscriber::fmt::layer()
                    .with_writer(std::io::stderr)
                    .with_ansi(terminal)
                    .with_target(false),
            )
            .try_init()?;
    }
    Ok(())
}

/// Whether the environment chooses a filter that [`init`] will take.
pub fn check() -> Result<(), LogsError> {
    filter().map(drop)
}

fn filter() -> Result<EnvFilter, LogsError> {
    match std::env::var(FILTER_VARIABLE) {
        Ok(directives) => Ok(EnvFilter::try_new(directives)?),
        Err(_) => Ok(EnvFilter::new(DEFAULT_FILTER)),
    }
}

/// Whether standard error is the stream that systemd opened to the journal: `JOURNAL_STREAM` names its device and
/// inode, and is inherited by children whose standard error may be something else (systemd.exec(5)).
fn connected_to_journal() -> bool {
    let Some(stream) = std::env::var("JOURNAL_STREAM").ok() else {
        return false;
    };
    let Ok(stat) = rustix::fs::fstat(std::io::stderr().as_fd()) else {
        return false;
    };
    stream == format!("{}:{}", stat.st_dev, stat.st_ino)
}
