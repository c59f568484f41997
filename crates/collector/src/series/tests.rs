use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use exposition::MetricType;
use exposition::names::Instrument;

use super::store::Tick;
use super::*;
use crate::fixtures::rules;
use crate::rejection::Reason;

const LIMITS: Limits = Limits {
    series: 100,
    series_per_metric: 10,
    sources: 10,
    label_bytes: 200,
    ..crate::fixtures::LIMITS
};

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

/// A store, and a clock to go with it.
struct Bench {
    store: Store,
    now: Instant,
}

impl Bench {
    fn new(limits: Limits) -> Self {
        let now = Instant::now();
        Self {
            store: Store::new(rules(limits), now),
            now,
        }
    }

    fn origin(&self, job: &str) -> Result<Arc<Origin>, Reason> {
        let session = self.store.session(self.now);
        let resource = session.resource(&resource_message(job))?;
        Ok(session.origin(&resource, b"", b"")?.expect("nothing is left out"))
    }

    /// Sets the series of `name` with the label `a`, spelled as `spelling`.
    fn set_spelled(
        &self,
        descriptor: &Descriptor<'_>,
        label: &str,
        spelling: &str,
        time: u64,
        sample: Sample<'_>,
    ) -> Result<(), Reason> {
        let times = Times { start: 0, time };
        self.set_measured(descriptor, (label, spelling), times, sample)
            .map(drop)
    }

    fn set_measured(
        &self,
        descriptor: &Descriptor<'_>,
        (label, spelling): (&str, &str),
        times: Times,
        sample: Sample<'_>,
    ) -> Result<Taken, Reason> {
        self.measured(descriptor, (label, spelling), times, sample, Mode::Cumulative)
    }

    fn measured(
        &self,
        descriptor: &Descriptor<'_>,
        (label, spelling): (&str, &str),
        times: Times,
        sample: Sample<'_>,
        mode: Mode,
    ) -> Result<Taken, Reason> {
        let origin = self.origin("api")?;
        let session = self.store.session(self.now);
        let taken = session.update(descriptor, &origin, mode, |series, _| {
            series.take(spelling.as_bytes(), times, sample, || Ok(Some(labels(label))))
        });
        taken.map_err(reason)?
    }

    /// Sends a point that is refused, of a metric that can be kept.
    fn refuse(&self, descriptor: &Descriptor<'_>) -> Result<(), Reason> {
        let origin = self.origin("api")?;
        let session = self.store.session(self.now);
        let taken = session.update(descriptor, &origin, Mode::Cumulative, |series, _| {
            let refused = || Err(Reason::InvalidAttributes);
            series
                .take(b"x", Times::default(), Sample::Number(1.0), refused)
                .map(drop)
        });
        taken.map_err(reason)?
    }

    fn set(&self, descriptor: &Descriptor<'_>, label: &str, value: f64) -> Result<(), Reason> {
        self.set_spelled(descriptor, label, label, 0, Sample::Number(value))
    }

    /// Everything that has a value: name, labels, number.
    fn all(&self) -> Vec<(String, String, f64)> {
        let mut all = Vec::new();
        for family in self.store.families() {
            for group in family.groups() {
                let end = group.read(0, |series| {
                    let Value::Number(number) = series.value else {
                        panic!("no number: {series:?}")
                    };
                    all.push((family.name.clone(), series.labels.to_owned(), *number));
                    ControlFlow::Continue(())
                });
                assert_eq!(end, None);
            }
        }
        all
    }

    fn values(&self) -> Vec<f64> {
        self.all().into_iter().map(|(_, _, value)| value).collect()
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.store.expire(self.now);
    }
}

fn resource_message(job: &str) -> Vec<u8> {
    message(&[("service.name", job)])
}

fn message(attributes: &[(&str, &str)]) -> Vec<u8> {
    use prost::Message;
    opentelemetry_proto::tonic::resource::v1::Resource {
        attributes: crate::requests::attributes(attributes),
        ..Default::default()
    }
    .encode_to_vec()
}

/// Series, families and sources.
fn counts(bench: &Bench) -> (usize, usize, usize) {
    let counts = bench.store.counts();
    (counts.series, counts.families, counts.sources)
}

fn labels(value: &str) -> String {
    format!("a=\"{value}\"")
}

fn reason(not_taken: NotTaken) -> Reason {
    match not_taken {
        NotTaken::Rejected(reason) => reason,
        other => panic!("{other:?}"),
    }
}

