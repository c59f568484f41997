use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use opentelemetry_proto::tonic::metrics::v1 as model;
use proptest::prelude::*;

use super::*;
use crate::fixtures::{store, take, text};
use crate::requests::*;

/// A delta of the series `id`, from `start` to the next second.
fn added(id: &str, start: u64, value: f64) -> model::NumberDataPoint {
    const SECOND: u64 = 1_000_000_000;
    // in the present, or it would have expired when it is read again
    let base = SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("a clock")
        .as_secs()
        - 100;
    let base = base / 1000 * 1000;
    model::NumberDataPoint {
        start_time_unix_nano: (base + start) * SECOND,
        time_unix_nano: (base + start + 1) * SECOND,
        ..point(&[("id", id)], value)
    }
}

fn send(store: &Store, points: Vec<model::NumberDataPoint>) -> crate::ingest::Outcome {
    take(
        store,
        &request(&[("service.name", "api")], vec![metric("c", "", delta(points))]),
    )
}

/// The exposed values, by `id`.
fn values(store: &Store) -> BTreeMap<String, f64> {
    let text = text(store, &[]);
    let value = |line: &str| {
        let (_, rest) = line.split_once("id=\"")?;
        let (id, _) = rest.split_once('"')?;
        let (_, value) = line.rsplit_once(' ')?;
        Some((id.to_owned(), value.parse().ok()?))
    };
    text.lines()
        .filter(|line| line.starts_with("c_total{"))
        .filter_map(value)
        .collect()
}

fn of(values: &[(&str, f64)]) -> BTreeMap<String, f64> {
    values
        .iter()
        .map(|(id, value)| ((*id).to_owned(), *value))
        .collect()
}

/// A store with the state of a directory. The journal goes with it.
fn opened(directory: &Path) -> (Store, Arc<StateJournal>) {
    let store = store();
    let journal = open(directory, &store).expect("a state");
    (store, journal)
}

#[test]
fn sums_of_deltas_come_back_and_go_on() {
    let directory = tempfile::tempdir().expect("a directory");
    for round in 0..3_u64 {
        let (store, _journal) = opened(directory.path());
        let before = round as f64 * 3.0;
        if round > 0 {
            assert_eq!(values(&store), of(&[("a", before), ("b", 1.0)]));
        }
        let outcome = send(
            &store,
            vec![added("a", round * 2, 1.0), added("a", round * 2 + 1, 2.0)],
        );
        assert_eq!((outcome.accepted, outcome.overtaken), (2, 0));
        // what was added before the restart is not added again
        let outcome = send(&store, vec![added("b", 0, 1.0)]);
        assert_eq!((outcome.accepted, outcome.overtaken), (1, u64::from(round > 0)));
        assert_eq!(values(&store), of(&[("a", before + 3.0), ("b", 1.0)]));
    }
}

#[test]
fn histograms_of_both_kinds_come_back() {
    let directory = tempfile::tempdir().expect("a directory");
    let classic = model::Histogram {
        data_points: vec![distribution(&[("k", "v")], &[0.5, 1.0], &[1, 2, 3])],
        aggregation_temporality: model::AggregationTemporality::Delta.into(),
    };
    let buckets = |offset, bucket_counts| {
        Some(model::exponential_histogram_data_point::Buckets {
            offset,
            bucket_counts,
        })
    };
    let exponential = model::ExponentialHistogram {
        data_points: vec![model::ExponentialHistogramDataPoint {
            count: 311,
            sum: Some(-2.5),
            scale: -1,
            zero_count: 2,
            zero_threshold: 0.25,
            positive: buckets(-2, vec![1, 2, 300]),
            negative: buckets(4, vec![6]),
            ..Default::default()
        }],
        aggregation_temporality: model::AggregationTemporality::Delta.into(),
    };
    let metrics = vec![
        metric("h", "s", model::metric::Data::Histogram(classic)),
        metric("e", "s", model::metric::Data::ExponentialHistogram(exponential)),
    ];
    let sent = request(&[("service.name", "api")], metrics);
    // help texts are not written down: the senders tell them again
    let (once, twice) = {
        let (store, _journal) = opened(directory.path());
        assert_eq!(take(&store, &sent).accepted, 2);
        let once = shown(&store);
        assert_eq!(take(&store, &sent).accepted, 2);
        (once, shown(&store))
    };
    assert_ne!(once, twice);
    let (store, journal) = opened(directory.path());
    assert_eq!(shown(&store), twice);
    snapshot(&journal, &store);
    drop((store, journal));
    let (store, _journal) = opened(directory.path());
    assert_eq!(shown(&store), twice);
    assert!(
        twice.contains("count: 622") && twice.contains("buckets: [2, 4, 6]"),
        "{twice}"
    );
}

