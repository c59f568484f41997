use std::net::SocketAddr;
use std::time::Duration;

use super::*;
use crate::expose::Scale;
use crate::process::Promotion;

fn config(toml: &str) -> Result<Config, Box<Problems>> {
    toml::from_str::<RawConfig>(toml).expect("settings").into_config()
}

/// The settings are wrong at these keys, in these words.
fn check_problems(toml: &str, expected: &[(&str, &str)]) {
    let problems = config(toml).expect_err("something is wrong");
    let expected: Vec<_> = expected
        .iter()
        .map(|(key, message)| format!("{key}: {message}"))
        .collect();
    assert_eq!(problems.iter().collect::<Vec<_>>(), expected);
}

#[test]
fn without_settings_it_listens_on_the_standard_ports_of_this_machine_only() {
    let config = config("").expect("the defaults are right");
    let loopback = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
    assert_eq!(
        config.listen,
        Listen {
            grpc: loopback(4317),
            http: loopback(4318),
            data: loopback(8889),
            self_metrics: loopback(8888),
        }
    );
    assert!(
        config
            .rules
            .pipeline
            .promotions
            .iter()
            .all(|promotion| promotion.fixed.is_none())
    );
    assert_eq!(config.rules.expiry.gauges, Some(Duration::from_mins(5)));
}

#[test]
fn the_collectors_own_values_go_to_their_labels() {
    let config = config(
        "environment = \"dev\"\n[promote]\nenvironment = [\"env\"]\nservice_name = []\nteam = [\"team\"]",
    );
    let promotion = |label: &str, from: &str, fixed: Option<&str>| Promotion {
        label: label.to_owned(),
        from: vec![from.to_owned()],
        fixed: fixed.map(str::to_owned),
    };
    assert_eq!(
        config.expect("right settings").rules.pipeline.promotions,
        [
            promotion("environment", "env", Some("dev")),
            promotion("team", "team", None)
        ]
    );
}

#[test]
fn an_expiry_can_be_never() {
    let config = config("[expiry]\ncounters = \"never\"\ngauges = \"90s\"").expect("right settings");
    assert_eq!(config.rules.expiry.counters, None);
    assert_eq!(config.rules.expiry.gauges, Some(Duration::from_secs(90)));
}

#[test]
fn the_file_of_the_demo_and_the_appliance_is_right() {
    let file = include_str!("../../../../stack/collector/collector.toml");
    let aliases = config(file).expect("right settings").view.aliases;
    let names: Vec<_> = aliases
        .iter()
        .map(|alias| (alias.metric.as_str(), alias.name.as_str()))
        .collect();
    assert_eq!(
        names,
        [
            (
                "http_server_request_duration_seconds",
                "otel_http_server_duration"
            ),
            ("http_server_request_duration_seconds", "http_server_duration"),
            ("http_server_active_requests", "otel_http_server_active_requests"),
        ]
    );
}

#[test]
fn everything_wrong_is_reported_at_once() {
    check_problems(
        "data_plane_id = \"\"\nenvironment = \"dev\"\n\
         [listen]\ngrpc = \"localhost\"\ndata = \"127.0.0.1\"\n\
         [limits]\nseries = 0\nrequest_bytes = 100\nin_flight_bytes = 199\n\
         [expiry]\ngauges = \"soon\"\ncounters = \"0s\"\n\
         [promote]\n\"a.b\" = [\"x\"]\njob = [\"x\"]",
        &[
            ("limits.series", "must be at least 1, is 0"),
            (
                "limits.in_flight_bytes",
                "must be at least twice limits.request_bytes, which is 200, is 199",
            ),
            (
                "listen.grpc",
                "must be an IP address and a port, such as 127.0.0.1:4317, is `localhost`",
            ),
            (
                "listen.data",
                "must be an IP address and a port, such as 127.0.0.1:4317, is `127.0.0.1`",
            ),
            (
                "expiry.gauges",
                "must be a time of at least 1s, such as 5m, or never, is `soon`",
            ),
            (
                "expiry.counters",
                "must be a time of at least 1s, such as 5m, or never, is `0s`",
            ),
            (
                "environment",
                "has no effect, because promote.environment is empty",
            ),
            (
                "data_plane_id",
                "must not be empty; leave it out to take what clients send",
            ),
            (
                "promote.a.b",
                "must be a label's name: letters, digits and _, no digit first",
            ),
            (
                "promote.job",
                "cannot be promoted: this label has a meaning of its own",
            ),
        ],
    );
}

#[test]
fn one_address_cannot_be_listened_on_twice() {
    check_problems(
        "[listen]\nhttp = \"127.0.0.1:4317\"\nself_metrics = \"127.0.0.1:8889\"",
        &[
            (
                "listen.http",
                "must differ from listen.grpc, is 127.0.0.1:4317 too",
            ),
            (
                "listen.self_metrics",
                "must differ from listen.data, is 127.0.0.1:8889 too",
            ),
        ],
    );
    let any_port = "[listen]\ngrpc = \"127.0.0.1:0\"\nhttp = \"127.0.0.1:0\"";
    assert!(config(any_port).is_ok());
}

