//! A log that cannot fill the disk: the run before and the beginning of this one are kept, in one file each.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// One file; together with the rotated one a part's log takes at most twice as much.
pub(crate) const LIMIT: u64 = 8 * 1024 * 1024;

#[derive(Debug)]
pub(crate) struct LogFile {
    path: PathBuf,
    file: File,
    written: u64,
    limit: u64,
}

impl LogFile {
    /// Starts a new file at `path`; what was there becomes `<path>.1`.
    pub(crate) fn create(path: &Path, limit: u64) -> io::Result<Self> {
        match fs::rename(path, rotated(path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        Ok(Self {
            path: path.to_owned(),
            file: File::create(path)?,
            written: 0,
            limit,
        })
    }

    /// Appends `bytes`, to a new file if this one is full. Either all of them or none.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.written + bytes.len() as u64 > self.limit && self.written > 0 {
            *self = Self::create(&self.path, self.limit)?;
        }
        if let Err(error) = self.file.write_all_at(bytes, self.written) {
            // a full disk takes the first half of a line, and the next line would end it
            drop(self.file.set_len(self.written));
            return Err(error);
        }
        self.written += bytes.len() as u64;
        Ok(())
    }
}

fn rotated(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".1");
    name.into()
}

/// The last `lines` lines of the file at `path`; nothing if it cannot be read. A log is never larger than its limit.
pub(crate) fn tail(path: &Path, lines: usize) -> Vec<String> {
    let text = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let all: Vec<_> = text.lines().collect();
    all[all.len().saturating_sub(lines)..]
        .iter()
        .map(|line| (*line).to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_run_before_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("part.log");
        LogFile::create(&path, LIMIT)
            .unwrap()
            .write(b"first run\n")
            .unwrap();
        LogFile::create(&path, LIMIT)
            .unwrap()
            .write(b"second run\n")
            .unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "second run\n");
        assert_eq!(fs::read_to_string(rotated(&path)).unwrap(), "first run\n");
    }

    #[test]
    fn never_grows_past_twice_its_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("part.log");
        let mut log = LogFile::create(&path, 100).unwrap();
        for number in 0..50 {
            log.write(format!("line {number:04}\n").as_bytes()).unwrap();
        }
        assert_eq!(fs::metadata(&path).unwrap().len(), 100);
        assert_eq!(fs::metadata(rotated(&path)).unwrap().len(), 100);
        assert_eq!(tail(&path, 1), ["line 0049"]);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
    }

    #[test]
    fn the_tail_is_the_last_lines_even_of_a_long_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("part.log");
        let text = (0..20_000).fold(String::new(), |text, number| text + &format!("line {number}\n"));
        fs::write(&path, text).unwrap();
        assert_eq!(tail(&path, 2), ["line 19998", "line 19999"]);
        assert_eq!(tail(&folder.path().join("none.log"), 2), Vec::<String>::new());
    }
}
