//! What a closure consists of, signed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::listing::Listing;
use crate::nar::{self, NarHash};
use crate::{PublicKey, SecretKey, Sha256, Signature, StorePath, Trouble};

mod text;

pub use text::Malformed;

/// Begins a line with a signature of the whole manifest.
const SIGNATURE: &str = "signature ";

/// The paths of a closure, and what Nix says of each; signed or not.
///
/// It is closed: what a path refers to is in it, and every path is needed by one of its roots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    name: String,
    store: String,
    roots: BTreeSet<StorePath>,
    entries: BTreeMap<StorePath, Entry>,
    signatures: Vec<Signature>,
}

/// What is known of one store path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Of its contents.
    pub nar: NarHash,
    /// The paths that it refers to, itself perhaps among them.
    pub references: BTreeSet<StorePath>,
    /// Of its [fingerprint](Manifest::fingerprint), as a binary cache signs it.
    pub signatures: Vec<Signature>,
    /// Each of its files, if the manifest tells.
    pub listing: Option<Listing>,
}

/// Why paths are not the closure that they should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Incomplete {
    /// There are none.
    #[error("no store path is in it")]
    Empty,
    /// Something that is referred to is not there.
    #[error("{path} refers to {reference}, which is not in it")]
    Reference {
        /// What refers to it.
        path: StorePath,
        /// What is not there.
        reference: StorePath,
    },
    /// A root is not there.
    #[error("the root {0} is not in it")]
    Root(StorePath),
    /// Something is there that no root needs.
    #[error("{0} is needed by none of its roots")]
    Unneeded(StorePath),
    /// The name would not fit on a line.
    #[error("{0:?} is no name: letters, digits and any of .-_+@ make one")]
    Name(String),
    /// The store would not fit on a line.
    #[error("{0:?} is no store: an absolute path without spaces is")]
    Store(String),
}

/// Why a manifest is not to be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Untrusted {
    /// Nobody has signed it.
    #[error("it is not signed")]
    Unsigned,
    /// Somebody has signed it, but nobody who is trusted.
    #[error("it is signed by {by}, and trusted are {trusted}")]
    UnknownKey {
        /// Names of keys.
        by: String,
        /// Names of keys.
        trusted: String,
    },
    /// The signature is not of this text, or not by the key of that name.
    #[error("the signature by {by} does not fit: the text was changed or cut off, or the key is another one")]
    Forged {
        /// Name of the key.
        by: String,
    },
    /// It is signed, and no manifest.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

/// Why files could not be listed.
#[derive(Debug, thiserror::Error)]
pub enum NotListed {
    /// A file is in the way.
    #[error("failed to read {path}: {trouble}")]
    Trouble {
        /// Whose file.
        path: StorePath,
        /// What is the matter.
        trouble: Trouble,
    },
    /// What is there is not what the manifest says.
    #[error("{path} is {found}, and was {expected} when it was built")]
    Changed {
        /// What differs.
        path: StorePath,
        /// As registered.
        expected: NarHash,
        /// As it is.
        found: NarHash,
    },
}

impl Entry {
    /// An entry that is neither signed nor listed.
    pub fn new(nar: NarHash, references: BTreeSet<StorePath>) -> Self {
        Self {
            nar,
            references,
            signatures: Vec::new(),
            listing: None,
        }
    }
}

