//! How long series are kept.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use service::Problems;

use crate::process::Glob;
use crate::series::Expiry;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawExpiry {
    gauges: String,
    counters: String,
    /// By patterns of exposed names.
    overrides: BTreeMap<String, String>,
}

impl Default for RawExpiry {
    fn default() -> Self {
        Self {
            gauges: "5m".to_owned(),
            counters: "1h".to_owned(),
            overrides: BTreeMap::new(),
        }
    }
}

impl RawExpiry {
    /// The overrides are in the order in which they are to be tried.
    pub(super) fn parse(self, problems: &mut Problems) -> Option<Expiry> {
        let mut age = |key: &str, text: &str| match text {
            "never" => Some(None),
            _ => match humantime::parse_duration(text) {
                Ok(age) if age >= Duration::from_secs(1) => Some(Some(age)),
                _ => {
                    problems.add(
                        key,
                        format!("must be a time of at least 1s, such as 5m, or never, is `{text}`"),
                    );
                    None
                }
            },
        };
        let gauges = age("expiry.gauges", &self.gauges);
        let counters = age("expiry.counters", &self.counters);
        let mut patterns: Vec<_> = self.overrides.into_iter().collect();
        // of several patterns that fit, the longest is the one that was meant
        patterns.sort_by_key(|(pattern, _)| Reverse(pattern.chars().count()));
        let mut overrides = Vec::new();
        for (pattern, text) in patterns {
            if let Some(age) = age(&format!("expiry.overrides.{pattern}"), &text) {
                overrides.push((Glob::new(&pattern), age));
            }
        }
        Some(Expiry {
            gauges: gauges?,
            counters: counters?,
            overrides,
        })
    }
}
