//! Whether the clock is kept by a time server.

use std::path::Path;

use crate::config::Config;
use crate::facts::Answer;
use crate::facts::host::Clock;
use crate::probe::bus::{Bus, Object};

const TIMEDATE: Object<'_> = Object {
    service: "org.freedesktop.timedate1",
    path: "/org/freedesktop/timedate1",
    interface: "org.freedesktop.timedate1",
};

/// `None` if it does not have to be.
pub(super) async fn read(config: &Config) -> Option<Answer<Clock>> {
    if !config.system.clock {
        return None;
    }
    Some(ask(config).await)
}

/// The kernel knows, whoever keeps the clock; systemd asks it for those who may not.
async fn ask(config: &Config) -> Answer<Clock> {
    let told = match Bus::system(config.timeout).await {
        Ok(bus) => bus.get(TIMEDATE, "NTPSynchronized").await,
        Err(error) => Err(error),
    };
    match told {
        Ok(synchronized) => Ok(Clock { synchronized }),
        // systemd-timesyncd leaves word itself
        Err(_) if Path::new("/run/systemd/timesync/synchronized").exists() => {
            Ok(Clock { synchronized: true })
        }
        Err(error) => Err(error),
    }
}
