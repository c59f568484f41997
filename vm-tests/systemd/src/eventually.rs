use std::fmt::Display;
use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// Looks until there is something to see, and panics with the last reason why not when that took longer than `limit`.
pub async fn eventually<T, E, F>(what: &str, limit: Duration, mut look: impl FnMut() -> F) -> T
where
    E: Display,
    F: Future<Output = Result<T, E>>,
{
    let end = Instant::now() + limit;
    loop {
        match look().await {
            Ok(seen) => return seen,
            Err(reason) if Instant::now() >= end => panic!("{what}, after {limit:?}: {reason}"),
            Err(_) => sleep(PAUSE).await,
        }
    }
}
