use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sd_notify::NotifyState;
use telemetry::Metrics;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::reload::{self, Reload};
use crate::settings::{Settings, Sources};
use crate::sockets::{Handed, Sockets};
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
    /// Those that the service has not taken yet.
    sockets: Mutex<Vec<TcpListener>>,
    metrics: Metrics,
}

impl Life {
    pub(crate) fn new(sources: Sources, sockets: Sockets) -> Self {
        Self(Arc::new(Inner {
            ready: AtomicBool::new(false),
            shutdown: CancellationToken::new(),
            pulses: Pulses::default(),
            hangups: watch::Sender::new(0),
            sources,
            sockets: Mutex::new(sockets.into_listeners()),
            metrics: Metrics::install(),
        }))
    }

    /// A life without a process around it: no signals, no systemd. Tests end it by [`stop`](Self::stop).
    pub fn detached() -> Self {
        let sources = Sources {
            files: Vec::new(),
            env_prefix: "SIGNALBOX_DETACHED__",
            environment: true,
            command_line: Vec::new(),
            elsewhere: false,
            handed: Handed::default(),
        };
        Self::new(sources, Sockets::default())
    }

    /// The sockets that systemd has opened, one for each of [`Settings::SOCKETS`] in their order, or none; then the service
    /// opens them itself. They are handed out once. Needs a running tokio.
    pub fn sockets(&self) -> std::io::Result<Vec<tokio::net::TcpListener>> {
        let sockets = std::mem::take(&mut *self.0.sockets.lock().unwrap_or_else(PoisonError::into_inner));
        sockets
            .into_iter()
            .map(tokio::net::TcpListener::from_std)
            .collect()
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

    /// What the process does for the service beside its own work: signals, watchdog, upkeep of the metrics.
    pub(crate) async fn accompany(&self, signals: Signals) {
        let upkeep = async {
            let mut ticks = tokio::time::interval(UPKEEP);
            loop {
                ticks.tick().await;
                self.0.metrics.upkeep();
            }
        };
        tokio::join!(self.heed(signals), ping(&self.0.pulses), upkeep);
    }

    async fn heed(&self, mut signals: Signals) {
        loop {
            tokio::select! {
                _ = signals.terminate.recv() => self.stop(),
                _ = signals.interrupt.recv() => self.stop(),
                _ = signals.hangup.recv() => {
                    if self.0.hangups.receiver_count() == 0 {
                        tracing::warn!("SIGHUP ignored: this service takes a new configuration by a restart");
                    }
                    self.0.hangups.send_modify(|count| *count += 1);
                }
            }
        }
    }
}

/// The signals that a service heeds. None is lost once they are installed, whenever they are looked at.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    /// Takes the signals over from the kernel, which would end the process. Needs a running tokio.
    pub(crate) fn install() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }
}

/// How long a service may take to stop. Unit files leave some room above it (`TimeoutStopSec=15`).
pub(crate) const DRAIN: Duration = Duration::from_secs(10);

/// How often recorded histogram values are folded.
const UPKEEP: Duration = Duration::from_secs(5);
