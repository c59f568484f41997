//! History: blocks go into the object store, the compactor thins them out, and answers come back from there.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;
use tokio::process::Command;

use crate::bucket::{Block, Bucket, sources};
use crate::harness::{Demo, eventually, root};
use crate::old_days::{HOUR, OldDays, RATE, levels, mean};
use crate::processes;
use crate::samples::{Api, Labels, Recording, Samples, now, single, time, value, without};

/// Blocks of 20 s, which Prometheus keeps for little longer than it takes to bring them into the object store.
const HASTE: [&str; 4] = ["--block-duration", "20s", "--retention", "1m"];

/// Milliseconds that one of those blocks spans.
const BLOCK: i64 = 20_000;

/// For Prometheus to forget: it does so block by block, and takes half a minute more to begin one.
const FORGETTING: Duration = Duration::from_mins(6);

/// Counters, gauges and native histograms, of us and of others.
const RECORDED: [&str; 5] = [
    "up",
    "otel_http_server_duration_count",
    "otel_http_server_duration_bucket",
    "process_resident_memory_bytes",
    "prometheus_http_request_duration_seconds",
];

/// As a selector with further matchers. Thanos takes away by which label the Pushgateways' series differ.
fn recorded(further: &str) -> String {
    let names = RECORDED.join("|");
    format!("{{__name__=~{names:?},job!=\"pushgateway\"{further}}}")
}

const REPLICAS: [&str; 2] = ["a", "b"];

/// What Prometheus says of itself to others.
const EXTERNAL: [&str; 3] = ["cluster", "region", "replica"];

#[tokio::test]
async fn history_comes_back_from_minio() {
    history("minio", "127.79.1", &root().join("target/stack/bin")).await;
}

/// Garage is built by nobody here; where it is, it does all that MinIO does.
#[tokio::test]
async fn history_comes_back_from_garage() {
    let Some(garage) = garage() else {
        // straight to standard error: what is printed otherwise is shown only of tests that fail
        let told = "NOT TESTED with Garage: name one with SIGNALBOX_DEMO_GARAGE, or have it in PATH\n";
        std::io::stderr().write_all(told.as_bytes()).unwrap();
        return;
    };
    let programs = tempfile::tempdir().unwrap();
    link_all(&root().join("target/stack/bin"), programs.path(), &[]);
    symlink(garage, programs.path().join("garage")).unwrap();
    history("garage", "127.79.2", programs.path()).await;
}

/// One that the user named, or one of the system.
fn garage() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("SIGNALBOX_DEMO_GARAGE") {
        return Some(named.into());
    }
    let path = std::env::var_os("PATH")?;
    let mut candidates = std::env::split_paths(&path).map(|folder| folder.join("garage"));
    candidates.find(|file| file.is_file())
}

async fn history(store: &str, network: &str, programs: &Path) {
    let state = tempfile::tempdir().unwrap();
    let stack = hasty_stack();
    let [programs, stack] = [programs, stack.path()].map(|path| path.to_str().unwrap());
    let options = ["--object-store", store, "--programs", programs, "--stack", stack];
    let mut demo = Demo::start(network, state.path(), &[&options[..], &HASTE].concat()).await;
    demo.says("metrics of prod, dev and qa visible after").await;
    let addresses = demo.addresses();
    let bucket = Bucket::of(&demo);
    let query = Api::new(&demo.url(10908));

    // raw blocks may be deleted no earlier: younger ones have not been downsampled yet
    let days = OldDays::older_than(40 * HOUR);
    let prometheus = [demo.url_on(1, 9090), demo.url_on(2, 9090)].map(|url| Api::new(&url));
    let selector = recorded("");
    let (recording, ()) = tokio::join!(
        Recording::until_forgotten(&prometheus, &selector, FORGETTING),
        back_fill(days, &bucket, state.path()),
    );

    what_was_scraped_is_all_there(&demo, &query, &recording).await;
    blocks_of_both_and_of_the_ruler_are_in_the_bucket(&bucket).await;
    old_days_are_downsampled(&bucket, days).await;
    the_compactor_goes_on(&demo).await;
    bucket.assert_verified().await;
    let scraped = query.at(now(), "sum(up{job=\"object-store\"})", &[]).await;
    assert_eq!(single(&scraped), Some(1.0), "{store}'s own metrics");

    let middle = days.start + 36 * HOUR;
    assert_eq!(samples_of_an_hour(&query, middle, "0s").await, Some(60.0));
    delete_raw(&demo, &bucket, days).await;
    let gone = async || {
        // until the store gateway looks for blocks again, it misses their files
        let raw = query.try_at(middle, SAMPLES_OF_AN_HOUR, &[("max_source_resolution", "0s")]);
        raw.await?.is_empty().then_some(())
    };
    eventually("nothing is left of the raw samples", gone).await;
    old_days_are_answered_from_what_is_left(&query, days).await;

    // it finds its bucket and its keys again
    demo.obeys(&["restart", store]).await;
    demo.obeys(&["restart", "thanos-compact"]).await;
    the_compactor_goes_on(&demo).await;
    bucket.assert_verified().await;
    demo.signal(Signal::INT);
    let (status, said) = demo.ends().await;
    assert_eq!(status.code(), Some(0), "{said}");
    demo.assert_nothing_left(&addresses).await;
}

