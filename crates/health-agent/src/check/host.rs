//! Disk, memory, clock, file systems: what must hold.

use std::path::Path;
use std::time::Duration;

use crate::check::phrase::{bytes, count, time};
use crate::check::{Category, Check, Severity};
use crate::facts::host::{Clock, FileSystem, Host, Kills, Load, Memory, Mount, Pressure, Room};
use crate::facts::{Answer, Facts};
use crate::verdict::Reading;

/// All of them.
pub const CHECKS: &[Check] = &[
    Check {
        id: "disk-space",
        category: Category::Host,
        severity: Severity::Required,
        title: "There is room on every disk",
        fix: "Run `du -xh --max-depth=2 FOLDER | sort -h | tail` for each folder that is named, then enlarge the disk, remove what is not the box's, or lower storage.tsdb.retention.size of Prometheus",
        runbook: None,
        before_start: true,
        judge: |facts| judge(facts, |mount| Some(disk_space(mount))),
    },
    Check {
        id: "disk-inodes",
        category: Category::Host,
        severity: Severity::Required,
        title: "Every disk can take more files",
        fix: "Run `du --inodes -x --max-depth=2 FOLDER | sort -n | tail` for each folder that is named, and remove the many small files that are not needed",
        runbook: None,
        before_start: true,
        judge: |facts| judge(facts, disk_inodes),
    },
    Check {
        id: "disk-forecast",
        category: Category::Host,
        severity: Severity::Advisory,
        title: "No disk will be full in four hours",
        fix: "Run `du -xh --max-depth=2 FOLDER | sort -h | tail` now and in ten minutes to see what grows, and stop it or enlarge the disk",
        runbook: None,
        before_start: false,
        judge: |facts| judge(facts, disk_forecast),
    },
    Check {
        id: "file-systems-writable",
        category: Category::Host,
        severity: Severity::Required,
        title: "The file systems can be written",
        fix: "Run `dmesg --level=err,warn` for the reason, back up what is on the disk, and `fsck` it from a rescue system; the kernel forbids writing after errors",
        runbook: None,
        before_start: true,
        judge: |facts| with(facts, |host| answered(&host.file_systems, |all| writable(all))),
    },
    Check {
        id: "file-system-errors",
        category: Category::Host,
        severity: Severity::Advisory,
        title: "No file system has counted errors",
        fix: "Run `smartctl --all DEVICE` and `fsck` from a rescue system, which sets the count back; replace the disk if it grows again",
        runbook: None,
        before_start: true,
        judge: |facts| {
            with(facts, |host| {
                answered(&host.file_systems, |all| without_errors(all))
            })
        },
    },
    Check {
        id: "memory-available",
        category: Category::Host,
        severity: Severity::Required,
        title: "There is memory to spare",
        fix: "Run `ps aux --sort=-rss | head` to see who has it; give the machine more memory, or choose the class of box that fits it",
        runbook: None,
        before_start: true,
        judge: |facts| with(facts, |host| answered(&host.memory, memory_available)),
    },
    Check {
        id: "swap-used",
        category: Category::Host,
        severity: Severity::Advisory,
        title: "There is swap space left, where there is any",
        fix: "Run `ps aux --sort=-rss | head` to see who has the memory; give the machine more of it",
        runbook: None,
        before_start: true,
        judge: |facts| with(facts, |host| answered(&host.memory, swap_used)),
    },
    Check {
        id: "pressure",
        category: Category::Host,
        severity: Severity::Advisory,
        title: "Work does not wait for memory or disks",
        fix: "Run `head /proc/pressure/*` and `systemd-cgtop` to see who waits; give the machine more memory or a faster disk",
        runbook: None,
        before_start: false,
        judge: |facts| with(facts, pressure),
    },
    Check {
        id: "oom-kills",
        category: Category::Host,
        severity: Severity::Advisory,
        title: "No process was killed for want of memory",
        fix: "Run `journalctl --dmesg --grep=\"Killed process\"` to see whom it met; raise MemoryMax= of that unit, or give the machine more memory",
        runbook: None,
        before_start: false,
        judge: |facts| with(facts, |host| answered(&host.kills, oom_kills)),
    },
    Check {
        id: "load",
        category: Category::Host,
        severity: Severity::Advisory,
        title: "The processors keep up with the work",
        fix: "Run `top` to see who takes them; give the machine more processors",
        runbook: None,
        before_start: false,
        judge: |facts| with(facts, |host| answered(&host.load, load)),
    },
    Check {
        id: "clock-synchronized",
        category: Category::Host,
        // where a customer's time server cannot be reached, no other generation would do better
        severity: Severity::Advisory,
        title: "The clock is kept by a time server",
        fix: "Run `timedatectl timesync-status` or `chronyc sources`, name a time server that this machine can reach (UDP port 123), and `timedatectl set-ntp true`",
        runbook: None,
        before_start: true,
        judge: |facts| with(facts, clock_synchronized),
    },
];

