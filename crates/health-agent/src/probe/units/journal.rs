//! How many messages of priority error or worse there were of late, by who sent them.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

use crate::facts::Answer;
use crate::facts::units::Journal;

/// How far back is looked.
const WINDOW: Duration = Duration::from_mins(15);
/// The newest messages that are read; of more, the oldest are not counted.
const MESSAGES: &str = "--lines=2000";
/// The most that is read of them, in bytes.
const MAX_OUTPUT: u64 = 8 << 20;
/// What the kernel says of broken disks, want of memory and tasks that hang; it has more messages of that priority, which
/// mean little. Of several in one message the first counts.
const KERNEL: &[&str] = &[
    "I/O error",
    "EXT4-fs error",
    "XFS (",
    "BTRFS error",
    "Remounting filesystem read-only",
    "Memory cgroup out of memory",
    "Out of memory",
    "blocked for more than",
    "Hardware Error",
    "Machine check",
];

/// Asks `journalctl`, which knows every version of the journal's format.
pub(super) async fn read(timeout: Duration) -> Answer<Journal> {
    let reading = ask();
    match tokio::time::timeout(timeout, reading).await {
        Ok(read) => read,
        Err(_) => Err("journalctl did not end in time".to_owned()),
    }
}

async fn ask() -> Answer<Journal> {
    let mut child = start("journalctl")
        // where a unit's PATH is its own
        .or_else(|_| start("/run/current-system/systemd/bin/journalctl"))
        .map_err(|error| format!("journalctl cannot be run: {error}"))?;
    let (out, errors) = (child.stdout.take(), child.stderr.take());
    let (out, errors) = tokio::join!(head(out), head(errors));
    // it has ended: of what is cut off nobody is left to read the rest
    child
        .wait()
        .await
        .map_err(|error| format!("journalctl broke off: {error}"))?;
    let (out, errors) = (out?, String::from_utf8_lossy(&errors?).into_owned());
    if errors.contains("insufficient permissions") || errors.contains("not seeing messages") {
        return Err("the journal may not be read: this user is not in the group systemd-journal".to_owned());
    }
    match errors.lines().next() {
        Some(line) if out.is_empty() && !line.starts_with("-- No entries") => {
            Err(format!("journalctl said: {line}"))
        }
        _ => Ok(parse(&String::from_utf8_lossy(&out))),
    }
}

fn start(program: &str) -> io::Result<Child> {
    Command::new(program)
        .args(["--output=json", "--priority=err", "--no-pager", MESSAGES])
        .arg(format!("--since=-{}s", WINDOW.as_secs()))
        .arg("--output-fields=MESSAGE,_SYSTEMD_UNIT,UNIT,_PID,_TRANSPORT")
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
}

async fn head(stream: Option<impl AsyncRead + Unpin>) -> Answer<Vec<u8>> {
    let mut text = vec![];
    if let Some(stream) = stream {
        stream
            .take(MAX_OUTPUT)
            .read_to_end(&mut text)
            .await
            .map_err(|error| format!("journalctl broke off: {error}"))?;
    }
    Ok(text)
}

/// Total: a line that is no message, such as one that was cut off, is left out.
fn parse(text: &str) -> Journal {
    let mut journal = Journal {
        window: WINDOW,
        ..Journal::default()
    };
    for line in text.lines() {
        let Ok(entry) = serde_json::from_str::<Map<String, Value>>(line) else {
            continue;
        };
        let field = |name: &str| entry.get(name).and_then(Value::as_str);
        let message = message(entry.get("MESSAGE"));
        if field("_TRANSPORT") == Some("kernel") {
            if let Some(&about) = KERNEL.iter().find(|&&part| message.contains(part)) {
                *journal.kernel.entry(about).or_default() += 1;
            }
            continue;
        }
        // what the manager says of a unit is that unit's
        let about = (field("_PID") == Some("1")).then(|| field("UNIT")).flatten();
        let Some(unit) = about.or_else(|| field("_SYSTEMD_UNIT")) else {
            continue;
        };
        if about.is_some() && message.contains("Watchdog timeout") {
            *journal.watchdog.entry(unit.to_owned()).or_default() += 1;
        }
        *journal.units.entry(unit.to_owned()).or_default() += 1;
    }
    journal
}

/// A message that is not UTF-8 comes as a list of bytes, one that is too long as null.
fn message(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(bytes)) => {
            let bytes: Vec<_> = bytes
                .iter()
                .filter_map(|byte| Some(byte.as_u64()? as u8))
                .collect();
            String::from_utf8_lossy(&bytes).into_owned()
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = r#"
{"__REALTIME_TIMESTAMP":"1","_PID":"70","_SYSTEMD_UNIT":"signalbox-collector.service","_TRANSPORT":"journal","MESSAGE":"failed to write"}
{"__REALTIME_TIMESTAMP":"2","_PID":"70","_SYSTEMD_UNIT":"signalbox-collector.service","_TRANSPORT":"journal","MESSAGE":"failed again\nwith more"}
{"__REALTIME_TIMESTAMP":"3","_PID":"1","_SYSTEMD_UNIT":"init.scope","UNIT":"signalbox-dashboard.service","_TRANSPORT":"journal","MESSAGE":"signalbox-dashboard.service: Watchdog timeout (limit 30s)!"}
{"__REALTIME_TIMESTAMP":"4","_PID":"99","_SYSTEMD_UNIT":"evil.service","UNIT":"signalbox-dashboard.service","MESSAGE":"Watchdog timeout"}
{"__REALTIME_TIMESTAMP":"5","_TRANSPORT":"kernel","MESSAGE":"blk_update_request: I/O error, dev vda, sector 1"}
{"__REALTIME_TIMESTAMP":"6","_TRANSPORT":"kernel","MESSAGE":"usb 1-1: device descriptor read/64, error -71"}
{"__REALTIME_TIMESTAMP":"7","_SYSTEMD_UNIT":"bytes.service","MESSAGE":[98,97,100,255]}
{"__REALTIME_TIMESTAMP":"8","_SYSTEMD_UNIT":"long.service","MESSAGE":null}
{"__REALTIME_TIMESTAMP":"9","MESSAGE":"from nowhere"}
{"__REALTIME_TIMESTAMP":"9","_SYSTEMD_UNIT":"cut.serv"#;

    #[test]
    fn counts_by_sender() {
        let counted: Vec<_> = parse(LINES).units.into_iter().collect();
        let expected = [
            ("bytes.service", 1),
            ("evil.service", 1),
            ("long.service", 1),
            ("signalbox-collector.service", 2),
            ("signalbox-dashboard.service", 1),
        ];
        assert_eq!(
            counted,
            expected.map(|(unit, count)| (unit.to_owned(), count)).to_vec()
        );
    }

    #[test]
    fn only_the_manager_tells_of_watchdogs() {
        let watchdog = parse(LINES).watchdog;
        assert_eq!(
            watchdog.into_iter().collect::<Vec<_>>(),
            [("signalbox-dashboard.service".to_owned(), 1)]
        );
    }

    #[test]
    fn of_the_kernel_only_what_means_something() {
        let kernel = parse(LINES).kernel;
        assert_eq!(kernel.into_iter().collect::<Vec<_>>(), [("I/O error", 1)]);
    }

    #[test]
    fn a_message_can_be_a_list_of_bytes() {
        let bytes = serde_json::json!([98, 97, 100, 255]);
        assert_eq!(message(Some(&bytes)), "bad\u{fffd}");
        assert_eq!(message(Some(&Value::Null)), "");
    }
}
