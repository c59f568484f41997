//! The signals that ask the demo to stop.

use std::future::pending;
use std::io;
use std::time::{Duration, Instant};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// A second SIGINT this soon is the first one's echo: a program that started the demo passes on what the terminal sent
/// to both, and `timeout` signals its child and then the whole group.
const ECHO: Duration = Duration::from_millis(200);

#[derive(Debug)]
pub(crate) struct Interrupts {
    interrupt: Signal,
    terminate: Signal,
    /// The terminal was closed; none if that is to be ignored, as under `nohup`.
    hangup: Option<Signal>,
    /// When the first SIGINT came.
    interrupted: Option<Instant>,
}

impl Interrupts {
    /// From here on these signals end nothing by themselves.
    pub(crate) fn listen() -> io::Result<Self> {
        // without /proc nobody can tell: then the signal counts
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let hangup = SignalKind::hangup();
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: (!ignores(&status, hangup)).then(|| signal(hangup)).transpose()?,
            interrupted: None,
        })
    }

    /// Resolves at the next one.
    pub(crate) async fn next(&mut self) -> SignalKind {
        tokio::select! {
            _ = self.interrupt.recv() => {
                self.interrupted.get_or_insert_with(Instant::now);
                SignalKind::interrupt()
            }
            _ = self.terminate.recv() => SignalKind::terminate(),
            () = received(&mut self.hangup) => SignalKind::hangup(),
        }
    }

    /// Resolves when the user loses patience: at a second SIGINT. Other signals often come in pairs (a closed terminal's
    /// and its shell's, a group's and its parent's) and mean no more than one.
    pub(crate) async fn insisted(&mut self) {
        loop {
            self.interrupt.recv().await;
            let first = *self.interrupted.get_or_insert_with(Instant::now);
            if first.elapsed() > ECHO {
                return;
            }
        }
    }
}

async fn received(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => pending().await,
    }
}

/// Whether the process with that `/proc/<pid>/status` ignores `signal`: the mask's lowest bit is signal 1.
fn ignores(status: &str, signal: SignalKind) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal.as_raw_value() - 1) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_tells_what_is_ignored() {
        let status =
            "Name:\tdemo\nSigBlk:\t0000000000000001\nSigIgn:\t0000000000001002\nSigCgt:\t0000000000000001\n";
        assert!(ignores(status, SignalKind::interrupt()));
        assert!(ignores(status, SignalKind::pipe()));
        assert!(!ignores(status, SignalKind::hangup()));
        assert!(ignores("SigIgn:\t0000000000000001", SignalKind::hangup()));
        assert!(!ignores("", SignalKind::hangup()));
    }
}