/// Free parts of a disk.
const LITTLE_ROOM: f64 = 0.15;
const NO_ROOM: f64 = 0.05;
/// Prometheus wants to write a block of up to half of this, and object stores refuse to write when little more is left.
const LEAST_ROOM: u64 = 1 << 30;
/// On a disk that is smaller, [`LEAST_ROOM`] would be much of it.
const SMALL_DISK: u64 = 10 << 30;
const FEW_INODES: f64 = 0.10;
const NO_INODES: f64 = 0.02;
const LITTLE_MEMORY: f64 = 0.10;
const NO_MEMORY: f64 = 0.03;
const LITTLE_SWAP: f64 = 0.10;
/// Per cent of time.
const MEMORY_PRESSURE: f64 = 10.0;
const IO_PRESSURE: f64 = 50.0;
/// Without anybody who remembers, a kill is told for so long after the boot.
const BOOT_IS_NEAR: Duration = Duration::from_hours(24);
/// Tasks for each processor.
const MUCH_LOAD: f64 = 8.0;

fn with(facts: &Facts, of: impl Fn(&Host) -> Reading) -> Reading {
    match &facts.host {
        None => Reading::not_applicable("the machine was not looked at"),
        Some(host) => of(host),
    }
}

fn answered<T>(answer: &Answer<T>, of: impl Fn(&T) -> Reading) -> Reading {
    match answer {
        Ok(fact) => of(fact),
        Err(error) => Reading::unknown(error),
    }
}

/// A check on all mounts. Without one of which something can be said, it does not apply.
fn judge(facts: &Facts, of: fn(&Mount) -> Option<Reading>) -> Reading {
    with(facts, |host| {
        if let (true, Err(error)) = (host.mounts.is_empty(), &host.file_systems) {
            return Reading::unknown(error);
        }
        let readings: Vec<_> = host
            .mounts
            .iter()
            .filter(|mount| !mount.image)
            .filter_map(of)
            .collect();
        match readings.as_slice() {
            [] => Reading::not_applicable("nothing is known of any disk"),
            readings => {
                let seen: Vec<_> = readings.iter().map(|reading| reading.evidence.as_str()).collect();
                Reading::worst(readings.iter().cloned(), seen.join("; "))
            }
        }
    })
}

fn disk_space(mount: &Mount) -> Reading {
    let path = mount.path.display();
    let room = match &mount.room {
        Ok(room) => room,
        Err(error) => return Reading::unknown(error),
    };
    // as `df` counts: what only root may use belongs to nobody
    let size = room.free + room.used;
    let free = part(room.free, size);
    let seen = format!(
        "{path} has {} ({:.0} %) free",
        bytes(room.free as f64),
        100.0 * free
    );
    if free < NO_ROOM || (room.free < LEAST_ROOM && size > SMALL_DISK) {
        Reading::down(seen)
    } else if free < LITTLE_ROOM {
        Reading::degraded(seen)
    } else {
        Reading::ok(seen)
    }
}

fn disk_inodes(mount: &Mount) -> Option<Reading> {
    // that it cannot be seen is told by the check on its room
    let Room {
        inodes_free, inodes, ..
    } = mount.room.as_ref().ok()?;
    let free = part((*inodes_free)?, *inodes);
    let seen = format!(
        "{} has {:.0} % of its inodes free",
        mount.path.display(),
        100.0 * free
    );
    Some(if free < NO_INODES {
        Reading::down(seen)
    } else if free < FEW_INODES {
        Reading::degraded(seen)
    } else {
        Reading::ok(seen)
    })
}

fn disk_forecast(mount: &Mount) -> Option<Reading> {
    let free = mount.forecast?;
    let path = mount.path.display();
    Some(if free <= 0.0 {
        Reading::degraded(format!(
            "{path} will be full within four hours, if it goes on as in the last six"
        ))
    } else {
        Reading::ok(format!("{path} will have {} free in four hours", bytes(free)))
    })
}