/// The configuration as it is shipped, but the ruler evaluates more often: its blocks come sooner.
fn hasty_stack() -> tempfile::TempDir {
    let stack = root().join("stack");
    let hasty = tempfile::tempdir().unwrap();
    link_all(&stack, hasty.path(), &["thanos"]);
    let thanos = hasty.path().join("thanos");
    fs::create_dir(&thanos).unwrap();
    link_all(&stack.join("thanos"), &thanos, &["rules"]);
    let rules = thanos.join("rules");
    fs::create_dir(&rules).unwrap();
    let file = "error-budgets.yml";
    let text = fs::read_to_string(stack.join("thanos/rules").join(file)).unwrap();
    let hasty_text = text.replace("    interval: 2m ", "    interval: 10s ");
    assert_ne!(text, hasty_text, "the group has another interval");
    fs::write(rules.join(file), hasty_text).unwrap();
    hasty
}

/// Links to all that is in `from`, with exceptions.
fn link_all(from: &Path, to: &Path, except: &[&str]) {
    for entry in fs::read_dir(from).unwrap() {
        let name = entry.unwrap().file_name();
        if !except.iter().any(|other| name == *other) {
            symlink(from.join(&name), to.join(&name)).unwrap();
        }
    }
}

fn labels_of(replica: &str) -> Labels {
    let labels = [("cluster", "demo"), ("region", "local"), ("replica", replica)];
    labels
        .map(|(label, value)| (label.to_owned(), value.to_owned()))
        .into()
}

fn labels_of_the_ruler() -> Labels {
    let mut labels = labels_of("a");
    labels.insert("source".to_owned(), "ruler".to_owned());
    labels
}

/// Old days for one Prometheus and, over the very same time, for the ruler.
async fn back_fill(days: OldDays, bucket: &Bucket, state: &Path) {
    for (name, labels) in [("old-a", labels_of("a")), ("old-ruler", labels_of_the_ruler())] {
        let folder = state.join(name);
        days.write(&folder).await;
        bucket.upload(&folder.join("blocks"), &labels).await;
    }
}