fn metric(name: &str, instrument: Instrument) -> Descriptor<'_> {
    let (kind, metric_type) = match instrument {
        Instrument::Counter => (Kind::Sum, MetricType::Counter),
        Instrument::UpDownCounter => (Kind::Sum, MetricType::Gauge),
        Instrument::Gauge => (Kind::Gauge, MetricType::Gauge),
        Instrument::Histogram => (Kind::Histogram, MetricType::Histogram),
        Instrument::Summary => (Kind::Summary, MetricType::Summary),
    };
    let source = SourceRef {
        resource: b"",
        scope: b"",
        schema_url: b"",
        name: name.as_bytes(),
        unit: b"",
        kind,
    };
    Descriptor {
        source,
        description: b"",
        instrument,
        metric_type,
    }
}

fn gauge(name: &str) -> Descriptor<'_> {
    metric(name, Instrument::Gauge)
}

fn counter(name: &str) -> Descriptor<'_> {
    metric(name, Instrument::Counter)
}

#[test]
fn the_newest_value_is_kept() {
    let bench = Bench::new(LIMITS);
    for value in [1.0, 2.0, 3.0] {
        assert_eq!(bench.set(&gauge("g"), "x", value), Ok(()));
    }
    assert_eq!(bench.set(&gauge("g"), "y", 7.0), Ok(()));
    let expected = [("g", "a=\"x\"", 3.0), ("g", "a=\"y\"", 7.0)];
    assert_eq!(
        bench.all(),
        expected.map(|(name, labels, value)| (name.to_owned(), labels.to_owned(), value))
    );
    assert_eq!(counts(&bench), (2, 1, 2));
}

#[test]
fn every_spelling_leads_to_one_series() {
    let bench = Bench::new(LIMITS);
    for spelling in 0..100 {
        let sample = Sample::Number(f64::from(spelling));
        let spelling = spelling.to_string();
        assert_eq!(bench.set_spelled(&gauge("g"), "x", &spelling, 0, sample), Ok(()));
    }
    // so do the many names of one metric
    for name in ["a.b", "a_b", "a-b", "a..b"] {
        assert_eq!(bench.set(&gauge(name), "x", 1.0), Ok(()));
    }
    assert_eq!(bench.values(), [1.0, 99.0]);
}

#[test]
fn an_overtaken_point_changes_nothing_and_a_clock_may_be_set_back() {
    let bench = Bench::new(LIMITS);
    let second = 1_000_000_000;
    for (time, value, expected) in [
        (1000 * second, 10.0, 10.0),
        (999 * second, 9.0, 10.0),
        (1000 * second, 11.0, 11.0),
        (0, 12.0, 12.0),
        (1001 * second, 13.0, 13.0),
        (600 * second, 6.0, 6.0),
    ] {
        assert_eq!(
            bench.set_spelled(&gauge("g"), "x", "x", time, Sample::Number(value)),
            Ok(())
        );
        assert_eq!(bench.values(), [expected], "after {value} of {time}");
    }
}

#[test]
fn what_is_not_measured_any_more_is_not_shown_until_it_is_measured_again() {
    let bench = Bench::new(LIMITS);
    assert_eq!(
        bench.set_spelled(&counter("c"), "x", "x", 0, Sample::Nothing),
        Ok(())
    );
    assert_eq!(bench.store.counts().series, 0);
    assert_eq!(bench.set(&counter("c"), "x", 1.0), Ok(()));
    assert_eq!(bench.set(&counter("c"), "y", 2.0), Ok(()));
    assert_eq!(
        bench.set_spelled(&counter("c"), "x", "x", 0, Sample::Nothing),
        Ok(())
    );
    assert_eq!(bench.values(), [2.0]);
    assert_eq!(bench.set(&counter("c"), "x", 3.0), Ok(()));
    assert_eq!(bench.values(), [3.0, 2.0]);
}

#[test]
fn series_expire_by_their_type_and_everything_is_given_back() {
    let mut bench = Bench::new(LIMITS);
    for (descriptor, value) in [(gauge("g"), 1.0), (counter("c"), 2.0), (counter("ended"), 3.0)] {
        assert_eq!(bench.set(&descriptor, "x", value), Ok(()));
    }
    assert_eq!(
        bench.set_spelled(&counter("ended"), "x", "x", 0, Sample::Nothing),
        Ok(())
    );
    bench.pass(minutes(5));
    assert_eq!(bench.values(), [2.0, 1.0]);
    assert_eq!(bench.store.counts().series, 3);
    bench.pass(Duration::from_secs(1));
    assert_eq!(bench.values(), [2.0]);
    assert_eq!(counts(&bench), (1, 1, 2));
    bench.pass(minutes(60));
    assert_eq!(counts(&bench), (0, 0, 0));
    // and may come back, under another type too
    assert_eq!(bench.set(&counter("g"), "x", 4.0), Ok(()));
    assert_eq!(bench.values(), [4.0]);
}

