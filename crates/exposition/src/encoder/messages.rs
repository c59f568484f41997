//! Protobuf: `io.prometheus.client.MetricFamily` messages, each behind its length. Field numbers are those of
//! `io/prometheus/client/metrics.proto` in `prometheus/client_model`.

use super::wire::{
    Open, begin, end, varint_len, write_double, write_message, write_number, write_text, write_varint,
    write_zigzag,
};
use super::{Head, classic, native};
use crate::escaping::Escaping;
use crate::labels::{may_have_quoted_name, pairs, unescaped};
use crate::metric_type::MetricType;
use crate::points::{Exemplar, Exponential, Histogram, Summary};

/// The width of the zero bucket where none is known: what the specification wants, and Prometheus itself uses.
const DEFAULT_ZERO_THRESHOLD: f64 = 1e-128;

/// A scrape as protobuf.
pub(super) struct Messages {
    escaping: Escaping,
    metric_type: MetricType,
    /// The fields of the family that was begun last, without its metrics.
    head: Vec<u8>,
    /// Its message under way.
    open: Option<Open>,
    /// The labels that the last series had in common with others, as they came and as they are written.
    shared: String,
    shared_pairs: Vec<u8>,
    deltas: Vec<u8>,
    buckets: Vec<u64>,
}

impl Messages {
    pub(super) fn new(escaping: Escaping) -> Self {
        Self {
            escaping,
            metric_type: MetricType::Unknown,
            head: Vec::new(),
            open: None,
            shared: String::new(),
            shared_pairs: Vec::new(),
            deltas: Vec::new(),
            buckets: Vec::new(),
        }
    }

    pub(super) fn begin_family(&mut self, out: &mut Vec<u8>, head: &Head<'_>) {
        self.close(out);
        self.metric_type = head.metric_type;
        self.head.clear();
        write_text(&mut self.head, 0x0a, &self.escaping.metric_name(head.name));
        if !head.help.is_empty() {
            write_text(&mut self.head, 0x12, head.help);
        }
        let number = match head.metric_type {
            MetricType::Counter => 0,
            MetricType::Gauge | MetricType::Info | MetricType::StateSet => 1,
            MetricType::Summary => 2,
            MetricType::Unknown => 3,
            MetricType::Histogram => 4,
        };
        write_number(&mut self.head, 0x18, number);
        if !head.unit.is_empty() {
            write_text(&mut self.head, 0x2a, head.unit);
        }
    }

    #[inline]
    pub(super) fn number(
        &mut self,
        out: &mut Vec<u8>,
        labels: [&str; 2],
        value: f64,
        created: u64,
        exemplar: Option<&Exemplar<'_>>,
    ) {
        let metric = self.begin_metric(out, labels);
        match self.metric_type {
            MetricType::Counter => write_message(out, 0x1a, 1, |out| {
                write_double(out, 0x09, value);
                if let Some(exemplar) = exemplar {
                    write_exemplar(out, &[0x12], exemplar, self.escaping);
                }
                write_timestamp(out, 0x1a, created);
            }),
            MetricType::Gauge | MetricType::Info | MetricType::StateSet => {
                out.extend_from_slice(&[0x12, 9]);
                write_double(out, 0x09, value);
            }
            MetricType::Unknown | MetricType::Histogram | MetricType::Summary => {
                out.extend_from_slice(&[0x2a, 9]);
                write_double(out, 0x09, value);
            }
        }
        end(out, metric);
    }

    pub(super) fn histogram(&mut self, out: &mut Vec<u8>, labels: [&str; 2], histogram: &Histogram<'_>) {
        let metric = self.begin_metric(out, labels);
        write_message(out, 0x3a, 2, |out| {
            let total = write_buckets(out, histogram, self.escaping);
            let count = if histogram.buckets.is_empty() {
                histogram.count
            } else {
                total
            };
            write_number(out, 0x08, count);
            if let Some(sum) = histogram.sum {
                write_double(out, 0x11, sum);
            }
            write_timestamp(out, 0x7a, histogram.created);
        });
        end(out, metric);
    }

    pub(super) fn exponential(
        &mut self,
        out: &mut Vec<u8>,
        labels: [&str; 2],
        exponential: &Exponential<'_>,
    ) {
        let metric = self.begin_metric(out, labels);
        write_message(out, 0x3a, 2, |out| {
            if let Some(bounds) = exponential.classic {
                classic::convert(exponential, bounds, &mut self.buckets);
                let exemplars = classic::exemplars(exponential.exemplars, bounds);
                let histogram = Histogram {
                    count: exponential.count,
                    sum: None,
                    bounds,
                    buckets: &self.buckets,
                    created: 0,
                    exemplars: &exemplars,
                };
                write_buckets(out, &histogram, self.escaping);
            }
            // what is coarser than Prometheus knows is shown without its buckets
            let mut count = exponential.count;
            if let Some((schema, merges)) = native::schema(exponential.scale) {
                count = exponential.zero_count;
                out.push(0x28);
                write_zigzag(out, schema.into());
                let known = exponential.zero_threshold > 0.0;
                let zero_threshold = if known {
                    exponential.zero_threshold
                } else {
                    DEFAULT_ZERO_THRESHOLD
                };
                write_double(out, 0x31, zero_threshold);
                write_number(out, 0x38, exponential.zero_count);
                for (buckets, span_tag, delta_tag) in [
                    (exponential.negative, 0x4a, 0x52),
                    (exponential.positive, 0x62, 0x6a),
                ] {
                    let total = native::write_buckets(out, span_tag, &mut self.deltas, buckets, merges);
                    native::write_deltas(out, delta_tag, &self.deltas);
                    // Prometheus refuses a whole scrape for a count that is not the sum of the buckets
                    count = count.saturating_add(total);
                }
                // those without a time are not taken
                for exemplar in exponential.exemplars.iter().filter(|exemplar| exemplar.time != 0) {
                    write_exemplar(out, &[0x82, 0x01], exemplar, self.escaping);
                }
            }
            write_number(out, 0x08, count);
            if let Some(sum) = exponential.sum {
                write_double(out, 0x11, sum);
            }
            write_timestamp(out, 0x7a, exponential.created);
        });
        end(out, metric);
    }

