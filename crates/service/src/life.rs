use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sd_notify::NotifyState;
use telemetry::Metrics;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::reload::{self, Reload};
use crate::settings::{Settings, Sources};
use crate::systemd;
use crate::watchdog::{Heartbeat, Pulses, ping};

/// A service's side of its life: it says when it is ready and what it does, and is told when to reload and to stop.
///
/// Clones share one life.
#[derive(Clone)]
pub struct Life(Arc<Inner>);

struct Inner {
    ready: AtomicBool,
    shutdown: CancellationToken,
    pulses: Pulses,
    /// Counts the SIGHUPs.
    hangups: watch::Sender<u64>,
    sources: Sources,
    metrics: Metrics,
}

impl Life {
    pub(crate) fn new(sources: Sources) -> Self {
        Self(Arc::new(Inner {
            ready: AtomicBool::new(false),
            shutdown: CancellationToken::new(),
            pulses: Pulses::default(),
            hangups: watch::Sender::new(0),
            sources,
            metrics: Metrics::install(),
        }))
    }

    /// A life without a process around it: no signals, no systemd. Tests end it by [`stop`](Self::stop).
    pub fn detached() -> Self {
        Self::new(Sources {
            files: Vec::new(),
            env_prefix: "SIGNALBOX_DETACHED__",
            command_line: Vec::new(),
        })
    }

    /// Everything is bound and served from now on. `status` is the line that `systemctl status` shows.
    pub fn ready(&self, status: &str) {
        self.0.ready.store(true, Ordering::Release);
        tracing::info!(status, "ready");
        systemd::notify(&[NotifyState::Ready, NotifyState::Status(status)]);
    }

    /// Replaces the line that `systemctl status` shows.
    pub fn status(&self, status: &str) {
        systemd::notify(&[NotifyState::Status(status)]);
    }

    /// Whether the service is ready and not on its way out.
    pub fn is_ready(&self) -> bool {
        self.0.ready.load(Ordering::Acquire) && !self.is_shutting_down()
    }

    /// Resolves when the service has been asked to stop. From then on it has [`DRAIN`] to finish what it has begun.
    pub fn shutdown(&self) -> WaitForCancellationFutureOwned {
        self.0.shutdown.clone().cancelled_owned()
    }

    /// Whether the service has been asked to stop.
    pub fn is_shutting_down(&self) -> bool {
        self.0.shutdown.is_cancelled()
    }

    /// Asks the service to stop, as SIGTERM does.
    pub fn stop(&self) {
        if !self.is_shutting_down() {
            tracing::info!("stopping");
            systemd::notify(&[NotifyState::Stopping, NotifyState::Status("stopping")]);
            self.0.shutdown.cancel();
        }
    }

    /// Promises that the loop called `name` beats at least once per `deadline`. If it does not, the watchdog is no
    /// longer pinged and systemd restarts the service.
    pub fn heartbeat(&self, name: &'static str, deadline: Duration) -> Heartbeat {
        self.0.pulses.promise(name, deadline)
    }

    /// New configurations, after SIGHUP. `S` are the settings that the service was started with.
    pub fn reloads<S: Settings>(&self) -> mpsc::Receiver<Reload<S::Config>> {
        // one slot: a reload that waits for the service to finish the last one
        let (sender, receiver) = mpsc::channel(1);
        tokio::spawn(reload::serve::<S>(
            self.0.sources.clone(),
            self.0.hangups.subscribe(),
            sender,
        ));
        receiver
    }

    /// The process' metrics of itself.
    pub fn metrics(&self) -> Metrics {
        self.0.metrics.clone()
    }

    /// What the process does for the service beside its own work: signals, watchdog, upkeep of the metrics. Ends only
    /// by an error.
    pub(crate) async fn accompany(&self) -> std::io::Error {
        let upkeep = async {
            let mut ticks = tokio::time::interval(UPKEEP);
            loop {
                ticks.tick().await;
                self.0.metrics.upkeep();
            }
        };
        tokio::select! {
            error = self.heed_signals() => error,
            () = async { tokio::join!(ping(&self.0.pulses), upkeep).0 } => unreachable!("upkeep does not end"),
        }
    }

    async fn heed_signals(&self) -> std::io::Error {
        use tokio::signal::unix::{SignalKind, signal};
        let signals = || {
            std::io::Result::Ok((
                signal(SignalKind::terminate())?,
                signal(SignalKind::interrupt())?,
                signal(SignalKind::hangup())?,
            ))
        };
        let (mut terminate, mut interrupt, mut hangup) = match signals() {
            Ok(signals) => signals,
            Err(error) => return error,
        };
        loop {
            tokio::select! {
                _ = terminate.recv() => self.stop(),
                _ = interrupt.recv() => self.stop(),
                _ = hangup.recv() => {
                    if self.0.hangups.receiver_count() == 0 {
                        tracing::warn!("SIGHUP ignored: this service takes a new configuration by a restart");
                    }
                    self.0.hangups.send_modify(|count| *count += 1);
                }
            }
        }
    }
}

/// How long a service may take to stop. Unit files leave some room above it (`TimeoutStopSec=15`).
pub(crate) const DRAIN: Duration = Duration::from_secs(10);

/// How often recorded histogram values are folded.
const UPKEEP: Duration = Duration::from_secs(5);