#[test]
fn a_place_that_became_free_is_used_again() {
    let mut bench = Bench::new(LIMITS);
    assert_eq!(bench.set(&gauge("g"), "x", 1.0), Ok(()));
    bench.pass(minutes(3));
    assert_eq!(bench.set(&gauge("g"), "y", 2.0), Ok(()));
    bench.pass(minutes(3));
    assert_eq!(bench.values(), [2.0]);
    assert_eq!(bench.set(&gauge("g"), "z", 3.0), Ok(()));
    assert_eq!(bench.set(&gauge("g"), "x", 4.0), Ok(()));
    assert_eq!(bench.values(), [3.0, 2.0, 4.0]);
}

#[test]
fn limits_refuse_what_is_new_and_let_the_rest_be_updated() {
    let bench = Bench::new(Limits { series: 12, ..LIMITS });
    for index in 0..10 {
        assert_eq!(bench.set(&gauge("g"), &index.to_string(), 0.0), Ok(()));
    }
    assert_eq!(
        bench.set(&gauge("g"), "one more", 0.0),
        Err(Reason::MetricSeriesLimit)
    );
    assert_eq!(bench.set(&gauge("h"), "0", 0.0), Ok(()));
    assert_eq!(bench.set(&gauge("h"), "1", 0.0), Ok(()));
    assert_eq!(bench.set(&gauge("h"), "2", 0.0), Err(Reason::SeriesLimit));
    assert_eq!(bench.set(&gauge("i"), "0", 0.0), Err(Reason::SeriesLimit));
    assert_eq!(bench.set(&gauge("g"), "9", 5.0), Ok(()));
    assert_eq!(bench.values().iter().sum::<f64>().to_string(), "5");
    assert_eq!(counts(&bench), (12, 2, 2));
}

#[test]
fn long_labels_and_too_many_sources_are_refused() {
    let bench = Bench::new(LIMITS);
    assert_eq!(
        bench.set(&gauge("g"), &"x".repeat(197), 0.0),
        Err(Reason::LabelsTooLong)
    );
    assert_eq!(bench.set(&gauge("g"), &"x".repeat(196), 0.0), Ok(()));
    assert_eq!(bench.origin(&"x".repeat(200)).err(), Some(Reason::LabelsTooLong));
    // a resource and a scope each are two sources; the first were used above
    for index in 1..5 {
        assert!(bench.origin(&index.to_string()).is_ok());
    }
    assert_eq!(bench.origin("one more").err(), Some(Reason::SourceLimit));
    assert!(bench.origin("api").is_ok());
}

#[test]
fn groups_without_series_are_limited_and_do_not_stay() {
    let mut bench = Bench::new(Limits { series: 3, ..LIMITS });
    for name in ["a", "b", "c"] {
        assert_eq!(bench.refuse(&gauge(name)), Err(Reason::InvalidAttributes));
    }
    assert_eq!(bench.refuse(&gauge("d")), Err(Reason::SeriesLimit));
    bench.pass(Duration::from_secs(1));
    assert_eq!(bench.store.counts().families, 0);
    assert_eq!(bench.set(&gauge("d"), "x", 1.0), Ok(()));
}

#[test]
fn two_types_cannot_share_a_name() {
    let bench = Bench::new(LIMITS);
    assert_eq!(bench.set(&counter("a_total"), "x", 1.0), Ok(()));
    assert_eq!(bench.set(&gauge("a_total"), "x", 1.0), Err(Reason::TypeConflict));
    // nor can one have the name of another's samples
    assert_eq!(bench.set(&gauge("h_count"), "x", 1.0), Ok(()));
    assert_eq!(
        bench.set(&metric("h", Instrument::Histogram), "x", 1.0),
        Err(Reason::TypeConflict)
    );
    assert_eq!(bench.set(&metric("i", Instrument::Histogram), "x", 1.0), Ok(()));
    for name in ["i", "i_sum", "i.bucket"] {
        assert_eq!(
            bench.set(&gauge(name), "x", 1.0),
            Err(Reason::TypeConflict),
            "{name}"
        );
    }
}

