//! SIGHUP: the configuration is read again, and given to the service only if it is right.

use tokio::sync::{mpsc, oneshot};

use crate::settings::{Settings, Sources};
use crate::systemd;

/// A new configuration. The service takes it over and says [`done`](Self::done).
#[derive(Debug)]
pub struct Reload<C> {
    /// The configuration to run with from now on.
    pub config: C,
    done: oneshot::Sender<()>,
}

impl<C> Reload<C> {
    /// The new configuration is in force.
    pub fn done(self) {
        // the other end waits for this or for the drop
        let _ = self.done.send(());
    }
}

/// Serves reloads until the service drops its receiver. One at a time: a SIGHUP during a reload causes one more after it.
pub(crate) async fn serve<S: Settings>(
    sources: Sources,
    mut hangups: tokio::sync::watch::Receiver<u64>,
    reloads: mpsc::Sender<Reload<S::Config>>,
) {
    while hangups.changed().await.is_ok() {
        systemd::notify_reloading();
        match sources.load::<S>() {
            Ok((_, config)) => {
                let (done, taken_over) = oneshot::channel();
                if reloads.send(Reload { config, done }).await.is_err() {
                    return;
                }
                // an error means that the service dropped it unused; it has said why
                if taken_over.await.is_ok() {
                    tracing::info!("configuration reloaded");
                }
            }
            Err(problems) => {
                tracing::error!(error = %problems, "configuration not reloaded, the old one stays");
            }
        }
        systemd::notify(&[sd_notify::NotifyState::Ready]);
    }
}
