//! SIGHUP: another configuration comes into force while the collector serves. No series is lost by it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use service::Reload;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::debug::Debug;
use crate::expose::Exposed;
use crate::receive::{Intake, Security};
use crate::series::Store;

/// What runs, as far as a reload changes it.
#[derive(Debug)]
pub(crate) struct Running {
    /// What the collector was started with. What takes a restart is as it is here.
    pub(crate) started_with: Config,
    pub(crate) store: Arc<Store>,
    pub(crate) exposed: Exposed,
    pub(crate) intake: Intake,
    pub(crate) security: Security,
    pub(crate) debug: Arc<Debug>,
    pub(crate) max_memory: Arc<AtomicUsize>,
}

/// Takes new configurations over as they come, until `stop`.
pub(crate) async fn follow(
    mut reloads: mpsc::Receiver<Reload<Config>>,
    running: Running,
    stop: &CancellationToken,
) -> std::io::Result<()> {
    let running = Arc::new(running);
    loop {
        let reload = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            reload = reloads.recv() => reload,
        };
        let Some(reload) = reload else {
            stop.cancelled().await;
            return Ok(());
        };
        let (taking_over, new) = (Arc::clone(&running), reload.config.clone());
        // waits until the requests that are being taken in are done
        let taken_over = tokio::task::spawn_blocking(move || taking_over.take_over(&new));
        taken_over.await.map_err(std::io::Error::other)?;
        let waiting = running.started_with.changed_until_restart(&reload.config);
        if !waiting.is_empty() {
            tracing::warn!(
                config.keys = waiting.join(", "),
                "these changes take a restart, all others are in force"
            );
        }
        reload.done();
    }
}

impl Running {
    fn take_over(&self, new: &Config) {
        self.store.reconfigure(new.rules.clone());
        self.exposed.reconfigure(new.view.clone());
        self.intake.reconfigure(new.max_request, new.max_in_flight);
        self.security.reload(&new.security);
        self.debug.set_limit(new.debug_datapoints);
        self.max_memory.store(new.max_memory, Ordering::Relaxed);
    }
}
