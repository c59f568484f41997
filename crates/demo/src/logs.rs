//! Shows a part's log, as `tail` would, over its rotation.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write as _};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};

use crate::log_file;

/// Between two looks whether there is more.
const LOOK: Duration = Duration::from_millis(200);

/// Prints the last `lines` lines of a part's log; with `follow` it goes on until nobody reads it any more.
pub(crate) fn run(state: &Path, part: &str, lines: usize, follow: bool) -> anyhow::Result<ExitCode> {
    let path = find(state, part)?;
    let mut file = File::open(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut out = io::stdout().lock();
    let end = file.seek(SeekFrom::End(0))?;
    let mut text = log_file::tail(&path, lines).join("\n");
    if !text.is_empty() {
        text.push('\n');
    }
    let mut shown = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    file.seek(SeekFrom::Start(end))?;
    while follow && shown.is_ok() {
        std::thread::sleep(LOOK);
        let mut more = Vec::new();
        file.read_to_end(&mut more)?;
        // a new run or a full file: the log goes on in a file of the same name
        let is_replaced =
            fs::metadata(&path).is_ok_and(|now| file.metadata().is_ok_and(|ours| ours.ino() != now.ino()));
        if is_replaced {
            file = File::open(&path)?;
            file.read_to_end(&mut more)?;
        }
        shown = out.write_all(&more).and_then(|()| out.flush());
    }
    match shown {
        // whoever read it has seen enough
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error).context("cannot show the log"),
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// The log of that part, or an error that names those which there are.
fn find(state: &Path, part: &str) -> anyhow::Result<PathBuf> {
    let folder = state.join("logs");
    let mut known: Vec<_> = fs::read_dir(&folder)
        .with_context(|| format!("cannot look into {}; --state-dir names another", folder.display()))?
        .filter_map(|entry| Some(entry.ok()?.file_name().to_str()?.strip_suffix(".log")?.to_owned()))
        .collect();
    known.sort();
    if !known.iter().any(|name| name == part) {
        bail!("there is no log of {part}, only of {}", known.join(", "));
    }
    Ok(folder.join(format!("{part}.log")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_parts_that_have_logs_are_found() {
        let state = tempfile::tempdir().unwrap();
        let folder = state.path().join("logs");
        fs::create_dir(&folder).unwrap();
        for name in [
            "prometheus-b.log",
            "prometheus-b.log.1",
            "api-qa.log",
            "notifications.jsonl",
        ] {
            fs::write(folder.join(name), "").unwrap();
        }
        assert_eq!(find(state.path(), "api-qa").unwrap(), folder.join("api-qa.log"));
        for wrong in ["prometheus", "../logs/api-qa"] {
            let told = find(state.path(), wrong).unwrap_err().to_string();
            assert_eq!(
                told,
                format!("there is no log of {wrong}, only of api-qa, prometheus-b")
            );
        }
        let told = find(Path::new("/nowhere"), "x").unwrap_err().to_string();
        assert_eq!(told, "cannot look into /nowhere/logs; --state-dir names another");
    }
}
