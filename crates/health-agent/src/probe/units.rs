//! Units of systemd, generations, the journal: looks.

mod generation;
mod journal;
mod systemd;

use std::path::Path;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::config::Config;
use crate::facts::Answer;
use crate::facts::units::{Systemd, Units};
use crate::probe::blocking::blocking;
use crate::probe::bus::Bus;
use crate::probe::http::Client;

static LOOKING: Semaphore = Semaphore::const_new(1);

/// Never fails: what could not be asked is a fact too. `None` if the box has nothing of it.
pub(crate) async fn look(_client: &Client, config: &Config) -> Option<Units> {
    let system = &config.system;
    let generation = async {
        let profile = system.profile.clone()?;
        let read = move || generation::read(&profile, Path::new("/run"));
        let read = blocking(&LOOKING, config.timeout, read).await;
        Some(read.and_then(|read| read))
    };
    let systemd = async {
        // where nothing of ours has to run under it, a machine without systemd lacks nothing
        if system.units.is_empty() && !Path::new("/run/systemd/system").is_dir() {
            return None;
        }
        ask(config.timeout, Bus::system(config.timeout), &system.units)
            .await
            .transpose()
    };
    let (generation, systemd) = tokio::join!(generation, systemd);
    let journal = match &systemd {
        Some(_) => Some(journal::read(config.timeout).await),
        None => None,
    };
    (generation.is_some() || systemd.is_some()).then_some(Units {
        systemd,
        journal,
        generation,
    })
}

/// However many questions it takes: all of them in the time of one part.
async fn ask(
    timeout: Duration,
    bus: impl Future<Output = Answer<Bus>>,
    units: &[String],
) -> Answer<Option<Systemd>> {
    let asking = async { systemd::ask(&bus.await?, units).await };
    match tokio::time::timeout(timeout, asking).await {
        Ok(answer) => answer,
        Err(_) => Err("it did not answer in time".to_owned()),
    }
}
