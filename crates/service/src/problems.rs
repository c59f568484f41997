use std::fmt;

use figment::value::{Dict, Tag, Value};
use figment::{Figment, Source};

/// Everything that is wrong with a configuration, collected so that all of it can be reported at once.
///
/// Each problem names the key, and where its value came from: a file, an environment variable, the command line.
#[derive(Debug)]
pub struct Problems {
    env_prefix: &'static str,
    sources: Figment,
    merged: Value,
    elsewhere: bool,
    found: Vec<String>,
}

impl Problems {
    pub(crate) fn new(env_prefix: &'static str, sources: Figment, merged: Value) -> Self {
        Self {
            env_prefix,
            sources,
            merged,
            elsewhere: false,
            found: Vec::new(),
        }
    }

    /// The problems of a configuration for another machine, or for this one.
    #[must_use]
    pub fn of_elsewhere(self, elsewhere: bool) -> Self {
        Self { elsewhere, ..self }
    }

    /// Whether the configuration is for another machine (`check-config --elsewhere`). Then files and environment
    /// variables that it names cannot be looked at: all else is checked.
    pub fn elsewhere(&self) -> bool {
        self.elsewhere
    }

    /// Reports that the value of `key` cannot be used. `message` says what it must be, for example
    /// `must be at least 1s, is 10ms`.
    pub fn add(&mut self, key: &str, message: impl fmt::Display) {
        let origin = self.origin(self.tag(key), key);
        self.found.push(format!("{origin}{key}: {message}"));
    }

    /// The value, or a problem with `key`.
    pub fn take<T>(&mut self, key: &str, result: Result<T, impl fmt::Display>) -> Option<T> {
        result.map_err(|message| self.add(key, message)).ok()
    }

    /// Reports what has no key, such as a file that cannot be read.
    pub(crate) fn add_unkeyed(&mut self, message: String) {
        self.found.push(message);
    }

    /// Whether nothing is wrong so far.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// What is wrong, a sentence each.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.found.iter().map(String::as_str)
    }

    /// Whether a file, the environment or the command line says something of `key`.
    pub(crate) fn is_set(&self, key: &str) -> bool {
        let metadata = self.sources.get_metadata(self.tag(key));
        metadata.is_some_and(|metadata| metadata.name != DEFAULTS)
    }

    /// The tag of the value at `key`, or of the list that it stands in. What is not there comes from nowhere.
    fn tag(&self, key: &str) -> Tag {
        let mut at = key;
        loop {
            match (self.merged.find_ref(at), at.rsplit_once('.')) {
                (Some(value), _) if at == key => return value.tag(),
                (Some(Value::Array(tag, _)), _) => return *tag,
                (None, Some((parent, _))) => at = parent,
                _ => return Tag::Default,
            }
        }
    }

    /// Where the value tagged so came from, ready to stand in front of the key; empty for a built-in default.
    fn origin(&self, tag: Tag, key: &str) -> String {
        let Some(metadata) = self.sources.get_metadata(tag) else {
            return String::new();
        };
        if metadata.name.contains("environment") {
            let name = key.to_ascii_uppercase().replace('.', "__");
            return format!("environment variable {}{name}: ", self.env_prefix);
        }
        match metadata.source.as_ref().and_then(Source::file_path) {
            Some(path) => format!("{}: ", path.display()),
            None if metadata.name == DEFAULTS => String::new(),
            None => format!("{}: ", metadata.name),
        }
    }
}

impl Default for Problems {
    /// For settings that come from nowhere in particular: problems name their key alone.
    fn default() -> Self {
        Self::new("", Figment::new(), Value::from(Dict::new()))
    }
}

/// The name under which built-in defaults are layered below everything else.
pub(crate) const DEFAULTS: &str = "built-in defaults";

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.found.as_slice() {
            [only] => write!(f, "wrong configuration: {only}"),
            many => {
                write!(f, "{} problems in the configuration:", many.len())?;
                many.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
            }
        }
    }
}

impl std::error::Error for Problems {}