/// Every value that is kept, in full.
fn shown(store: &Store) -> String {
    let mut text = String::new();
    for family in store.families() {
        for group in family.groups() {
            let end = group.read(0, |series| {
                let _ = writeln!(text, "{} {} {:?}", family.name, series.labels, series.value);
                std::ops::ControlFlow::Continue(())
            });
            assert_eq!(end, None);
        }
    }
    text
}

#[test]
fn a_snapshot_replaces_the_logs_before_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let names = || {
        let entries = fs::read_dir(directory.path()).expect("the directory");
        let mut names: Vec<_> = entries
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
            .collect();
        names.sort();
        names
    };
    {
        let (store, journal) = opened(directory.path());
        for round in 0..10 {
            send(&store, vec![added("a", round, 1.0)]);
        }
        let long = journal.bytes();
        snapshot(&journal, &store);
        assert!(journal.bytes() < long);
        send(&store, vec![added("b", 0, 5.0)]);
    }
    assert_eq!(names(), ["lock", "log-000000000002", "snapshot-000000000002"]);
    let (store, _journal) = opened(directory.path());
    assert_eq!(values(&store), of(&[("a", 10.0), ("b", 5.0)]));
    assert_eq!(
        names(),
        [
            "lock",
            "log-000000000002",
            "log-000000000003",
            "snapshot-000000000002"
        ]
    );
}

fn snapshot(journal: &StateJournal, store: &Store) {
    journal
        .snapshot(|frames| write_down(frames, store))
        .expect("a snapshot");
}

#[test]
fn more_than_a_request_may_hold_comes_back() {
    const SERIES: u64 = 3000;
    let directory = tempfile::tempdir().expect("a directory");
    let long = "x".repeat(200);
    let (before, length) = {
        let (store, journal) = opened(directory.path());
        let points = (0..SERIES).map(|id| added(&format!("{id}{long}"), 0, id as f64));
        assert_eq!(send(&store, points.collect()).accepted, SERIES);
        snapshot(&journal, &store);
        (values(&store), journal.bytes())
    };
    // in several frames, of which none is longer than it must be
    assert!(length > 2 * 256 * 1024, "{length}");
    let rules = crate::fixtures::rules(crate::series::Limits {
        request_points: 10,
        ..crate::fixtures::LIMITS
    });
    let store = Store::new(rules, Instant::now());
    let _journal = open(directory.path(), &store).expect("a state");
    assert_eq!(values(&store), before);
}

#[test]
fn a_request_that_goes_to_and_fro_is_written_once() {
    let directory = tempfile::tempdir().expect("a directory");
    let (store, journal) = opened(directory.path());
    let points = (0..1000).flat_map(|round| [added("a", round, 1.0), added("b", round, 2.0)]);
    assert_eq!(send(&store, points.collect()).accepted, 2000);
    assert!(journal.bytes() < 1000, "{}", journal.bytes());
    drop((store, journal));
    assert_eq!(
        values(&opened(directory.path()).0),
        of(&[("a", 1000.0), ("b", 2000.0)])
    );
}

#[test]
fn what_ended_does_not_come_back_and_may_begin_again() {
    let directory = tempfile::tempdir().expect("a directory");
    {
        let (store, _journal) = opened(directory.path());
        send(&store, vec![added("a", 0, 1.0), added("b", 0, 1.0)]);
        let mut ended = added("a", 1, 0.0);
        ended.flags = 1;
        assert_eq!(send(&store, vec![ended]).accepted, 1);
        assert_eq!(values(&store), of(&[("b", 1.0)]));
    }
    let (store, _journal) = opened(directory.path());
    assert_eq!(values(&store), of(&[("b", 1.0)]));
    send(&store, vec![added("a", 5, 7.0)]);
    assert_eq!(values(&store), of(&[("a", 7.0), ("b", 1.0)]));
}

#[test]
fn what_its_sender_counts_itself_is_no_sum_of_deltas_any_more() {
    let directory = tempfile::tempdir().expect("a directory");
    let (store, journal) = opened(directory.path());
    send(&store, vec![added("a", 0, 100.0)]);
    let counted = metric("c", "", sum(true, vec![added("a", 1, 5.0)]));
    take(&store, &request(&[("service.name", "api")], vec![counted]));
    assert_eq!(values(&store), of(&[("a", 5.0)]));
    snapshot(&journal, &store);
    drop((store, journal));
    let (store, journal) = opened(directory.path());
    assert_eq!(values(&store), of(&[]));
    assert_eq!(store.counts().bytes, 0);
    drop(journal);
}

