//! Every format that the collector speaks, read by a real Prometheus, under every scheme of escaping.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

use crate::harness::{PATIENCE, assert_built, demo_program, root};

/// A job of Prometheus: its name, what it says it accepts, and how it wants names that are not its own.
struct Job {
    name: String,
    format: &'static str,
    scheme: Option<&'static str>,
}

const FORMATS: [(&str, &str); 5] = [
    ("text 0.0.4", "[PrometheusText0.0.4]"),
    ("text 1.0.0", "[PrometheusText1.0.0]"),
    ("openmetrics 0.0.1", "[OpenMetricsText0.0.1]"),
    ("openmetrics 1.0.0", "[OpenMetricsText1.0.0]"),
    // it names a scheme only beside formats of text
    ("protobuf", "[PrometheusProto, OpenMetricsText1.0.0]"),
];

const SCHEMES: [&str; 4] = ["allow-utf-8", "underscores", "dots", "values"];

/// What a scrape shows of [`request`] in every format: the family's name as it is translated, and as it was sent, what
/// comes behind the name, a label, and the value.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    Option<(&'static str, &'static str)>,
    f64,
);

const ROWS: [Row; 17] = [
    ("build_info", "build.info", "", Some(("version", "1.2")), 1.0),
    ("events_total", "events", "", None, 7.0),
    ("gc_pause_seconds", "gc.pause", "", Some(("quantile", "0.5")), 0.2),
    (
        "gc_pause_seconds",
        "gc.pause",
        "",
        Some(("quantile", "0.99")),
        0.9,
    ),
    ("gc_pause_seconds", "gc.pause", "_sum", None, 1.5),
    ("gc_pause_seconds", "gc.pause", "_count", None, 5.0),
    (HTTP.0, HTTP.1, "_bucket", Some(("le", "0.5")), 3.0),
    (HTTP.0, HTTP.1, "_bucket", Some(("le", "1.0")), 5.0),
    (HTTP.0, HTTP.1, "_bucket", Some(("le", "+Inf")), 6.0),
    (HTTP.0, HTTP.1, "_sum", None, 6.5),
    (HTTP.0, HTTP.1, "_count", None, 6.0),
    ("odd", "odd", "", None, 4.25),
    ("orders_total", "orders", "", Some(("http.route", "/a")), 9.0),
    ("phase", "phase", "", Some(("phase", "on")), 1.0),
    ("memory_usage_bytes", "memory.usage", "", None, 1.5e9),
    ("queue_size", "queue.size", "", None, -2.0),
    (
        "target_info",
        "target_info",
        "",
        Some(("service.instance.id", "i-1")),
        1.0,
    ),
];

const HTTP: (&str, &str) = (
    "http_server_request_duration_seconds",
    "http.server.request.duration",
);

/// What a format without native histograms shows beside it.
const CLASSIC: [Row; 6] = [
    (RPC.0, RPC.1, "_bucket", Some(("le", "+Inf")), 7.0),
    (RPC.0, RPC.1, "_sum", None, 30.0),
    (RPC.0, RPC.1, "_count", None, 7.0),
    ("fine", "fine", "_bucket", Some(("le", "+Inf")), 8.0),
    ("fine", "fine", "_sum", None, -1.0),
    ("fine", "fine", "_count", None, 8.0),
];

const RPC: (&str, &str) = ("rpc_latency_seconds", "rpc.latency");

const TRACE: &str = "0102030405060708090a0b0c0d0e0f10";

impl Job {
    fn all() -> Vec<Self> {
        let translated = FORMATS.map(|(name, format)| Self {
            name: name.to_owned(),
            format,
            scheme: None,
        });
        let untranslated = SCHEMES.into_iter().flat_map(|scheme| {
            FORMATS.map(|(name, format)| Self {
                name: format!("{name} {scheme}"),
                format,
                scheme: Some(scheme),
            })
        });
        translated.into_iter().chain(untranslated).collect()
    }

    fn is_native(&self) -> bool {
        self.name.starts_with("protobuf")
    }

