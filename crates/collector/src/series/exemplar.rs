//! Examples of what was measured, with the trace in which it was.

use super::value::Value;

/// An exemplar as it comes in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ExemplarSample<'a> {
    /// Rendered.
    pub(crate) labels: &'a str,
    pub(crate) value: f64,
    /// Nanoseconds after 1970.
    pub(crate) time: u64,
}

/// An exemplar as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Exemplar {
    pub(crate) labels: Box<str>,
    pub(crate) value: f64,
    pub(crate) time: u64,
}

/// The exemplars of a series: of a number, the newest; of a histogram, the newest of each bucket; of an exponential
/// histogram, some of the newest.
#[derive(Debug, Default)]
pub(crate) struct Exemplars(Vec<Option<Exemplar>>);

/// An exponential histogram has more buckets than anybody wants examples of.
const MAX_OF_EXPONENTIAL: usize = 10;

impl Exemplars {
    /// In the order of the buckets, where there are buckets; in the order of their times otherwise.
    pub(crate) fn all(&self) -> &[Option<Exemplar>] {
        &self.0
    }

    pub(super) fn heap_bytes(&self) -> usize {
        let labels = self.0.iter().flatten().map(|exemplar| exemplar.labels.len() + 16);
        self.0.capacity() * size_of::<Option<Exemplar>>() + labels.sum::<usize>()
    }

    /// Takes new ones in, for a series that has this value now.
    pub(super) fn attach<'e>(&mut self, value: &Value, new: impl Iterator<Item = ExemplarSample<'e>>) {
        let places = match value {
            Value::Number(_) => 1,
            Value::Histogram(histogram) => histogram.bounds.values().len() + 1,
            Value::Exponential(_) => MAX_OF_EXPONENTIAL,
            Value::Nothing | Value::Summary(_) => 0,
        };
        if self.0.len() != places {
            self.0 = Vec::new();
            self.0.resize(places, None);
        }
        // what is no number is in no bucket
        let is_histogram = matches!(value, Value::Histogram(_) | Value::Exponential(_));
        for exemplar in new.filter(|exemplar| !(is_histogram && exemplar.value.is_nan())) {
            let place = match value {
                Value::Histogram(histogram) => {
                    // a bucket holds its upper bound
                    histogram
                        .bounds
                        .values()
                        .partition_point(|bound| *bound < exemplar.value)
                }
                // the place of the oldest
                _ => (0..places)
                    .min_by_key(|place| self.0[*place].as_ref().map_or(0, |there| there.time))
                    .unwrap_or(0),
            };
            let Some(there) = self.0.get_mut(place) else {
                continue;
            };
            if there.as_ref().is_none_or(|there| there.time <= exemplar.time) {
                let ExemplarSample { labels, value, time } = exemplar;
                *there = Some(Exemplar {
                    labels: labels.into(),
                    value,
                    time,
                });
            }
        }
        if matches!(value, Value::Exponential(_)) {
            self.0
                .sort_by_key(|exemplar| exemplar.as_ref().map_or(u64::MAX, |exemplar| exemplar.time));
        }
    }
}
