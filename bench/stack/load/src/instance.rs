//! An instance of a service: its request, encoded once, and its values, which are written over in place.

#[cfg(test)]
mod tests;

use bench_shared::message::{Attribute, Places};

use crate::motion::{Motion, Point, Values};
use crate::shape::{self, BOUNDS, BUCKETS, Kind, METRICS, Metric, SCOPE};

/// `AggregationTemporality` of sums and histograms.
const CUMULATIVE: u64 = 2;

type Message = bench_shared::message::Message<Offsets>;

#[derive(Debug)]
pub(crate) struct Instance {
    number: usize,
    /// The request. Its numbers are those of the last [`advance`](Self::advance).
    bytes: Vec<u8>,
    offsets: Offsets,
    points: Vec<Point>,
    motion: Motion,
}

/// Where something changes. Points come in the order in which they are encoded.
#[derive(Debug, Default)]
struct Offsets {
    /// When a point was measured.
    time: Vec<u32>,
    /// When its counting began.
    start: Vec<u32>,
    /// The value of a number; the count, the sum and the buckets of a histogram.
    values: Vec<u32>,
    /// The eight digits of the instance's number.
    number: Vec<u32>,
}

impl Places for Offsets {
    fn add(&mut self, part: Self, offset: usize) {
        for (all, part) in [
            (&mut self.time, part.time),
            (&mut self.start, part.start),
            (&mut self.values, part.values),
            (&mut self.number, part.number),
        ] {
            all.extend(part.iter().map(|place| place + offset as u32));
        }
    }
}

impl Instance {
    /// `now` is in nanoseconds after 1970, and the moment at which its counting begins.
    pub(crate) fn new(number: usize, values: Values, now: u64) -> Self {
        let mut motion = Motion::new(values, number as u64);
        let points = start(&mut motion);
        let mut scope = Message::default();
        scope.text(1, SCOPE.0);
        scope.text(2, SCOPE.1);
        let mut scope_metrics = Message::default();
        scope_metrics.message(1, scope);
        let mut encoded = points.iter();
        for metric in METRICS {
            scope_metrics.message(2, encode(metric, &mut encoded));
        }
        let mut resource_metrics = Message::default();
        resource_metrics.message(1, resource(number));
        resource_metrics.message(2, scope_metrics);
        let mut request = Message::default();
        request.message(1, resource_metrics);
        let mut instance = Self {
            number,
            bytes: request.bytes,
            offsets: request.places,
            points,
            motion,
        };
        instance.begin(now);
        instance
    }

    /// The request.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn points(&self) -> u64 {
        self.points.len() as u64
    }

    pub(crate) fn number(&self) -> usize {
        self.number
    }

    /// Another instance takes its place: its series are new, and its counters begin anew.
    pub(crate) fn replace(&mut self, number: usize, now: u64) {
        self.number = number;
        let digits = format!("{number:08}");
        for &place in &self.offsets.number {
            self.bytes[place as usize..][..8].copy_from_slice(digits.as_bytes());
        }
        self.points = start(&mut self.motion);
        self.begin(now);
    }

    fn begin(&mut self, now: u64) {
        for &place in &self.offsets.start {
            put(&mut self.bytes, place, now);
        }
    }

    /// Moves every value by an interval, and writes it into the request.
    pub(crate) fn advance(&mut self, now: u64) {
        let Self {
            bytes,
            offsets,
            points,
            motion,
            ..
        } = self;
        for &place in &offsets.time {
            put(bytes, place, now);
        }
        let mut places = offsets.values.iter().copied();
        let mut write = |value: u64| put(bytes, places.next().expect("each value has a place"), value);
        for point in points {
            motion.advance(point);
            match point {
                Point::Counter { count, .. } => write(*count),
                Point::Integer { value, .. } => write(*value as u64),
                Point::Double { value, .. } => write(value.to_bits()),
                Point::Histogram(histogram) => {
                    write(histogram.count);
                    write(histogram.sum.to_bits());
                    histogram.buckets.iter().copied().for_each(&mut write);
                }
            }
        }
    }

    /// The values of all series that it is scraped with, in some fixed order.
    pub(crate) fn exposed(&self) -> impl Iterator<Item = f64> {
        let names = METRICS
            .iter()
            .flat_map(|metric| std::iter::repeat_n(metric.names, metric.sets));
        let values = names.zip(&self.points).flat_map(|(names, point)| {
            let values = exposed(point);
            std::iter::repeat_n(values, names).flatten()
        });
        // `target_info`
        std::iter::once(1.0).chain(values)
    }
}

