//! kill -9 in the middle of everything, and state files that are not what they were.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::collector::PATIENCE;
use crate::load::Load;
use crate::program::{Program, command};

fn start(state: &Path) -> Program {
    let mut command = command();
    command.env("SIGNALBOX_COLLECTOR__STATE_DIR", state);
    Program::start(command)
}

/// Below `bound`; another one each time.
fn any(bound: u64) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    // neighbouring times lead far apart
    ((u64::from(now.subsec_nanos()) * 2_654_435_761) >> 8) % bound
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answered_delta_is_lost_or_counted_twice_whenever_it_is_killed() {
    let state = tempfile::tempdir().unwrap();
    let load = Load::new();
    // longer than one log: kills come before, in and after snapshots
    let mut round = 0;
    while round < 8 || !has_snapshot(state.path()) {
        round += 1;
        // dropped: killed, and nothing is told to it before
        let program = start(state.path());
        load.is_kept(&load.scrape(program.data).await.unwrap());
        let on = load.start(program.http, program.data);
        tokio::time::sleep(Duration::from_millis(any(600))).await;
        drop(program);
        on.stop().await;
        println!("killed {round} times after {} answers", load.answered());
    }
    let program = start(state.path());
    load.is_kept(&load.scrape(program.data).await.unwrap());
    load.is_exact(program.http, program.data).await;
}

fn has_snapshot(state: &Path) -> bool {
    let mut entries = std::fs::read_dir(state)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    entries.any(|name| name.to_string_lossy().starts_with("snapshot-0"))
}

/// The newest log with something in it.
fn log(state: &Path) -> PathBuf {
    let entries = std::fs::read_dir(state).unwrap().map(|entry| entry.unwrap());
    let written = entries.filter(|entry| entry.metadata().unwrap().len() > 100);
    let paths = written.map(|entry| entry.path());
    let logs = paths.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("log-"));
    logs.max().expect("a log")
}

/// Somewhere in a log, not between two frames: a cut there is none that could be seen.
fn inside_a_frame(log: &[u8]) -> u64 {
    let mut starts = vec![8];
    while let Some(length) = log
        .get(starts[starts.len() - 1]..)
        .and_then(|rest| rest.first_chunk())
    {
        starts.push(starts[starts.len() - 1] + 8 + u32::from_le_bytes(*length) as usize);
    }
    starts.retain(|start| *start < log.len());
    let start = starts[any(starts.len() as u64) as usize];
    let length = u32::from_le_bytes(*log[start..].first_chunk().unwrap());
    start as u64 + 1 + any(u64::from(length) + 7)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_or_changed_state_file_is_used_up_to_there_and_set_aside() {
    for torn in [true, false] {
        let state = tempfile::tempdir().unwrap();
        let load = Load::new();
        let program = start(state.path());
        let on = load.start(program.http, program.data);
        let some = async {
            while load.answered() < 100 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, some).await.expect("answers");
        drop(program);
        on.stop().await;

        let path = log(state.path());
        let file = OpenOptions::new().read(true).write(true).open(&path).unwrap();
        let at = inside_a_frame(&std::fs::read(&path).unwrap());
        if torn {
            file.set_len(at).unwrap();
        } else {
            let mut byte = [0];
            file.read_exact_at(&mut byte, at).unwrap();
            file.write_all_at(&[!byte[0]], at).unwrap();
        }
        println!("at {at}, torn: {torn}");

        let program = start(state.path());
        let kept = load.scrape(program.data).await.unwrap();
        load.goes_on_from(&kept, program.http, program.data).await;
        // what is there is written anew, and then the file is not needed any more
        let aside = path.with_extension("torn");
        let set_aside = async {
            while !aside.exists() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, set_aside)
            .await
            .expect("it is set aside");
        let before = load.scrape(program.data).await.unwrap();
        drop(program);
        let program = start(state.path());
        let mut after = load.scrape(program.data).await.unwrap();
        after.extend(
            before
                .clone()
                .into_iter()
                .filter(|(series, _)| series.starts_with("cumulative")),
        );
        assert_eq!(after, before);
    }
}
