//! What systemd says of units, over D-Bus.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
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
/// So many are asked about at once: each answer is tens of kilobytes for a moment.
const AT_ONCE: usize = 8;

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
    let mut target = bus.all(unit_object(&path_of(TARGET))).await?;
    let is_ours = target.take::<String>("LoadState")? == "loaded";
    if !is_ours && configured.is_empty() {
        return Ok(None);
    }

    let mut names: BTreeMap<String, bool> = BTreeMap::new();
    if is_ours {
        for name in target.take::<Vec<String>>("ConsistsOf")? {
            names.insert(name, false);
        }
        for name in target.take::<Vec<String>>("Wants")? {
            names.insert(name, true);
        }
    }
    names.extend(configured.iter().map(|name| (name.clone(), true)));

    let mut systemd = Systemd {
        state,
        ..Systemd::default()
    };
    let asked = names.into_iter().take(MAX_UNITS);
    let mut seen = stream::iter(asked)
        .map(async |(name, required)| (unit(bus, &name, required).await, name))
        .buffered(AT_ONCE);
    // what cannot be told of one says nothing of the others
    while let Some((unit, name)) = seen.next().await {
        match unit {
            Ok(unit) => systemd.units.push(unit),
            Err(error) => drop(systemd.untold.insert(name, error)),
        }
    }
    for unit in systemd.units.iter().filter(|unit| is(&unit.name, "timer")) {
        match timer(bus, unit.name.clone()).await {
            Ok(timer) => systemd.timers.push(timer),
            Err(error) => drop(systemd.untold.insert(unit.name.clone(), error)),
        }
    }
    let listed: Answer<Vec<ListedUnit>> = bus.call(MANAGER, "ListUnitsFiltered", &(vec!["failed"],)).await;
    systemd.failed = listed.map(|units| units.into_iter().map(|unit| unit.0).collect());
    Ok(Some(systemd))
}

async fn unit(bus: &Bus, name: &str, required: bool) -> Answer<Unit> {
    let path = path_of(name);
    let mut of = bus.all(unit_object(&path)).await?;
    let checked: u64 = of.take("ConditionTimestamp").unwrap_or(0);
    let held: bool = of.take("ConditionResult").unwrap_or(true);
    let service = if is(name, "service") {
        Some(service(bus, &path).await?)
    } else {
        None
    };
    Ok(Unit {
        name: name.to_owned(),
        required,
        load: of.take("LoadState")?,
        active: of.take("ActiveState")?,
        sub: of.take("SubState")?,
        since: timestamp(of.take("ActiveEnterTimestamp").unwrap_or(0)),
        skipped: checked > 0 && !held,
        service,
    })
}

/// What a version of systemd does not count is not known; how a service ended each can tell.
async fn service(bus: &Bus, path: &str) -> Answer<Service> {
    let mut of = bus
        .all(Object {
            service: SYSTEMD,
            path,
            interface: "org.freedesktop.systemd1.Service",
        })
        .await?;
    let restarts: u32 = of.take("NRestarts").unwrap_or(0);
    let cgroup: String = of.take("ControlGroup").unwrap_or_default();
    let mut number = |property: &str| of.take(property).ok().and_then(known);
    Ok(Service {
        restarts: restarts.into(),
        memory: number("MemoryCurrent"),
        cache: cache(Path::new("/sys/fs/cgroup"), &cgroup),
        memory_max: number("MemoryMax"),
        cpu: number("CPUUsageNSec").map(Duration::from_nanos),
        tasks: number("TasksCurrent"),
        ended: number("ExecMainExitTimestamp").and_then(timestamp),
        kind: of.take("Type")?,
        result: of.take("Result")?,
    })
}

async fn timer(bus: &Bus, name: String) -> Answer<Timer> {
    let path = path_of(&name);
    let mut of = bus
        .all(Object {
            service: SYSTEMD,
            path: &path,
            interface: "org.freedesktop.systemd1.Timer",
        })
        .await?;
    let unit: String = of.take("Unit")?;
    let unit_path = path_of(&unit);
    let started = Object {
        interface: "org.freedesktop.systemd1.Service",
        ..unit_object(&unit_path)
    };
    Ok(Timer {
        name,
        last: timestamp(of.take("LastTriggerUSec")?),
        next: timestamp(of.take("NextElapseUSecRealtime")?),
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
