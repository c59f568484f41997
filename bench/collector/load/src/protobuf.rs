//! Requests in protobuf: `ExportMetricsServiceRequest` of OTLP 1.x, fields in the order of their numbers.

use bench_shared::message::Attribute;

use crate::body::{
    Body, DELTA, FIRST_BUCKET, FIRST_GROWING, FIRST_VALUE, GAUGE_STEP, OBSERVED, Places, Totals,
};
use crate::shape::{self, BOUNDS, BUCKETS, EXPONENTIAL_BUCKETS, Herd, Kind, METRICS, SCOPE, SERIES, SETS};

/// `AggregationTemporality` of points.
const DELTA_TEMPORALITY: u64 = 1;
const CUMULATIVE: u64 = 2;

/// The bodies for a number of series, `batch` points in each: a part of the 1000 series of a resource, or several resources.
pub(crate) fn bodies(kind: Kind, herd: Herd, series: usize, batch: usize, start: u64) -> Vec<Body> {
    let resources = series / SERIES;
    if batch >= SERIES {
        let numbers: Vec<usize> = (0..resources).collect();
        let bodies = numbers.chunks(batch / SERIES);
        return bodies
            .map(|numbers| body(kind, herd, numbers, 0..METRICS, start))
            .collect();
    }
    let metrics: Vec<usize> = (0..METRICS).collect();
    let parts = |number| {
        metrics
            .chunks((batch / SETS).max(1))
            .map(move |part| (number, part))
    };
    (0..resources)
        .flat_map(parts)
        .map(|(number, part)| body(kind, herd, &[number], part[0]..part[0] + part.len(), start))
        .collect()
}

fn body(kind: Kind, herd: Herd, resources: &[usize], metrics: std::ops::Range<usize>, start: u64) -> Body {
    let mut request = Message::default();
    let mut first = Totals::default();
    for &number in resources {
        let mut scope_metrics = Message::default();
        let mut scope = Message::default();
        scope.text(1, SCOPE.0);
        scope.text(2, SCOPE.1);
        scope_metrics.message(1, scope);
        for index in metrics.clone() {
            scope_metrics.message(2, metric(kind, herd, index, start, &mut first));
        }
        let mut resource_metrics = Message::default();
        resource_metrics.message(1, resource(herd, number));
        resource_metrics.message(2, scope_metrics);
        request.message(1, resource_metrics);
    }
    Body::new(request.bytes, request.places, kind, first, start)
}

fn resource(herd: Herd, number: usize) -> Message {
    let mut resource = Message::default();
    for (key, value) in shape::resource(number) {
        let mut attribute = Message::attribute(key, &Attribute::Text(value));
        if herd == Herd::NewResources && key == "service.instance.id" {
            attribute.number_at_the_end();
        }
        resource.message(1, attribute);
    }
    resource
}

fn metric(kind: Kind, herd: Herd, index: usize, start: u64, first: &mut Totals) -> Message {
    let mut data = Message::default();
    for set in 0..SETS {
        data.message(1, point(kind, herd, index * SETS + set, start, first));
    }
    let field = match kind {
        Kind::Gauge => 5,
        Kind::Counter | Kind::Delta => 7,
        Kind::Histogram => 9,
        Kind::Exponential => 10,
    };
    if kind != Kind::Gauge {
        data.varint(
            2,
            if kind == Kind::Delta {
                DELTA_TEMPORALITY
            } else {
                CUMULATIVE
            },
        );
    }
    if field == 7 {
        data.varint(3, 1); // monotonic
    }
    let mut metric = Message::default();
    metric.text(1, &shape::metric(herd, index));
    metric.text(2, &shape::description(index));
    metric.text(3, kind.unit());
    metric.message(field, data);
    metric
}

