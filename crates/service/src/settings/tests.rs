use std::io::Write;

use super::*;

#[derive(Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Raw {
    environment: String,
    series: u32,
    listen: Listen,
    aliases: Vec<Alias>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Listen {
    http: String,
    grpc: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Alias {
    metric: String,
}

impl Default for Raw {
    fn default() -> Self {
        Self {
            environment: "dev".to_owned(),
            series: 1000,
            listen: Listen::default(),
            aliases: Vec::new(),
        }
    }
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            http: "127.0.0.1:4318".to_owned(),
            grpc: "127.0.0.1:4317".to_owned(),
        }
    }
}

#[derive(Debug, Default, Args, Serialize)]
struct Flags {
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<String>,
}

#[derive(Debug, PartialEq)]
struct Config {
    environment: String,
    series: u32,
    http: std::net::SocketAddr,
}

impl Settings for Raw {
    type Config = Config;
    type Flags = Flags;

    fn validate(self, problems: &mut Problems) -> Option<Config> {
        if self.series == 0 {
            problems.add("series", "must be at least 1");
        }
        let http = self
            .listen
            .http
            .parse()
            .map_err(|_| problems.add("listen.http", "must be an address and a port"));
        Some(Config {
            environment: self.environment,
            series: self.series,
            http: http.ok()?,
        })
    }
}

/// Loads a file, environment variables (under a prefix of the test's own) and command-line settings.
fn load(prefix: &'static str, file: &str, set: &str, flags: &Flags) -> Result<Config, Vec<String>> {
    let mut written = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
    written.write_all(file.as_bytes()).unwrap();
    let about = About {
        name: "test",
        version: "0",
        summary: "",
        help: "",
        env_prefix: prefix,
    };
    let set = if set.is_empty() {
        Vec::new()
    } else {
        vec![toml::from_str(set).unwrap()]
    };
    let name = written.path().file_name().unwrap().to_str().unwrap().to_owned();
    Sources::new(&about, vec![written.path().to_owned()], set, flags)
        .load::<Raw>()
        .map(|(_, config)| config)
        .map_err(|problems| {
            // whatever the folder of temporary files is called, only the file's name matters here
            problems
                .iter()
                .map(|problem| {
                    problem
                        .replace(&name, "test.toml")
                        .rsplit('/')
                        .next()
                        .unwrap()
                        .to_owned()
                })
                .collect()
        })
}

#[test]
fn layers_win_over_each_other_in_order() {
    let none = Flags::default();
    assert_eq!(load("SBT0__", "", "", &none).unwrap().environment, "dev");
    assert_eq!(
        load("SBT0__", "environment = 'qa'", "", &none)
            .unwrap()
            .environment,
        "qa"
    );
    assert_eq!(
        load("SBT0__", "environment = 'qa'", "environment = 'uat'", &none)
            .unwrap()
            .environment,
        "uat"
    );
    let flags = Flags {
        environment: Some("prod".to_owned()),
    };
    assert_eq!(
        load("SBT0__", "environment = 'qa'", "environment = 'uat'", &flags)
            .unwrap()
            .environment,
        "prod"
    );
}

#[test]
fn every_problem_is_reported_with_its_key_and_source() {
    let file =
        "sereis = 5\nseries = 'many'\n[listen]\nhtp = ':1'\nhttp = 'nowhere'\n[[aliases]]\nname = 'x'\n";
    let problems = load("SBT1__", file, "environment = 7", &Flags::default()).unwrap_err();
    assert_eq!(
        problems,
        [
            "test.toml: aliases.0.name: there is no such key; here stand `metric`",
            "command line: environment: must be a string, is signed int `7`; put it in quotes, as in '\"007\"' on a command line or in a variable",
            "test.toml: listen.htp: there is no such key; here stand `grpc`, `http`",
            "test.toml: sereis: there is no such key; here stand `aliases`, `environment`, `listen`, `series`",
            "test.toml: series: must be a whole number, 0 or more, is string \"many\"",
            "test.toml: listen.http: must be an address and a port",
        ]
    );
}

#[test]
fn a_named_file_must_exist_and_parse() {
    let about = About {
        name: "test",
        version: "0",
        summary: "",
        help: "",
        env_prefix: "SBT2__",
    };
    let missing = Sources::new(
        &about,
        vec!["/nonexistent/collector.toml".into()],
        Vec::new(),
        &NoFlags {},
    )
    .load::<Raw>();
    let problem = missing.unwrap_err().to_string();
    assert_eq!(
        problem,
        "wrong configuration: /nonexistent/collector.toml: cannot be read: No such file or directory (os error 2)"
    );
    let broken = load(
        "SBT2__",
        "environment = 'qa'\nseries = = 4\n",
        "",
        &Flags::default(),
    )
    .unwrap_err();
    assert!(
        broken[0].starts_with("test.toml:2: not valid TOML: "),
        "{broken:?}"
    );
}
