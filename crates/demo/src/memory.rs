//! How much memory the third-party parts may take, and what they may be asked for so that it is enough, by class of box:
//! `stack/memory.json`, which the appliance goes by, too.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context;
use serde::Deserialize;

use crate::part::Part;
use crate::programs::Program;

/// The budget of one class.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Memory {
    /// How many active series the box is for.
    pub(crate) series: u64,
    /// MiB, by the part's name without its box.
    parts: BTreeMap<String, u32>,
    pub(crate) caches: Caches,
    pub(crate) limits: Limits,
}

/// MiB.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Caches {
    pub(crate) store_index_cache: u32,
    pub(crate) store_chunk_pool: u32,
    pub(crate) response_cache: u32,
}

/// Of one query.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Limits {
    pub(crate) prometheus_query_samples: u64,
    pub(crate) store_touched_series: u64,
}

impl Memory {
    /// The budget of a class of box: `4GB`.
    pub(crate) fn of_box(class: &str, stack: &Path) -> anyhow::Result<Self> {
        let path = stack.join("memory.json");
        let read = || -> anyhow::Result<_> {
            let mut classes: BTreeMap<String, Self> = serde_json::from_slice(&fs::read(&path)?)?;
            let known: Vec<_> = classes.keys().cloned().collect();
            let budget = classes.remove(class);
            budget.with_context(|| format!("no box of {class}, only of {}", known.join(", ")))
        };
        read().with_context(|| format!("cannot take a budget from {}", path.display()))
    }

    /// The variable that makes a program of Go collect its garbage before it needs more than its share. Ours hold
    /// themselves to limits of their own.
    pub(crate) fn limit_of(&self, part: &Part) -> Option<(String, String)> {
        let is_go = !matches!(
            part.program,
            Program::Collector
                | Program::DemoApi
                | Program::LoadGen
                | Program::Dashboard
                | Program::Health
                | Program::Demo
                | Program::Garage
        );
        // both of a pair have the same
        let name = part.name.strip_suffix(&format!("-{}", part.place));
        let mebibytes = self.parts.get(name.unwrap_or(&part.name)).filter(|_| is_go)?;
        // a tenth for what the runtime does not count
        Some(("GOMEMLIMIT".to_owned(), format!("{}MiB", mebibytes * 9 / 10)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_of_the_shipped_file_is_understood_and_another_is_refused() {
        let stack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../stack");
        for class in ["2GB", "4GB", "8GB"] {
            let memory = Memory::of_box(class, &stack).unwrap();
            assert!(memory.parts.contains_key("prometheus"), "{class}");
        }
        let error = Memory::of_box("3GB", &stack).unwrap_err();
        assert!(
            format!("{error:#}").ends_with("no box of 3GB, only of 2GB, 4GB, 8GB"),
            "{error:#}"
        );
    }
}