#[test]
fn snapshots_that_fail_leave_nothing_behind_and_are_not_tried_all_the_time() {
    let directory = tempfile::tempdir().expect("a directory");
    let (store, journal) = opened(directory.path());
    send(&store, vec![added("a", 0, 1.0)]);
    drop((store, journal));
    // torn, so that a snapshot is wanted
    let newest = newest_log(directory.path());
    let mut content = fs::read(&newest).expect("the log");
    content.push(1);
    fs::write(&newest, content).expect("written");
    let (store, journal) = opened(directory.path());
    let mut tried = 0;
    for _ in 0..1000 {
        if journal.wants_snapshot() {
            tried += 1;
            let failed = journal.snapshot(|frames| {
                write_down(frames, &store)?;
                Err(std::io::ErrorKind::StorageFull.into())
            });
            assert!(failed.is_err());
        }
    }
    assert_eq!(tried, 10);
    let mut left: Vec<_> = fs::read_dir(directory.path())
        .expect("the directory")
        .map(|entry| entry.expect("a file").file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["lock", "log-000000000001", "log-000000000002"]);
    // what came meanwhile is there, and the next one that succeeds takes everything in
    send(&store, vec![added("a", 1, 1.0)]);
    snapshot(&journal, &store);
    assert!(!journal.wants_snapshot());
    drop((store, journal));
    assert_eq!(values(&opened(directory.path()).0), of(&[("a", 2.0)]));
}

#[test]
fn many_starts_do_not_leave_many_logs() {
    let directory = tempfile::tempdir().expect("a directory");
    for start in 0..200 {
        let (store, journal) = opened(directory.path());
        send(&store, vec![added("a", start, 1.0)]);
        upkeep(&journal, &store);
    }
    let files = fs::read_dir(directory.path()).expect("the directory").count();
    assert!(files < 80, "{files}");
    assert_eq!(values(&opened(directory.path()).0), of(&[("a", 200.0)]));
}

