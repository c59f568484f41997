//! `signalbox-health manifest`: writes down what a system consists of, signed, so that `verify` can compare.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use closure::nix::Nix;
use closure::{Entry, Manifest, SecretKey, StorePath, registration};

/// Of what, and by whom.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// The system, or any store path [default: /run/current-system]; the option may be given several times
    #[arg(long, value_name = "PATH")]
    pub root: Vec<PathBuf>,

    /// What Nix knows of the paths, so that Nix is not asked: the file registration of closureInfo, or nix path-info --json --recursive
    #[arg(long, value_name = "FILE")]
    pub registration: Option<PathBuf>,

    /// The folder that store paths are in
    #[arg(long, value_name = "DIR", default_value = "/nix/store")]
    pub store: String,

    /// Sign with this key, as nix-store --generate-binary-cache-key writes it; verify believes nothing unsigned
    #[arg(long, value_name = "FILE")]
    pub secret_key: Option<PathBuf>,

    /// List every file, so that verify names the file that has changed: the paths are read now, and have to be what was registered
    #[arg(long)]
    pub list_files: bool,

    /// What the manifest is called [default: the name of the first root]
    #[arg(long)]
    pub name: Option<String>,

    /// Where to write it; - is standard output
    #[arg(long, short, value_name = "FILE")]
    pub out: PathBuf,
}

/// Ends with 0 when it is written.
pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let key = options.secret_key.as_deref().map(secret_key).transpose()?;
    let (roots, entries) = closure_of(options)?;
    let name = match &options.name {
        Some(name) => name.clone(),
        None => roots.first().map_or_else(|| "closure".to_owned(), name_of),
    };
    let mut manifest = Manifest::new(&name, &options.store, roots, entries)
        .context("failed to make a manifest of these paths")?;
    if options.list_files {
        manifest.list_files(None).context("failed to list files")?;
    }
    if let Some(key) = &key {
        manifest.sign(key);
    }
    write(&options.out, &manifest.text())?;
    let signed = key.map_or_else(
        || "not signed: verify will not believe it, give --secret-key".to_owned(),
        |key| format!("signed; its public key is {}", key.public()),
    );
    writeln!(
        std::io::stderr(),
        "{} store paths, {} bytes, {signed}",
        manifest.entries().len(),
        manifest.size()
    )
    .context("failed to print")?;
    Ok(ExitCode::SUCCESS)
}

type Closure = (BTreeSet<StorePath>, BTreeMap<StorePath, Entry>);

fn closure_of(options: &Options) -> anyhow::Result<Closure> {
    let Some(file) = &options.registration else {
        let nix = Nix {
            store: options.store.clone(),
            ..Nix::default()
        };
        let current = [PathBuf::from("/run/current-system")];
        let roots = if options.root.is_empty() {
            &current[..]
        } else {
            &options.root
        };
        let closure = nix.closure(roots)?;
        return Ok((closure.roots, closure.entries));
    };
    let text = fs::read_to_string(file).with_context(|| format!("failed to read {}", file.display()))?;
    let parse = if text.trim_start().starts_with(['[', '{']) {
        registration::parse_json
    } else {
        registration::parse
    };
    let known =
        parse(&text, &options.store).with_context(|| format!("failed to understand {}", file.display()))?;
    let roots = options
        .root
        .iter()
        .map(|root| root_in(root, &options.store))
        .collect::<anyhow::Result<_>>()?;
    needed(roots, known)
}

/// A root's store path. It need not be on this machine, unless it is a link such as `/run/current-system`.
fn root_in(root: &Path, store: &str) -> anyhow::Result<StorePath> {
    let spelt = root.to_string_lossy();
    if let Ok(path) = StorePath::within(&spelt, store) {
        return Ok(path);
    }
    let found = root
        .canonicalize()
        .with_context(|| format!("failed to follow {spelt}"))?;
    StorePath::within(&found.to_string_lossy(), store)
        .with_context(|| format!("{spelt} leads to no store path"))
}

/// A registration may know more than one closure.
fn needed(roots: BTreeSet<StorePath>, mut known: BTreeMap<StorePath, Entry>) -> anyhow::Result<Closure> {
    if roots.is_empty() {
        return Ok((roots, known));
    }
    let mut entries = BTreeMap::new();
    let mut next: Vec<StorePath> = roots.iter().cloned().collect();
    while let Some(path) = next.pop() {
        if entries.contains_key(&path) {
            continue;
        }
        let Some(entry) = known.remove(&path) else {
            bail!("{path} is needed, and not in the registration");
        };
        next.extend(entry.references.iter().cloned());
        entries.insert(path, entry);
    }
    Ok((roots, entries))
}

/// Names of store paths may have signs that names of manifests have not.
fn name_of(root: &StorePath) -> String {
    root.name().replace(['?', '='], "_")
}

fn secret_key(file: &Path) -> anyhow::Result<SecretKey> {
    let text = fs::read_to_string(file).with_context(|| format!("failed to read {}", file.display()))?;
    text.parse()
        .with_context(|| format!("failed to use {}", file.display()))
}

fn write(out: &Path, text: &str) -> anyhow::Result<()> {
    if out == Path::new("-") {
        return std::io::stdout()
            .write_all(text.as_bytes())
            .context("failed to print");
    }
    fs::write(out, text).with_context(|| format!("failed to write {}", out.display()))
}
