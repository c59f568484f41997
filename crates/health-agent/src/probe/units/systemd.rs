//! What systemd says of units, over D-Bus.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::Duration;

use futures_util::future::try_join_all;
use zbus::OwnedObjectPath;

use crate::facts::units::{Service, Systemd, Timer, Unit};
use crate::facts::{Answer, Timestamp};
use crate::probe::bus::{Bus, Object};

/// All daemons of ours belong to it.
const TARGET: &str = "signalbox.target";
const SYSTEMD: &str = "org.freedesktop.systemd1";
const MANAGER: Object<'_> = Object {
    service: SYSTEMD,
    path: "/org/freedesktop/systemd1",
    interface: "org.freedesktop.systemd1.Manager",
};
/// More units than a box has: what is over is not asked.
const MAX_UNITS: usize = 200;

/// As `ListUnits` tells: name, description, load, active and sub state, followed unit, path, job's number, type and path.
type ListedUnit = (
    String,
    String,
    String,
    String,
    String,
    String,
    OwnedObjectPath,
    u32,
    String,
    OwnedObjectPath,
);

/// `None` if nothing of ours is known to it: neither units in the settings nor our target.
pub(super) async fn ask(bus: &Bus, configured: &[String]) -> Answer<Option<Systemd>> {
    let state = bus.get::<String>(MANAGER, "SystemState").await?;
    let target_path = path_of(TARGET);
    let target = unit_object(&target_path);
    let is_ours = bus.get::<String>(target, "LoadState").await? == "loaded";
    if !is_ours && configured.is_empty() {
        return Ok(None);
    }

    let mut names: BTreeMap<String, bool> = BTreeMap::new();
    if is_ours {
        for name in bus.get::<Vec<String>>(target, "ConsistsOf").await? {
            names.insert(name, false);
        }
        for name in bus.get::<Vec<String>>(target, "Wants").await? {
            names.insert(name, true);
        }
    }
    names.extend(configured.iter().map(|name| (name.clone(), true)));

    let asked = names.into_iter().take(MAX_UNITS);
    let units = try_join_all(asked.map(|(name, required)| unit(bus, name, required))).await?;
    let timers = try_join_all(
        units
            .iter()
            .filter(|unit| is(&unit.name, "timer"))
            .map(|unit| timer(bus, unit.name.clone())),
    )
    .await?;
    let listed: Vec<ListedUnit> = bus.call(MANAGER, "ListUnitsFiltered", &(vec!["failed"],)).await?;
    let failed = listed.into_iter().map(|unit| unit.0).collect();
    Ok(Some(Systemd {
        state,
        units,
        timers,
        failed,
    }))
}

async fn unit(bus: &Bus, name: String, required: bool) -> Answer<Unit> {
    let path = path_of(&name);
    let object = unit_object(&path);
    let checked: u64 = bus.get(object, "ConditionTimestamp").await?;
    let held: bool = bus.get(object, "ConditionResult").await?;
    let service = if is(&name, "service") {
        Some(service(bus, &path).await?)
    } else {
        None
    };
    Ok(Unit {
        required,
        load: bus.get(object, "LoadState").await?,
        active: bus.get(object, "ActiveState").await?,
        sub: bus.get(object, "SubState").await?,
        since: timestamp(bus.get(object, "ActiveEnterTimestamp").await?),
        skipped: checked > 0 && !held,
        service,
        name,
    })
}

async fn service(bus: &Bus, path: &str) -> Answer<Service> {
    let object = Object {
        service: SYSTEMD,
        path,
        interface: "org.freedesktop.systemd1.Service",
    };
    let restarts: u32 = bus.get(object, "NRestarts").await?;
    let cgroup: String = bus.get(object, "ControlGroup").await?;
    Ok(Service {
        kind: bus.get(object, "Type").await?,
        result: bus.get(object, "Result").await?,
        restarts: restarts.into(),
        status: bus.get(object, "StatusText").await?,
        memory: known(bus.get(object, "MemoryCurrent").await?),
        cache: cache(Path::new("/sys/fs/cgroup"), &cgroup),
        memory_max: known(bus.get(object, "MemoryMax").await?),
        cpu: known(bus.get(object, "CPUUsageNSec").await?).map(Duration::from_nanos),
        tasks: known(bus.get(object, "TasksCurrent").await?),
        ended: timestamp(bus.get(object, "ExecMainExitTimestamp").await?),
    })
}

async fn timer(bus: &Bus, name: String) -> Answer<Timer> {
    let path = path_of(&name);
    let object = Object {
        service: SYSTEMD,
        path: &path,
        interface: "org.freedesktop.systemd1.Timer",
    };
    let unit: String = bus.get(object, "Unit").await?;
    let unit_path = path_of(&unit);
    let started = Object {
        interface: "org.freedesktop.systemd1.Service",
        ..unit_object(&unit_path)
    };
    Ok(Timer {
        name,
        last: timestamp(bus.get(object, "LastTriggerUSec").await?),
        next: timestamp(bus.get(object, "NextElapseUSecRealtime").await?),
        result: if is(&unit, "service") {
            bus.get(started, "Result").await?
        } else {
            String::new()
        },
        unit,
    })
}

fn unit_object(path: &str) -> Object<'_> {
    Object {
        service: SYSTEMD,
        path,
        interface: "org.freedesktop.systemd1.Unit",
    }
}

fn is(unit: &str, kind: &str) -> bool {
    unit.rsplit_once('.').is_some_and(|(_, its)| its == kind)
}

/// systemd's own escape: all but ASCII letters and digits, and a digit in front, is `_` and two hexadecimal digits.
fn path_of(unit: &str) -> String {
    let mut path = "/org/freedesktop/systemd1/unit/".to_owned();
    for (index, byte) in unit.bytes().enumerate() {
        if byte.is_ascii_alphabetic() || (index > 0 && byte.is_ascii_digit()) {
            path.push(byte.into());
        } else {
            let _ = write!(path, "_{byte:02x}");
        }
    }
    path
}

/// Neither "not set" nor "no limit".
fn known(value: u64) -> Option<u64> {
    (value != u64::MAX).then_some(value)
}

/// Microseconds since 1970, or 0 for never.
fn timestamp(microseconds: u64) -> Option<Timestamp> {
    known(microseconds)
        .filter(|&microseconds| microseconds > 0)
        .map(|microseconds| microseconds as f64 / 1e6)
}

/// A control group's page cache, in bytes. `None` where there is no unified hierarchy, or the group is gone.
fn cache(root: &Path, group: &str) -> Option<u64> {
    if group.is_empty() {
        return None;
    }
    let stat = fs::read_to_string(root.join(group.trim_start_matches('/')).join("memory.stat")).ok()?;
    let value = |name: &str| {
        let line = stat
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line?.parse::<u64>().ok()
    };
    Some(value("inactive_file")? + value("active_file")?)
}

#[cfg(test)]
mod tests;