    fn has_exemplars(&self) -> bool {
        !self.name.starts_with("text")
    }

    /// The scheme by which names are escaped indeed: formats from before there was UTF-8 have only one.
    fn escaping(&self) -> Option<&'static str> {
        let old = self.name.starts_with("text 0.0.4") || self.name.starts_with("openmetrics 0.0.1");
        self.scheme.map(|scheme| if old { "underscores" } else { scheme })
    }

    fn escaped(&self, name: &str) -> String {
        match self.escaping() {
            None | Some("underscores") => name.replace('.', "_"),
            Some("dots") => name.replace('.', "_dot_"),
            Some("values") if name.contains('.') => format!("U__{}", name.replace('.', "_2e_")),
            Some(_) => name.to_owned(),
        }
    }

    /// The name of a family.
    fn family(&self, translated: &str, sent: &str) -> String {
        match self.scheme {
            None => translated.to_owned(),
            Some(_) => self.escaped(sent),
        }
    }

    /// What Prometheus is to have of it.
    fn expected(&self) -> BTreeMap<String, f64> {
        let classic = if self.is_native() { &[][..] } else { &CLASSIC };
        let row = |(translated, sent, suffix, label, value): &Row| {
            let mut series = self.family(translated, sent) + suffix;
            if translated == &HTTP.0 {
                let _ = write!(series, " {}=/a", self.escaped("http.route"));
            }
            if let Some((name, text)) = label {
                let _ = write!(series, " {}={text}", self.escaped(name));
            }
            (series, *value)
        };
        let mut expected: BTreeMap<_, _> = ROWS.iter().chain(classic).map(row).collect();
        if self.name.starts_with("openmetrics") {
            // a sum that is negative is none there, and where there is no sum there is no count
            expected.retain(|series, _| series != "fine_sum" && series != "fine_count");
        }
        expected
    }

    fn config(&self, target: SocketAddr) -> String {
        let Self { name, format, .. } = self;
        let scheme = self.scheme.unwrap_or("allow-utf-8");
        format!(
            "- job_name: {name}\n  scrape_protocols: {format}\n  metric_name_escaping_scheme: {scheme}\n  \
             scrape_native_histograms: true\n  always_scrape_classic_histograms: true\n  \
             static_configs: [{{targets: [\"{target}\"]}}]\n"
        )
    }
}

