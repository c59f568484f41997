//! The measurement, from the first process to the last.

mod restart;

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use crate::clients::{Answers, Clients, quantile, sorted};
use crate::disk::{self, Block};
use crate::instance::Instance;
use crate::interval::{Interval, Mark, most};
use crate::motion::Values;
use crate::progress::Progress;
use crate::prometheus::Prometheus;
use crate::queries::Set;
use crate::shape::EXPOSED;
use crate::stack::{MIN_AVAILABLE, Stack, Usage};
use crate::topology::{Site, port};
use crate::traffic::{INTERVAL, Plan, Sent, Traffic, now};

pub(crate) use restart::Restart;

/// How long Prometheus may take to answer, when it is as busy as can be.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The same for what is only to be shown.
const SHOWN: Duration = Duration::from_secs(2);

/// How long it may take until every series was scraped.
const FILL: Duration = Duration::from_mins(4);

/// How often parts are looked at. Memory can go at a gigabyte a second.
const TICK: Duration = Duration::from_millis(500);

/// For how long what is done.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub(crate) struct Times {
    /// From the first scrape of everything until the measurement begins.
    pub(crate) settle: Duration,
    /// Samples come in, and nobody asks anything.
    pub(crate) steady: Duration,
    /// One round of questions.
    pub(crate) round: Duration,
    /// Between two rounds, for what was left behind.
    pub(crate) pause: Duration,
}

#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) site: Site,
    pub(crate) times: Times,
    pub(crate) values: Values,
    /// Series that are replaced in a minute, in percent.
    pub(crate) churn: f64,
    /// How many clients ask at once, in each round.
    pub(crate) clients: Vec<usize>,
    /// Instances that live for two hours in a moment.
    pub(crate) samples_of: usize,
    /// Whether Prometheus is restarted at the end, and cuts blocks.
    pub(crate) restart: bool,
}

/// What came out.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Results {
    pub(crate) series: usize,
    pub(crate) collectors: usize,
    pub(crate) values: Values,
    pub(crate) churn: f64,
    pub(crate) replicas: u8,
    pub(crate) times: Times,
    pub(crate) steady: Interval,
    pub(crate) traffic: Delivered,
    pub(crate) rounds: Vec<Round>,
    pub(crate) restart: Option<Restart>,
    pub(crate) two_hours: Vec<(Values, Block)>,
    /// Less memory than this was never left on the machine, in bytes.
    pub(crate) least_available: u64,
    /// Why the rest was not measured.
    pub(crate) failure: Option<String>,
}

/// What the generator sent while nobody asked anything.
#[derive(Debug, Clone, serde::Serialize)]
pub(crate) struct Delivered {
    pub(crate) requests: u64,
    pub(crate) points: u64,
    pub(crate) lost: u64,
    pub(crate) skipped: u64,
    pub(crate) replaced: u64,
    pub(crate) reason: Option<String>,
    /// From the moment at which a request was due to its answer, in milliseconds.
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

/// Clients that ask one set of questions for a while.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Round {
    pub(crate) set: Set,
    pub(crate) route: Route,
    pub(crate) clients: usize,
    /// It was ended because there was too little memory on the machine.
    pub(crate) gave_up: bool,
    pub(crate) answers: Answers,
    pub(crate) interval: Interval,
}

/// Who is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Route {
    Prometheus,
    Frontend,
    Dashboard,
}

impl Route {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Prometheus => "Prometheus",
            Self::Frontend => "query-frontend",
            Self::Dashboard => "dashboard",
        }
    }

    fn address(self, site: &Site) -> SocketAddr {
        let port = match self {
            Self::Prometheus => port::PROMETHEUS,
            Self::Frontend => port::QUERY_FRONTEND,
            Self::Dashboard => port::DASHBOARD,
        };
        site.at(1, port)
    }
}

/// What is asked of whom, the lightest first.
const ROUNDS: [(Set, Route); 5] = [
    (Set::Pages, Route::Dashboard),
    (Set::Dashboard, Route::Prometheus),
    (Set::Dashboard, Route::Frontend),
    (Set::Heavy, Route::Prometheus),
    (Set::Heavy, Route::Frontend),
];

/// The measurement under way.
struct Bench {
    stack: Stack,
    prometheus: Prometheus,
    traffic: Traffic,
    progress: Progress,
    peaks: Usage,
    least_available: u64,
    /// When traffic began.
    begin: Instant,
    /// What is shown of the samples.
    shown: Prometheus,
    rate: Rate,
}

/// How fast a counter grows, over the last time that each target was scraped twice.
#[derive(Debug, Default)]
struct Rate {
    since: Option<(Instant, f64)>,
    last: Option<f64>,
}