#[test]
fn nobody_else_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().expect("a directory");
    let directory = parent.path().join("state");
    let (store, journal) = opened(&directory);
    send(&store, vec![added("a", 0, 1.0)]);
    snapshot(&journal, &store);
    let mode = |path: &Path| fs::metadata(path).expect("a file").permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    for entry in fs::read_dir(&directory).expect("the directory") {
        let path = entry.expect("a file").path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn a_metric_that_is_kept_for_longer_comes_back_after_longer() {
    let directory = tempfile::tempdir().expect("a directory");
    {
        let (store, _journal) = opened(directory.path());
        let mut old = added("old", 0, 1.0);
        old.start_time_unix_nano -= 7_200_000_000_000;
        old.time_unix_nano -= 7_200_000_000_000;
        send(&store, vec![old]);
    }
    let mut rules = crate::fixtures::rules(crate::fixtures::LIMITS);
    rules.expiry.overrides = vec![(crate::process::Glob::new("c_*"), None)];
    let store = Store::new(rules, Instant::now());
    let _journal = open(directory.path(), &store).expect("a state");
    assert_eq!(values(&store), of(&[("old", 1.0)]));
}

#[test]
fn two_processes_never_share_a_directory() {
    let directory = tempfile::tempdir().expect("a directory");
    let (_store, _journal) = opened(directory.path());
    let error = open(directory.path(), &store()).expect_err("it is taken");
    assert!(
        format!("{error:#}").contains("another collector keeps its state here"),
        "{error:#}"
    );
}

#[test]
fn a_torn_or_changed_file_is_set_aside_and_what_stands_before_is_used() {
    for damage in ["cut", "changed", "header", "empty"] {
        let directory = tempfile::tempdir().expect("a directory");
        {
            let (store, _journal) = opened(directory.path());
            send(&store, vec![added("a", 0, 1.0)]);
            send(&store, vec![added("a", 1, 2.0)]);
        }
        let log = directory.path().join("log-000000000001");
        let mut bytes = fs::read(&log).expect("the log");
        let length = bytes.len();
        match damage {
            "cut" => bytes.truncate(length - 1),
            "changed" => bytes[length - 10] ^= 1,
            "header" => bytes[0] ^= 1,
            _ => bytes.clear(),
        }
        fs::write(&log, bytes).expect("written");
        let (store, journal) = opened(directory.path());
        let expected = if matches!(damage, "cut" | "changed") {
            of(&[("a", 1.0)])
        } else {
            of(&[])
        };
        assert_eq!(values(&store), expected, "{damage}");
        // the next look at it makes a snapshot, and sets the file aside
        upkeep(&journal, &store);
        let aside = directory.path().join("log-000000000001.torn");
        assert_eq!(aside.exists(), damage != "empty", "{damage}");
        drop((store, journal));
        assert_eq!(values(&opened(directory.path()).0), expected, "{damage}");
    }
}

#[test]
fn what_cannot_be_written_is_not_taken_and_can_be_sent_again() {
    #[derive(Debug)]
    struct Full(std::sync::atomic::AtomicBool);
    impl crate::series::Journal for Full {
        fn append(&self, _frame: &[u8]) -> std::io::Result<()> {
            if self.0.load(std::sync::atomic::Ordering::Relaxed) {
                return Err(std::io::ErrorKind::StorageFull.into());
            }
            Ok(())
        }
    }
    let store = store();
    let disk = Arc::new(Full(false.into()));
    store.keep(Arc::clone(&disk) as _);
    assert_eq!(
        send(&store, vec![added("a", 0, 1.0), added("b", 0, 1.0)]).accepted,
        2
    );
    disk.0.store(true, std::sync::atomic::Ordering::Relaxed);
    let again = vec![added("a", 1, 2.0), added("a", 2, 2.0), added("c", 1, 3.0)];
    for _ in 0..3 {
        assert!(send(&store, again.clone()).unsaved);
        assert_eq!(values(&store), of(&[("a", 1.0), ("b", 1.0)]));
    }
    disk.0.store(false, std::sync::atomic::Ordering::Relaxed);
    let outcome = send(&store, again);
    assert_eq!(
        (outcome.accepted, outcome.overtaken, outcome.unsaved),
        (3, 0, false)
    );
    assert_eq!(values(&store), of(&[("a", 5.0), ("b", 1.0), ("c", 3.0)]));
}

#[test]
fn what_expired_meanwhile_does_not_come_back() {
    let directory = tempfile::tempdir().expect("a directory");
    {
        let (store, _journal) = opened(directory.path());
        let mut old = added("old", 0, 1.0);
        old.start_time_unix_nano -= 3_700_000_000_000;
        old.time_unix_nano -= 3_700_000_000_000;
        send(&store, vec![old, added("new", 0, 1.0)]);
    }
    assert_eq!(values(&opened(directory.path()).0), of(&[("new", 1.0)]));
}

/// What a process does, as far as its state is concerned.
#[derive(Debug, Clone)]
enum Deed {
    /// Takes a delta of a series.
    Add(usize, u32),
    Snapshot,
    /// Is killed after this many bytes of the frame that it was writing, and started again.
    Die(usize),
    /// Is killed while a snapshot is unfinished, and started again.
    DieInSnapshot,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        6 => (0..4_usize, 1..100_u32).prop_map(|(series, value)| Deed::Add(series, value)),
        1 => Just(Deed::Snapshot),
        1 => (0..400_usize).prop_map(Deed::Die),
        1 => Just(Deed::DieInSnapshot),
    ];
    prop::collection::vec(deed, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever was answered is there after every death, and no value is lower than one that could be seen before.
    #[test]
    fn no_kill_loses_what_was_answered(deeds in deeds()) {
        let directory = tempfile::tempdir().expect("a directory");
        let mut expected: BTreeMap<String, f64> = BTreeMap::new();
        let mut time = 0;
        let mut process = opened(directory.path());
        for deed in deeds {
            match deed {
                Deed::Add(series, value) => {
                    let outcome = send(&process.0, vec![added(&series.to_string(), time, f64::from(value))]);
                    prop_assert_eq!(outcome.accepted, 1);
                    time += 1;
                    *expected.entry(series.to_string()).or_default() += f64::from(value);
                }
                Deed::Snapshot => snapshot(&process.1, &process.0),
                Deed::Die(bytes) => {
                    // a frame that was begun, and never answered
                    let newest = newest_log(directory.path());
                    let mut content = fs::read(&newest).expect("the log");
                    let mut frame = Vec::new();
                    file::write_frame(&mut frame, &request(&[], vec![metric("c", "", delta(vec![added("torn", 0, 1.0)]))]));
                    frame.truncate(bytes.min(frame.len() - 1));
                    content.extend(frame);
                    drop(process);
                    fs::write(&newest, content).expect("written");
                    process = opened(directory.path());
                    upkeep(&process.1, &process.0);
                }
                Deed::DieInSnapshot => {
                    drop(process);
                    fs::write(directory.path().join("snapshot.unfinished"), b"sbst").expect("written");
                    process = opened(directory.path());
                }
            }
            prop_assert_eq!(values(&process.0), expected.clone());
        }
    }

    #[test]
    fn no_file_makes_reading_fail(bytes in prop::collection::vec(any::<u8>(), 0..300), whole in any::<bool>()) {
        let directory = tempfile::tempdir().expect("a directory");
        let content = if whole { [&file::HEADER[..], &bytes].concat() } else { bytes };
        fs::write(directory.path().join("log-000000000001"), &content).expect("written");
        let (store, journal) = opened(directory.path());
        prop_assert_eq!(store.counts().series, 0);
        upkeep(&journal, &store);
    }
}

fn newest_log(directory: &Path) -> PathBuf {
    let entries = fs::read_dir(directory)
        .expect("the directory")
        .map(|entry| entry.expect("an entry").path());
    let logs = entries.filter(|path| path.to_string_lossy().contains("/log-") && path.extension().is_none());
    logs.max().expect("a log")
}
