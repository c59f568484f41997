//! Waits until a target answers: what is started together with it need not be started after it.

use std::fmt;
use std::time::{Duration, Instant};

use service::Heartbeat;
use tokio::net::TcpStream;

use crate::target::Target;

/// The first pause between two tries. It doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// One try has this long.
const TRY: Duration = Duration::from_secs(2);

/// The target did not answer within its time.
#[derive(Debug)]
pub(crate) struct NoAnswer {
    target: String,
    waited: Duration,
    last_error: String,
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waited = humantime::format_duration(self.waited);
        write!(
            f,
            "{} did not answer within {waited}: {}; start it, or wait longer with --wait",
            self.target, self.last_error
        )
    }
}

impl std::error::Error for NoAnswer {}

/// Waits until `target` takes connections, at most for `limit`.
pub(crate) async fn wait_for_answer(
    target: &Target,
    limit: Option<Duration>,
    heartbeat: &Heartbeat,
) -> Result<(), NoAnswer> {
    let began = Instant::now();
    let mut pause = FIRST_PAUSE;
    let mut told = false;
    loop {
        heartbeat.beat();
        let error = match tokio::time::timeout(TRY, TcpStream::connect(target.address())).await {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the connection was not taken".to_owned(),
        };
        if !told {
            tracing::info!(target.url = %target, error, "the target does not answer yet, waiting for it");
            told = true;
        }
        let left = limit.map(|limit| (limit, limit.saturating_sub(began.elapsed())));
        match left {
            Some((waited, Duration::ZERO)) => {
                return Err(NoAnswer {
                    target: target.to_string(),
                    waited,
                    last_error: error,
                });
            }
            Some((_, left)) => tokio::time::sleep(pause.min(left)).await,
            None => tokio::time::sleep(pause).await,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
