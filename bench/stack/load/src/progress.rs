//! One line that says how far it is, written over on a terminal.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// From one line to the next where they cannot be written over.
const PAUSE: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub(crate) struct Progress {
    is_terminal: bool,
    begin: Instant,
    /// When a line was written last.
    last: Option<Instant>,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self {
            is_terminal: std::io::stderr().is_terminal(),
            begin: Instant::now(),
            last: None,
        }
    }

    /// How far something is. Not all of it is shown.
    pub(crate) fn show(&mut self, text: &str) {
        let time = self.time();
        let mut out = std::io::stderr().lock();
        // that nobody sees it is no reason to stop
        let _ = if self.is_terminal {
            write!(out, "\r\x1b[K{time}  {text}").and_then(|()| out.flush())
        } else if self.last.is_none_or(|last| last.elapsed() >= PAUSE) {
            self.last = Some(Instant::now());
            writeln!(out, "{time}  {text}")
        } else {
            Ok(())
        };
    }

    /// Something that stays.
    pub(crate) fn say(&mut self, text: &str) {
        let time = self.time();
        let begin = if self.is_terminal { "\r\x1b[K" } else { "" };
        let _ = writeln!(std::io::stderr(), "{begin}{time}  {text}");
    }

    fn time(&self) -> String {
        let seconds = self.begin.elapsed().as_secs();
        format!("{:02}:{:02}", seconds / 60, seconds % 60)
    }
}
