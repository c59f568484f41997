use service::Settings;

use crate::config::RawConfig;

fn check(toml: &str, expected: &str) {
    let settings: RawConfig = toml::from_str(toml).expect("settings");
    let config = settings.into_config().expect("right settings");
    assert_eq!(super::explain(&config), expected);
}

#[test]
fn the_defaults_are_explained() {
    check(
        "",
        "\
Takes OTLP over gRPC on 127.0.0.1:4317 and over HTTP on 127.0.0.1:4318. Serves what it collects on
127.0.0.1:8889, and metrics of itself on 127.0.0.1:8888.

Where systemd runs it with signalbox-collector.socket, that has these addresses: others there stand
in place of those that are set nowhere, and are an error beside those that are.

Nothing is encrypted. Whoever reaches the ports of OTLP may send.

There are no steps of processing: everything is taken as it comes.

Then series are labelled, beside job and instance, with what their resource says:
  - data_plane_id is data_plane_id.
  - environment is the first of deployment.environment.name, deployment.environment and environment
    that is there.
  - service_name is service.name.

Their instrumentation scope is in labels of the form otel_scope_*.

A metric http.server.duration in seconds is served as http_server_duration_seconds.

After its last point a series lives on
  - for 5m if it is a gauge or its sender has ended it,
  - for 1h if it is anything else.

At most there are
  - 512 MiB of memory for series and requests, 64 MiB of it for requests,
  - 1,000,000 series in all, 1,000,000 of one environment, 200,000 of one metric,
  - 100,000 resources and scopes,
  - 64 labels of a point and as many of its resource and scope, 1 KiB in a name, 4 KiB in a value,
    16 KiB in all of them,
  - 256 buckets in a histogram,
  - 200,000 data points and 16 MiB in a request.

What is beyond is rejected or refused, and its sender is told. Series that are there already go on.

Nothing is kept over restarts: sums of deltas begin anew.
",
    );
}

#[test]
fn everything_is_explained() {
    check(
        r#"
environment = "prod"
scope_labels = false
translation_strategy = "NoUTF8EscapingWithSuffixes"
state_dir = "/var/lib/signalbox-collector"

[expose]
created_series = true
exponential_histograms.classic_bounds = [0.1, 1, 10]

[debug]
datapoints_per_second = 5

[expiry]
counters = "never"

[expiry.overrides]
"batch_*" = "1d"

[limits]
labels = 1
series = 50_000
label_value_bytes = 1000

[[process]]
step = "resource_attributes"
actions = [
  { action = "insert", key = "cloud.region", value = "eu-central-1" },
  { action = "upsert", key = "package", from_env = "CARGO_PKG_NAME" },
  { action = "update", key = "team", from_attribute = "owner" },
  { action = "delete", key = "process.*" },
]

[[process]]
step = "filter_resources"
exclude = [{ "service.name" = "canary" }]

[[process]]
step = "rename_metrics"
from = "legacy.*"
to = "shop.*"

[[process]]
step = "filter_metrics"
include = ["http.*", "shop.*"]
exclude = ["*.debug"]

[[process]]
step = "point_attributes"
metrics = ["http.*"]
actions = [{ action = "delete", key = "user_agent.*" }]

[[process]]
step = "filter_points"
metrics = "http.*"
exclude = [
  { "http.route" = ["/health*", "/ready"], "http.request.method" = "GET" },
  { "http.response.status_code" = 404 },
]

[[aliases]]
metric = "http.server.request.duration_seconds"
names = ["http_server_duration", "http_server_duration_milliseconds"]
scale = 1000
labels = { "http.request.method" = "http_method", "http.response.status_code" = "http_status_code" }

[[aliases]]
metric = "a"
names = ["b"]
"#,
        "\
Takes OTLP over gRPC on 127.0.0.1:4317 and over HTTP on 127.0.0.1:4318. Serves what it collects on
127.0.0.1:8889, and metrics of itself on 127.0.0.1:8888.

Where systemd runs it with signalbox-collector.socket, that has these addresses: others there stand
in place of those that are set nowhere, and are an error beside those that are.

Up to 5 data points per second are written into the log, as they were taken.

Nothing is encrypted. Whoever reaches the ports of OTLP may send.

What comes in goes through these steps, in this order:
  1. Resources: `cloud.region` becomes `eu-central-1` where it is missing; `package` becomes the
     value of $CARGO_PKG_NAME; `team` becomes the value of `owner` where it is there; `process.*` is
     deleted.
  2. Resources: dropped where `service.name` is `canary`.
  3. Metrics: `legacy.*` is renamed to `shop.*`.
  4. Metrics: only `http.*` and `shop.*` pass, but not `*.debug`.
  5. Points of `http.*`: `user_agent.*` is deleted.
  6. Points of `http.*`: dropped where `http.request.method` is `GET` and `http.route` is `/health*`
     or `/ready`, or where `http.response.status_code` is `404`.

What a step drops is counted as filtered; its sender is not told, because nothing is wrong with it.

Then series are labelled, beside job and instance, with what their resource says:
  - data_plane_id is data_plane_id.
  - environment is always `prod`, whatever a client or a step says in deployment.environment.name,
    deployment.environment or environment.
  - service_name is service.name.

Their instrumentation scope is in no label: scopes of one resource that send the same series
overwrite each other's.

A metric http.server.duration in seconds is served as http.server.duration_seconds.

In OpenMetrics' text, counters, histograms and summaries have a _created series.

In text, exponential histograms have buckets up to 0.1, 1, 10 and infinity.

After its last point a series lives on
  - for 1day if its metric is `batch_*`,
  - else for 5m if it is a gauge or its sender has ended it,
  - for ever if it is anything else.

At most there are
  - 512 MiB of memory for series and requests, 64 MiB of it for requests,
  - 50,000 series in all, 1,000,000 of one environment, 200,000 of one metric,
  - 100,000 resources and scopes,
  - 1 label of a point and as many of its resource and scope, 1 KiB in a name, 1,000 B in a value,
    16 KiB in all of them,
  - 256 buckets in a histogram,
  - 200,000 data points and 16 MiB in a request.

What is beyond is rejected or refused, and its sender is told. Series that are there already go on.

Some metrics have second names, unless a service sends a metric of such a name itself:
  - http.server.request.duration_seconds is also http_server_duration and
    http_server_duration_milliseconds, its values times 1000, with http.request.method as
    http_method and http.response.status_code as http_status_code.
  - a is also b.

Sums of deltas are kept over restarts, in /var/lib/signalbox-collector.
",
    );
}

