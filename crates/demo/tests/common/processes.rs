//! Which processes of a box run, whoever their parent is by now: each carries the box's state directory in its
//! environment.

use std::fs;
use std::path::Path;
use std::time::Duration;

/// In the environment of every process of a box.
pub(crate) const MARK: &str = "SIGNALBOX_DEMO_BOX";

/// The command lines of all that run now for the box with that state directory.
pub(crate) fn of_box(state: &Path) -> Vec<String> {
    let mark = format!("{MARK}={}", state.display());
    let numbers = fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    numbers
        .filter(|pid: &i32| {
            // no environment: gone, another user's, or dead and waiting for its parent
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment
                .split(|byte| *byte == 0)
                .any(|variable| variable == mark.as_bytes())
        })
        .map(command)
        .collect()
}

fn command(pid: i32) -> String {
    let raw = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&raw).replace('\0', " ").trim().to_owned()
}

/// The same, as soon as one of them is `command`.
pub(crate) async fn of_box_with(state: &Path, command: &str) -> Vec<String> {
    for _ in 0..500 {
        let commands = of_box(state);
        if commands.iter().any(|one| one == command) {
            return commands;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("none is {command:?}: {:#?}", of_box(state));
}

/// Waits until nothing of the box runs: the kernel ends processes on its own time.
pub(crate) async fn assert_none(state: &Path) {
    for _ in 0..500 {
        if of_box(state).is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("left behind: {:#?}", of_box(state));
}
