//! Configuration: built-in defaults < files < environment < command line, strict at every key.

use std::path::{Path, PathBuf};

use clap::Args;
use figment::error::{Actual, Kind};
use figment::providers::{Env, Format, Serialized, Toml};
use figment::value::{Dict, Map, Tag, Value};
use figment::{Figment, Metadata, Profile, Provider};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::About;
use crate::problems::{DEFAULTS, Problems};
use crate::sockets::Handed;

/// A daemon's settings as a person writes them, before they are known to make sense.
///
/// Implement it for a struct with `#[serde(default, deny_unknown_fields)]` at every level, and turn it into a type
/// that cannot hold nonsense in [`validate`](Self::validate).
pub trait Settings: Serialize + DeserializeOwned + Default + Send + 'static {
    /// The validated configuration that the daemon runs with.
    type Config: Send + 'static;

    /// The daemon's own options on the command line. Its serialised form is laid over the settings, so fields are
    /// `Option`s that are skipped when `None`, under the settings' names.
    type Flags: Args + Serialize;

    /// The keys of the addresses that systemd may listen on for the daemon, in the order in which its .socket lists them. Then
    /// each is its socket's address, and must not be set to another one. The daemon gets them from
    /// [`Life::sockets`](crate::Life::sockets).
    const SOCKETS: &'static [&'static str] = &[];

    /// Checks what types alone cannot, and reports every problem. `None` if there was any.
    fn validate(self, problems: &mut Problems) -> Option<Self::Config>;

    /// What a configuration does, in words, for `check-config` to show beside the settings.
    fn explain(_config: &Self::Config) -> Option<String> {
        None
    }

    /// Validates settings that were made in code.
    fn into_config(self) -> Result<Self::Config, Box<Problems>> {
        let mut problems = Problems::default();
        match self.validate(&mut problems) {
            Some(config) if problems.is_empty() => Ok(config),
            _ => Err(Box::new(problems)),
        }
    }
}

/// The options of a daemon that has none of its own.
#[derive(Debug, Default, Args, Serialize, Deserialize)]
pub struct NoFlags {}

/// Where this process' settings come from. Kept, so that SIGHUP reads them again.
#[derive(Debug, Clone)]
pub(crate) struct Sources {
    pub(crate) files: Vec<PathBuf>,
    pub(crate) env_prefix: &'static str,
    /// Whether the environment is looked at.
    pub(crate) environment: bool,
    /// From `--set` and the daemon's own options, in that order.
    pub(crate) command_line: Vec<Dict>,
    /// Whether the configuration is for another machine: see [`Problems::elsewhere`].
    pub(crate) elsewhere: bool,
    /// Where systemd listens for this process.
    pub(crate) handed: Handed,
}

impl Sources {
    pub(crate) fn new<F: Serialize>(about: &About, files: Vec<PathBuf>, set: Vec<Dict>, flags: &F) -> Self {
        let mut sources = Self {
            files,
            env_prefix: about.env_prefix,
            environment: true,
            command_line: set,
            elsewhere: false,
            handed: Handed::default(),
        };
        sources.add(flags);
        sources
    }

    /// More options, which win over those before.
    pub(crate) fn add<F: Serialize>(&mut self, flags: &F) {
        let flags = Value::serialize(flags).ok().and_then(Value::into_dict);
        self.command_line.extend(flags);
    }

    /// What is left where these are wrong: all but the files; or, where the environment is wrong as well without them, the command line alone.
    pub(crate) fn load_rest<S: Settings>(&self) -> Option<(Value, S::Config)> {
        let without_files = Self {
            files: vec![],
            ..self.clone()
        };
        let of_command_line = Self {
            environment: false,
            ..without_files.clone()
        };
        [without_files, of_command_line]
            .iter()
            .find_map(|rest| rest.load::<S>().ok())
    }

    /// Reads, merges and validates. The settings are returned beside the configuration, to be shown.
    pub(crate) fn load<S: Settings>(&self) -> Result<(Value, S::Config), Box<Problems>> {
        let defaults = Value::serialize(S::default())
            .ok()
            .and_then(Value::into_dict)
            .unwrap_or_default();
        let mut figment = Figment::from(Named {
            name: DEFAULTS,
            dict: defaults,
        });
        let mut unreadable = Vec::new();
        for file in &self.files {
            match check_file(file) {
                Ok(()) => figment = figment.merge(Toml::file_exact(file)),
                Err(problem) => unreadable.push(problem),
            }
        }
        if self.environment {
            figment = figment.merge(Env::prefixed(self.env_prefix).split("__"));
        }
        for dict in &self.command_line {
            figment = figment.merge(Named {
                name: "command line",
                dict: dict.clone(),
            });
        }

        let merged = figment
            .data()
            .map(|mut profiles| profiles.remove(&Profile::Default).unwrap_or_default());
        let (mut merged, unmerged) = match merged {
            Ok(dict) => (dict, None),
            Err(error) => (Dict::new(), Some(error.to_string())),
        };
        let mut problems =
            Problems::new(self.env_prefix, figment, Value::from(merged.clone())).of_elsewhere(self.elsewhere);
        unreadable
            .into_iter()
            .chain(unmerged)
            .for_each(|problem| problems.add_unkeyed(problem));
        if self.environment {
            self.misspelt_variables::<S>()
                .for_each(|problem| problems.add_unkeyed(problem));
        }
        self.handed.stand_in(S::SOCKETS, &mut merged, &mut problems);
        let settings: S = deserialize_all(merged, &mut problems);
        let shown = Value::serialize(&settings).unwrap_or_else(|_| Value::from(Dict::new()));
        match settings.validate(&mut problems) {
            Some(config) if problems.is_empty() => Ok((shown, config)),
            _ => Err(Box::new(problems)),
        }
    }

