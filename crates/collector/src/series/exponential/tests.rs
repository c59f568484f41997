use proptest::prelude::*;

use super::*;

/// What a histogram of these values is, each counted by itself at a scale: the definition.
fn of_values(values: &[f64], scale: i32, zero_threshold: f64) -> Exponential {
    let mut histogram = Exponential {
        count: values.len() as u64,
        sum: values.iter().sum(),
        scale,
        zero_threshold,
        zero_count: 0,
        positive: Buckets::default(),
        negative: Buckets::default(),
    };
    for value in values {
        if value.abs() <= zero_threshold {
            histogram.zero_count += 1;
            continue;
        }
        let index = (value.abs().log2() * f64::from(scale).exp2()).ceil() as i32 - 1;
        let side = if *value > 0.0 {
            &mut histogram.positive
        } else {
            &mut histogram.negative
        };
        side.add(
            BucketsSample {
                offset: index,
                counts: &[1],
            },
            0,
        );
    }
    histogram
}

fn sample(histogram: &Exponential) -> ExponentialSample<'_> {
    ExponentialSample {
        count: histogram.count,
        sum: histogram.sum,
        scale: histogram.scale,
        zero_threshold: histogram.zero_threshold,
        zero_count: histogram.zero_count,
        positive: BucketsSample {
            offset: histogram.positive.offset,
            counts: &histogram.positive.counts,
        },
        negative: BucketsSample {
            offset: histogram.negative.offset,
            counts: &histogram.negative.counts,
        },
    }
}

/// Buckets as index and count, empty ones left out.
fn filled(buckets: &Buckets) -> Vec<(i32, u64)> {
    (buckets.offset..)
        .zip(buckets.counts.iter().copied())
        .filter(|(_, count)| *count > 0)
        .collect()
}

#[test]
fn two_of_one_scale_add_up() {
    let mut histogram = of_values(&[1.5, 3.0, -1.5], 0, 0.0);
    histogram.add(&sample(&of_values(&[1.7, 20.0, 0.0], 0, 0.0)), 160);
    assert_eq!(
        (histogram.count, histogram.zero_count, histogram.scale),
        (6, 1, 0)
    );
    assert_eq!(histogram.sum.to_bits(), 24.7_f64.to_bits());
    assert_eq!(filled(&histogram.positive), [(0, 2), (1, 1), (4, 1)]);
    assert_eq!(filled(&histogram.negative), [(0, 1)]);
}

#[test]
fn the_coarser_scale_is_that_of_the_sum() {
    let mut histogram = of_values(&[1.1, 1.9], 3, 0.0);
    histogram.add(&sample(&of_values(&[1.5, 5.0], 1, 0.0)), 160);
    assert_eq!(histogram.scale, 1);
    // at scale 1 the bounds are 1, 1.41, 2, 2.83, 4, 5.66
    assert_eq!(filled(&histogram.positive), [(0, 1), (1, 2), (4, 1)]);
}

#[test]
fn too_many_buckets_make_it_coarser() {
    let mut histogram = of_values(&[1.5], 0, 0.0);
    histogram.add(&sample(&of_values(&[1e6], 0, 0.0)), 8);
    assert!(histogram.positive.counts.len() <= 8);
    assert_eq!(histogram.scale, -2);
    assert_eq!(histogram.positive.counts.iter().sum::<u64>(), 2);
}

#[test]
fn the_wider_zero_bucket_swallows_what_reaches_below_it() {
    let mut histogram = of_values(&[0.3, 0.6, 3.0, -0.3], 0, 0.0);
    histogram.add(&sample(&of_values(&[0.1, 5.0], 0, 0.4)), 160);
    // the bucket of 0.3 is from 0.25 to 0.5, so the zero bucket goes up to 0.5
    assert_eq!(
        (histogram.zero_threshold.to_bits(), histogram.zero_count),
        (0.5_f64.to_bits(), 3)
    );
    assert_eq!(filled(&histogram.positive), [(-1, 1), (1, 1), (2, 1)]);
    assert_eq!(filled(&histogram.negative), []);
}

proptest! {
    #[test]
    fn adding_is_counting_everything_together(
        one in prop::collection::vec(-1e3..1e3_f64, 1..40),
        other in prop::collection::vec(-1e3..1e3_f64, 1..40),
        scales in (-2..6_i32, -2..6_i32),
    ) {
        let mut sum = of_values(&one, scales.0, 0.0);
        sum.add(&sample(&of_values(&other, scales.1, 0.0)), 10_000);
        let all: Vec<f64> = one.iter().chain(&other).copied().collect();
        let expected = of_values(&all, scales.0.min(scales.1), 0.0);
        prop_assert_eq!(filled(&sum.positive), filled(&expected.positive));
        prop_assert_eq!(filled(&sum.negative), filled(&expected.negative));
        prop_assert_eq!((sum.count, sum.zero_count, sum.scale), (expected.count, expected.zero_count, expected.scale));
    }

    #[test]
    fn nothing_is_lost_and_no_more_buckets_are_there_than_allowed(
        histograms in prop::collection::vec(
            (prop::collection::vec(-1e9..1e9_f64, 1..20), -4..10_i32, 0..3_u32), 1..8),
    ) {
        let mut sum = of_values(&[], 10, 0.0);
        let mut count = 0;
        for (values, scale, threshold) in &histograms {
            sum.add(&sample(&of_values(values, *scale, f64::from(*threshold))), 40);
            count += values.len() as u64;
            let in_buckets: u64 = sum.positive.counts.iter().chain(&sum.negative.counts).sum();
            prop_assert_eq!(sum.zero_count + in_buckets, count);
            prop_assert_eq!(sum.count, count);
            prop_assert!(sum.positive.counts.len() <= 40 && sum.negative.counts.len() <= 40);
            // no bucket reaches into the zero bucket
            for side in [&sum.positive, &sum.negative] {
                for (index, _) in filled(side) {
                    prop_assert!(bound(i64::from(index), sum.scale) >= sum.zero_threshold * 0.999_999);
                }
            }
        }
    }
}