/// The point of the series with this index within its resource.
fn point(kind: Kind, herd: Herd, series: usize, start: u64, first: &mut Totals) -> Message {
    let mut point = Message::default();
    first.series += 1;
    if kind == Kind::Exponential {
        point.attributes(1, herd, series % SETS);
    }
    if kind == Kind::Delta {
        let place = point.fixed64(2, start);
        point.places.start.push(place);
    } else {
        point.fixed64(2, start);
    }
    let place = point.fixed64(3, start);
    point.places.time.push(place);
    match kind {
        Kind::Counter => {
            let value = first_value(series);
            first.value += value as f64;
            let place = point.fixed64(6, value);
            point.places.integers.push(place);
            point.attributes(7, herd, series % SETS);
        }
        Kind::Delta => {
            point.fixed64(6, DELTA);
            point.attributes(7, herd, series % SETS);
        }
        Kind::Gauge => {
            let value = first_value(series) as f64 * GAUGE_STEP;
            first.value += value;
            let place = point.fixed64(4, value.to_bits());
            point.places.doubles.push(place);
            point.places.step = GAUGE_STEP;
            point.attributes(7, herd, series % SETS);
        }
        Kind::Histogram => {
            let count = FIRST_BUCKET * BUCKETS as u64;
            point.observations(count, first);
            first.buckets += FIRST_BUCKET * (BUCKETS * (BUCKETS + 1) / 2) as u64;
            let counts = FIRST_BUCKET.to_le_bytes().repeat(BUCKETS);
            let place = point.bytes(6, &counts);
            point.places.buckets.push(place);
            point.bytes(7, &BOUNDS.map(f64::to_le_bytes).concat());
            point.attributes(9, herd, series % SETS);
        }
        Kind::Exponential => {
            let growing = EXPONENTIAL_BUCKETS / 2;
            let counts = |index: usize| {
                if index == growing {
                    FIRST_GROWING
                } else {
                    1 + index as u64
                }
            };
            let zero = 7;
            point.observations(zero + (0..EXPONENTIAL_BUCKETS).map(counts).sum::<u64>(), first);
            point.varint(6, zigzag(3));
            point.fixed64(7, zero);
            let mut packed = Message::default();
            for index in 0..EXPONENTIAL_BUCKETS {
                if index == growing {
                    packed.places.varints.push(packed.bytes.len() as u32);
                }
                packed.write_varint(counts(index));
            }
            let mut positive = Message::default();
            positive.varint(1, zigzag(-20));
            positive.message(2, packed);
            point.message(8, positive);
        }
    }
    point
}

/// The value that the counter with this index within its resource begins with.
pub(crate) fn first_value(series: usize) -> u64 {
    FIRST_VALUE + series as u64
}

fn zigzag(number: i64) -> u64 {
    (number << 1 ^ number >> 63) as u64
}

/// A message in the making.
type Message = bench_shared::message::Message<Places>;

/// What points of these shapes have.
trait PointMessage {
    fn attributes(&mut self, field: u32, herd: Herd, set: usize);
    fn number_at_the_end(&mut self);
    fn observations(&mut self, count: u64, first: &mut Totals);
}

impl PointMessage for Message {
    fn attributes(&mut self, field: u32, herd: Herd, set: usize) {
        for (key, value) in shape::attributes(herd, set) {
            let mut attribute = Message::attribute(key, &value);
            if herd == Herd::NewAttributes && key == "http.route" {
                attribute.number_at_the_end();
            }
            self.message(field, attribute);
        }
    }

    /// The last eight bytes are the digits of a number.
    fn number_at_the_end(&mut self) {
        self.places.numbers.push(self.bytes.len() as u32 - 8);
    }

    /// The count and the sum of a histogram.
    fn observations(&mut self, count: u64, first: &mut Totals) {
        let sum = count as f64 * OBSERVED;
        first.count += count;
        first.sum += sum;
        let place = self.fixed64(4, count);
        self.places.integers.push(place);
        let place = self.fixed64(5, sum.to_bits());
        self.places.doubles.push(place);
        self.places.step = OBSERVED;
    }
}

#[cfg(test)]
mod tests;
