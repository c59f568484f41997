//! The memory of a box: what stack/memory.json gives to each part.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use serde::Deserialize;

/// One class of box.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Class {
    /// MiB of each part.
    parts: BTreeMap<String, u64>,
    /// MiB of Thanos' caches.
    caches: BTreeMap<String, u64>,
    limits: BTreeMap<String, u64>,
}

impl Class {
    /// The one of this name.
    pub(crate) fn read(file: &Path, name: &str) -> anyhow::Result<Self> {
        let text = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let mut classes: BTreeMap<String, Self> = serde_json::from_slice(&text)?;
        let names: Vec<_> = classes.keys().cloned().collect();
        let class = classes.remove(name);
        class.with_context(|| format!("there is no class {name}, but {}", names.join(", ")))
    }

    /// What `GOMEMLIMIT` is for a part: nine tenths of its share, as the demo sets it.
    pub(crate) fn go_limit(&self, part: &str) -> Option<String> {
        self.parts
            .get(part)
            .map(|mebibytes| format!("{}MiB", mebibytes * 9 / 10))
    }

    pub(crate) fn response_cache(&self) -> Option<u64> {
        self.caches.get("response-cache").copied()
    }

    pub(crate) fn query_samples(&self) -> Option<u64> {
        self.limits.get("prometheus-query-samples").copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_read_from_the_stacks_own_file() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../stack/memory.json");
        let class = Class::read(&file, "8GB").expect("a class");
        let mebibytes = class.parts["prometheus"];
        assert_eq!(
            class.go_limit("prometheus"),
            Some(format!("{}MiB", mebibytes * 9 / 10))
        );
        assert_eq!(class.go_limit("nothing"), None);
        assert!(class.response_cache().is_some() && class.query_samples().is_some());
        let error = Class::read(&file, "3GB").expect_err("no class").to_string();
        assert!(error.contains("2GB, 4GB, 8GB"), "{error}");
    }
}