#[test]
fn aliases_are_checked() {
    let alias = |metric: &str, names: &str, labels: &str| {
        format!("[[aliases]]\nmetric = \"{metric}\"\nnames = [{names}]\n[aliases.labels]\n{labels}\n")
    };
    for (toml, message) in [
        (
            alias("a.b", "\"x\"", ""),
            "metric must be the exposed name of a metric, is `a.b`",
        ),
        (alias("a", "", ""), "`a` needs at least one name in names"),
        (alias("a", "\"a\"", ""), "`a` cannot be another name of `a`"),
        (alias("a", "\"up\"", ""), "`up` cannot be another name of `a`"),
        (alias("a", "\"x\", \"x\"", ""), "`x` is given twice"),
        (
            alias("a", "\"x\"", "k = \"l.m\""),
            "labels of `a` must be label names, are `k` and `l.m`",
        ),
        (
            alias("a", "\"x\"", "k = \"n\"\nl = \"n\""),
            "two labels of `a` cannot both become `n`",
        ),
        (
            alias("a", "\"x\"", "http_route = \"le\""),
            "a label of `a` cannot become `le`: this label has a meaning of its own",
        ),
        (
            alias("a", "\"x\"", "k = \"quantile\""),
            "a label of `a` cannot become `quantile`: this label has a meaning of its own",
        ),
        (
            alias("a", "\"x\"", "k = \"instance\""),
            "a label of `a` cannot become `instance`: this label has a meaning of its own",
        ),
        (
            alias("a", "\"x\"", "k = \"service_name\""),
            "a label of `a` cannot become `service_name`: this label has a meaning of its own",
        ),
        (
            alias("a", "\"x\"", "") + &alias("b", "\"x_count\"", ""),
            "`x_count` and `x` cannot both be names: one would be a sample of the other",
        ),
        (
            alias("a", "\"x_bucket\", \"x\"", ""),
            "`x` and `x_bucket` cannot both be names: one would be a sample of the other",
        ),
    ] {
        check_problems(&toml, &[("aliases", message)]);
    }
}

#[test]
fn second_names_can_be_in_another_unit() {
    let toml = |scale: &str| format!("[[aliases]]\nmetric = \"a_seconds\"\nnames = [\"b\"]\nscale = {scale}");
    let aliases = config(&toml("1000")).expect("right settings").view.aliases;
    assert_eq!(aliases[0].scale, Scale::PowerOfTen(3));
    for (scale, shown) in [("0", "0"), ("-1.5", "-1.5"), ("inf", "inf")] {
        let message = format!("scale of `a_seconds` must be a number above 0, is {shown}");
        check_problems(&toml(scale), &[("aliases", &message)]);
    }
}

#[test]
fn second_names_may_be_any_where_names_are_not_escaped() {
    let toml = |strategy: &str| {
        format!(
            "translation_strategy = \"{strategy}\"\n[[aliases]]\nmetric = \"a.b\"\nnames = [\"c.d\"]\n\
             labels = {{ \"e.f\" = \"g.h\" }}"
        )
    };
    assert!(config(&toml("UnderscoreEscapingWithoutSuffixes")).is_err());
    let config = config(&toml("NoUTF8EscapingWithSuffixes")).expect("right settings");
    assert_eq!(
        config.rules.pipeline.translation,
        exposition::Translation::NoUtf8EscapingWithSuffixes
    );
    assert_eq!(config.view.aliases[0].name, "c.d");
}

#[test]
fn of_several_overrides_of_an_expiry_the_longest_comes_first() {
    let config = config("[expiry.overrides]\n\"*\" = \"2h\"\n\"batch_*\" = \"never\"\n\"b*\" = \"1d\"");
    let overrides = config.expect("right settings").rules.expiry.overrides;
    let overrides: Vec<_> = overrides
        .iter()
        .map(|(names, age)| (names.to_string(), *age))
        .collect();
    assert_eq!(
        overrides,
        [
            ("batch_*".to_owned(), None),
            ("b*".to_owned(), Some(Duration::from_hours(24))),
            ("*".to_owned(), Some(Duration::from_hours(2))),
        ]
    );
}

#[test]
fn what_takes_a_restart_is_named() {
    let changed = |toml: &str| {
        let old = config("state_dir = \"\"").expect("right settings");
        let new = config(toml).expect("right settings");
        old.changed_until_restart(&new)
    };
    assert_eq!(
        changed("state_dir = \"/srv\"\nlisten = { data = \"127.0.0.1:9999\" }\nlimits = { series = 5 }"),
        ["listen.data", "state_dir"]
    );
    assert_eq!(
        changed("state_dir = \"\"\nscope_labels = false"),
        Vec::<&str>::new()
    );
}

#[test]
fn what_the_other_settings_must_be() {
    check_problems(
        "translation_strategy = \"None\"\n\
         [limits]\nmemory_bytes = 1000\nin_flight_bytes = 40000000\nbuckets = 3\n\
         [expiry.overrides]\n\"a*\" = \"1ms\"\n\
         [expose.exponential_histograms]\nclassic_bounds = [1, 3, 2]",
        &[
            (
                "limits.memory_bytes",
                "must be at least 74603008, is 1000: limits.in_flight_bytes, which is 40000000, and the process itself are \
                 parts of it",
            ),
            (
                "expiry.overrides.a*",
                "must be a time of at least 1s, such as 5m, or never, is `1ms`",
            ),
            (
                "translation_strategy",
                "must be one of UnderscoreEscapingWithSuffixes, UnderscoreEscapingWithoutSuffixes, \
                 NoUTF8EscapingWithSuffixes, NoTranslation, is `None`",
            ),
            (
                "expose.exponential_histograms.classic_bounds",
                "must be numbers in ascending order; infinity is there always",
            ),
            (
                "expose.exponential_histograms.classic_bounds",
                "must be fewer than limits.buckets, which is 3, are 3",
            ),
        ],
    );
}

#[test]
fn limits_beyond_all_reason_are_refused() {
    check_problems(
        "[limits]\nin_flight_bytes = 9223372036854775807",
        &[(
            "limits.memory_bytes",
            "must be at least 9223372036889378815, is 536870912: limits.in_flight_bytes, which is 9223372036854775807, \
             and the process itself are parts of it",
        )],
    );
}
