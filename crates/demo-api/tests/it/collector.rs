//! A collector that keeps what it is sent.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsPartialSuccess, ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{
    HistogramDataPoint, Metric, NumberDataPoint, number_data_point,
};
use prost::Message as _;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Longer than anything here takes; a test that waits for it has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Collector {
    pub(crate) endpoint: String,
    latest: watch::Receiver<Option<Export>>,
    objection: watch::Sender<Option<ExportMetricsPartialSuccess>>,
}

type Kept = (
    watch::Sender<Option<Export>>,
    watch::Receiver<Option<ExportMetricsPartialSuccess>>,
);

/// The newest export. Metrics are cumulative, so it holds everything.
#[derive(Debug, Clone)]
pub(crate) struct Export(Arc<ExportMetricsServiceRequest>);

pub(crate) type Attributes = BTreeMap<String, String>;

impl Collector {
    pub(crate) async fn start() -> Self {
        let (sender, latest) = watch::channel(None);
        let (objection, objections) = watch::channel(None);
        let router = Router::new()
            .route("/v1/metrics", post(take))
            .with_state((sender, objections));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            endpoint,
            latest,
            objection,
        }
    }

    /// From now on it answers that it rejects so many data points, for that reason; with none and "" that all is well.
    pub(crate) fn reject(&self, rejected_data_points: i64, reason: &str) {
        self.objection.send_replace(Some(ExportMetricsPartialSuccess {
            rejected_data_points,
            error_message: reason.to_owned(),
        }));
    }

    /// Waits until so many more exports have come.
    pub(crate) async fn wait_for(&mut self, exports: usize) {
        self.latest.mark_unchanged();
        for _ in 0..exports {
            tokio::time::timeout(PATIENCE, self.latest.changed())
                .await
                .expect("the exports come")
                .unwrap();
        }
    }

    /// The newest export, once it satisfies the condition.
    pub(crate) async fn export_where(&mut self, condition: impl Fn(&Export) -> bool) -> Export {
        let found = self
            .latest
            .wait_for(|export| export.as_ref().is_some_and(&condition));
        let found = tokio::time::timeout(PATIENCE, found)
            .await
            .expect("no export satisfies the condition");
        found.unwrap().clone().unwrap()
    }

    pub(crate) fn latest(&self) -> Export {
        self.latest.borrow().clone().expect("something was exported")
    }
}

async fn take(
    State((latest, objections)): State<Kept>,
    headers: HeaderMap,
    body: Bytes,
) -> impl IntoResponse {
    assert_eq!(headers[header::CONTENT_TYPE], "application/x-protobuf");
    let request = ExportMetricsServiceRequest::decode(body).expect("protobuf");
    let partial_success = objections.borrow().clone();
    latest.send_replace(Some(Export(Arc::new(request))));
    let answer = ExportMetricsServiceResponse { partial_success };
    (
        [(header::CONTENT_TYPE, "application/x-protobuf")],
        answer.encode_to_vec(),
    )
}

impl Export {
    pub(crate) fn resource(&self) -> Attributes {
        let resource = self.0.resource_metrics[0]
            .resource
            .as_ref()
            .expect("there is a resource");
        texts(&resource.attributes)
    }

    pub(crate) fn names_and_units(&self) -> Vec<(&str, &str)> {
        let mut names: Vec<_> = self
            .metrics()
            .map(|metric| (metric.name.as_str(), metric.unit.as_str()))
            .collect();
        names.sort_unstable();
        names
    }

    pub(crate) fn histogram(&self, name: &str) -> Vec<(Attributes, &HistogramDataPoint)> {
        match self.data(name) {
            Some(Data::Histogram(histogram)) => histogram
                .data_points
                .iter()
                .map(|point| (texts(&point.attributes), point))
                .collect(),
            other => panic!("{name} is no histogram but {other:?}"),
        }
    }

    /// The points of a sum: its attributes in one text, and its value. Empty if there is no such metric yet.
    pub(crate) fn sum(&self, name: &str) -> BTreeMap<String, i64> {
        match self.data(name) {
            None => BTreeMap::new(),
            Some(Data::Sum(sum)) => sum
                .data_points
                .iter()
                .map(|point| (short(point), integer(point)))
                .collect(),
            Some(other) => panic!("{name} is no sum but {other:?}"),
        }
    }

    fn data(&self, name: &str) -> Option<&Data> {
        self.metrics()
            .find(|metric| metric.name == name)
            .and_then(|metric| metric.data.as_ref())
    }

    fn metrics(&self) -> impl Iterator<Item = &Metric> {
        self.0
            .resource_metrics
            .iter()
            .flat_map(|resource| &resource.scope_metrics)
            .flat_map(|scope| &scope.metrics)
    }
}

fn integer(point: &NumberDataPoint) -> i64 {
    match point.value {
        Some(number_data_point::Value::AsInt(integer)) => integer,
        other => panic!("{other:?} is no integer"),
    }
}

fn short(point: &NumberDataPoint) -> String {
    let pairs: Vec<String> = texts(&point.attributes)
        .into_iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    pairs.join(" ")
}

fn texts(attributes: &[KeyValue]) -> Attributes {
    let text = |pair: &KeyValue| match pair.value.as_ref().and_then(|value| value.value.clone()) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(integer)) => integer.to_string(),
        other => panic!("{} is {other:?}", pair.key),
    };
    attributes
        .iter()
        .map(|pair| (pair.key.clone(), text(pair)))
        .collect()
}
