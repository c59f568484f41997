//! Looks at files, which may hang as long as their file system does.

use std::time::Duration;

use tokio::sync::Semaphore;

use crate::facts::Answer;

/// Runs `work` on a thread of its own, and waits for it no longer than `timeout`. `turn` has one permit: work that hangs
/// holds one thread, and not one more in each round.
pub(crate) async fn blocking<T: Send + 'static>(
    turn: &'static Semaphore,
    timeout: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Answer<T> {
    let Ok(permit) = turn.try_acquire() else {
        return Err("the last look at the file systems is not over yet: one of them hangs".to_owned());
    };
    let working = tokio::task::spawn_blocking(move || {
        let done = work();
        drop(permit);
        done
    });
    match tokio::time::timeout(timeout, working).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(format!("the look at the file systems broke off: {error}")),
        Err(_) => Err("the file systems did not answer in time: one of them hangs".to_owned()),
    }
}