    pub(super) fn summary(&mut self, out: &mut Vec<u8>, labels: [&str; 2], summary: &Summary<'_>) {
        let metric = self.begin_metric(out, labels);
        write_message(out, 0x22, 2, |out| {
            write_number(out, 0x08, summary.count);
            write_double(out, 0x11, summary.sum);
            for (quantile, value) in summary.quantiles {
                out.extend_from_slice(&[0x1a, 18]);
                write_double(out, 0x09, *quantile);
                write_double(out, 0x11, *value);
            }
            write_timestamp(out, 0x22, summary.created);
        });
        end(out, metric);
    }

    /// Ends the message under way, if there is one. The family goes on in another one with its next series.
    pub(super) fn close(&mut self, out: &mut Vec<u8>) {
        if let Some(open) = self.open.take() {
            end(out, open);
        }
    }

    /// Begins a metric with its labels, and before it the family's message where there is none.
    #[inline]
    fn begin_metric(&mut self, out: &mut Vec<u8>, [shared, own]: [&str; 2]) -> Open {
        if self.open.is_none() {
            self.open = Some(begin(out, 3));
            out.extend_from_slice(&self.head);
        }
        out.push(0x22);
        let metric = begin(out, 2);
        if *shared != *self.shared {
            self.shared.clear();
            self.shared.push_str(shared);
            self.shared_pairs.clear();
            write_labels(&mut self.shared_pairs, shared);
        }
        out.extend_from_slice(&self.shared_pairs);
        write_labels(out, own);
        metric
    }
}

/// Writes the buckets of a histogram, accumulated. How much they hold in all.
fn write_buckets(out: &mut Vec<u8>, histogram: &Histogram<'_>, escaping: Escaping) -> u64 {
    let bounds = histogram.bounds.finite().iter().copied().map(Some).chain([None]);
    let mut counted = 0_u64;
    let mut all = 0_u64;
    let places = histogram.exemplars.iter().map(Option::as_ref);
    let mut places = places.chain(std::iter::repeat(None));
    let mut buckets = histogram.buckets.iter();
    for bound in bounds {
        let exemplar = places.next().flatten();
        // infinity's are all that are left
        let here: u64 = match bound {
            Some(_) => buckets.next().copied().unwrap_or(0),
            None => buckets
                .by_ref()
                .fold(0, |sum, bucket| sum.saturating_add(*bucket)),
        };
        counted = counted.saturating_add(here);
        all = counted;
        let shown = match bound {
            Some(bound) if !histogram.buckets.is_empty() => Some(bound),
            // the one of infinity is as large as the count: it is only written for its exemplar
            None if exemplar.is_some() => Some(f64::INFINITY),
            _ => None,
        };
        if let Some(bound) = shown {
            let count = if histogram.buckets.is_empty() {
                histogram.count
            } else {
                counted
            };
            write_message(out, 0x1a, 1, |out| {
                write_number(out, 0x08, count);
                write_double(out, 0x11, bound);
                if let Some(exemplar) = exemplar {
                    write_exemplar(out, &[0x1a], exemplar, escaping);
                }
            });
        }
    }
    all
}

/// Writes the labels of a text, one `LabelPair` each.
fn write_labels(out: &mut Vec<u8>, text: &str) {
    for (name, value) in pairs(text) {
        let (name, value) = (unescaped(name), unescaped(value));
        let length = 2 + varint_len(name.len()) + name.len() + varint_len(value.len()) + value.len();
        out.push(0x0a);
        write_varint(out, length as u64);
        write_text(out, 0x0a, &name);
        write_text(out, 0x12, &value);
    }
}

fn write_exemplar(out: &mut Vec<u8>, tag: &[u8], exemplar: &Exemplar<'_>, escaping: Escaping) {
    out.extend_from_slice(tag);
    let open = begin(out, 1);
    if escaping != Escaping::AllowUtf8 && may_have_quoted_name(exemplar.labels) {
        let mut rewritten = String::new();
        escaping.rewrite([exemplar.labels, ""], &mut rewritten);
        write_labels(out, &rewritten);
    } else {
        write_labels(out, exemplar.labels);
    }
    write_double(out, 0x11, exemplar.value);
    write_timestamp(out, 0x1a, exemplar.time);
    end(out, open);
}

/// Writes a `google.protobuf.Timestamp`, unless it is 0.
fn write_timestamp(out: &mut Vec<u8>, tag: u8, nanoseconds: u64) {
    if nanoseconds == 0 {
        return;
    }
    write_message(out, tag, 1, |out| {
        write_number(out, 0x08, nanoseconds / 1_000_000_000);
        let nanos = nanoseconds % 1_000_000_000;
        if nanos != 0 {
            write_number(out, 0x10, nanos);
        }
    });
}
