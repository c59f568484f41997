//! Sends every instance's request once in each interval, at a moment that was fixed beforehand: what the stack does not
//! take in time is late, and is counted as late, and the rest does not wait for it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bench_shared::send::{Answer, Sender, Transport, connect};

use crate::instance::Instance;

/// From one export of an instance to its next; as often as Prometheus scrapes.
pub(crate) const INTERVAL: Duration = Duration::from_secs(10);

/// Threads that send. Each has a connection to every collector.
const WORKERS: usize = 4;

/// The longest sleep: how late a worker may see that it is to end.
const NAP: Duration = Duration::from_millis(200);

/// What instances there are, and where they send.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) instances: Vec<(Instance, SocketAddr)>,
    /// After which time an instance is replaced by another, if ever.
    pub(crate) lifetime: Option<Duration>,
}

/// What became of the requests since the last time that this was asked.
#[derive(Debug, Default, Clone)]
pub(crate) struct Sent {
    pub(crate) requests: u64,
    /// Points that were taken.
    pub(crate) accepted: u64,
    /// Points that were not: rejected, refused, or nobody knows.
    pub(crate) lost: u64,
    /// Requests that were not sent at all, because the one after them was due already.
    pub(crate) skipped: u64,
    /// Instances that were replaced.
    pub(crate) replaced: u64,
    /// The first reason for a loss.
    pub(crate) reason: Option<String>,
    /// From the moment at which a request was due to its answer, in microseconds.
    pub(crate) latencies: Vec<u32>,
}

/// Traffic, while this lives.
#[derive(Debug)]
pub(crate) struct Traffic {
    workers: Vec<JoinHandle<()>>,
    is_over: Arc<AtomicBool>,
    sent: Arc<Mutex<Sent>>,
}

impl Traffic {
    pub(crate) fn begin(plan: Plan) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let sent = Arc::new(Mutex::new(Sent::default()));
        let all = plan.instances.len();
        let begin = Instant::now();
        let mut shares: Vec<Vec<Client>> = (0..WORKERS).map(|_| Vec::new()).collect();
        for (index, (instance, address)) in plan.instances.into_iter().enumerate() {
            shares[index % WORKERS].push(Client {
                first: instance.number(),
                phase: INTERVAL.mul_f64(index as f64 / all as f64),
                share: index as f64 / all as f64,
                instance,
                address,
                generation: 0,
            });
        }
        let workers = shares.into_iter().map(|clients| {
            let worker = Worker {
                clients,
                begin,
                all,
                lifetime: plan.lifetime,
                is_over: Arc::clone(&is_over),
                sent: Arc::clone(&sent),
                connections: HashMap::new(),
            };
            std::thread::spawn(move || worker.run())
        });
        Self {
            workers: workers.collect(),
            is_over,
            sent,
        }
    }

    /// What was sent since this was last asked.
    pub(crate) fn take(&self) -> Sent {
        std::mem::take(&mut self.sent.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sends no more.
    pub(crate) fn end(self) {
        self.is_over.store(true, Ordering::Relaxed);
        for worker in self.workers {
            let _ = worker.join();
        }
    }
}

#[derive(Debug)]
struct Client {
    instance: Instance,
    address: SocketAddr,
    /// When in each interval it sends.
    phase: Duration,
    /// The same as a share of one, for when in its lifetime it is replaced.
    share: f64,
    /// The number of the first instance in this place.
    first: usize,
    /// How many instances have been in this place before.
    generation: usize,
}

struct Worker {
    /// In the order in which they send.
    clients: Vec<Client>,
    begin: Instant,
    /// Instances of all workers.
    all: usize,
    lifetime: Option<Duration>,
    is_over: Arc<AtomicBool>,
    sent: Arc<Mutex<Sent>>,
    connections: HashMap<SocketAddr, Box<dyn Sender>>,
}

impl Worker {
    fn run(mut self) {
        let mut clients = std::mem::take(&mut self.clients);
        for interval in 0_u32.. {
            for client in &mut clients {
                let due = self.begin + INTERVAL * interval + client.phase;
                if !self.wait(due) {
                    return;
                }
                if due.elapsed() > INTERVAL {
                    self.count(|sent| sent.skipped += 1);
                } else {
                    self.send(client, due);
                }
            }
        }
    }

    /// Sleeps; whether traffic is to go on.
    fn wait(&self, until: Instant) -> bool {
        loop {
            if self.is_over.load(Ordering::Relaxed) {
                return false;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            std::thread::sleep(left.min(NAP));
        }
    }

    fn send(&mut self, client: &mut Client, due: Instant) {
        let now = now();
        let generation = self.generation(client, due);
        let is_new = generation != client.generation;
        if is_new {
            client.generation = generation;
            client.instance.replace(client.first + generation * self.all, now);
        }
        client.instance.advance(now);
        let outcome = self.exchange(client.address, client.instance.bytes());
        let points = client.instance.points();
        let (lost, reason) = match outcome {
            Ok(Answer::Taken { rejected: 0, .. }) => (0, None),
            Ok(Answer::Taken { rejected, message }) => (rejected, Some(message)),
            Ok(Answer::Refused { message, .. }) => (points, Some(message)),
            Err(error) => {
                self.connections.remove(&client.address);
                (points, Some(format!("{error:#}")))
            }
        };
        let latency = due.elapsed().as_micros();
        self.count(|sent| {
            sent.requests += 1;
            sent.accepted += points - lost;
            sent.lost += lost;
            sent.replaced += u64::from(is_new);
            sent.reason = sent.reason.take().or(reason);
            sent.latencies.push(u32::try_from(latency).unwrap_or(u32::MAX));
        });
    }

    /// How many instances have been in a client's place by now.
    fn generation(&self, client: &Client, now: Instant) -> usize {
        self.lifetime.map_or(0, |lifetime| {
            let lives = now.duration_since(self.begin).div_duration_f64(lifetime);
            (lives + client.share).floor() as usize
        })
    }

    fn exchange(&mut self, address: SocketAddr, body: &[u8]) -> anyhow::Result<Answer> {
        let sender = match self.connections.entry(address) {
            Entry::Occupied(open) => open.into_mut(),
            Entry::Vacant(none) => none.insert(connect(Transport::Http, address)?),
        };
        sender.send(body)
    }

    fn count(&self, change: impl FnOnce(&mut Sent)) {
        change(&mut self.sent.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Nanoseconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_nanos() as u64
}
