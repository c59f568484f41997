//! A manifest as text, so that people can read it and `diff` two of them:
//!
//! ```text
//! signalbox-closure 1
//! name control-a
//! store /nix/store
//! root 9d2yz9jw6k0c6ix2w0k4hd8vjgjq4p6r-nixos-system-control-a
//! path 0q43idch209zsdngl8yl79x0y79aajib-glibc sha256:1xmr8… 32104 0q43idch209zsdngl8yl79x0y79aajib-glibc
//! sig cache-1:KLeFhdxqZ9c…
//! dir .
//! link lib/libc.so libc.so.6
//! exec lib/libc.so.6 sha256:0mdqa… 30112
//! …
//! end 1
//! signature box-1:vb/5Uqp4VC2…
//! ```
//!
//! Of a path: its NAR's hash and size, and what it refers to. Below it signatures of it, and its files if they are listed.
//! There is one way to write a manifest, and what is written otherwise is refused: so what a signature covers is what was
//! read, and nothing besides.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::str::FromStr;

use super::{Entry, Manifest};
use crate::listing::{self, Line, Listing};
use crate::{NarHash, StorePath};

const HEAD: &str = "signalbox-closure 1";

/// Why text is no manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct Malformed {
    /// Counted from one.
    pub line: usize,
    /// What is wrong there.
    pub problem: String,
}

pub(super) fn render(manifest: &Manifest) -> String {
    let mut text = String::new();
    write(manifest, &mut text).expect("a string takes everything");
    text
}

fn write(manifest: &Manifest, text: &mut String) -> std::fmt::Result {
    writeln!(text, "{HEAD}")?;
    writeln!(text, "name {}", manifest.name)?;
    writeln!(text, "store {}", manifest.store)?;
    for root in &manifest.roots {
        writeln!(text, "root {root}")?;
    }
    for (path, entry) in &manifest.entries {
        write!(text, "path {path} {} {}", entry.nar.sha256, entry.nar.size)?;
        for reference in &entry.references {
            write!(text, " {reference}")?;
        }
        writeln!(text)?;
        for signature in &entry.signatures {
            writeln!(text, "sig {signature}")?;
        }
        for (file, node) in entry.listing.iter().flat_map(Listing::nodes) {
            writeln!(text, "{}", Line(file, node))?;
        }
    }
    writeln!(text, "end {}", manifest.entries.len())
}

pub(super) fn parse(body: &str, signatures: &[&str]) -> Result<Manifest, Malformed> {
    let mut reading = Reading::default();
    for (index, line) in body.lines().enumerate() {
        reading.line(index, line).map_err(|problem| Malformed {
            line: index + 1,
            problem,
        })?;
    }
    let lines = body.lines().count();
    let at_the_end = |problem: String| Malformed { line: lines, problem };
    if !reading.ended {
        return Err(at_the_end("the end is missing".to_owned()));
    }
    let Reading {
        name,
        store,
        roots,
        entries,
        ..
    } = reading;
    let mut manifest = Manifest::new(&name, &store, roots, entries)
        .map_err(|incomplete| at_the_end(incomplete.to_string()))?;
    if let Some(line) = first_difference(&render(&manifest), body) {
        return Err(Malformed {
            line,
            problem: "not in order, or not as manifests are written".to_owned(),
        });
    }
    for (index, signature) in signatures.iter().enumerate() {
        let signature = signature.parse().map_err(|_| Malformed {
            line: lines + 1 + index,
            problem: "not a signature".to_owned(),
        })?;
        manifest.signatures.push(signature);
    }
    Ok(manifest)
}

/// What was read so far.
#[derive(Default)]
struct Reading {
    name: String,
    store: String,
    roots: BTreeSet<StorePath>,
    entries: BTreeMap<StorePath, Entry>,
    /// The path whose lines are read.
    path: Option<StorePath>,
    ended: bool,
}

impl Reading {
    fn line(&mut self, index: usize, line: &str) -> Result<(), String> {
        let words: Vec<&str> = line.split(' ').collect();
        match (index, words.as_slice()) {
            _ if self.ended => return Err("there is more after the end".to_owned()),
            (0, _) if line == HEAD => {}
            (0, _) => return Err(format!("a manifest begins with {HEAD:?}")),
            (1, ["name", name]) => (*name).clone_into(&mut self.name),
            (1, _) => return Err("the name is missing".to_owned()),
            (2, ["store", store]) => (*store).clone_into(&mut self.store),
            (2, _) => return Err("the store is missing".to_owned()),
            (_, ["root", root]) => drop(self.roots.insert(word("a store path", root)?)),
            (_, ["path", path, sha256, size, references @ ..]) => {
                self.path(path, sha256, size, references)?;
            }
            (_, ["sig", signature]) => {
                let signature = signature.parse().map_err(|_| "not a signature")?;
                self.entry()?.signatures.push(signature);
            }
            (_, ["end", count]) => {
                if word::<usize>("a number", count)? != self.entries.len() {
                    return Err(format!(
                        "there should be {count} paths, not {}",
                        self.entries.len()
                    ));
                }
                self.ended = true;
            }
            (_, [kind, file, rest @ ..]) => {
                let node = listing::parse_node(kind, rest).ok_or("not a line of a manifest")?;
                let file = word("the name of a file", file)?;
                self.entry()?.listing.get_or_insert_default().insert(file, node);
            }
            _ => return Err("not a line of a manifest".to_owned()),
        }
        Ok(())
    }

    fn path(&mut self, path: &str, sha256: &str, size: &str, references: &[&str]) -> Result<(), String> {
        let path: StorePath = word("a store path", path)?;
        let nar = NarHash {
            sha256: word("a hash", sha256)?,
            size: word("a number", size)?,
        };
        let references = references
            .iter()
            .map(|reference| word("a store path", reference))
            .collect::<Result<_, _>>()?;
        self.path = Some(path.clone());
        match self.entries.insert(path, Entry::new(nar, references)) {
            Some(_) => Err("the path is there twice".to_owned()),
            None => Ok(()),
        }
    }

    /// What the line belongs to.
    fn entry(&mut self) -> Result<&mut Entry, String> {
        let path = self.path.as_ref();
        path.and_then(|path| self.entries.get_mut(path))
            .ok_or_else(|| "belongs to a path, and there was none".to_owned())
    }
}

fn word<T: FromStr>(what: &str, word: &str) -> Result<T, String> {
    word.parse().map_err(|_| format!("{word:?} is not {what}"))
}

/// The first line that differs, counted from one.
fn first_difference(written: &str, read: &str) -> Option<usize> {
    if written == read {
        return None;
    }
    let same = written
        .split('\n')
        .zip(read.split('\n'))
        .take_while(|(written, read)| written == read)
        .count();
    Some(same + 1)
}