impl Manifest {
    /// The closure of `roots`, under a name for people. Without roots, those are that no other path refers to.
    pub fn new(
        name: &str,
        store: &str,
        roots: BTreeSet<StorePath>,
        entries: BTreeMap<StorePath, Entry>,
    ) -> Result<Self, Incomplete> {
        if entries.is_empty() {
            return Err(Incomplete::Empty);
        }
        let named = |byte: u8| byte.is_ascii_alphanumeric() || b".-_+@".contains(&byte);
        if name.is_empty() || !name.bytes().all(named) {
            return Err(Incomplete::Name(name.to_owned()));
        }
        let absolute = store.starts_with('/') && !store.ends_with('/');
        if !absolute || store.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(Incomplete::Store(store.to_owned()));
        }
        let roots = if roots.is_empty() {
            unreferenced(&entries)
        } else {
            roots
        };
        check_closed(&roots, &entries)?;
        Ok(Self {
            name: name.to_owned(),
            store: store.to_owned(),
            roots,
            entries,
            signatures: Vec::new(),
        })
    }

    /// Reads a manifest that one of these keys has signed.
    ///
    /// Nothing of the text is looked at before its signature is known to fit.
    pub fn trusted(text: &str, keys: &[PublicKey]) -> Result<Self, Untrusted> {
        let (body, signatures) = split(text);
        if signatures.is_empty() {
            return Err(Untrusted::Unsigned);
        }
        let signatures: Vec<Signature> = signatures
            .iter()
            .filter_map(|signature| signature.parse().ok())
            .collect();
        let known = |signature: &&Signature| keys.iter().any(|key| key.name() == signature.name());
        let fits = |signature: &&Signature| keys.iter().any(|key| key.signed(body.as_bytes(), signature));
        if !signatures.iter().any(|signature| fits(&signature)) {
            return Err(match signatures.iter().find(known) {
                Some(signature) => Untrusted::Forged {
                    by: signature.name().to_owned(),
                },
                None => Untrusted::UnknownKey {
                    by: names(signatures.iter().map(Signature::name)),
                    trusted: names(keys.iter().map(PublicKey::name)),
                },
            });
        }
        Ok(Self::parse(text)?)
    }

    /// Reads a manifest that may be signed by anybody, or nobody.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let (body, signatures) = split(text);
        text::parse(body, &signatures)
    }

    /// What stands in its file.
    pub fn text(&self) -> String {
        let mut text = self.body();
        let signatures = self.signatures.iter();
        text.extend(signatures.map(|signature| format!("{SIGNATURE}{signature}\n")));
        text
    }

    /// Signs each path and the whole. Signatures by keys of other names stay.
    pub fn sign(&mut self, key: &SecretKey) {
        let fingerprints: Vec<_> = self.entries.keys().map(|path| self.fingerprint(path)).collect();
        for (entry, fingerprint) in self.entries.values_mut().zip(fingerprints) {
            let fingerprint = fingerprint.unwrap_or_default();
            replace(&mut entry.signatures, key.sign(fingerprint.as_bytes()));
        }
        // signatures of paths are part of what the others have signed
        self.signatures = vec![key.sign(self.body().as_bytes())];
    }

    /// Signs the whole only, beside those who have signed it already.
    pub fn countersign(&mut self, key: &SecretKey) {
        let signature = key.sign(self.body().as_bytes());
        replace(&mut self.signatures, signature);
    }

    /// What is signed of one path: what Nix signs, so that its tools agree.
    pub fn fingerprint(&self, path: &StorePath) -> Option<String> {
        let store = &self.store;
        let entry = self.entries.get(path)?;
        let references: Vec<_> = entry
            .references
            .iter()
            .map(|reference| format!("{store}/{reference}"))
            .collect();
        let NarHash { sha256, size } = entry.nar;
        Some(format!(
            "1;{store}/{path};{sha256};{size};{}",
            references.join(",")
        ))
    }

    /// What the closure is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The folder that the paths are in, as they know it themselves: `/nix/store`.
    pub fn store(&self) -> &str {
        &self.store
    }

    /// The paths that need all others: a system, usually.
    pub fn roots(&self) -> &BTreeSet<StorePath> {
        &self.roots
    }

    /// All paths.
    pub fn entries(&self) -> &BTreeMap<StorePath, Entry> {
        &self.entries
    }

    /// Who has signed the whole.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Of what is signed: two manifests that say the same have the same.
    pub fn digest(&self) -> Sha256 {
        Sha256::of(self.body().as_bytes())
    }

    /// Bytes of all NARs.
    pub fn size(&self) -> u64 {
        let sizes = self.entries.values().map(|entry| entry.nar.size);
        sizes.fold(0, u64::saturating_add)
    }

    /// Lists the files of each path, as they are in `store` (or where the paths belong). Each path has to be what was registered,
    /// or what is listed would be worth nothing. Signatures of the whole are dropped.
    pub fn list_files(&mut self, store: Option<&Path>) -> Result<(), NotListed> {
        let store = store.map_or_else(|| PathBuf::from(&self.store), Path::to_owned);
        self.signatures.clear();
        for (path, entry) in &mut self.entries {
            let place = store.join(path.as_str());
            let failed = |trouble| NotListed::Trouble {
                path: path.clone(),
                trouble,
            };
            entry.listing = Some(Listing::of(&place).map_err(failed)?);
            let found = nar::hash(&place).map_err(failed)?;
            if found != entry.nar {
                return Err(NotListed::Changed {
                    path: path.clone(),
                    expected: entry.nar,
                    found,
                });
            }
        }
        Ok(())
    }

    /// What is signed.
    fn body(&self) -> String {
        text::render(self)
    }
}

/// The text that is signed, and what stands on the lines with signatures below it.
fn split(text: &str) -> (&str, Vec<&str>) {
    let mut body = text;
    let mut signatures = Vec::new();
    while let Some(rest) = body.strip_suffix('\n') {
        let start = rest.rfind('\n').map_or(0, |end| end + 1);
        let Some(signature) = rest[start..].strip_prefix(SIGNATURE) else {
            break;
        };
        signatures.push(signature);
        body = &body[..start];
    }
    signatures.reverse();
    (body, signatures)
}

fn replace(signatures: &mut Vec<Signature>, new: Signature) {
    signatures.retain(|old| old.name() != new.name());
    signatures.push(new);
}

fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.collect();
    if names.is_empty() {
        "nobody".to_owned()
    } else {
        names.join(", ")
    }
}

fn unreferenced(entries: &BTreeMap<StorePath, Entry>) -> BTreeSet<StorePath> {
    let referenced: BTreeSet<_> = entries
        .iter()
        .flat_map(|(path, entry)| {
            entry
                .references
                .iter()
                .filter(move |&reference| reference != path)
        })
        .collect();
    entries
        .keys()
        .filter(|path| !referenced.contains(path))
        .cloned()
        .collect()
}

fn check_closed(roots: &BTreeSet<StorePath>, entries: &BTreeMap<StorePath, Entry>) -> Result<(), Incomplete> {
    for root in roots {
        if !entries.contains_key(root) {
            return Err(Incomplete::Root(root.clone()));
        }
    }
    for (path, entry) in entries {
        for reference in &entry.references {
            if !entries.contains_key(reference) {
                return Err(Incomplete::Reference {
                    path: path.clone(),
                    reference: reference.clone(),
                });
            }
        }
    }
    let mut needed: BTreeSet<&StorePath> = BTreeSet::new();
    let mut next: Vec<&StorePath> = roots.iter().collect();
    while let Some(path) = next.pop() {
        if needed.insert(path) {
            next.extend(&entries[path].references);
        }
    }
    match entries.keys().find(|path| !needed.contains(path)) {
        Some(path) => Err(Incomplete::Unneeded(path.clone())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
