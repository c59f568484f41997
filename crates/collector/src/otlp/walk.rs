//! Looks at everything in a request that can be looked at, for tests of whether that panics.

use super::{
    AttributeError, Data, Exemplar, Exemplars, ExponentialHistogramPoint, HistogramPoint, Metric,
    NumberPoint, SummaryPoint, attributes, resource_metrics, scope_name_and_version,
};

/// Whether all of it is well-formed, attributes' text included. Values that are nested too deep are.
pub(crate) fn walk(request: &[u8]) -> bool {
    let mut whole = true;
    for resource in resource_metrics(request) {
        let Ok(resource) = resource else { return false };
        whole &= walk_attributes(resource.resource(), 1);
        for scope in resource.scopes() {
            let Ok(scope) = scope else {
                whole = false;
                continue;
            };
            whole &= scope_name_and_version(scope.scope()).is_ok() && walk_attributes(scope.scope(), 3);
            for metric in scope.metrics() {
                whole &= metric.is_ok_and(|metric| walk_metric(&metric));
            }
        }
    }
    whole
}

fn walk_metric(metric: &Metric<'_>) -> bool {
    let mut whole = metric.prometheus_type().is_ok();
    let Some(data) = metric.data else { return whole };
    let points = data.points();
    let count = points.count();
    assert_eq!(points.is_empty(), count == 0);
    // whatever their kind is: a sender may lie about it
    let numbers: Vec<_> = points
        .numbers()
        .map(|point| point.is_ok_and(|point| walk_number(&point)))
        .collect();
    let histograms: Vec<_> = points
        .histograms()
        .map(|point| point.is_ok_and(|point| walk_histogram(&point)))
        .collect();
    let exponential: Vec<_> = points
        .exponential_histograms()
        .map(|point| point.is_ok_and(|point| walk_exponential(&point)))
        .collect();
    let summaries: Vec<_> = points
        .summaries()
        .map(|point| point.is_ok_and(|point| walk_summary(&point)))
        .collect();
    let own = match data {
        Data::Gauge(_) | Data::Sum { .. } => numbers,
        Data::Histogram { .. } => histograms,
        Data::ExponentialHistogram { .. } => exponential,
        Data::Summary(_) => summaries,
    };
    assert_eq!(own.len(), count);
    whole &= own.into_iter().all(|point| point);
    whole
}

/// Reads bytes as a point of every kind.
pub(crate) fn walk_points(bytes: &[u8]) {
    let _ = NumberPoint::new(bytes).is_ok_and(|point| walk_number(&point));
    let _ = HistogramPoint::new(bytes).is_ok_and(|point| walk_histogram(&point));
    let _ = ExponentialHistogramPoint::new(bytes).is_ok_and(|point| walk_exponential(&point));
    let _ = SummaryPoint::new(bytes).is_ok_and(|point| walk_summary(&point));
}

fn walk_number(point: &NumberPoint<'_>) -> bool {
    walk_attributes(&point.attributes, NumberPoint::ATTRIBUTES) & walk_exemplars(point.exemplars)
}

fn walk_histogram(point: &HistogramPoint<'_>) -> bool {
    assert_eq!(
        point.bucket_counts.integers().count(),
        point.bucket_counts.chunks().len()
    );
    assert_eq!(
        point.explicit_bounds.doubles().count(),
        point.explicit_bounds.chunks().len()
    );
    walk_attributes(&point.attributes, HistogramPoint::ATTRIBUTES) & walk_exemplars(point.exemplars)
}

fn walk_exponential(point: &ExponentialHistogramPoint<'_>) -> bool {
    for buckets in [&point.positive, &point.negative] {
        assert_eq!(buckets.counts.integers().count(), buckets.counts.len());
    }
    walk_attributes(&point.attributes, ExponentialHistogramPoint::ATTRIBUTES)
        & walk_exemplars(point.exemplars)
}

fn walk_summary(point: &SummaryPoint<'_>) -> bool {
    let quantiles = point
        .quantiles()
        .fold(true, |whole, quantile| whole & quantile.is_ok());
    walk_attributes(&point.attributes, SummaryPoint::ATTRIBUTES) & quantiles
}

fn walk_exemplars(exemplars: Exemplars<'_>) -> bool {
    exemplars.iter().fold(true, |whole, exemplar| {
        whole
            & exemplar
                .is_ok_and(|exemplar| walk_attributes(&exemplar.filtered_attributes, Exemplar::ATTRIBUTES))
    })
}

fn walk_attributes(message: &[u8], number: u32) -> bool {
    attributes(message, number).fold(true, |whole, attribute| {
        whole & matches!(attribute, Ok(_) | Err(AttributeError::TooDeep))
    })
}
