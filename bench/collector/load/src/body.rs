//! One request's bytes, encoded once: what changes from one sending to the next has a fixed width and is written in place.

use crate::shape::{BUCKETS, Kind};

/// What a counter begins with: eight digits, so that its text keeps its width too.
pub(crate) const FIRST_VALUE: u64 = 10_000_000;
/// The step of a gauge: a double that has an exact sum.
pub(crate) const GAUGE_STEP: f64 = 1.0 / 1024.0;
/// What every delta point adds.
pub(crate) const DELTA: u64 = 3;
/// What one more observation adds to a histogram's sum, in seconds.
pub(crate) const OBSERVED: f64 = 0.25;
/// Observations in each bucket of a histogram at first.
pub(crate) const FIRST_BUCKET: u64 = 100;
/// Observations in the one bucket of an exponential histogram that grows; three bytes on the wire, until it has 2^21.
pub(crate) const FIRST_GROWING: u64 = 1 << 14;

/// Offsets of what is written in place.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places {
    /// When a point was measured, in nanoseconds.
    pub(crate) time: Vec<u32>,
    /// When its measuring began; only those that move.
    pub(crate) start: Vec<u32>,
    /// Integers of eight bytes that grow by one.
    pub(crate) integers: Vec<u32>,
    /// Doubles that grow by `step`.
    pub(crate) doubles: Vec<u32>,
    pub(crate) step: f64,
    /// Runs of [`BUCKETS`] integers of eight bytes, of which one grows by one.
    pub(crate) buckets: Vec<u32>,
    /// Varints of three bytes that grow by one.
    pub(crate) varints: Vec<u32>,
    /// Digits of times and of integers, where numbers are text.
    pub(crate) time_digits: Vec<u32>,
    pub(crate) digits: Vec<u32>,
    /// The eight digits by which series are told apart, where they are to be others each time.
    pub(crate) numbers: Vec<u32>,
}

impl Places {
    /// The lists of offsets, to move them all.
    fn lists(&mut self) -> [&mut Vec<u32>; 9] {
        [
            &mut self.time,
            &mut self.start,
            &mut self.integers,
            &mut self.doubles,
            &mut self.buckets,
            &mut self.varints,
            &mut self.time_digits,
            &mut self.digits,
            &mut self.numbers,
        ]
    }
}

impl bench_shared::message::Places for Places {
    fn add(&mut self, mut part: Self, offset: usize) {
        self.step = self.step.max(part.step);
        for (all, part) in self.lists().into_iter().zip(part.lists()) {
            all.extend(part.iter().map(|place| place + offset as u32));
        }
    }
}

/// What series add up to.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize)]
pub(crate) struct Totals {
    pub(crate) series: u64,
    /// Of numbers.
    pub(crate) value: f64,
    /// Of histograms: observations, their sum, and all buckets, each with those below it.
    pub(crate) count: u64,
    pub(crate) sum: f64,
    pub(crate) buckets: u64,
}

impl std::ops::AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.series += other.series;
        self.value += other.value;
        self.count += other.count;
        self.sum += other.sum;
        self.buckets += other.buckets;
    }
}

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Body {
    pub(crate) bytes: Vec<u8>,
    pub(crate) points: u64,
    kind: Kind,
    places: Places,
    /// How often it was advanced.
    pass: u64,
    /// What its series add up to as the bytes stand now; not kept for delta points.
    newest: Totals,
    /// And as they were when the collector last took them.
    accepted: Totals,
    /// The time of the last points that were taken.
    accepted_time: u64,
    /// Nobody knows what the collector has: it took a part, or did not answer.
    uncertain: bool,
}

impl Body {
    /// `first` is what the series add up to as they were encoded.
    pub(crate) fn new(bytes: Vec<u8>, places: Places, kind: Kind, first: Totals, start: u64) -> Self {
        Self {
            bytes,
            points: first.series,
            kind,
            places,
            pass: 0,
            newest: first,
            accepted: Totals::default(),
            accepted_time: start,
            uncertain: false,
        }
    }

