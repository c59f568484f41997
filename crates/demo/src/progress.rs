//! Shows how the start goes: one live line a part on a terminal, plain lines elsewhere. All of it on standard error.

use std::io::{IsTerminal, Write as _};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};

/// How often a live line is drawn anew.
const TICK: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(crate) struct Progress {
    names: Vec<String>,
    live: Option<Live>,
}

struct Live {
    all: MultiProgress,
    bars: Vec<ProgressBar>,
    starting: ProgressStyle,
    settled: ProgressStyle,
}

impl Progress {
    /// For parts of these names, in this order. `plain` forbids what only a terminal understands.
    pub(crate) fn new(names: Vec<String>, plain: bool) -> Self {
        let live = (!plain && std::io::stderr().is_terminal()).then(|| Live::new(&names));
        Self { names, live }
    }

    pub(crate) fn starting(&self, part: usize) {
        match &self.live {
            None => line(&format!("{}: starting", self.names[part])),
            Some(live) => {
                live.bars[part].set_style(live.starting.clone());
                live.bars[part].reset_elapsed();
                live.bars[part].enable_steady_tick(TICK);
            }
        }
    }

    /// The part has come to what `text` says: it is ready, or it never will be.
    pub(crate) fn settled(&self, part: usize, text: &str) {
        if self.live.is_none() {
            line(&format!("{}: {text}", self.names[part]));
        }
        self.ended(part, text);
    }

    /// The part has ended. Only a live line shows it here: the report of it follows.
    pub(crate) fn ended(&self, part: usize, text: &str) {
        if let Some(live) = &self.live {
            live.bars[part].set_style(live.settled.clone());
            live.bars[part].abandon_with_message(text.to_owned());
        }
    }

    /// Lines beside the parts' own.
    pub(crate) fn say(&self, text: &str) {
        match &self.live {
            None => line(text),
            Some(live) => live.all.suspend(|| line(text)),
        }
    }

    /// No line lives any longer: what is on the screen stays, and others may write there.
    pub(crate) fn freeze(&mut self) {
        if let Some(live) = self.live.take() {
            for bar in live.bars.iter().filter(|bar| !bar.is_finished()) {
                bar.abandon();
            }
        }
    }
}

impl Live {
    fn new(names: &[String]) -> Self {
        let width = names.iter().map(String::len).max().unwrap_or_default();
        let style = |end: &str| {
            ProgressStyle::with_template(&format!("{{spinner:.cyan}} {{prefix:{width}}}  {end}"))
                .expect("the templates are right")
                .tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏·")
                .with_key(
                    "seconds",
                    |state: &ProgressState, out: &mut dyn std::fmt::Write| {
                        let _ = out.write_str(&seconds(state.elapsed()));
                    },
                )
        };
        let all = MultiProgress::new();
        let bars = names
            .iter()
            .map(|name| {
                let bar = all.add(ProgressBar::new_spinner());
                bar.set_style(style("{msg}"));
                bar.set_prefix(name.clone());
                bar.set_message("waiting for others");
                bar
            })
            .collect();
        Self {
            all,
            bars,
            starting: style("starting {seconds}"),
            settled: style("{msg}"),
        }
    }
}

impl std::fmt::Debug for Live {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Live").finish_non_exhaustive()
    }
}

/// A line on standard error. If nobody can read it, the demo goes on.
pub(crate) fn line(text: &str) {
    // in one piece: another program may write to the same terminal
    let _ = std::io::stderr().write_all(format!("{text}\n").as_bytes());
}

pub(crate) fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
