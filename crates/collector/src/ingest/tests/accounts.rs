//! Whatever a request holds, each of its points is accounted for, and it does not matter how the request was spelled.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use proptest::prelude::*;

use super::*;
use crate::fixtures::scrape;
use crate::otlp::tests::random;

fn points(request: &ExportMetricsServiceRequest) -> usize {
    let scopes = request
        .resource_metrics
        .iter()
        .flat_map(|resource| &resource.scope_metrics);
    let metrics = scopes.flat_map(|scope| &scope.metrics);
    metrics
        .map(|metric| match &metric.data {
            None => 0,
            Some(model::metric::Data::Gauge(gauge)) => gauge.data_points.len(),
            Some(model::metric::Data::Sum(sum)) => sum.data_points.len(),
            Some(model::metric::Data::Histogram(histogram)) => histogram.data_points.len(),
            Some(model::metric::Data::ExponentialHistogram(histogram)) => histogram.data_points.len(),
            Some(model::metric::Data::Summary(summary)) => summary.data_points.len(),
        })
        .sum()
}

proptest! {
    #[test]
    fn accepted_and_rejected_points_are_all_that_were_sent(requests in prop::collection::vec(random::request(), 1..4)) {
        let store = store();
        for request in requests {
            let outcome = take(&store, &request.encode_to_vec());
            prop_assert_eq!(outcome.malformed, None);
            prop_assert_eq!(outcome.accepted + outcome.filtered + outcome.rejections.points(), points(&request) as u64);
        }
        // and whatever was taken can be shown
        for accept in ["text/plain", "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8"] {
            let text = String::from_utf8(scrape(&store, accept, &[]));
            prop_assert!(text.is_ok());
        }
    }
}
