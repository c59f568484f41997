//! The watchdog's ping proves work, not scheduling: it is sent only while every loop that the service promised has
//! beaten within its deadline.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use sd_notify::NotifyState;

use crate::systemd;

/// The pulse of one loop. Dropping it withdraws the promise.
#[derive(Debug)]
pub struct Heartbeat(Arc<Pulse>);

impl Heartbeat {
    /// The loop has done a round.
    pub fn beat(&self) {
        if is_told_to_hang(self.0.name) {
            return;
        }
        self.0
            .last
            .store(self.0.millis(Instant::now()), Ordering::Relaxed);
    }
}

/// The file that names a loop which is to hang, so that tests see what systemd does about it. Only builds with debug
/// assertions look at it.
const HANG_VARIABLE: &str = "SIGNALBOX_TEST_HANG_FILE";

/// Whether that file names this loop, or has named it: then it beats no more, as a loop that hangs. (To lose its thread would take
/// tokio's timers and sockets along, if the thread was about to look after them: then nothing could be seen of the rest going on.)
fn is_told_to_hang(name: &'static str) -> bool {
    static HANGS: OnceLock<&str> = OnceLock::new();
    if !cfg!(debug_assertions) {
        return false;
    }
    let is_told = || {
        std::env::var_os(HANG_VARIABLE)
            .and_then(|file| std::fs::read_to_string(file).ok())
            .is_some_and(|told| told.trim() == name)
    };
    if HANGS.get().is_none() && is_told() && HANGS.set(name).is_ok() {
        tracing::warn!(r#loop = name, "told to hang, by a test");
    }
    HANGS.get() == Some(&name)
}

#[derive(Debug)]
struct Pulse {
    name: &'static str,
    deadline: Duration,
    start: Instant,
    /// Milliseconds after `start`.
    last: AtomicU64,
}

impl Pulse {
    fn millis(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.start).as_millis()).unwrap_or(u64::MAX)
    }

    /// For how long it has been silent, if that is too long.
    fn overdue(&self, now: Instant) -> Option<Duration> {
        let silent =
            Duration::from_millis(self.millis(now).saturating_sub(self.last.load(Ordering::Relaxed)));
        (silent > self.deadline).then_some(silent)
    }
}

/// All the pulses of a service.
#[derive(Debug, Default)]
pub(crate) struct Pulses(Mutex<Vec<Weak<Pulse>>>);

impl Pulses {
    pub(crate) fn promise(&self, name: &'static str, deadline: Duration) -> Heartbeat {
        let pulse = Arc::new(Pulse {
            name,
            deadline,
            start: Instant::now(),
            last: AtomicU64::new(0),
        });
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Arc::downgrade(&pulse));
        Heartbeat(pulse)
    }

    /// The first loop that has missed its deadline, and for how long it has been silent.
    fn overdue(&self, now: Instant) -> Option<(&'static str, Duration)> {
        let mut pulses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pulses.retain(|pulse| pulse.strong_count() > 0);
        pulses
            .iter()
            .filter_map(Weak::upgrade)
            .find_map(|pulse| Some((pulse.name, pulse.overdue(now)?)))
    }
}

/// Pings systemd twice per watchdog interval while all pulses are in time. Ends at once where no watchdog was asked for.
pub(crate) async fn ping(pulses: &Pulses) {
    let Some(interval) = sd_notify::watchdog_enabled() else {
        return;
    };
    let mut ticks = tokio::time::interval(interval / 2);
    loop {
        ticks.tick().await;
        match pulses.overdue(Instant::now()) {
            None => systemd::notify(&[NotifyState::Watchdog]),
            Some((name, silent)) => {
                tracing::error!(
                    r#loop = name,
                    silent.seconds = silent.as_secs(),
                    "a loop hangs, watchdog not pinged"
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_loop_is_named_until_it_beats_or_is_dropped() {
        let pulses = Pulses::default();
        let expiry = pulses.promise("expiry", Duration::from_secs(5));
        let _scrape = pulses.promise("scrape", Duration::from_hours(1));
        let now = Instant::now();
        assert_eq!(pulses.overdue(now), None);
        let later = now + Duration::from_secs(8);
        let (name, silent) = pulses.overdue(later).expect("nothing beat for 8 s");
        assert_eq!((name, silent.as_secs()), ("expiry", 8));

        expiry.0.last.store(expiry.0.millis(later), Ordering::Relaxed);
        assert_eq!(pulses.overdue(later), None);
        drop(expiry);
        assert_eq!(pulses.overdue(later + Duration::from_mins(1)), None);
    }
}
