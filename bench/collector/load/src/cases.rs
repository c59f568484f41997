//! What is measured.

use bench_shared::send::Transport;

use crate::scrape::{Format, Request};
use crate::shape::Kind;

/// One measurement, made of both collectors.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) what: What,
    /// Why the Go collector cannot be measured, if so.
    pub(crate) without_go: Option<&'static str>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum What {
    /// Series are made, updated as fast as can be, checked and scraped.
    Steady(Steady),
    /// Updates at a rate that both can take: latencies.
    Paced { series: usize, points_per_second: f64 },
    /// Updates as fast as can be, without and with a scrape every five seconds.
    Scraped { series: usize },
    /// More updates and more series than there is room for.
    Overload { series: usize },
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Steady {
    pub(crate) kind: Kind,
    pub(crate) series: usize,
    pub(crate) transport: Transport,
    /// Points in a request.
    pub(crate) batch: usize,
    pub(crate) scrapes: &'static [Request],
    /// How many times the Go collector's points per CPU-second are wanted.
    pub(crate) goal: f64,
}

const fn identity(format: Format) -> Request {
    Request { format, gzip: false }
}

const fn gzip(format: Format) -> Request {
    Request { format, gzip: true }
}

const EVERY_FORMAT: &[Request] = &[
    identity(Format::Text),
    identity(Format::OpenMetrics),
    identity(Format::Protobuf),
    gzip(Format::Text),
    gzip(Format::OpenMetrics),
    gzip(Format::Protobuf),
];
const IDENTITY: &[Request] = &[
    identity(Format::Text),
    identity(Format::OpenMetrics),
    identity(Format::Protobuf),
    gzip(Format::Text),
];
const TEXT_AND_PROTOBUF: &[Request] = &[identity(Format::Text), identity(Format::Protobuf)];
const TEXT: &[Request] = &[identity(Format::Text)];
const PROTOBUF: &[Request] = &[identity(Format::Protobuf)];

const COUNTERS: Steady = Steady {
    kind: Kind::Counter,
    series: 10_000,
    transport: Transport::Http,
    batch: 1000,
    scrapes: TEXT,
    goal: 25.0,
};
const HISTOGRAMS: Steady = Steady {
    kind: Kind::Histogram,
    goal: 20.0,
    scrapes: TEXT_AND_PROTOBUF,
    ..COUNTERS
};
const EXPONENTIAL: Steady = Steady {
    kind: Kind::Exponential,
    ..HISTOGRAMS
};

const fn steady(name: &'static str, steady: Steady) -> Case {
    Case {
        name,
        what: What::Steady(steady),
        without_go: None,
    }
}

const fn other(name: &'static str, what: What) -> Case {
    Case {
        name,
        what,
        without_go: None,
    }
}

const fn alone(case: Case) -> Case {
    Case {
        without_go: Some("needs more memory than the machine has"),
        ..case
    }
}

/// All cases, in the order in which they run.
pub(crate) const CASES: &[Case] = &[
    steady(
        "counter-10k",
        Steady {
            scrapes: EVERY_FORMAT,
            ..COUNTERS
        },
    ),
    steady(
        "counter-100k",
        Steady {
            series: 100_000,
            scrapes: IDENTITY,
            ..COUNTERS
        },
    ),
    steady(
        "counter-1m",
        Steady {
            series: 1_000_000,
            ..COUNTERS
        },
    ),
    steady(
        "counter-10k-grpc",
        Steady {
            transport: Transport::Grpc,
            ..COUNTERS
        },
    ),
    steady(
        "counter-10k-json",
        Steady {
            transport: Transport::HttpJson,
            ..COUNTERS
        },
    ),
    steady(
        "counter-10k-gzip",
        Steady {
            transport: Transport::HttpGzip,
            ..COUNTERS
        },
    ),
    steady(
        "counter-10k-batch100",
        Steady {
            batch: 100,
            ..COUNTERS
        },
    ),
    steady(
        "counter-100k-batch8000",
        Steady {
            series: 100_000,
            batch: 8000,
            ..COUNTERS
        },
    ),
    steady(
        "gauge-10k",
        Steady {
            kind: Kind::Gauge,
            ..COUNTERS
        },
    ),
    steady(
        "delta-10k",
        Steady {
            kind: Kind::Delta,
            ..COUNTERS
        },
    ),
    steady("histogram-10k", HISTOGRAMS),
    steady(
        "histogram-100k",
        Steady {
            series: 100_000,
            ..HISTOGRAMS
        },
    ),
    alone(steady(
        "histogram-1m",
        Steady {
            series: 1_000_000,
            scrapes: PROTOBUF,
            ..HISTOGRAMS
        },
    )),
    steady("exponential-10k", EXPONENTIAL),
    steady(
        "exponential-100k",
        Steady {
            series: 100_000,
            ..EXPONENTIAL
        },
    ),
    alone(steady(
        "exponential-1m",
        Steady {
            series: 1_000_000,
            scrapes: PROTOBUF,
            ..EXPONENTIAL
        },
    )),
    other(
        "paced-10k",
        What::Paced {
            series: 10_000,
            points_per_second: 60_000.0,
        },
    ),
    other("scraped-100k", What::Scraped { series: 100_000 }),
    other("overload-400k", What::Overload { series: 400_000 }),
];

/// The cases of a quick run.
pub(crate) const QUICK: &[&str] = &["counter-10k", "counter-100k", "counter-10k-grpc", "histogram-10k"];

/// How long things are measured, in seconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    pub(crate) steady: u64,
    /// Of each format; whatever is under way then is finished.
    pub(crate) scrapes: u64,
    pub(crate) between_scrapes: u64,
}

impl Times {
    pub(crate) const FULL: Self = Self {
        steady: 8,
        scrapes: 3,
        between_scrapes: 5,
    };
    pub(crate) const QUICK: Self = Self {
        steady: 3,
        scrapes: 1,
        between_scrapes: 2,
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::SERIES;

    #[test]
    fn cases_have_names_of_their_own_and_whole_resources() {
        for (index, case) in CASES.iter().enumerate() {
            assert!(
                CASES[..index].iter().all(|other| other.name != case.name),
                "{}",
                case.name
            );
            let (What::Steady(Steady { series, .. })
            | What::Paced { series, .. }
            | What::Scraped { series }
            | What::Overload { series }) = case.what;
            assert_eq!(series % SERIES, 0, "{}", case.name);
        }
        assert!(
            QUICK
                .iter()
                .all(|name| CASES.iter().any(|case| case.name == *name))
        );
    }
}