/// Both Prometheus have forgotten what they recorded first: it comes back from the object store, sample for sample, and
/// without a gap to what only they have yet.
async fn what_was_scraped_is_all_there(demo: &Demo, query: &Api, recording: &Recording) {
    for samples in &recording.samples {
        let histograms = samples.values().flatten().filter(|sample| sample[1].is_object());
        assert!(histograms.count() > 0, "there are native histograms");
    }
    let (first_end, first) = recording.first_window();
    let store = demo.url(10905).replace("http://", "");
    let only_the_store = format!("{{__address__=\"{store}\"}}");
    let not_the_store = format!("{{__address__!=\"{store}\"}}");
    for (number, replica) in REPLICAS.iter().enumerate() {
        let selector = recorded(&format!(",replica={replica:?}"));
        let all = recording.window();
        let answer = query
            .at(
                recording.until,
                &format!("{selector}{all}"),
                &[("dedup", "false")],
            )
            .await;
        assert_same(&without(answer, &EXTERNAL), &recording.samples[number]);
        let ask = async |which: &str| {
            let answer = query
                .at(
                    first_end,
                    &format!("{selector}{first}"),
                    &[("dedup", "false"), ("storeMatch[]", which)],
                )
                .await;
            without(answer, &EXTERNAL)
        };
        assert_same(&ask(&only_the_store).await, &recording.first(number));
        assert_same(&ask(&not_the_store).await, &Samples::new());
    }
    // seen together, each series is there once, with the samples of one of both
    let selector = recorded("");
    let all = recording.window();
    let answer = query.at(recording.until, &format!("{selector}{all}"), &[]).await;
    let together = without(answer, &["cluster", "region"]);
    let [a, b] = &recording.samples[..] else {
        panic!("a pair")
    };
    assert_eq!(keys(&together), &keys(a) | &keys(b));
    for (series, samples) in &together {
        let [of_a, of_b] = [a, b].map(|samples| samples.get(series).map_or(&[][..], Vec::as_slice));
        let known = |sample| of_a.contains(sample) || of_b.contains(sample);
        assert!(samples.iter().all(known), "{series:?}");
        assert!(
            samples.is_sorted_by(|one, next| time(one) < time(next)),
            "{series:?}"
        );
        assert!(samples.len() >= of_a.len().min(of_b.len()), "{series:?}");
    }
    let planes = query
        .range(
            (recording.from + 20, recording.until, 10),
            "sum(up{job=~\"dataplane-.*\"})",
            &[],
        )
        .await;
    let planes: Vec<_> = planes.values().flatten().map(value).collect();
    let steps = (recording.until - recording.from - 20) / 10 + 1;
    assert_eq!(planes, vec![3.0; steps as usize]);
}

fn keys(samples: &Samples) -> BTreeSet<&Labels> {
    samples.keys().collect()
}

/// Says where the first difference is.
fn assert_same(actual: &Samples, expected: &Samples) {
    assert_eq!(keys(actual), keys(expected));
    for (series, samples) in expected {
        assert_eq!(&actual[series], samples, "{series:?}");
    }
}

/// Whole stretches of time of both Prometheus, and the ruler's under labels of their own.
async fn blocks_of_both_and_of_the_ruler_are_in_the_bucket(bucket: &Bucket) {
    let rulers = async || {
        let blocks = bucket.blocks().await;
        let some = blocks.iter().any(|block| block.thanos.source == "ruler");
        some.then_some(blocks)
    };
    let blocks = eventually("a block of the ruler comes into the object store", rulers).await;
    let labels: BTreeSet<_> = blocks.iter().map(|block| &block.thanos.labels).collect();
    let expected = [labels_of("a"), labels_of("b"), labels_of_the_ruler()];
    assert_eq!(labels, expected.iter().collect());
    for block in &blocks {
        let expected = match block.thanos.source.as_str() {
            "sidecar" => REPLICAS.map(labels_of).contains(&block.thanos.labels),
            "ruler" => block.thanos.labels == labels_of_the_ruler(),
            _ => continue,
        };
        assert!(expected, "{block:?}");
    }
    for replica in REPLICAS {
        let of_replica: Vec<_> = blocks
            .iter()
            .filter(|block| block.thanos.labels == labels_of(replica) && is_recent(block))
            .collect();
        assert!(of_replica.len() >= 2, "{of_replica:?}");
        for pair in of_replica.windows(2) {
            let gap = pair[1].min_time - pair[0].max_time;
            assert!((0..BLOCK).contains(&gap), "{pair:?}");
        }
    }
}

/// Of the box's own time, not of the old days.
fn is_recent(block: &Block) -> bool {
    block.min_time > (now() as i64 - HOUR as i64) * 1000
}

/// What came as blocks of two hours is now one raw block and one of five minutes for every two days, of Prometheus and of
/// the ruler each.
async fn old_days_are_downsampled(bucket: &Bucket, days: OldDays) {
    let all_done = async || {
        let blocks = bucket.blocks().await;
        let done = [0, 300_000]
            .iter()
            .all(|resolution| of_old_days(&blocks, days, *resolution) == [(); 2].map(|()| days.blocks()));
        done.then_some(())
    };
    eventually("six days are three blocks, in both resolutions", all_done).await;
}