/// A request with a metric of every kind; deltas have this value and are of this second.
fn request(delta: f64, second: u64) -> Value {
    let (start, end) = ((second - 1) * 1_000_000_000, second * 1_000_000_000);
    let attributes = |key: &str, value: &str| match key {
        "" => json!([]),
        key => json!([{"key": key, "value": {"stringValue": value}}]),
    };
    let point = |more: Value| {
        let mut point = json!({"startTimeUnixNano": start.to_string(), "timeUnixNano": end.to_string()});
        let fields = point.as_object_mut().unwrap();
        fields.extend(more.as_object().unwrap().clone());
        point
    };
    let exemplars = json!([
        {"timeUnixNano": end.to_string(), "asDouble": 0.75, "traceId": TRACE, "spanId": "0102030405060708"}
    ]);
    let metric = |name: &str, unit: &str, kind: &str, mut data: Value, one: Value| {
        data["dataPoints"] = json!([point(one)]);
        json!({"name": name, "unit": unit, "description": "What it means.", kind: data})
    };
    let gauge = |name: &str, of: &str, value: f64, (key, text): (&str, &str)| {
        let one = json!({"asDouble": value, "attributes": attributes(key, text)});
        let mut gauge = metric(name, "", "gauge", json!({}), one);
        gauge["metadata"] = attributes("prometheus.type", of);
        gauge
    };
    let cumulative = json!({"aggregationTemporality": 2});
    let metrics = json!([
        metric(
            "orders",
            "",
            "sum",
            json!({"aggregationTemporality": 2, "isMonotonic": true}),
            json!({"asInt": "9", "attributes": attributes("http.route", "/a"), "exemplars": exemplars}),
        ),
        metric(
            "events",
            "",
            "sum",
            json!({"aggregationTemporality": 1, "isMonotonic": true}),
            json!({"asDouble": delta}),
        ),
        metric(
            "queue.size",
            "{item}",
            "sum",
            cumulative.clone(),
            json!({"asInt": -2})
        ),
        metric(
            "memory.usage",
            "By",
            "gauge",
            json!({}),
            json!({"asDouble": 1.5e9})
        ),
        metric(
            HTTP.1,
            "s",
            "histogram",
            cumulative.clone(),
            json!({"count": 6, "sum": 6.5, "explicitBounds": [0.5, 1.0], "bucketCounts": [3, 2, 1],
                   "attributes": attributes("http.route", "/a"), "exemplars": exemplars}),
        ),
        metric(
            RPC.1,
            "s",
            "exponentialHistogram",
            cumulative.clone(),
            json!({"count": 7, "sum": 30.0, "scale": 0, "zeroCount": 1,
                   "positive": {"offset": 0, "bucketCounts": [1, 2, 3]}, "exemplars": exemplars}),
        ),
        // finer than Prometheus can have it, on both sides
        metric(
            "fine",
            "",
            "exponentialHistogram",
            cumulative,
            json!({"count": 8, "sum": -1.0, "scale": 10,
                   "positive": {"offset": -4, "bucketCounts": [1, 1, 1, 1, 1, 1]},
                   "negative": {"offset": 0, "bucketCounts": [2]}}),
        ),
        metric(
            "gc.pause",
            "s",
            "summary",
            json!({}),
            json!({"count": 5, "sum": 1.5,
                   "quantileValues": [{"quantile": 0.5, "value": 0.2}, {"quantile": 0.99, "value": 0.9}]}),
        ),
        gauge("build.info", "info", 1.0, ("version", "1.2")),
        gauge("phase", "stateset", 1.0, ("phase", "on")),
        gauge("odd", "unknown", 4.25, ("", "")),
    ]);
    let resource = json!([
        {"key": "service.name", "value": {"stringValue": "shop"}},
        {"key": "service.instance.id", "value": {"stringValue": "i-1"}}
    ]);
    json!({"resourceMetrics": [{
        "resource": {"attributes": resource},
        "scopeMetrics": [{"scope": {"name": "lib", "version": "1.0"}, "metrics": metrics}]
    }]})
}

/// A program that runs for as long as this is kept, and what it said when it was ready.
struct Program {
    _child: Child,
    ready: String,
}

impl Program {
    async fn start(command: &mut Command, ready: &str) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = String::new();
        let line = tokio::time::timeout(PATIENCE, async {
            while let Some(line) = log.next_line().await.unwrap() {
                if line.contains(ready) {
                    return line;
                }
                said = said + &line + "\n";
            }
            panic!("it ended and never said {ready:?}, only:\n{said}");
        });
        let ready = line.await.expect("it gets ready");
        // or it would wait for somebody to read
        tokio::spawn(read(log.into_inner()));
        Self { _child: child, ready }
    }

    /// The addresses in what it said.
    fn addresses(&self) -> Vec<SocketAddr> {
        let words = self
            .ready
            .split(|character: char| !(character.is_ascii_digit() || ".:".contains(character)));
        words.filter_map(|word| word.parse().ok()).collect()
    }
}

async fn read(mut from: impl AsyncRead + Unpin) {
    let _ = tokio::io::copy(&mut from, &mut tokio::io::sink()).await;
}

/// Starts a collector that has got everything, and returns where it is scraped.
async fn collector(settings: &[&str], second: u64, http: &reqwest::Client) -> (Program, SocketAddr) {
    let mut command = Command::new(demo_program().with_file_name("signalbox-collector"));
    command.env_clear();
    for port in ["grpc", "http", "data", "self_metrics"] {
        command.args(["--set", &format!("listen.{port}=127.0.0.1:0")]);
    }
    for setting in settings {
        command.args(["--set", setting]);
    }
    let program = Program::start(&mut command, "taking OTLP on").await;
    let [_, otlp, data] = program.addresses()[..] else {
        panic!("{}", program.ready);
    };
    for (delta, second) in [(3.0, second - 1), (4.0, second)] {
        let sent = http
            .post(format!("http://{otlp}/v1/metrics"))
            .json(&request(delta, second));
        let answer = sent.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.json::<Value>().await.unwrap(), json!({}));
    }
    (program, data)
}

