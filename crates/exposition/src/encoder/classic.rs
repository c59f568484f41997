//! Exponential histograms over explicit bounds, for the formats that know no others.

use crate::points::{Bounds, Exemplar, Exponential};

/// Counts an exponential histogram over other bounds, not accumulated, into `out`; leaves it empty if there are none.
///
/// A bucket goes where all of it fits: below the first bound that is not less than its own upper one. So no count is ever
/// above what was really measured below its bound, and it is off by what one exponential bucket holds at most.
pub(super) fn convert(histogram: &Exponential<'_>, bounds: &Bounds, out: &mut Vec<u64>) {
    out.clear();
    let bounds = bounds.finite();
    if bounds.is_empty() {
        return;
    }
    out.resize(bounds.len() + 1, 0);
    let mut count = |upper: f64, count: u64| {
        let index = bounds.partition_point(|bound| *bound < upper);
        out[index] = out[index].saturating_add(count);
    };
    count(histogram.zero_threshold.max(0.0), histogram.zero_count);
    let index = |offset: i32, nth: usize| i64::from(offset) + nth as i64;
    for (nth, bucket) in histogram.positive.counts.iter().enumerate() {
        if *bucket > 0 {
            count(
                power(histogram.scale, index(histogram.positive.offset, nth) + 1),
                *bucket,
            );
        }
    }
    for (nth, bucket) in histogram.negative.counts.iter().enumerate() {
        if *bucket > 0 {
            count(
                -power(histogram.scale, index(histogram.negative.offset, nth)),
                *bucket,
            );
        }
    }
}

/// `base^index`, where the base is `2^(2^-scale)`.
fn power(scale: i32, index: i64) -> f64 {
    (index as f64 * f64::from(-scale).exp2()).exp2()
}

/// The newest exemplar of each bucket. One that is no number is in none.
pub(super) fn exemplars<'a>(exemplars: &[Exemplar<'a>], bounds: &Bounds) -> Vec<Option<Exemplar<'a>>> {
    let bounds = bounds.finite();
    let mut newest: Vec<Option<Exemplar<'a>>> = Vec::new();
    if exemplars.is_empty() {
        return newest;
    }
    newest.resize(bounds.len() + 1, None);
    for exemplar in exemplars.iter().filter(|exemplar| !exemplar.value.is_nan()) {
        let place = &mut newest[bounds.partition_point(|bound| *bound < exemplar.value)];
        if place.is_none_or(|other| other.time <= exemplar.time) {
            *place = Some(*exemplar);
        }
    }
    newest
}