/// The text of the one block of this language on a page.
fn block<'a>(page: &'a str, language: &str) -> &'a str {
    let (_, after) = page.split_once(&format!("```{language}\n")).expect("a block");
    after.split_once("```").expect("its end").0
}

#[test]
fn the_example_of_the_manual_does_what_the_manual_says() {
    let page = include_str!("../../../../../docs/processing.md");
    let settings: RawConfig = toml::from_str(block(page, "toml")).expect("settings");
    let words = super::explain(&settings.into_config().expect("right settings"));
    let explained = block(page, "text");
    assert!(words.contains(explained), "{words}");
}

#[test]
fn locks_are_explained() {
    let explained = |encrypted, data, certified_clients, tokens| {
        let mut config = RawConfig::default().into_config().expect("right settings");
        let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let identity = service::tls::Identity::new(
            vec![certified.cert.der().clone()],
            certified.signing_key.into(),
            service::tls::Clients::all(),
        );
        config.security = crate::config::Security {
            identity: identity.ok().filter(|_| encrypted),
            data,
            certified_clients,
            tokens: crate::receive::Tokens::parse("secret").ok().filter(|_| tokens),
        };
        let mut page = super::Page::default();
        super::doors(&config, &mut page);
        page.text().replace('\n', " ").trim_end().to_owned()
    };
    assert_eq!(
        explained(true, false, true, true),
        "OTLP is encrypted, scrapes are not. Where it is encrypted, only clients with a certificate of a known authority are \
         let in. Who sends must show a token."
    );
    assert_eq!(
        explained(true, true, true, false),
        "OTLP and scrapes of what is collected are encrypted, metrics of itself are not. Where it is encrypted, only clients \
         with a certificate of a known authority are let in."
    );
    assert_eq!(
        explained(false, false, false, true),
        "Nothing is encrypted. Who sends must show a token, which others on its way can read: set tls.cert_file and \
         tls.key_file."
    );
}
