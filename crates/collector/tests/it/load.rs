//! Senders that do not stop: deltas and cumulative sums, and what must come of them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry_proto::tonic::metrics::v1::NumberDataPoint;
use reqwest::Client;
use tokio::task::JoinSet;

use crate::requests::{delta, metric, point, request, sum};

const SENDERS: usize = 4;

/// Series of deltas that each has, per metric.
const SERIES: usize = 100;

/// One sends its next request when the one before is answered; as an SDK does, the same again until it is.
#[derive(Debug, Default)]
struct Sender {
    sent: AtomicU64,
    answered: AtomicU64,
}

/// All of them, and somebody who scrapes meanwhile.
#[derive(Debug)]
pub(crate) struct Load {
    client: Client,
    senders: Vec<Sender>,
    /// Milliseconds after 1970.
    began: u64,
    /// The newest value of every series.
    scraped: Mutex<BTreeMap<String, f64>>,
}

/// A load that is on.
pub(crate) struct On {
    stop: Arc<AtomicBool>,
    tasks: JoinSet<()>,
}

impl On {
    /// Returns when nothing is on its way any more.
    pub(crate) async fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.tasks.join_all().await;
    }
}

impl Load {
    pub(crate) fn new() -> Arc<Self> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Arc::new(Self {
            client: Client::builder().no_proxy().build().unwrap(),
            senders: (0..SENDERS).map(|_| Sender::default()).collect(),
            began: u64::try_from(now.as_millis()).unwrap() - 1_000_000,
            scraped: Mutex::default(),
        })
    }

    /// Lets everybody go on, until it is stopped or the collector is gone.
    pub(crate) fn start(self: &Arc<Self>, http: SocketAddr, data: SocketAddr) -> On {
        let stop = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        for index in 0..SENDERS {
            let (load, stop) = (Arc::clone(self), Arc::clone(&stop));
            tasks
                .spawn(async move { while !stop.load(Ordering::Relaxed) && load.send(index, http).await {} });
        }
        let (load, over) = (Arc::clone(self), Arc::clone(&stop));
        tasks.spawn(async move {
            while !over.load(Ordering::Relaxed) {
                let Some(values) = load.scrape(data).await else {
                    return;
                };
                load.fell_nowhere(&values);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        On { stop, tasks }
    }

    /// Sends one request, and says whether it was answered.
    async fn send(&self, index: usize, http: SocketAddr) -> bool {
        let sender = &self.senders[index];
        let next = sender.answered.load(Ordering::Relaxed);
        sender.sent.store(next + 1, Ordering::Relaxed);
        let export = self.client.post(format!("http://{http}/v1/metrics"));
        let export = export.header("content-type", "application/x-protobuf");
        let Ok(answer) = export.body(self.request(index, next)).send().await else {
            return false;
        };
        assert_eq!(answer.status(), 200);
        let Ok(rest) = answer.bytes().await else {
            return false;
        };
        assert_eq!(rest.len(), 0, "all of it is taken");
        sender.answered.store(next + 1, Ordering::Relaxed);
        true
    }

    fn request(&self, index: usize, number: u64) -> Vec<u8> {
        let deltas = |name: &str| {
            let point = |series| NumberDataPoint {
                start_time_unix_nano: (self.began + number) * 1_000_000,
                time_unix_nano: (self.began + number + 1) * 1_000_000,
                ..point(&[("id", &format!("{index}-{series}"))], 1.0)
            };
            metric(name, "", delta((0..SERIES).map(point).collect()))
        };
        let cumulative = NumberDataPoint {
            start_time_unix_nano: self.began * 1_000_000,
            time_unix_nano: (self.began + number + 1) * 1_000_000,
            ..point(&[("id", &index.to_string())], (number + 1) as f64)
        };
        let metrics = vec![
            deltas("one"),
            deltas("another"),
            metric("cumulative", "", sum(true, vec![cumulative])),
        ];
        request(&[("service.name", "api")], metrics)
    }

    /// The values of a scrape, by name and id; `None` if it did not come to its end.
    pub(crate) async fn scrape(&self, data: SocketAddr) -> Option<BTreeMap<String, f64>> {
        let scrape = self
            .client
            .get(format!("http://{data}/metrics"))
            .send()
            .await
            .ok()?;
        let text = scrape.text().await.ok()?;
        let lines = text.lines().filter_map(|line| {
            let (name, labels) = line.split_once("_total{")?;
            let (_, id) = labels.split_once("id=\"")?;
            let (id, _) = id.split_once('"')?;
            let (_, value) = line.rsplit_once(' ')?;
            Some((format!("{name} {id}"), value.parse().unwrap()))
        });
        Some(lines.collect())
    }

    /// Remembers a scrape, in which no series of deltas that was there before is gone or lower.
    fn fell_nowhere(&self, values: &BTreeMap<String, f64>) {
        let mut scraped = self.scraped.lock().unwrap();
        for (series, before) in &*scraped {
            if !series.starts_with("cumulative") {
                let value = values.get(series);
                assert!(value >= Some(before), "{series} was {before}, is {value:?}");
            }
        }
        *scraped = values.clone();
    }

    /// What was kept over a kill: every answered delta, what was scraped, and no more than was sent. Cumulative sums come
    /// back with their senders.
    pub(crate) fn is_kept(&self, values: &BTreeMap<String, f64>) {
        self.fell_nowhere(values);
        for (index, sender) in self.senders.iter().enumerate() {
            let answered = sender.answered.load(Ordering::Relaxed);
            let sent = sender.sent.load(Ordering::Relaxed);
            for series in 0..SERIES {
                for name in ["one", "another"] {
                    let series = format!("{name} {index}-{series}");
                    let value = values.get(&series).copied().unwrap_or_default();
                    assert!(
                        answered as f64 <= value && value <= sent as f64,
                        "{series}: {answered} answered, {sent} sent, {value} kept"
                    );
                }
            }
        }
        assert!(!values.keys().any(|series| series.starts_with("cumulative")));
    }

    /// Sends what is not answered once more; then everything is there once.
    pub(crate) async fn is_exact(&self, http: SocketAddr, data: SocketAddr) {
        let mut expected = BTreeMap::new();
        for (index, sender) in self.senders.iter().enumerate() {
            assert!(self.send(index, http).await);
            let sent = sender.sent.load(Ordering::Relaxed) as f64;
            expected.insert(format!("cumulative {index}"), sent);
            for series in 0..SERIES {
                expected.insert(format!("one {index}-{series}"), sent);
                expected.insert(format!("another {index}-{series}"), sent);
            }
        }
        assert_eq!(self.scrape(data).await.unwrap(), expected);
    }

    /// Forgets what was kept, because it is gone: what comes is compared with these values, series by series.
    pub(crate) async fn goes_on_from(
        &self,
        kept: &BTreeMap<String, f64>,
        http: SocketAddr,
        data: SocketAddr,
    ) {
        let most = self
            .senders
            .iter()
            .map(|sender| sender.sent.load(Ordering::Relaxed));
        let most = most.max().unwrap() as f64;
        assert!(kept.values().all(|value| *value <= most));
        for (index, sender) in self.senders.iter().enumerate() {
            let (sent, answered) = (&sender.sent, &sender.answered);
            // what is sent again here may be there already: the one after it is new
            answered.store(sent.load(Ordering::Relaxed), Ordering::Relaxed);
            assert!(self.send(index, http).await);
        }
        let values = self.scrape(data).await.unwrap();
        for (series, value) in &values {
            if !series.starts_with("cumulative") {
                let before = kept.get(series).copied().unwrap_or_default();
                assert_eq!((*value).to_bits(), (before + 1.0).to_bits(), "{series}");
            }
        }
        assert_eq!(values.len(), SENDERS * (2 * SERIES + 1));
        *self.scraped.lock().unwrap() = values;
    }

    /// How many requests were answered.
    pub(crate) fn answered(&self) -> u64 {
        let answered = |sender: &Sender| sender.answered.load(Ordering::Relaxed);
        self.senders.iter().map(answered).sum()
    }
}