fn exposed(point: &Point) -> Vec<f64> {
    match point {
        Point::Counter { count, .. } => vec![*count as f64],
        Point::Integer { value, .. } => vec![*value as f64],
        Point::Double { value, .. } => vec![*value],
        Point::Histogram(histogram) => {
            let below = histogram.buckets.iter().scan(0, |below, bucket| {
                *below += bucket;
                Some(*below as f64)
            });
            below.chain([histogram.sum, histogram.count as f64]).collect()
        }
    }
}

fn start(motion: &mut Motion) -> Vec<Point> {
    METRICS
        .iter()
        .flat_map(|metric| std::iter::repeat_n(metric.kind, metric.sets))
        .map(|kind| motion.start(kind))
        .collect()
}

fn resource(number: usize) -> Message {
    let mut resource = Message::default();
    for (key, value) in shape::resource(number) {
        let mut attribute = Message::attribute(key, &Attribute::Text(value));
        if key == shape::INSTANCE {
            attribute.places.number.push(attribute.bytes.len() as u32 - 8);
        }
        resource.message(1, attribute);
    }
    resource
}

fn encode<'a>(metric: &Metric, points: &mut impl Iterator<Item = &'a Point>) -> Message {
    let mut data = Message::default();
    for (set, point) in (0..metric.sets).zip(points) {
        data.message(1, encode_point(metric, set, point));
    }
    let field = match metric.kind {
        Kind::Integer | Kind::Double => 5,
        Kind::Counter | Kind::UpDown => 7,
        Kind::Histogram => 9,
    };
    if field != 5 {
        data.varint(2, CUMULATIVE);
    }
    if metric.kind == Kind::Counter {
        data.varint(3, 1); // monotonic
    }
    let mut message = Message::default();
    message.text(1, metric.name);
    message.text(3, metric.unit);
    message.message(field, data);
    message
}

/// A point without its times and values; only whether it is a double or an integer is told by the field.
fn encode_point(metric: &Metric, set: usize, point: &Point) -> Message {
    let mut message = Message::default();
    let start = message.fixed64(2, 0);
    let time = message.fixed64(3, 0);
    message.places.start.push(start);
    message.places.time.push(time);
    let attributes = match point {
        Point::Double { .. } => {
            let place = message.fixed64(4, 0);
            message.places.values.push(place);
            7
        }
        Point::Counter { .. } | Point::Integer { .. } => {
            let place = message.fixed64(6, 0);
            message.places.values.push(place);
            7
        }
        Point::Histogram(_) => {
            let [count, sum] = [4, 5].map(|field| message.fixed64(field, 0));
            message.places.values.extend([count, sum]);
            let first = message.bytes(6, &[0; 8 * BUCKETS]);
            let buckets = (0..BUCKETS as u32).map(|bucket| first + 8 * bucket);
            message.places.values.extend(buckets);
            message.bytes(7, &BOUNDS.map(f64::to_le_bytes).concat());
            9
        }
    };
    for (key, value) in (metric.attributes)(set) {
        message.message(attributes, Message::attribute(key, &value));
    }
    message
}

fn put(bytes: &mut [u8], place: u32, value: u64) {
    bytes[place as usize..][..8].copy_from_slice(&value.to_le_bytes());
}
