use std::time::Duration;

use serde::{Deserialize, Serialize};
use service::Problems;

use super::read::{duration, keep};

/// Tidying up what batch jobs pushed and left behind.
#[derive(Clone, Debug)]
pub struct Reaper {
    /// From one look to the next.
    pub interval: Duration,
    /// Groups that were not pushed for so long are deleted; `None` keeps all.
    pub after: Option<Duration>,
    /// A group that has this label, with any value but the empty one, is kept.
    pub keep_label: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawReaper {
    interval: String,
    after: String,
    keep_label: String,
}

impl Default for RawReaper {
    fn default() -> Self {
        Self {
            interval: "1m".to_owned(),
            after: "1h".to_owned(),
            keep_label: "signalbox_keep".to_owned(),
        }
    }
}

impl RawReaper {
    pub(super) fn validate(self, problems: &mut Problems) -> Option<Reaper> {
        let second = Duration::from_secs(1);
        let interval = keep(
            problems,
            "reaper.interval",
            duration(&self.interval, second..=Duration::from_hours(1)),
        );
        let after = if self.after.is_empty() {
            Some(None)
        } else {
            let allowed = second..=Duration::from_hours(24 * 365);
            keep(problems, "reaper.after", duration(&self.after, allowed)).map(Some)
        };
        if self.keep_label.is_empty() {
            problems.add("reaper.keep_label", "must be the name of a label");
        }
        Some(Reaper {
            interval: interval?,
            after: after?,
            keep_label: self.keep_label,
        })
    }
}
