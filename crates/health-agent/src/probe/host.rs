//! Disk, memory, clock, file systems: looks.

mod clock;
mod forecast;
mod memory;
mod mounts;

use tokio::sync::Semaphore;

use crate::config::Config;
use crate::facts::host::{Host, Kills};
use crate::probe::blocking::blocking;
use crate::probe::http::Client;

static LOOKING: Semaphore = Semaphore::const_new(1);

/// Never fails: what could not be asked is a fact too. `None` if the box has nothing of it.
pub(crate) async fn look(client: &Client, config: &Config) -> Option<Host> {
    let paths = config.system.mounts.clone();
    let read = blocking(&LOOKING, config.timeout, move || mounts::read(&paths));
    let (read, forecast, kills_last_hour, clock) = tokio::join!(
        read,
        forecast::free_bytes(client, config),
        forecast::kills_last_hour(client, config),
        clock::read(config),
    );
    let (mut mounts, file_systems) = match read {
        Ok(read) => read,
        Err(error) => (vec![], Err(error)),
    };
    for mount in &mut mounts {
        mount.forecast = mount
            .on
            .as_ref()
            .and_then(|point| forecast.get(point.to_str()?).copied());
    }
    Some(Host {
        mounts,
        file_systems,
        memory: memory::read(),
        pressure: memory::pressure(),
        kills: memory::kills().map(|kills| Kills {
            last_hour: kills_last_hour,
            ..kills
        }),
        load: memory::load(),
        clock,
    })
}