/// The times of the blocks of that resolution, of Prometheus and of the ruler.
fn of_old_days(blocks: &[Block], days: OldDays, resolution: i64) -> [Vec<(i64, i64)>; 2] {
    [labels_of("a"), labels_of_the_ruler()].map(|labels| {
        blocks
            .iter()
            .filter(|block| block.thanos.labels == labels && block.thanos.downsample.resolution == resolution)
            .map(|block| (block.min_time, block.max_time))
            .filter(|(start, _)| *start < days.end as i64 * 1000)
            .collect()
    })
}

async fn the_compactor_goes_on(demo: &Demo) {
    let url = format!("{}/metrics", demo.url(10907));
    let before = sum_of("thanos_compact_iterations_total", &url).await;
    let again = async || (sum_of("thanos_compact_iterations_total", &url).await >= before + 2).then_some(());
    eventually("the compactor begins anew twice", again).await;
    for never in [
        "thanos_compact_halted",
        "thanos_compact_group_compactions_failures_total",
        // of blocks that overlap
        "thanos_compact_group_vertical_compactions_total",
        "thanos_compact_downsample_failures_total",
        "thanos_compact_block_cleanup_failures_total",
    ] {
        assert_eq!(sum_of(never, &url).await, 0, "{never}");
    }
}

/// The sum of a metric that counts, as a part says it itself.
async fn sum_of(name: &str, url: &str) -> u64 {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let text = http.get(url).send().await.unwrap().text().await.unwrap();
    let of_metric = text.lines().filter_map(|line| {
        let rest = line.strip_prefix(name)?;
        rest.starts_with(['{', ' '])
            .then(|| rest.rsplit(' ').next().unwrap())
    });
    let values: Vec<f64> = of_metric.map(|value| value.parse().unwrap()).collect();
    assert!(!values.is_empty(), "{url} has no {name}");
    values.iter().sum::<f64>() as u64
}

const SAMPLES_OF_AN_HOUR: &str = "count_over_time(old_days_level{source=\"\"}[1h])";

/// How many samples there are in the hour before `end`, in no worse than that resolution.
async fn samples_of_an_hour(query: &Api, end: u64, resolution: &str) -> Option<f64> {
    let counted = query
        .at(end, SAMPLES_OF_AN_HOUR, &[("max_source_resolution", resolution)])
        .await;
    single(&counted)
}

/// The compactor's retention, in two passes, because one marks and the next deletes.
async fn delete_raw(demo: &Demo, bucket: &Bucket, days: OldDays) {
    demo.obeys(&["kill", "thanos-compact"]).await;
    let before = bucket.blocks().await;
    let data = demo.state().join("compact-once");
    let (address, data) = (
        demo.url(10907).replace("http://", "--http-address="),
        format!("--data-dir={}", data.display()),
    );
    for _ in 0..2 {
        bucket
            .compact_once(&[
                &address,
                &data,
                "--consistency-delay=0s",
                "--delete-delay=0s",
                "--retention.resolution-raw=40h",
                "--retention.resolution-5m=120d",
                "--retention.resolution-1h=730d",
            ])
            .await;
    }
    let after = bucket.blocks().await;
    assert_eq!(of_old_days(&after, days, 0), [(); 2].map(|()| vec![]));
    assert_eq!(
        of_old_days(&after, days, 300_000),
        [(); 2].map(|()| days.blocks())
    );
    // nothing else went with them
    let recent = |blocks: &[Block]| {
        let recent = blocks.iter().filter(|block| is_recent(block));
        sources(recent)
            .into_iter()
            .map(ToOwned::to_owned)
            .collect::<BTreeSet<_>>()
    };
    assert!(!recent(&before).is_empty());
    assert!(recent(&after).is_superset(&recent(&before)));
}