#[test]
fn what_was_never_taken_keeps_nobody_out() {
    let bench = Bench::new(LIMITS);
    let histogram = metric("h", Instrument::Histogram);
    for squatter in [gauge("h"), gauge("h_count"), histogram] {
        assert_eq!(bench.refuse(&squatter), Err(Reason::InvalidAttributes));
    }
    // its name is there, and shows nothing
    assert_eq!(bench.store.counts().families, 1);
    assert_eq!(bench.store.families().len(), 0);
    for name in ["h", "h_count"] {
        assert_eq!(bench.set(&gauge(name), "x", 1.0), Ok(()));
    }
    assert_eq!(bench.refuse(&histogram), Err(Reason::TypeConflict));
    // once it is remembered, and then without series, it gives way as well
    assert_eq!(bench.set(&gauge("h"), "x", 2.0), Ok(()));
    assert_eq!(bench.values(), [2.0, 1.0]);
    for family in bench.store.families() {
        for group in family.groups() {
            let late = Tick(u32::MAX);
            let removed = group.expire(&bench.store, late, late);
            family.release_series(&bench.store, &group.origin, removed);
        }
    }
    assert_eq!(
        bench.refuse(&metric("h", Instrument::Histogram)),
        Err(Reason::InvalidAttributes)
    );
    assert_eq!(bench.set(&gauge("h"), "x", 3.0), Ok(()));
    assert_eq!(bench.values(), [3.0]);
}

#[test]
fn a_help_text_may_come_late() {
    let bench = Bench::new(LIMITS);
    for _ in 0..3 {
        assert_eq!(bench.set(&gauge("g"), "x", 1.0), Ok(()));
    }
    let help = |bench: &Bench| bench.store.families()[0].help().to_owned();
    assert_eq!(help(&bench), "");
    for description in [&b"first"[..], b"second"] {
        let explained = Descriptor {
            description,
            ..gauge("g")
        };
        assert_eq!(bench.set(&explained, "x", 1.0), Ok(()));
    }
    assert_eq!(help(&bench), "first");
}

#[test]
fn a_restart_under_a_clock_that_is_behind_counts() {
    let bench = Bench::new(LIMITS);
    let second = 1_000_000_000;
    for (start, time, value, expected) in [
        (100, 1000, 10.0, Taken::Newest),
        // overtaken: a retry of the same process, or of one before it
        (100, 999, 9.0, Taken::Overtaken),
        (50, 998, 8.0, Taken::Overtaken),
        (0, 997, 7.0, Taken::Overtaken),
        // began later, although its clock says that it ended earlier
        (900, 950, 1.0, Taken::Newest),
        (100, 949, 11.0, Taken::Overtaken),
    ] {
        let times = Times {
            start: start * second,
            time: time * second,
        };
        let taken = bench.set_measured(&counter("c"), ("x", "x"), times, Sample::Number(value));
        assert_eq!(taken, Ok(expected), "{value}");
    }
    assert_eq!(bench.values(), [1.0]);
}

#[test]
fn names_are_checked() {
    let bench = Bench::new(LIMITS);
    assert_eq!(bench.set(&gauge("up"), "x", 1.0), Err(Reason::ReservedName));
    assert_eq!(bench.set(&gauge("..."), "x", 1.0), Err(Reason::InvalidName));
    let mut unreadable = gauge("");
    unreadable.source.name = b"\xff";
    assert_eq!(bench.set(&unreadable, "x", 1.0), Err(Reason::InvalidName));
}

#[test]
fn of_resources_with_one_job_and_instance_the_one_heard_of_last_is_shown() {
    let mut bench = Bench::new(LIMITS);
    let version = |bench: &Bench, version: &str| {
        let resource = message(&[("service.name", "api"), ("version", version)]);
        bench
            .store
            .session(bench.now)
            .resource(&resource)
            .expect("within the limits");
    };
    let shown = |bench: &Bench| -> Vec<String> {
        let targets = bench.store.targets();
        let infos = targets
            .iter()
            .map(|resource| &resource.labels.as_ref().expect("labels").info);
        infos
            .map(|info| info.rsplit_once("version=").expect("a version").1.to_owned())
            .collect()
    };
    version(&bench, "1.0");
    version(&bench, "2.0");
    assert_eq!(shown(&bench), ["\"2.0\""]);
    // rolled back
    bench.pass(Duration::from_secs(1));
    version(&bench, "1.0");
    assert_eq!(shown(&bench), ["\"1.0\""]);
    bench.pass(minutes(61));
    assert!(shown(&bench).is_empty());
}

