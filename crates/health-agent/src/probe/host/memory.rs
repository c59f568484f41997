//! Memory, pressure and load, out of `/proc`.

use std::fs;
use std::thread::available_parallelism;
use std::time::Duration;

use crate::facts::Answer;
use crate::facts::host::{Kills, Load, Memory, Pressure};

pub(super) fn read() -> Answer<Memory> {
    memory(&file("/proc/meminfo")?)
        .ok_or_else(|| "/proc/meminfo does not tell how much memory is available".to_owned())
}

/// `None` where the kernel was built or started without it.
pub(super) fn pressure() -> Option<Pressure> {
    let average = |what: &str, who: &str| average(&file(&format!("/proc/pressure/{what}")).ok()?, who);
    let pressure = Pressure {
        // of all processors at once nothing ever waits
        cpu: average("cpu", "some"),
        memory: average("memory", "full"),
        io: average("io", "full"),
    };
    (pressure != Pressure::default() || fs::exists("/proc/pressure/memory").unwrap_or(false))
        .then_some(pressure)
}

pub(super) fn kills() -> Answer<Kills> {
    let uptime = file("/proc/uptime")?;
    let uptime = uptime.split(' ').next().and_then(|seconds| seconds.parse().ok());
    Ok(Kills {
        since_boot: value(&file("/proc/vmstat")?, "oom_kill")
            .ok_or_else(|| "/proc/vmstat does not count processes that were killed".to_owned())?,
        last_hour: None,
        uptime: Duration::try_from_secs_f64(uptime.unwrap_or(0.0)).unwrap_or_default(),
    })
}

pub(super) fn load() -> Answer<Load> {
    let text = file("/proc/loadavg")?;
    let tasks = text.split(' ').nth(2).and_then(|load| load.parse().ok());
    Ok(Load {
        tasks: tasks.ok_or_else(|| "/proc/loadavg does not tell the load".to_owned())?,
        processors: available_parallelism().map_or(1, usize::from),
    })
}

fn memory(text: &str) -> Option<Memory> {
    let bytes = |name: &str| Some(value(text, name)? * 1024);
    Some(Memory {
        total: bytes("MemTotal:")?,
        available: bytes("MemAvailable:")?,
        swap_total: bytes("SwapTotal:").unwrap_or(0),
        swap_free: bytes("SwapFree:").unwrap_or(0),
    })
}

/// `some avg10=0.00 avg60=0.00 avg300=1.50 total=123`: 1.5.
fn average(text: &str, who: &str) -> Option<f64> {
    let line = text.lines().find(|line| line.starts_with(who))?;
    line.split(' ')
        .find_map(|field| field.strip_prefix("avg300="))?
        .parse()
        .ok()
}

/// `name   123 kB`: 123.
fn value(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        (words.next()? == name).then(|| words.next()?.parse().ok())?
    })
}

fn file(path: &str) -> Answer<String> {
    fs::read_to_string(path).map_err(|error| format!("{path} cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_memory_in_bytes() {
        let text = "MemTotal:       2048 kB\nMemFree: 1 kB\nMemAvailable:   1024 kB\nSwapTotal:      10 kB\nSwapFree:        4 kB\n";
        assert_eq!(
            memory(text),
            Some(Memory {
                total: 2 << 20,
                available: 1 << 20,
                swap_total: 10 << 10,
                swap_free: 4 << 10,
            })
        );
        assert_eq!(memory("MemTotal: 2048 kB\n"), None);
    }

    #[test]
    fn reads_the_average_over_five_minutes() {
        let text = "some avg10=9.00 avg60=8.00 avg300=7.50 total=1\nfull avg10=1.00 avg60=0.50 avg300=0.25 total=2\n";
        assert_eq!(average(text, "some"), Some(7.5));
        assert_eq!(average(text, "full"), Some(0.25));
        assert_eq!(average("some avg10=9.00\n", "full"), None);
    }

    #[test]
    fn a_name_is_a_whole_word() {
        let text = "oom_kill_other 5\noom_kill 2\n";
        assert_eq!(value(text, "oom_kill"), Some(2));
    }

    #[test]
    fn this_machine_tells() {
        assert!(read().unwrap().available > 0);
        assert!(kills().unwrap().uptime > Duration::ZERO);
        assert!(load().unwrap().processors > 0);
    }
}