impl Rate {
    fn after(&mut self, count: f64) -> Option<f64> {
        match self.since {
            // Prometheus has begun anew
            Some((_, before)) if count < before => *self = Self::default(),
            Some((since, before)) if since.elapsed() >= INTERVAL * 2 => {
                self.last = Some((count - before) / since.elapsed().as_secs_f64());
                self.since = None;
            }
            _ => {}
        }
        self.since.get_or_insert_with(|| (Instant::now(), count));
        self.last
    }
}

pub(crate) fn run(settings: Settings) -> anyhow::Result<Results> {
    let Settings {
        site,
        times,
        values,
        churn,
        ..
    } = settings.clone();
    let mut progress = Progress::new();
    let two_hours = two_hours(&site, settings.samples_of, &mut progress)?;

    progress.say("starting the stack");
    let stack = Stack::start(site.clone())?;
    let traffic = Traffic::begin(plan(&site, values, churn));
    let mut bench = Bench {
        prometheus: Prometheus::new(stack.prometheus_address(), TIMEOUT),
        shown: Prometheus::new(stack.prometheus_address(), SHOWN),
        stack,
        traffic,
        progress,
        peaks: Usage::new(),
        least_available: u64::MAX,
        begin: Instant::now(),
        rate: Rate::default(),
    };
    bench.fill()?;
    bench.during("settling", times.settle)?;
    let (steady, sent) = bench.steady(times.steady)?;
    let mut rounds = Vec::new();
    let mut restart = None;
    // what was measured until something fails is worth knowing
    let failure = bench.load(&settings, &mut rounds, &mut restart).err();
    let least_available = bench.least_available;
    bench.end();
    Ok(Results {
        series: site.instances * EXPOSED,
        collectors: site.data_planes().len(),
        values,
        churn,
        replicas: site.replicas,
        times,
        steady,
        traffic: Delivered::of(sent),
        rounds,
        restart,
        two_hours,
        least_available,
        failure: failure.map(|error| format!("{error:#}")),
    })
}

/// What a block of two hours takes, by how values move.
fn two_hours(site: &Site, instances: usize, progress: &mut Progress) -> anyhow::Result<Vec<(Values, Block)>> {
    let promtool = site.root.join("target/stack/bin/promtool");
    let mut blocks = Vec::new();
    for values in Values::ALL {
        progress.show(&format!(
            "two hours of {instances} instances in a block: {} values",
            values.name()
        ));
        let folder: &Path = &site.state.join("two-hours");
        blocks.push((values, disk::two_hours(&promtool, folder, values, instances)?));
    }
    Ok(blocks)
}

fn plan(site: &Site, values: Values, churn: f64) -> Plan {
    let begin = now();
    let mut instances: Vec<_> = site
        .data_planes()
        .into_iter()
        .flat_map(|plane| {
            let address = site.at(plane.host, port::OTLP_HTTP);
            plane.instances.map(move |number| (number, address))
        })
        .collect();
    // neighbours in time are of different collectors
    instances.sort_by_key(|(number, _)| number.reverse_bits());
    Plan {
        instances: instances
            .into_iter()
            .map(|(number, address)| (Instance::new(number, values, begin), address))
            .collect(),
        lifetime: (churn > 0.0).then(|| Duration::from_mins(1).mul_f64(100.0 / churn)),
    }
}

impl Bench {
    /// What comes after the samples alone: questions, and the restart.
    fn load(
        &mut self,
        settings: &Settings,
        rounds: &mut Vec<Round>,
        restart: &mut Option<Restart>,
    ) -> anyhow::Result<()> {
        for (set, route) in ROUNDS {
            for &clients in &settings.clients {
                let round = self.round(set, route, clients, settings.times)?;
                let gave_up = round.gave_up;
                rounds.push(round);
                // more clients would take more memory still
                if gave_up {
                    break;
                }
            }
        }
        if settings.restart {
            *restart = Some(self.restart()?);
        }
        Ok(())
    }

    /// Waits, and looks after everything.
    fn during(&mut self, what: &str, time: Duration) -> anyhow::Result<()> {
        let begin = Instant::now();
        self.until(what, |_| Ok(begin.elapsed() >= time), time + TIMEOUT)
    }

    /// Waits until something is so, and looks after everything.
    fn until(
        &mut self,
        what: &str,
        mut is_so: impl FnMut(&mut Prometheus) -> anyhow::Result<bool>,
        patience: Duration,
    ) -> anyhow::Result<()> {
        let begin = Instant::now();
        while !is_so(&mut self.prometheus)? {
            ensure!(begin.elapsed() < patience, "{what}: not done after {patience:?}");
            let available = self.look(what)?;
            ensure!(
                available >= MIN_AVAILABLE,
                "{what}: only {} MiB of memory are left on this machine; try fewer series: --series",
                available >> 20
            );
            std::thread::sleep(TICK);
        }
        Ok(())
    }

