//! What a process uses, as the kernel tells.

use std::fs;
use std::io;
use std::time::Duration;

/// Of one process, since its start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Usage {
    /// User and system time.
    pub(crate) cpu: Duration,
    /// Bytes; what several processes share, as the code of one program, is divided among them.
    pub(crate) memory: u64,
}

impl Usage {
    /// An error if there is no such process, or it is another user's.
    pub(crate) fn of(pid: u32) -> io::Result<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
        let odd = || io::Error::other(format!("/proc/{pid} is not as expected"));
        Ok(Self {
            cpu: cpu(&stat, rustix::param::clock_ticks_per_second()).ok_or_else(odd)?,
            memory: memory(&rollup).ok_or_else(odd)?,
        })
    }
}

/// `/proc/<pid>/stat`, proc(5): fields 14 and 15, in ticks.
fn cpu(stat: &str, ticks_per_second: u64) -> Option<Duration> {
    // the second field is the program's name in parentheses, which may hold anything
    let after_name = stat.rsplit_once(')')?.1;
    let mut fields = after_name.split_whitespace().skip(11);
    let ticks = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
    Some(Duration::from_secs_f64(ticks as f64 / ticks_per_second as f64))
}

/// `/proc/<pid>/smaps_rollup`: `Pss:  1234 kB`.
fn memory(rollup: &str) -> Option<u64> {
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_words_are_understood() {
        let stat = "4711 (odd) name) S 1 4711 4711 0 -1 4194560 1 0 0 0 250 50 0 0 20 0 9 0 1 2 3";
        assert_eq!(cpu(stat, 100), Some(Duration::from_secs(3)));
        assert_eq!(cpu("4711 (short) S 1", 100), None);
        let rollup =
            "55d0 ---p 0 00:00 0 [rollup]\nRss:        9000 kB\nPss:        1234 kB\nPss_Dirty:   100 kB\n";
        assert_eq!(memory(rollup), Some(1234 * 1024));
        assert_eq!(memory(""), None);
    }

    #[test]
    fn this_process_uses_something() {
        let usage = Usage::of(std::process::id()).unwrap();
        assert!(usage.memory > 1024 * 1024, "{usage:?}");
        assert!(Usage::of(u32::MAX).is_err());
    }
}