fn writable(all: &[FileSystem]) -> Reading {
    let read_only = all
        .iter()
        .filter(|file_system| file_system.read_only)
        .map(|file_system| {
            let FileSystem {
                path,
                device,
                kind,
                needed,
                ..
            } = file_system;
            let seen = format!("{kind} of {device} on {} is read-only", path.display());
            if *needed {
                Reading::down(seen)
            } else {
                Reading::degraded(seen)
            }
        });
    Reading::worst(read_only, count(all.len(), "file system"))
}

fn without_errors(all: &[FileSystem]) -> Reading {
    let counting = all
        .iter()
        .filter(|file_system| file_system.errors.is_some())
        .count();
    if counting == 0 {
        return Reading::not_applicable("no file system counts its errors");
    }
    let broken = all.iter().filter_map(|file_system| {
        let errors = file_system.errors.filter(|&errors| errors > 0)?;
        let on: &Path = &file_system.path;
        Some(Reading::degraded(format!(
            "{} on {} has counted {}",
            file_system.device,
            on.display(),
            count(errors as usize, "error")
        )))
    });
    Reading::worst(broken, count(counting, "file system"))
}

fn memory_available(memory: &Memory) -> Reading {
    let free = part(memory.available, memory.total);
    let seen = format!(
        "{} of {} available",
        bytes(memory.available as f64),
        bytes(memory.total as f64)
    );
    if free < NO_MEMORY {
        Reading::down(seen)
    } else if free < LITTLE_MEMORY {
        Reading::degraded(seen)
    } else {
        Reading::ok(seen)
    }
}

fn swap_used(memory: &Memory) -> Reading {
    if memory.swap_total == 0 {
        return Reading::not_applicable("there is no swap space");
    }
    let seen = format!(
        "{} of {} free",
        bytes(memory.swap_free as f64),
        bytes(memory.swap_total as f64)
    );
    if part(memory.swap_free, memory.swap_total) < LITTLE_SWAP {
        Reading::degraded(seen)
    } else {
        Reading::ok(seen)
    }
}

/// Waiting for processors is told, not judged: a busy machine that keeps up is used well.
fn pressure(host: &Host) -> Reading {
    let Some(Pressure { cpu, memory, io }) = host.pressure else {
        return Reading::not_applicable("this kernel does not tell");
    };
    let share = |name: &str, value: Option<f64>| value.map(|value| format!("{value:.0} % for {name}"));
    let waited = [
        share("memory", memory),
        share("disks", io),
        share("processors", cpu),
    ];
    let waited: Vec<_> = waited.into_iter().flatten().collect();
    let seen = format!("work waited in the last five minutes {}", waited.join(", "));
    let is_much = |value: Option<f64>, bound: f64| value.is_some_and(|value| value > bound);
    if is_much(memory, MEMORY_PRESSURE) || is_much(io, IO_PRESSURE) {
        Reading::degraded(seen)
    } else {
        Reading::ok(seen)
    }
}

fn oom_kills(kills: &Kills) -> Reading {
    let since_boot = format!(
        "{} since the boot {} ago",
        kills.since_boot,
        time(kills.uptime.as_secs_f64())
    );
    match kills.last_hour {
        // what grew by less than half of one has only been extrapolated
        Some(lately) if lately >= 0.5 => {
            Reading::degraded(format!("{lately:.0} in the last hour, {since_boot}"))
        }
        None if kills.since_boot > 0 && kills.uptime < BOOT_IS_NEAR => Reading::degraded(since_boot),
        _ => Reading::ok(since_boot),
    }
}

fn load(load: &Load) -> Reading {
    let seen = format!(
        "{:.1} tasks on {}, on the average of 15 minutes",
        load.tasks,
        count(load.processors, "processor")
    );
    if load.tasks > MUCH_LOAD * load.processors as f64 {
        Reading::degraded(seen)
    } else {
        Reading::ok(seen)
    }
}

fn clock_synchronized(host: &Host) -> Reading {
    match &host.clock {
        None => Reading::not_applicable("no time server has to keep it (system.clock)"),
        Some(Err(error)) => Reading::unknown(error),
        Some(Ok(Clock { synchronized: false })) => Reading::degraded("it is not"),
        Some(Ok(Clock { synchronized: true })) => Reading::ok("it is"),
    }
}

fn part(some: u64, all: u64) -> f64 {
    if all == 0 { 1.0 } else { some as f64 / all as f64 }
}

#[cfg(test)]
pub(super) mod tests;