#[test]
fn nothing_is_lost_while_series_expire_and_are_read() {
    let bench = Bench::new(Limits {
        series: 100_000,
        series_per_metric: 100_000,
        ..LIMITS
    });
    let (threads, rounds, per_thread) = (4, 200, 20);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let bench = &bench;
            scope.spawn(move || {
                for round in 0..rounds {
                    for index in 0..per_thread {
                        let label = format!("{thread}-{index}");
                        assert_eq!(bench.set(&counter("c"), &label, f64::from(round)), Ok(()));
                        assert_eq!(bench.set(&gauge(&format!("g{round}")), &label, 1.0), Ok(()));
                    }
                }
            });
        }
        scope.spawn(|| {
            for _ in 0..rounds {
                // expires nothing, and takes every lock
                bench.store.expire(bench.now);
                let _ = bench.all();
            }
        });
    });
    let all = bench.all();
    let of_counter = all.iter().filter(|(name, _, _)| name == "c_total");
    assert_eq!(of_counter.clone().count(), threads * per_thread);
    assert!(
        of_counter
            .into_iter()
            .all(|(_, _, value)| value.to_bits() == f64::from(rounds - 1).to_bits())
    );
    let expected = threads * per_thread * (1 + rounds as usize);
    assert_eq!((all.len(), bench.store.counts().series), (expected, expected));
}

#[test]
fn what_a_family_says_counts_as_bytes_and_what_it_says_otherwise_is_counted() {
    let bench = Bench::new(LIMITS);
    let said = |unit: &'static str, description: &'static str| {
        let mut descriptor = gauge("x_seconds");
        descriptor.source.unit = unit.as_bytes();
        descriptor.description = description.as_bytes();
        bench.set(&descriptor, "1", 1.0).expect("taken");
        let counts = bench.store.counts();
        (counts.help_conflicts, counts.unit_conflicts)
    };
    assert_eq!(said("s", ""), (0, 0));
    assert_eq!(said("s", "One."), (0, 0));
    assert_eq!(said("s", "One."), (0, 0));
    assert_eq!(said("s", "Two."), (1, 0));
    assert_eq!(said("s", "Two."), (2, 0));
    assert_eq!(said("", "One."), (2, 1));
    assert_eq!(said("", "One."), (2, 2));
    let family = &bench.store.families()[0];
    assert_eq!((family.help(), family.unit.as_str()), ("One.", "seconds"));
}

#[test]
fn families_that_nothing_was_taken_of_need_room_too() {
    let bench = Bench::new(Limits {
        bytes: 100_000,
        series: 1_000_000,
        ..crate::fixtures::LIMITS
    });
    let long = "x".repeat(900);
    let mut refused = 0;
    for name in 0..1000 {
        let name = format!("{long}{name}");
        let mut descriptor = metric(&name, Instrument::Histogram);
        descriptor.description = long.as_bytes();
        refused += u32::from(bench.refuse(&descriptor) == Err(Reason::MemoryLimit));
    }
    assert!(refused > 950, "{refused}");
    assert!(bench.store.counts().bytes <= 100_000);
    assert!(bench.store.counts().families < 30);
}

#[test]
fn known_series_do_not_grow_without_end() {
    let mut bench = Bench::new(Limits {
        bytes: 40_000,
        ..crate::fixtures::LIMITS
    });
    let sample = |count: usize, buckets: usize| -> (Vec<[u8; 8]>, Vec<[u8; 8]>) {
        let bounds = (1..buckets).map(|bound| (bound as f64).to_le_bytes());
        (vec![(count as u64).to_le_bytes(); buckets], bounds.collect())
    };
    let send = |bench: &Bench, label: usize, count: usize, buckets: usize| {
        let (counts, bounds) = sample(count, buckets);
        let histogram = HistogramSample {
            count: (count * buckets) as u64,
            sum: None,
            bucket_counts: &counts,
            explicit_bounds: &bounds,
        };
        let label = label.to_string();
        let descriptor = metric("h", Instrument::Histogram);
        bench.set_spelled(&descriptor, &label, &label, 0, Sample::Histogram(histogram))
    };
    let kept = (0..1000)
        .take_while(|label| send(&bench, *label, 1, 1).is_ok())
        .count();
    assert!(kept > 50, "{kept}");
    // as they are, they are updated; they grow by an eighth of the limit in all
    let grown = (0..kept)
        .filter(|label| send(&bench, *label, 2, 100).is_ok())
        .count();
    assert!((2..20).contains(&grown), "{grown}");
    assert!(bench.store.counts().bytes <= 45_000);
    for label in grown..kept {
        assert_eq!(send(&bench, label, 3, 1), Ok(()), "{label}");
    }
    for label in 0..grown {
        assert_eq!(send(&bench, label, 3, 100), Ok(()), "{label}");
    }
    bench.pass(minutes(180));
    assert_eq!(bench.store.counts().bytes, 0);
}
