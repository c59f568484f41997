//! What Nix says of store paths, in the two forms in which it says it.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use serde::Deserialize;

use crate::{Entry, NarHash, StorePath};

/// Why a registration cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum InvalidRegistration {
    /// A line is not what stands there in a registration.
    #[error("line {line}: {problem}")]
    Line {
        /// Counted from one.
        line: usize,
        /// What is wrong there.
        problem: String,
    },
    /// Not JSON, or not what `nix path-info` writes.
    #[error("not what nix path-info --json writes")]
    Json(#[source] serde_json::Error),
    /// An entry is not that of a valid store path.
    #[error("{path}: {problem}")]
    Entry {
        /// As it was spelt.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// Reads what `nix-store --load-db` reads: the file `registration` of closureInfo, or what `nix-store --dump-db` writes.
///
/// Of each path seven lines or more: the path, its hash, its size, what built it, how many references, and these.
pub fn parse(text: &str, store: &str) -> Result<BTreeMap<StorePath, Entry>, InvalidRegistration> {
    let mut entries = BTreeMap::new();
    let mut lines = Lines {
        lines: text.lines(),
        number: 0,
    };
    while let Some(path) = lines.lines.next() {
        lines.number += 1;
        let path = StorePath::within(path, store).map_err(|error| lines.wrong(error.to_string()))?;
        let nar = NarHash {
            sha256: lines.read("a hash")?,
            size: lines.read("a size")?,
        };
        let _built_by = lines.next()?;
        let count: usize = lines.read("a number of references")?;
        let mut references = BTreeSet::new();
        for _ in 0..count {
            let reference = lines.next()?;
            let reference =
                StorePath::within(reference, store).map_err(|error| lines.wrong(error.to_string()))?;
            references.insert(reference);
        }
        if entries.insert(path, Entry::new(nar, references)).is_some() {
            return Err(lines.wrong("the path is there twice".to_owned()));
        }
    }
    Ok(entries)
}

/// Reads what `nix path-info --json --recursive` writes: a list, or since Nix 2.19 an object by path.
pub fn parse_json(text: &str, store: &str) -> Result<BTreeMap<StorePath, Entry>, InvalidRegistration> {
    let infos: PathInfos = serde_json::from_str(text).map_err(InvalidRegistration::Json)?;
    let infos: Vec<(String, Option<PathInfo>)> = match infos {
        PathInfos::List(list) => list
            .into_iter()
            .map(|Listed { path, info }| (path, Some(info)))
            .collect(),
        PathInfos::ByPath(map) => map.into_iter().collect(),
    };
    let mut entries = BTreeMap::new();
    for (spelt, info) in infos {
        let wrong = |problem: String| InvalidRegistration::Entry {
            path: spelt.clone(),
            problem,
        };
        let path = StorePath::within(&spelt, store).map_err(|error| wrong(error.to_string()))?;
        let info = info.ok_or_else(|| wrong("Nix does not know it".to_owned()))?;
        let nar = NarHash {
            sha256: info.nar_hash.parse().map_err(|error| wrong(format!("{error}")))?,
            size: info.nar_size,
        };
        let references = info
            .references
            .iter()
            .map(|reference| StorePath::within(reference, store).map_err(|error| wrong(error.to_string())))
            .collect::<Result<_, _>>()?;
        entries.insert(path, Entry::new(nar, references));
    }
    Ok(entries)
}

struct Lines<'a> {
    lines: std::str::Lines<'a>,
    number: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Result<&'a str, InvalidRegistration> {
        self.number += 1;
        let line = self.lines.next();
        line.ok_or_else(|| self.wrong("the text ends within an entry".to_owned()))
    }

    fn read<T: FromStr>(&mut self, what: &str) -> Result<T, InvalidRegistration> {
        let line = self.next()?;
        line.parse()
            .map_err(|_| self.wrong(format!("{line:?} is not {what}")))
    }

    fn wrong(&self, problem: String) -> InvalidRegistration {
        InvalidRegistration::Line {
            line: self.number,
            problem,
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum PathInfos {
    List(Vec<Listed>),
    ByPath(BTreeMap<String, Option<PathInfo>>),
}

#[derive(Deserialize)]
struct Listed {
    path: String,
    #[serde(flatten)]
    info: PathInfo,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PathInfo {
    nar_hash: String,
    nar_size: u64,
    references: Vec<String>,
}

#[cfg(test)]
mod tests;
