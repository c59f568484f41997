//! Sums of deltas, written down: no sender repeats what they are made of.
//!
//! What is written is OTLP itself, an `ExportMetricsServiceRequest` of cumulative points, one metric of one scope in it:
//! each point is the whole value of a series at that moment, so a later one replaces an earlier one, and reading them
//! again takes the same way through the collector as receiving them did.

use super::delta::{Delta, Gap};
use super::group::{Series, State, Times};
use super::store::Store;
use super::value::Value;
use crate::otlp::wire::{write_bytes, write_head, write_integer};

/// What the points of a group stand in, as it came over the wire, borrowed from a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SourceRef<'a> {
    /// A `Resource` message.
    pub(crate) resource: &'a [u8],
    /// An `InstrumentationScope` message.
    pub(crate) scope: &'a [u8],
    pub(crate) schema_url: &'a [u8],
    pub(crate) name: &'a [u8],
    pub(crate) unit: &'a [u8],
    pub(crate) kind: Kind,
}

/// [`SourceRef`], kept.
#[derive(Debug)]
pub(super) struct Source {
    resource: Box<[u8]>,
    scope: Box<[u8]>,
    schema_url: Box<[u8]>,
    name: Box<[u8]>,
    unit: Box<[u8]>,
    pub(super) kind: Kind,
}

/// Which kind of points a metric has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Gauge,
    Sum,
    Histogram,
    ExponentialHistogram,
    Summary,
}

impl SourceRef<'_> {
    pub(super) fn to_owned(self) -> Source {
        Source {
            resource: self.resource.into(),
            scope: self.scope.into(),
            schema_url: self.schema_url.into(),
            name: self.name.into(),
            unit: self.unit.into(),
            kind: self.kind,
        }
    }

    /// Appends a request that holds `points`.
    fn write(self, out: &mut Vec<u8>, points: &[u8]) {
        // cumulative, and where it is a sum, monotonic
        let tail: &[u8] = if self.kind == Kind::Sum {
            &[0x10, 2, 0x18, 1]
        } else {
            &[0x10, 2]
        };
        let data = points.len() + tail.len();
        let mut head = Vec::new();
        write_bytes(&mut head, 1, self.name);
        write_bytes(&mut head, 3, self.unit);
        write_head(&mut head, self.kind.field(), data);
        let metric = head.len() + data;
        let mut before = Vec::new();
        write_bytes(&mut before, 1, self.scope);
        write_bytes(&mut before, 3, self.schema_url);
        write_head(&mut before, 2, metric);
        let scope_metrics = before.len() + metric;
        let mut resource = Vec::new();
        write_bytes(&mut resource, 1, self.resource);
        write_head(&mut resource, 2, scope_metrics);
        write_head(out, 1, resource.len() + scope_metrics);
        for part in [&resource, &before, &head, points, tail] {
            out.extend_from_slice(part);
        }
    }
}

impl Source {
    pub(super) fn write(&self, out: &mut Vec<u8>, points: &[u8]) {
        let borrowed = SourceRef {
            resource: &self.resource,
            scope: &self.scope,
            schema_url: &self.schema_url,
            name: &self.name,
            unit: &self.unit,
            kind: self.kind,
        };
        borrowed.write(out, points);
    }
}

impl Kind {
    /// The field of a `Metric` in which its points stand.
    fn field(self) -> u32 {
        match self {
            Self::Gauge => 5,
            Self::Sum => 7,
            Self::Histogram => 9,
            Self::ExponentialHistogram => 10,
            Self::Summary => 11,
        }
    }

    /// The field of its points in which their flags stand.
    fn flags_field(self) -> u32 {
        match self {
            Self::Gauge | Self::Sum | Self::Summary => 8,
            Self::Histogram | Self::ExponentialHistogram => 10,
        }
    }

