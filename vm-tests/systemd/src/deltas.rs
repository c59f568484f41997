use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, metric,
    number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::http::Http;
use crate::prometheus::sample;

/// Senders at work at once.
const SENDERS: usize = 8;

/// Between an answer and the next request.
const PAUSE: Duration = Duration::from_millis(10);

/// A connection may take so long.
const CONNECT: Duration = Duration::from_secs(20);

/// Senders of deltas, which no sender repeats once they are accepted. Each sends the next point when the last was answered, and as an SDK does the
/// same again until it is. Beside them somebody connects to all of the collector's ports, again and again.
#[derive(Debug)]
pub struct Deltas {
    address: Ipv4Addr,
    name: &'static str,
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
}

#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    accepted: [AtomicU64; SENDERS],
    /// Requests that were not answered, and were sent again.
    repeated: AtomicU64,
    connections: AtomicU64,
    refused: Mutex<Vec<String>>,
}

impl Deltas {
    /// Starts to send a metric of this name to the collector of a machine.
    pub fn start(address: Ipv4Addr, name: &'static str) -> Self {
        let shared = Arc::new(Shared::default());
        let mut tasks = JoinSet::new();
        for sender in 0..SENDERS {
            let shared = Arc::clone(&shared);
            tasks.spawn(async move { send(address, name, sender, &shared).await });
        }
        for port in [4317, 4318, 8888, 8889] {
            let shared = Arc::clone(&shared);
            tasks.spawn(async move { connect(address, port, &shared).await });
        }
        Self {
            address,
            name,
            shared,
            tasks,
        }
    }

    /// How many points were accepted so far.
    pub fn accepted(&self) -> u64 {
        self.shared
            .accepted
            .iter()
            .map(|accepted| accepted.load(Ordering::Relaxed))
            .sum()
    }

    /// How many points of each sender were accepted so far.
    pub fn by_sender(&self) -> Vec<u64> {
        let accepted = self.shared.accepted.iter();
        accepted
            .map(|accepted| accepted.load(Ordering::Relaxed))
            .collect()
    }

    /// How many requests were not answered, and sent again.
    pub fn repeated(&self) -> u64 {
        self.shared.repeated.load(Ordering::Relaxed)
    }

    /// How many connections were made.
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// Connections that were refused so far, and why.
    pub fn refused(&self) -> Vec<String> {
        self.shared
            .refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Lets every sender have its last answer.
    pub async fn stop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.tasks.join_next().await {
            ended.expect("senders do not panic");
        }
    }

    /// The sums that are exposed now, with what was accepted, by sender. Call it after `stop`.
    pub async fn sums(&self) -> Vec<(f64, f64)> {
        let url = format!("http://{}:8889/metrics", self.address);
        let text = Http::default()
            .get(&url)
            .await
            .expect("the collector is scraped")
            .body;
        let name = format!("{}_total", self.name);
        let exposed = |sender: usize| sample(&text, &name, &[&format!("sender=\"{sender}\"")]).unwrap_or(0.0);
        (0..SENDERS)
            .map(|sender| {
                (
                    exposed(sender),
                    self.shared.accepted[sender].load(Ordering::Relaxed) as f64,
                )
            })
            .collect()
    }
}

async fn send(address: Ipv4Addr, name: &str, sender: usize, shared: &Shared) {
    let http = Http::default();
    let url = format!("http://{address}:4318/v1/metrics");
    let mut start = nanoseconds();
    while !shared.stop.load(Ordering::Relaxed) {
        let end = nanoseconds().max(start + 1);
        let body = request(name, sender, start, end);
        loop {
            match http.post(&url, "application/x-protobuf", body.clone()).await {
                Ok(answer) if answer.status == 200 && answer.body.is_empty() => break,
                Ok(answer) if answer.status == 200 => panic!("partly rejected: {:?}", answer.body),
                // what an SDK repeats after
                Ok(answer) if [429, 502, 503, 504].contains(&answer.status) => {}
                Ok(answer) => panic!("{}: {}", answer.status, answer.body),
                Err(error) if error.contains("refused") => shared.refuse(error),
                Err(_) => {}
            }
            shared.repeated.fetch_add(1, Ordering::Relaxed);
            sleep(PAUSE).await;
        }
        shared.accepted[sender].fetch_add(1, Ordering::Relaxed);
        shared.connections.fetch_add(1, Ordering::Relaxed);
        start = end;
        sleep(PAUSE).await;
    }
}

async fn connect(address: Ipv4Addr, port: u16, shared: &Shared) {
    while !shared.stop.load(Ordering::Relaxed) {
        match timeout(CONNECT, TcpStream::connect((address, port))).await {
            Ok(Ok(_)) => drop(shared.connections.fetch_add(1, Ordering::Relaxed)),
            Ok(Err(error)) => shared.refuse(format!("port {port}: {error}")),
            Err(_) => shared.refuse(format!("port {port}: no answer for {CONNECT:?}")),
        }
        sleep(PAUSE).await;
    }
}

impl Shared {
    fn refuse(&self, why: String) {
        self.refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(why);
    }
}

fn request(name: &str, sender: usize, start: u64, end: u64) -> Vec<u8> {
    let text = |key: &str, value: &str| KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(any_value::Value::StringValue(value.to_owned())),
        }),
        ..KeyValue::default()
    };
    let point = NumberDataPoint {
        attributes: vec![text("sender", &sender.to_string())],
        start_time_unix_nano: start,
        time_unix_nano: end,
        value: Some(number_data_point::Value::AsInt(1)),
        ..NumberDataPoint::default()
    };
    let metric = Metric {
        name: name.to_owned(),
        data: Some(metric::Data::Sum(Sum {
            data_points: vec![point],
            aggregation_temporality: AggregationTemporality::Delta.into(),
            is_monotonic: true,
        })),
        ..Metric::default()
    };
    let resource = Resource {
        attributes: vec![text("service.name", "deltas")],
        ..Resource::default()
    };
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(resource),
            scope_metrics: vec![ScopeMetrics {
                metrics: vec![metric],
                ..ScopeMetrics::default()
            }],
            ..ResourceMetrics::default()
        }],
    }
    .encode_to_vec()
}

fn nanoseconds() -> u64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a time after 1970");
    u64::try_from(now.as_nanos()).expect("a time before 2554")
}
