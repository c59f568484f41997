//! What a process has used, by /proc.

use std::time::{Duration, Instant};

use anyhow::Context;

/// The unit of CPU time in /proc, in seconds, which is the same on every Linux.
const TICK: f64 = 0.01;

/// A process is quiet when it uses no more than a tick in this time.
const QUIET: Duration = Duration::from_millis(300);

/// How long to wait for that.
const PATIENCE: Duration = Duration::from_secs(10);

/// Resident memory, in bytes.
#[derive(Debug, Clone, Copy, Default, serde::Serialize)]
pub struct Memory {
    /// When it was read.
    pub now: u64,
    /// The most there ever was.
    pub peak: u64,
    /// Of what there is now, what is not of files: the kernel cannot take it back.
    pub anonymous: u64,
}

/// Seconds of CPU time so far, of user and system.
pub fn cpu(process: u32) -> anyhow::Result<f64> {
    ticks(&format!("/proc/{process}/stat"), [14, 15])
}

/// Seconds of CPU time that children of this process have used, of those that have ended and were waited for.
pub fn cpu_of_ended_children() -> anyhow::Result<f64> {
    ticks("/proc/self/stat", [16, 17])
}

/// The sum of two fields of a stat file, in seconds.
fn ticks(path: &str, fields: [usize; 2]) -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string(path).with_context(|| format!("cannot read {path}"))?;
    // the name may have spaces; what follows it begins with the third field
    let (_, rest) = stat
        .rsplit_once(')')
        .context("a stat file has a name in brackets")?;
    let field = |number: usize| -> Option<u32> { rest.split_whitespace().nth(number - 3)?.parse().ok() };
    let ticks = field(fields[0])
        .zip(field(fields[1]))
        .map(|(one, other)| one + other);
    Ok(TICK * f64::from(ticks.context("a stat file has CPU times")?))
}

/// CPU time when the process has done what it was given: the Go collector works on after it has answered.
pub fn settled_cpu(process: u32) -> anyhow::Result<f64> {
    let begin = Instant::now();
    let mut before = cpu(process)?;
    loop {
        std::thread::sleep(QUIET);
        let after = cpu(process)?;
        if after - before < 1.5 * TICK || begin.elapsed() > PATIENCE {
            return Ok(after);
        }
        before = after;
    }
}

/// The resident memory of a process.
pub fn memory(process: u32) -> anyhow::Result<Memory> {
    let path = format!("/proc/{process}/status");
    let status = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    let kilobytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    let now = kilobytes("VmRSS:").context("a status file has VmRSS")?;
    let peak = kilobytes("VmHWM:").unwrap_or(now);
    let files = kilobytes("RssFile:").unwrap_or(0);
    Ok(Memory {
        now: now * 1024,
        peak: peak * 1024,
        anonymous: now.saturating_sub(files) * 1024,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_used_something() {
        let process = std::process::id();
        let memory = memory(process).expect("memory");
        assert!(memory.now > 100_000 && memory.peak >= memory.now, "{memory:?}");
        assert!(
            memory.anonymous > 0 && memory.anonymous < memory.now,
            "{memory:?}"
        );
        // on a busy machine it may take a while to get a tick of the CPU
        let end = Instant::now() + Duration::from_mins(1);
        while cpu(process).expect("CPU time") < TICK {
            assert!(Instant::now() < end, "no CPU time in a minute");
            std::hint::spin_loop();
        }
    }
}