    /// Appends a series as a point, if it is a sum of deltas.
    pub(super) fn write_point(self, out: &mut Vec<u8>, series: &Series) {
        let Some(delta) = series.extra.as_ref().and_then(|extra| extra.delta.as_ref()) else {
            return;
        };
        // its attributes came in a point of this kind, so they stand in the right field already
        let mut point = delta.attributes.to_vec();
        let Times { start, time } = series.times;
        write_fixed(&mut point, 2, start);
        write_fixed(&mut point, 3, time);
        match (self, &series.value) {
            (Self::Sum, Value::Number(number)) => write_fixed(&mut point, 4, number.to_bits()),
            (Self::Histogram, Value::Histogram(histogram)) => {
                write_fixed(&mut point, 4, histogram.count);
                if let Some(sum) = histogram.sum {
                    write_fixed(&mut point, 5, sum.to_bits());
                }
                write_head(&mut point, 6, 8 * histogram.buckets.len());
                point.extend(histogram.buckets.iter().flat_map(|count| count.to_le_bytes()));
                let bounds = histogram.bounds.values();
                write_head(&mut point, 7, 8 * bounds.len());
                point.extend(bounds.iter().flat_map(|bound| bound.to_le_bytes()));
            }
            (Self::ExponentialHistogram, Value::Exponential(exponential)) => {
                write_fixed(&mut point, 4, exponential.count);
                write_fixed(&mut point, 5, exponential.sum.to_bits());
                write_integer(&mut point, 6, zigzag(exponential.scale));
                write_fixed(&mut point, 7, exponential.zero_count);
                for (field, side) in [(8, &exponential.positive), (9, &exponential.negative)] {
                    let (mut counts, mut buckets) = (Vec::new(), Vec::new());
                    for count in &side.counts {
                        crate::otlp::wire::write_varint(&mut counts, *count);
                    }
                    write_integer(&mut buckets, 1, zigzag(side.offset));
                    write_bytes(&mut buckets, 2, &counts);
                    write_bytes(&mut point, field, &buckets);
                }
                write_fixed(&mut point, 14, exponential.zero_threshold.to_bits());
            }
            // it has ended, which is to be known after a restart too
            (_, Value::Nothing) => write_integer(&mut point, self.flags_field(), NO_RECORDED_VALUE),
            _ => return,
        }
        write_bytes(out, 1, &point);
    }
}

/// The flag of a point whose source has stopped measuring.
const NO_RECORDED_VALUE: u64 = 1;

fn write_fixed(out: &mut Vec<u8>, field: u32, value: u64) {
    // all these fields have numbers below 16: their tag is one byte
    out.push((field << 3 | 1) as u8);
    out.extend_from_slice(&value.to_le_bytes());
}

fn zigzag(value: i32) -> u64 {
    u64::from(((value << 1) ^ (value >> 31)).cast_unsigned())
}

/// The series that a request changes, on their way to being written down.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// What they were before.
    before: Vec<(u32, Before)>,
    /// A bit for each index in `before`: a request can go to and fro between two series, and each is kept once.
    touched: Vec<u64>,
}

#[derive(Debug)]
struct Before {
    value: Value,
    times: Times,
    /// `None` if it was no sum of deltas.
    gaps: Option<Vec<Gap>>,
}

impl Record {
    /// Remembers a series as it is. Called before it changes; the first time counts.
    pub(super) fn touch(&mut self, index: u32, series: &Series) {
        let (word, bit) = (index as usize / 64, 1_u64 << (index % 64));
        if self.touched.len() <= word {
            self.touched.resize(word + 1, 0);
        }
        if self.touched[word] & bit != 0 {
            return;
        }
        self.touched[word] |= bit;
        let delta = series.extra.as_ref().and_then(|extra| extra.delta.as_ref());
        let gaps = delta.map(|delta| delta.gaps.clone());
        let before = Before {
            value: series.value.clone(),
            times: series.times,
            gaps,
        };
        self.before.push((index, before));
    }

    /// What is to be written down; `None` if nothing is.
    pub(super) fn frame(&self, state: &State, source: SourceRef<'_>) -> Option<Vec<u8>> {
        let mut points = Vec::new();
        for (index, _) in &self.before {
            if let Some(series) = &state.series[*index as usize] {
                source.kind.write_point(&mut points, series);
            }
        }
        let mut frame = Vec::with_capacity(points.len() + source.resource.len() + source.scope.len() + 64);
        (!points.is_empty()).then(|| {
            source.write(&mut frame, &points);
            frame
        })
    }

    /// Makes the series what they were.
    pub(super) fn undo(self, state: &mut State, store: &Store) {
        for (index, before) in self.before.into_iter().rev() {
            let Some(series) = &mut state.series[index as usize] else {
                continue;
            };
            let bytes = series.heap_bytes();
            series.value = before.value;
            series.times = before.times;
            if let Some(extra) = &mut series.extra {
                extra.delta = extra
                    .delta
                    .take()
                    .zip(before.gaps)
                    .map(|(delta, gaps)| Delta { gaps, ..delta });
            }
            store.resize_bytes(bytes, series.heap_bytes());
        }
    }
}