    /// A variable with one underscore too few would go unnoticed. One that names no key is somebody else's.
    fn misspelt_variables<S: Settings>(&self) -> impl Iterator<Item = String> {
        let (prefix, stem) = (self.env_prefix, &self.env_prefix[..self.env_prefix.len() - 1]);
        std::env::vars_os().filter_map(move |(name, _)| {
            let name = name.into_string().ok()?;
            let rest = name.strip_prefix(stem).filter(|_| !name.starts_with(prefix))?;
            let key = rest.split("__").next().unwrap_or(rest).to_ascii_lowercase();
            is_key::<S>(&key).then(|| {
                format!(
                    "environment variable {name}: two underscores stand between the parts of a name: {prefix}{rest}"
                )
            })
        })
    }
}

/// Whether settings have such a key at their top level: serde tells by refusing one that they have not.
fn is_key<S: Settings>(key: &str) -> bool {
    let probe = Dict::from([(key.to_owned(), Value::from(""))]);
    let refused = Value::from(probe).deserialize::<S>().err();
    !refused.is_some_and(|error| matches!(&error.kind, Kind::UnknownField(name, _) if name == key))
}

/// One table of settings under a name, for figment to remember where each value came from.
pub(crate) struct Named {
    pub(crate) name: &'static str,
    pub(crate) dict: Dict,
}

impl Provider for Named {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name)
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Serialized::defaults(&self.dict).data()
    }
}

/// figment takes a missing file for an empty one and shortens syntax errors; a configuration file that was named must
/// be there and parse.
fn check_file(file: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("{}: cannot be read: {error}", file.display()))?;
    let parsed: Result<toml::Table, _> = toml::from_str(&text);
    parsed.map(drop).map_err(|error| {
        let line = error.span().map_or(1, |span| {
            text[..span.start.min(text.len())].lines().count().max(1)
        });
        format!("{}:{line}: not valid TOML: {}", file.display(), error.message())
    })
}

/// Deserialises, and does not stop at the first thing wrong: what cannot be used is reported, left out (so that the
/// default stands in), and the rest is tried again.
fn deserialize_all<S: Settings>(mut merged: Dict, problems: &mut Problems) -> S {
    loop {
        let error = match Value::Dict(Tag::Default, merged.clone()).deserialize::<S>() {
            Ok(settings) => return settings,
            Err(error) => error,
        };
        let mut left_out = false;
        for error in error {
            let (path, message) = explain(&error);
            problems.add(&path.join("."), message);
            left_out |= remove(&mut merged, &path);
        }
        if !left_out {
            return S::default();
        }
    }
}

/// The path of the value at fault, and a sentence on it.
fn explain(error: &figment::Error) -> (Vec<String>, String) {
    let mut path = error.path.clone();
    let message = match &error.kind {
        Kind::UnknownField(_, known) => {
            let mut known: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
            known.sort();
            format!("there is no such key; here stand {}", known.join(", "))
        }
        Kind::MissingField(name) => {
            path.push(name.clone().into_owned());
            "is missing".to_owned()
        }
        Kind::InvalidType(
            found @ (Actual::Bool(_) | Actual::Signed(_) | Actual::Unsigned(_) | Actual::Float(_)),
            wanted,
        ) if wanted == "a string" => {
            format!(
                "must be a string, is {found}; put it in quotes, as in '\"007\"' on a command line or in a variable"
            )
        }
        Kind::InvalidType(found, wanted) | Kind::InvalidValue(found, wanted) => {
            format!("must be {}, is {found}", in_words(wanted))
        }
        kind => kind.to_string(),
    };
    (path, message)
}

/// What serde wants, for who does not know Rust's names of types.
fn in_words(wanted: &str) -> &str {
    match wanted {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "a list, as in [\"a\", \"b\"]",
        "a map" => "a table, as in { key = \"value\" }",
        other => other,
    }
}

/// Removes the value at `path`; inside a list, the whole list. Whether there was anything to remove.
fn remove(dict: &mut Dict, path: &[String]) -> bool {
    let Some((first, rest)) = path.split_first() else {
        return false;
    };
    match dict.get_mut(first) {
        Some(Value::Dict(_, inner)) if !rest.is_empty() => {
            remove(inner, rest) || dict.remove(first).is_some()
        }
        Some(_) => dict.remove(first).is_some(),
        None => false,
    }
}

#[cfg(test)]
mod tests;