/// Twelve samples an hour are there, each of which knows sum, count, minimum and maximum of its five minutes.
async fn old_days_are_answered_from_what_is_left(query: &Api, days: OldDays) {
    let middle = days.start + 36 * HOUR;
    assert_eq!(samples_of_an_hour(query, middle, "5m").await, Some(12.0));
    let hour = levels(middle);
    let extreme = |choose: fn(f64, f64) -> f64| hour.iter().copied().reduce(choose).unwrap();
    for (aggregation, expected) in [
        ("avg", mean(&hour)),
        ("sum", hour.iter().sum()),
        ("min", extreme(f64::min)),
        ("max", extreme(f64::max)),
    ] {
        for source in ["", "ruler"] {
            let asked = format!("{aggregation}_over_time(old_days_level{{source={source:?}}}[1h])");
            let answer = query.at(middle, &asked, &[("max_source_resolution", "5m")]).await;
            assert_near(single(&answer), expected, &asked);
        }
    }
    // it takes two samples to see growth, and five minutes have one
    for (window, expected) in [
        ("1h", Some(RATE as f64)),
        ("10m", Some(RATE as f64)),
        ("5m", None),
    ] {
        let asked = format!("rate(old_days_work_total{{source=\"\"}}[{window}])");
        let answer = query.at(middle, &asked, &[("max_source_resolution", "5m")]).await;
        match expected {
            Some(expected) => assert_near(single(&answer), expected, &asked),
            None => assert_eq!(single(&answer), None, "{asked}"),
        }
    }

    // as a dashboard asks: Thanos chooses by the step
    let (start, end) = (days.start + HOUR, days.end);
    for further in [&[("max_source_resolution", "auto")][..], &[]] {
        let answer = query
            .range(
                (start, end, HOUR),
                "avg_over_time(old_days_level{source=\"\"}[1h])",
                further,
            )
            .await;
        let hours: Vec<_> = answer.values().flatten().collect();
        assert_eq!(hours.len() as u64, (end - start) / HOUR + 1);
        for hour in hours {
            let at = time(hour) as u64;
            assert_near(Some(value(hour)), mean(&levels(at)), &at.to_string());
        }
    }
}

/// The same but for rounding.
fn assert_near(actual: Option<f64>, expected: f64, what: &str) {
    let actual = actual.unwrap_or_else(|| panic!("{what} has no answer"));
    assert!(
        (actual - expected).abs() <= expected.abs() * 1e-5,
        "{what}: {actual} is not {expected}"
    );
}

/// One file says where an S3 service is and with which keys; no object store runs in the box then.
#[tokio::test]
async fn blocks_go_to_an_object_store_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let state = tempfile::tempdir().unwrap();
    // MinIO is on 127.0.0.1, too, whatever it is told: a port that no box takes
    let (address, user, password) = ("127.79.4.1:11900", "elsewhere", "known to one file");
    let data = folder.path().join("data");
    fs::create_dir_all(data.join("history")).unwrap();
    let mut minio = Command::new(root().join("target/stack/bin/minio"))
        .args(["server", "--quiet", "--address", address, "--certs-dir"])
        .args([&folder.path().join("certificates"), &data])
        .env("MINIO_ROOT_USER", user)
        .env("MINIO_ROOT_PASSWORD", password)
        .env("MINIO_BROWSER", "off")
        .env("MINIO_UPDATE", "off")
        .env(processes::MARK, folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let file = folder.path().join("s3.yml");
    let described = json!({
        "type": "S3",
        "config": {
            "bucket": "history", "endpoint": address, "insecure": true, "region": "us-east-1",
            "access_key": user, "secret_key": password
        }
    });
    fs::write(&file, described.to_string()).unwrap();

    let store = ["--object-store", file.to_str().unwrap()];
    let mut demo = Demo::start("127.79.3", state.path(), &[&store[..], &HASTE].concat()).await;
    demo.says("metrics of prod, dev and qa visible after").await;
    let parts = demo.record();
    let parts = parts["parts"].as_array().unwrap();
    assert!(parts.iter().all(|part| part["name"] != "minio"), "{parts:?}");
    let bucket = Bucket::described_by(&file);
    let of_both = async || {
        let blocks = bucket.blocks().await;
        let labels: BTreeSet<_> = blocks.iter().map(|block| &block.thanos.labels).collect();
        (labels == REPLICAS.map(labels_of).iter().collect()).then_some(())
    };
    eventually("blocks of both Prometheus are there", of_both).await;
    demo.signal(Signal::INT);
    let (status, said) = demo.ends().await;
    assert_eq!(status.code(), Some(0), "{said}");
    minio.kill().await.unwrap();
}
