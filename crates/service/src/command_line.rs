//! The command line that every daemon has, and the options of its own.

use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use figment::value::Dict;

use crate::About;

/// A parsed command line. `F` are the daemon's own options, `C` its own commands.
#[derive(Debug, Parser)]
pub(crate) struct CommandLine<F: Args, C: Subcommand> {
    #[command(subcommand)]
    pub(crate) command: Option<Command<F, C>>,

    /// Configuration file (TOML); the option may be given several times, a later file wins
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) config: Vec<PathBuf>,

    /// Set one key, as in --set 'table.key = 5'; wins over files and the environment
    #[arg(long, value_name = "KEY=VALUE", global = true, value_parser = parse_assignment)]
    pub(crate) set: Vec<Dict>,

    #[command(flatten)]
    pub(crate) flags: F,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command<F: Args, C: Subcommand> {
    #[command(flatten)]
    Own(C),

    /// Run the service; so does no command at all
    Serve {
        #[command(flatten)]
        flags: F,
    },

    /// Read the configuration, print what is in force, and exit: 0 if it is right, 78 if it is not
    CheckConfig {
        /// The configuration is for another machine: files and environment variables that it names are not looked for
        #[arg(long)]
        elsewhere: bool,
    },
}

/// The commands of a daemon that has none of its own.
#[derive(Debug, Subcommand)]
pub(crate) enum NoCommands {}

impl<F: Args, C: Subcommand> CommandLine<F, C> {
    /// Parses the process' arguments. The error is clap's: printing it shows the help, the version or what is wrong.
    pub(crate) fn parse_from_env(about: &About) -> Result<Self, clap::Error> {
        let command = Self::command()
            .name(about.name)
            .version(about.version)
            .about(about.summary)
            .after_help(format!(
                "{help}\n\n\
                 Environment: {prefix}KEY sets a key; two underscores separate its levels, so that \
                 {prefix}TABLE__KEY is table.key. {filter} chooses what is logged, as in \
                 {filter}=debug.\n\n\
                 Exit codes: 0 ended as asked, 1 failed, 64 wrong command line, 78 wrong configuration.",
                help = about.help,
                prefix = about.env_prefix,
                filter = telemetry::logs::FILTER_VARIABLE,
            ));
        Self::from_arg_matches(&command.try_get_matches()?)
    }
}

/// `key.path=value` as nested tables. The value is TOML; what is not TOML is a string, so that addresses need no
/// quotes.
fn parse_assignment(text: &str) -> Result<Dict, String> {
    let (key, value) = text
        .split_once('=')
        .ok_or("must be KEY=VALUE, as in listen.http=0.0.0.0:4318")?;
    let (key, value) = (key.trim(), value.trim());
    let well_formed =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !key.split('.').all(well_formed) {
        return Err(format!("{key:?} is not a key: write names joined by dots"));
    }
    let one_assignment = |text: String| {
        toml::from_str::<Dict>(&text)
            .ok()
            .filter(|table| table.len() == 1)
    };
    one_assignment(format!("{key} = {value}"))
        .or_else(|| one_assignment(format!("{key} = {}", toml::Value::String(value.to_owned()))))
        .ok_or_else(|| format!("{value:?} is not a value"))
}

#[cfg(test)]
mod tests {
    use figment::value::Value;

    use super::*;

    #[derive(Debug, Default, Args)]
    struct Flags {
        #[arg(long)]
        listen: Option<String>,
    }

    #[test]
    fn the_word_serve_takes_what_none_does() {
        let listen = |words: &[&str]| {
            let line = CommandLine::<Flags, NoCommands>::try_parse_from(words).unwrap();
            let of_serve = line.command.map(|command| match command {
                Command::Serve { flags } => flags.listen,
                other => panic!("{other:?}"),
            });
            (line.flags.listen, of_serve)
        };
        let here = || Some("here".to_owned());
        assert_eq!(listen(&["x", "--listen", "here"]), (here(), None));
        assert_eq!(listen(&["x", "serve", "--listen", "here"]), (None, Some(here())));
    }

    fn at(dict: &Dict, path: &str) -> Option<Value> {
        Value::from(dict.clone()).find(path)
    }

    #[test]
    fn assignments_are_toml_or_plain_strings() {
        let number = parse_assignment("limits.series = 100").unwrap();
        assert_eq!(at(&number, "limits.series").and_then(|v| v.to_i128()), Some(100));
        let address = parse_assignment("listen.http=0.0.0.0:4318").unwrap();
        assert_eq!(
            at(&address, "listen.http")
                .and_then(Value::into_string)
                .as_deref(),
            Some("0.0.0.0:4318")
        );
        let list = parse_assignment("promote=[\"a\", \"b\"]").unwrap();
        assert_eq!(
            at(&list, "promote").and_then(Value::into_array).map(|v| v.len()),
            Some(2)
        );
    }

    #[test]
    fn an_assignment_cannot_smuggle_in_other_keys() {
        assert!(parse_assignment("series").is_err());
        assert!(parse_assignment("a b=1").is_err());
        assert!(parse_assignment("=1").is_err());
        let sneaky = parse_assignment("environment=1\nlisten = 2").unwrap();
        assert_eq!(at(&sneaky, "listen"), None);
    }
}