    /// Makes new points of it, measured at `now`, in nanoseconds after 1970.
    pub(crate) fn advance(&mut self, now: u64) {
        let Self { bytes, places, .. } = self;
        for &place in &places.time {
            *eight(bytes, place) = now.to_le_bytes();
        }
        for &place in &places.start {
            *eight(bytes, place) = self.accepted_time.to_le_bytes();
        }
        for &place in &places.integers {
            increment(bytes, place);
        }
        for &place in &places.doubles {
            let number = eight(bytes, place);
            *number = (f64::from_le_bytes(*number) + places.step).to_le_bytes();
        }
        let growing = self.pass as usize % BUCKETS;
        for &place in &places.buckets {
            increment(bytes, place + 8 * growing as u32);
        }
        for &place in &places.varints {
            grow_varint(&mut bytes[place as usize..]);
        }
        if !places.time_digits.is_empty() {
            let digits = format!("{now:019}");
            for &place in &places.time_digits {
                bytes[place as usize..][..19].copy_from_slice(digits.as_bytes());
            }
        }
        for &place in &places.digits {
            grow_digits(&mut bytes[place as usize..][..8]);
        }
        self.pass += 1;
        let points = self.points as f64;
        match self.kind {
            Kind::Counter => self.newest.value += points,
            Kind::Gauge => self.newest.value += points * GAUGE_STEP,
            Kind::Delta => {}
            Kind::Histogram | Kind::Exponential => {
                self.newest.count += self.points;
                self.newest.sum += points * OBSERVED;
                // it is in its own bucket, and in all above it
                self.newest.buckets += self.points * (BUCKETS - growing) as u64;
            }
        }
    }

    /// The collector has taken all points that were measured at `now`.
    pub(crate) fn accept(&mut self, now: u64) {
        if self.kind == Kind::Delta {
            self.accepted.series = self.points;
            self.accepted.value += (self.points * DELTA) as f64;
        } else {
            self.accepted = self.newest;
        }
        self.accepted_time = now;
    }

    /// The collector has taken some points, or may have.
    pub(crate) fn doubt(&mut self) {
        self.uncertain = true;
    }

    /// What the collector is to show of its series; `None` if nobody knows.
    pub(crate) fn expected(&self) -> Option<Totals> {
        (!self.uncertain).then_some(self.accepted)
    }

    /// Makes other series of it: those of the numbers from this one on.
    pub(crate) fn renumber(&mut self, first: usize) {
        for (number, &place) in (first..).zip(&self.places.numbers) {
            let digits = format!("{number:08}");
            self.bytes[place as usize..][..8].copy_from_slice(digits.as_bytes());
        }
    }

    /// How many numbers it takes to make other series of it.
    pub(crate) fn numbers(&self) -> usize {
        self.places.numbers.len()
    }
}

fn eight(bytes: &mut [u8], place: u32) -> &mut [u8; 8] {
    let (eight, _) = bytes[place as usize..]
        .split_first_chunk_mut()
        .expect("places are within");
    eight
}

fn increment(bytes: &mut [u8], place: u32) {
    let number = eight(bytes, place);
    *number = (u64::from_le_bytes(*number) + 1).to_le_bytes();
}

/// Adds one to a varint of three bytes. After its largest number it begins anew.
fn grow_varint(bytes: &mut [u8]) {
    let value =
        (u32::from(bytes[0] & 0x7f) | u32::from(bytes[1] & 0x7f) << 7 | u32::from(bytes[2]) << 14) + 1;
    let value = if value < 1 << 21 { value } else { 1 << 14 };
    bytes[0] = value as u8 | 0x80;
    bytes[1] = (value >> 7) as u8 | 0x80;
    bytes[2] = (value >> 14) as u8;
}

fn grow_digits(digits: &mut [u8]) {
    for digit in digits.iter_mut().rev() {
        if *digit < b'9' {
            *digit += 1;
            return;
        }
        *digit = b'0';
    }
}