    /// Whether everything still runs, how much memory it takes, and what is shown of it. How much memory is left.
    fn look(&mut self, what: &str) -> anyhow::Result<u64> {
        self.stack.check()?;
        let usage = self.stack.usage()?;
        most(&mut self.peaks, &usage);
        let available = crate::stack::available()?;
        self.least_available = self.least_available.min(available);
        let prometheus = usage.get("prometheus-a").copied().unwrap_or_default();
        let mut text = format!("{what}; Prometheus {:.1} GiB", gibibytes(prometheus.memory));
        if let Ok(metrics) = self.shown.metrics() {
            let _ = write!(text, ", {:.0}k series", metrics.series() / 1e3);
            if let Some(rate) = self.rate.after(metrics.appended()) {
                let _ = write!(text, ", {:.1}k samples/s", rate / 1e3);
            }
        }
        self.progress.show(&text);
        Ok(available)
    }

    /// Until Prometheus has every series.
    fn fill(&mut self) -> anyhow::Result<()> {
        let expected = (self.stack.site.instances * EXPOSED) as f64;
        // each is in the newest scrape of some collector
        let scraped = "sum(scrape_samples_scraped{job=~\"dataplane-.*\"})";
        self.until(
            "filling",
            |prometheus| {
                Ok(prometheus
                    .instant(scraped)?
                    .first()
                    .is_some_and(|scraped| *scraped >= expected))
            },
            FILL,
        )?;
        let sent = self.traffic.take();
        ensure!(
            sent.lost == 0,
            "{} points of new series were not taken: {}",
            sent.lost,
            sent.reason.unwrap_or_default()
        );
        let seconds = self.begin.elapsed().as_secs();
        self.progress
            .say(&format!("every series was scraped after {seconds} s"));
        Ok(())
    }

    fn steady(&mut self, time: Duration) -> anyhow::Result<(Interval, Sent)> {
        self.traffic.take();
        let mark = self.mark()?;
        self.during("nobody asks anything", time)?;
        let interval = self.since(&mark)?;
        let sent = self.traffic.take();
        self.progress.say(&format!(
            "{:.1}k samples/s of {:.0}k series, scrape p99 {:.2} s",
            interval.samples_per_second / 1e3,
            interval.series / 1e3,
            interval.scrapes.p99
        ));
        Ok((interval, sent))
    }

    fn round(&mut self, set: Set, route: Route, clients: usize, times: Times) -> anyhow::Result<Round> {
        let Times {
            round: time, pause, ..
        } = times;
        let what = format!("{clients} clients, {} queries, {}", set.name(), route.name());
        let address = route.address(&self.stack.site);
        let mark = self.mark()?;
        let refresh = set.refresh();
        // every browser asks everything at least once
        let time = time.max(refresh.unwrap_or_default() * 2);
        let asking = Clients::begin(address, set.queries(), clients, time, refresh);
        // each question has an end of its own
        while !asking.are_done() {
            if self.look(&what)? < MIN_AVAILABLE {
                asking.give_up();
            }
            std::thread::sleep(TICK);
        }
        let gave_up = asking.gave_up();
        let answers = asking.answers();
        let interval = self.since(&mark)?;
        self.progress.say(&format!(
            "{what}: {} asked, {} errors, p50 {:.3} s, p99 {:.3} s{}",
            answers.asked,
            answers.errors,
            answers.p50,
            answers.p99,
            if gave_up {
                "; given up, for there was too little memory"
            } else {
                ""
            }
        ));
        if gave_up {
            self.stack.restart_thanos()?;
        }
        std::thread::sleep(pause);
        Ok(Round {
            set,
            route,
            clients,
            gave_up,
            answers,
            interval,
        })
    }

    fn mark(&mut self) -> anyhow::Result<Mark> {
        self.peaks.clear();
        Mark::now(&self.stack, &mut self.prometheus)
    }

    fn since(&mut self, mark: &Mark) -> anyhow::Result<Interval> {
        mark.until_now(&self.stack, &mut self.prometheus, &self.peaks)
            .context("Prometheus cannot be read")
    }

    fn end(self) {
        self.traffic.end();
    }
}

impl Delivered {
    fn of(sent: Sent) -> Self {
        let latencies = sorted(sent.latencies.iter().map(|micros| f64::from(*micros) / 1000.0));
        Self {
            requests: sent.requests,
            points: sent.accepted,
            lost: sent.lost,
            skipped: sent.skipped,
            replaced: sent.replaced,
            reason: sent.reason,
            p50_ms: quantile(&latencies, 0.5),
            p99_ms: quantile(&latencies, 0.99),
        }
    }
}

fn gibibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 30)
}