/// Prometheus' HTTP API.
struct Api {
    url: String,
    http: reqwest::Client,
}

impl Api {
    async fn get(&self, path: &str, parameters: &[(&str, &str)]) -> Value {
        let asked = self
            .http
            .get(format!("{}/api/v1/{path}", self.url))
            .query(parameters);
        let answer: Value = asked.send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["status"], "success", "{path} {parameters:?}: {answer}");
        answer["data"].clone()
    }

    /// The numbers of a query, by what `key` makes of their labels.
    async fn numbers(&self, query: &str, key: impl Fn(&Value) -> String) -> BTreeMap<String, f64> {
        let data = self.get("query", &[("query", query)]).await;
        let mut numbers = BTreeMap::new();
        for sample in data["result"].as_array().unwrap() {
            let Some(value) = sample["value"][1].as_str() else {
                continue;
            };
            let before = numbers.insert(key(&sample["metric"]), value.parse().unwrap());
            assert_eq!(before, None, "twice: {sample}");
        }
        numbers
    }

    /// Waits until every target was scraped; it says it if one was and could not be read.
    async fn scraped(&self, targets: usize) {
        let scraped = async {
            loop {
                let data = self.get("targets", &[]).await;
                let active = data["activeTargets"].as_array().unwrap();
                for target in active {
                    assert_eq!(target["lastError"], "", "{target}");
                }
                if active.len() == targets && active.iter().all(|target| target["health"] == "up") {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(PATIENCE, scraped)
            .await
            .expect("every target is scraped");
    }
}

/// A series without what all have in common.
fn series(labels: &Value) -> String {
    let labels = labels.as_object().unwrap();
    assert_eq!(
        (&labels["exported_job"], &labels["exported_instance"]),
        (&json!("shop"), &json!("i-1"))
    );
    let mut text = labels["__name__"].as_str().unwrap().to_owned();
    for (name, value) in labels {
        let common = [
            "__name__",
            "job",
            "instance",
            "exported_job",
            "exported_instance",
            "service_name",
        ];
        let scope = name.starts_with("otel_scope_");
        if !scope && !common.contains(&name.as_str()) {
            let _ = write!(text, " {name}={}", value.as_str().unwrap());
        }
    }
    text
}

fn job(labels: &Value) -> String {
    labels["job"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_reads_every_format() {
    assert_built();
    let directory = tempfile::tempdir().unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let second = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let (_translated, translated) = collector(&[], second, &http).await;
    let settings = ["translation_strategy=NoTranslation"];
    let (_untranslated, untranslated) = collector(&settings, second, &http).await;
    let (_created, created) = collector(&["expose.created_series=true"], second, &http).await;

    let jobs = Job::all();
    let with_created = Job {
        name: "created".to_owned(),
        format: "[OpenMetricsText1.0.0]",
        scheme: None,
    };
    let mut config = "global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n".to_owned();
    for job in &jobs {
        config += &job.config(if job.scheme.is_some() {
            untranslated
        } else {
            translated
        });
    }
    config += &with_created.config(created);
    let (_prometheus, api) = prometheus(directory.path(), &config, &http).await;
    api.scraped(jobs.len() + 1).await;

    for job in &jobs {
        let query = format!("{{job=\"{}\", __name__!~\"up|scrape_.*\"}}", job.name);
        assert_eq!(api.numbers(&query, series).await, job.expected(), "{}", job.name);
    }
    the_counts_are_right(&api, &jobs).await;
    histograms_can_be_asked(&api, &jobs).await;
    exemplars_are_there(&api, &jobs, second).await;
    types_are_known(&api).await;

    let counted_from = api.numbers("orders_created", series).await;
    assert_eq!(
        counted_from,
        BTreeMap::from([("orders_created http_route=/a".to_owned(), second as f64 - 1.0)])
    );
    promtool_finds_nothing(translated, &http).await;
}

async fn prometheus(directory: &Path, config: &str, http: &reqwest::Client) -> (Program, Api) {
    let file = directory.join("prometheus.yml");
    std::fs::write(&file, config).unwrap();
    let mut command = Command::new(root().join("target/stack/bin/prometheus"));
    command
        .arg(format!("--config.file={}", file.display()))
        .arg(format!(
            "--storage.tsdb.path={}",
            directory.join("data").display()
        ))
        .args([
            "--web.listen-address=127.0.0.1:0",
            "--enable-feature=exemplar-storage",
        ]);
    let program = Program::start(&mut command, "Listening on").await;
    let [address] = program.addresses()[..] else {
        panic!("{}", program.ready);
    };
    let api = Api {
        url: format!("http://{address}"),
        http: http.clone(),
    };
    let ready = async {
        let url = format!("http://{address}/-/ready");
        while http
            .get(&url)
            .send()
            .await
            .is_ok_and(|answer| answer.status() != 200)
        {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, ready)
        .await
        .expect("Prometheus gets ready");
    (program, api)
}

async fn the_counts_are_right(api: &Api, jobs: &[Job]) {
    let up = api.numbers("up", job).await;
    let scraped = api.numbers("scrape_samples_scraped", job).await;
    assert_eq!(up.len(), jobs.len() + 1);
    for job in jobs {
        assert_eq!(up[&job.name].to_bits(), 1.0_f64.to_bits(), "{}", job.name);
        let native = if job.is_native() { 2 } else { 0 };
        let expected = (job.expected().len() + native) as f64;
        assert_eq!(scraped[&job.name].to_bits(), expected.to_bits(), "{}", job.name);
    }
}

async fn histograms_can_be_asked(api: &Api, jobs: &[Job]) {
    let native = |job: &&Job| job.is_native();
    for (family, of, expected) in [
        (RPC, "histogram_count(X)", 7.0),
        (RPC, "histogram_sum(X)", 30.0),
        // the observation in the middle is three quarters into the bucket from 2 to 4, which is exponential
        (RPC, "histogram_quantile(0.5, X)", 1.75_f64.exp2()),
        (RPC, "histogram_fraction(2, 4, X)", 2.0 / 7.0),
        (("fine", "fine"), "histogram_count(X)", 8.0),
        (("fine", "fine"), "histogram_sum(X)", -1.0),
        // 2 of 8 are negative, and four of scale 10 fit into one of scale 8
        (("fine", "fine"), "histogram_fraction(-2, 0, X)", 0.25),
        (("fine", "fine"), "histogram_fraction(0, 1, X)", 0.5),
    ] {
        for one in jobs.iter().filter(native) {
            let selector = format!(
                "{{__name__=\"{}\", job=\"{}\"}}",
                one.family(family.0, family.1),
                one.name
            );
            let found = api.numbers(&of.replace('X', &selector), job).await;
            let difference = found.get(&one.name).map(|found| (found - expected).abs());
            assert!(
                difference.is_some_and(|difference| difference < 1e-9),
                "{of} of {}: {found:?}",
                one.name
            );
        }
    }
    for one in jobs {
        let buckets = one.family(HTTP.0, HTTP.1) + "_bucket";
        let query = format!(
            "histogram_quantile(0.75, {{__name__=\"{buckets}\", job=\"{}\"}})",
            one.name
        );
        let expected = BTreeMap::from([(one.name.clone(), 0.875)]);
        assert_eq!(api.numbers(&query, job).await, expected);
    }
}

async fn exemplars_are_there(api: &Api, jobs: &[Job], second: u64) {
    let (start, end) = ((second - 60).to_string(), (second + 60).to_string());
    let parameters = [("query", "{__name__=~\".+\"}"), ("start", &start), ("end", &end)];
    let data = api.get("query_exemplars", &parameters).await;
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for one in data.as_array().unwrap() {
        let exemplars = one["exemplars"].as_array().unwrap();
        for exemplar in exemplars {
            assert_eq!(
                exemplar["labels"],
                json!({"trace_id": TRACE, "span_id": "0102030405060708"})
            );
            assert_eq!(exemplar["value"], "0.75");
            let time = exemplar["timestamp"].as_f64().unwrap();
            assert!((time - second as f64).abs() <= 1.0, "{exemplar}");
        }
        let labels = &one["seriesLabels"];
        found.entry(job(labels)).or_default().insert(series(labels));
    }
    for job in jobs {
        let route = job.escaped("http.route");
        let http = format!("{}_bucket {route}=/a le=1.0", job.family(HTTP.0, HTTP.1));
        let rpc = job.family(RPC.0, RPC.1);
        let rpc = if job.is_native() {
            rpc
        } else {
            rpc + "_bucket le=+Inf"
        };
        let orders = format!("{} {route}=/a", job.family("orders_total", "orders"));
        let mut expected = BTreeSet::from([http, rpc, orders]);
        if !job.has_exemplars() {
            expected.clear();
        } else if !job.is_native() && job.scheme.is_some() {
            // without `_total` it is no counter there, and only counters have exemplars
            expected.retain(|series| !series.starts_with("orders"));
        }
        assert_eq!(
            found.remove(&job.name).unwrap_or_default(),
            expected,
            "{}",
            job.name
        );
    }
}

async fn types_are_known(api: &Api) {
    for (of, expected) in [
        (
            "openmetrics 1.0.0",
            "build info, events counter, fine histogram, gc_pause_seconds summary seconds, \
             http_server_request_duration_seconds histogram seconds, memory_usage_bytes gauge bytes, odd unknown, \
             orders counter, phase stateset, queue_size gauge, rpc_latency_seconds histogram seconds, target info",
        ),
        (
            "protobuf",
            "build_info gauge, events_total counter, fine histogram, gc_pause_seconds summary seconds, \
             http_server_request_duration_seconds histogram seconds, memory_usage_bytes gauge bytes, odd unknown, \
             orders_total counter, phase gauge, queue_size gauge, rpc_latency_seconds histogram seconds, \
             target_info gauge",
        ),
        (
            "text 0.0.4",
            "build_info gauge, events_total counter, fine histogram, gc_pause_seconds summary, \
             http_server_request_duration_seconds histogram, memory_usage_bytes gauge, odd unknown, \
             orders_total counter, phase gauge, queue_size gauge, rpc_latency_seconds histogram, target_info gauge",
        ),
        (
            "text 1.0.0 allow-utf-8",
            "build.info gauge, events counter, fine histogram, gc.pause summary, \
             http.server.request.duration histogram, memory.usage gauge, odd unknown, orders counter, phase gauge, \
             queue.size gauge, rpc.latency histogram, target_info gauge",
        ),
    ] {
        let target = format!("{{job=\"{of}\"}}");
        let data = api.get("targets/metadata", &[("match_target", &target)]).await;
        let mut found: Vec<_> = data
            .as_array()
            .unwrap()
            .iter()
            .map(|of| {
                let word = |key: &str| of[key].as_str().unwrap();
                if !word("metric").starts_with("target") {
                    assert_eq!(word("help"), "What it means.");
                }
                format!("{} {} {}", word("metric"), word("type"), word("unit"))
                    .trim_end()
                    .to_owned()
            })
            .collect();
        found.sort();
        assert_eq!(found.join(", "), expected, "{of}");
    }
    let data = api.get("metadata", &[("metric", "orders_total")]).await;
    assert_eq!(
        data["orders_total"][0],
        json!({"type": "counter", "unit": "", "help": "What it means."})
    );
}

/// It reads nothing but the text format 0.0.4, whatever it is given.
async fn promtool_finds_nothing(data: SocketAddr, http: &reqwest::Client) {
    let text = http
        .get(format!("http://{data}/metrics"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let mut promtool = Command::new(root().join("target/stack/bin/promtool"))
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    promtool
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .await
        .unwrap();
    let output = promtool.wait_with_output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}\n{text}");
}
