//! Starts the parts as soon as what they need is ready, watches them, and stops them in the order of their stages.
//!
//! Each part has one task that owns its process. The tasks tell what happens as events; a part that is ready lets
//! those start that wait for it. A part that has ended stays down until somebody orders a restart.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::part::{Part, Stage};
use crate::process::{Launch, Process, Stopped};
use crate::progress::seconds;
use crate::readiness;

/// What a part's process is made from, beside the part itself.
#[derive(Debug, Clone)]
pub(crate) struct Ground {
    pub(crate) attacher: PathBuf,
    pub(crate) http: reqwest::Client,
}

/// A part with its program and its log: all that is known before it starts.
#[derive(Debug, Clone)]
pub(crate) struct Assignment {
    pub(crate) part: Part,
    pub(crate) program: PathBuf,
    pub(crate) log: PathBuf,
}

/// What happened to the part with that number in the list of assignments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) part: usize,
    pub(crate) what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    Started {
        pid: u32,
    },
    Ready {
        after: Duration,
    },
    /// It ended, and nobody asked it to.
    Ended {
        how: String,
        /// It had not become ready since somebody ordered its start, who is told.
        ordered: bool,
    },
    /// It was killed, as somebody ordered.
    Killed,
    /// It did not stop in time for its restart and had to be killed.
    Overdue,
    /// What it needs ended before it was ready.
    NotStarted {
        needs: String,
    },
}

/// What somebody wants done with one part while the others go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Stop it as the end of the demo would, then start it; one that is down is only started.
    Restart,
    /// SIGKILL, and let it lie.
    Kill,
}

/// For an order to be carried out: a stop that takes its whole grace, and a start. After that the part takes the next one.
const OUTCOME: Duration = Duration::from_secs(100);

/// An order, and where its outcome goes: what became of the part, or why nothing did.
type Errand = (Order, oneshot::Sender<Result<String, String>>);

/// Takes orders to the parts, one at a time to each. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Orders(BTreeMap<String, Arc<Mutex<mpsc::Sender<Errand>>>>);

impl Orders {
    /// Resolves when the order is carried out: after a restart, when the part is ready or has ended.
    pub(crate) async fn give(&self, part: &str, order: Order) -> Result<String, String> {
        let Some(to) = self.0.get(part) else {
            let names: Vec<_> = self.0.keys().map(String::as_str).collect();
            return Err(format!(
                "this box has no part {part}; it has {}",
                names.join(", ")
            ));
        };
        // held until the outcome is known
        let Ok(to) = to.try_lock() else {
            return Err(format!("{part} is being stopped or started already"));
        };
        let (reply, outcome) = oneshot::channel();
        let gone = || format!("{part} is being stopped with all others");
        to.send((order, reply)).await.map_err(|_| gone())?;
        match tokio::time::timeout(OUTCOME, outcome).await {
            Ok(outcome) => outcome.unwrap_or_else(|_| Err(gone())),
            Err(_) => Err(format!(
                "{part} is not ready after {} s; `signalbox-demo logs {part}` may show why",
                OUTCOME.as_secs()
            )),
        }
    }
}

/// A part that did not end by itself when it was asked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Killed {
    pub(crate) part: String,
    /// The user would not wait; otherwise its time was over.
    pub(crate) hurried: bool,
}

#[derive(Debug)]
pub(crate) struct Supervision {
    events: mpsc::Receiver<Event>,
    stages: Vec<(CancellationToken, JoinSet<Option<Killed>>)>,
    orders: Orders,
    hurry: CancellationToken,
}

impl Supervision {
    /// Starts a task for each of `assignments`. Must be called inside the runtime of the main thread (see `lifeline`).
    pub(crate) fn start(assignments: &[Assignment], ground: &Ground) -> Self {
        let (tell, events) = mpsc::channel(3 * assignments.len());
        let hurry = CancellationToken::new();
        let mut orders = BTreeMap::new();
        let (ready, are_ready): (Vec<_>, Vec<_>) =
            assignments.iter().map(|_| watch::channel(Fate::Open)).unzip();
        let mut stages: Vec<_> = Stage::ALL
            .iter()
            .map(|_| (CancellationToken::new(), JoinSet::new()))
            .collect();
        for (number, (assignment, ready)) in assignments.iter().zip(ready).enumerate() {
            let needed = |need: &String| {
                let other = assignments.iter().position(|other| other.part.name == *need);
                let other = other.expect("a topology names only parts that it has");
                (need.clone(), are_ready[other].clone())
            };
            let (stop, tasks) = &mut stages[assignment.part.stage as usize];
            let (order, errands) = mpsc::channel(1);
            orders.insert(assignment.part.name.clone(), Arc::new(Mutex::new(order)));
            let attendant = Attendant {
                number,
                needs: assignment.part.needs.iter().map(needed).collect(),
                errands,
                assignment: assignment.clone(),
                ground: ground.clone(),
                ready,
                tell: tell.clone(),
                stop: stop.clone(),
                hurry: hurry.clone(),
            };
            tasks.spawn(attendant.attend());
        }
        Self {
            events,
            stages,
            orders: Orders(orders),
            hurry,
        }
    }

    pub(crate) fn orders(&self) -> Orders {
        self.orders.clone()
    }

    /// The next event; pending for ever once every part has ended.
    pub(crate) async fn next(&mut self) -> Event {
        match self.events.recv().await {
            Some(event) => event,
            None => std::future::pending().await,
        }
    }

    /// When this is cancelled, stopping waits for nothing more.
    pub(crate) fn hurry(&self) -> CancellationToken {
        self.hurry.clone()
    }

    /// Stops everything, stage by stage. Returns which parts had to be killed.
    pub(crate) async fn stop(self) -> Vec<Killed> {
        let Self { events, stages, .. } = self;
        // nobody listens any more, so that nobody waits to tell
        drop(events);
        let mut killed = Vec::new();
        for (stop, mut tasks) in stages {
            stop.cancel();
            while let Some(end) = tasks.join_next().await {
                // a task that panicked has dropped its process, which killed it
                killed.extend(end.ok().flatten());
            }
        }
        killed
    }
}

/// Whether a part has become ready for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Open,
    Ready,
    /// It ended before.
    Failed,
}

struct Attendant {
    number: usize,
    assignment: Assignment,
    ground: Ground,
    needs: Vec<(String, watch::Receiver<Fate>)>,
    errands: mpsc::Receiver<Errand>,
    ready: watch::Sender<Fate>,
    tell: mpsc::Sender<Event>,
    stop: CancellationToken,
    hurry: CancellationToken,
}

/// How the wait for what a part needs ended.
enum Needs {
    Ready,
    Stopped,
    /// That one ended before it was ready.
    Failed(String),
}

/// How one run of a process ended.
enum End {
    /// The demo stops.
    Stopped(Option<Killed>),
    /// It is down, for whatever reason.
    Down,
    /// It was stopped to be started again; whoever ordered that waits.
    Restart(Errand),
}

impl Attendant {
    /// The life of one part.
    async fn attend(mut self) -> Option<Killed> {
        let mut waiting = match self.wait_for_needs().await {
            Needs::Ready => None,
            Needs::Stopped => return None,
            Needs::Failed(needs) => {
                self.fail();
                self.tell(What::NotStarted { needs }).await;
                match self.down().await {
                    Some(errand) => Some(errand),
                    None => return None,
                }
            }
        };
        while !self.stop.is_cancelled() {
            let end = self.run(&mut waiting).await;
            self.fail();
            waiting = match end {
                End::Stopped(killed) => return killed,
                End::Restart(errand) => Some(errand),
                End::Down => match self.down().await {
                    Some(errand) => Some(errand),
                    None => return None,
                },
            };
        }
        None
    }

    async fn wait_for_needs(&mut self) -> Needs {
        let name = &self.assignment.part.name;
        let needs = needs_ready(&mut self.needs);
        tokio::pin!(needs);
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Needs::Stopped,
                outcome = &mut needs => return outcome.map_or_else(Needs::Failed, |()| Needs::Ready),
                Some((_, reply)) = self.errands.recv() => {
                    drop(reply.send(Err(format!("{name} has not started yet: it waits for what it needs"))));
                }
            }
        }
    }

    /// From the start of a process to its end. `waiting` is told what became of the start.
    async fn run(&mut self, waiting: &mut Option<Errand>) -> End {
        let name = self.assignment.part.name.clone();
        // whether anybody waited for that; who asked may be gone
        let mut reply = |outcome: Result<String, String>| {
            let errand = waiting.take();
            errand.map(|(_, reply)| drop(reply.send(outcome))).is_some()
        };
        let start = Instant::now();
        let mut process = match self.start() {
            Ok(process) => process,
            Err(error) => {
                let how = format!("cannot be started: {error}");
                let ordered = reply(Err(format!("{name} {how}")));
                self.tell(What::Ended { how, ordered }).await;
                return End::Down;
            }
        };
        self.tell(What::Started { pid: process.pid() }).await;
        let mut is_ready = false;
        loop {
            tokio::select! {
                status = process.ended() => {
                    let how = end(status);
                    let ordered = reply(Err(format!("{name} {how}; `signalbox-demo logs {name}` shows why")));
                    self.tell(What::Ended { how, ordered }).await;
                    return End::Down;
                }
                () = self.stop.cancelled() => return End::Stopped(self.stop(process).await),
                // whoever waits for its readiness has waited for too long by then
                Some(errand) = self.errands.recv() => return self.carry_out(errand, process).await,
                () = readiness::ready(&self.assignment.part.probe, &self.ground.http), if !is_ready => {
                    is_ready = true;
                    let after = start.elapsed();
                    self.tell(What::Ready { after }).await;
                    self.ready.send_replace(Fate::Ready);
                    reply(Ok(format!("{name} is ready after {}", seconds(after))));
                }
            }
        }
    }

    async fn carry_out(&self, (order, reply): Errand, process: Process) -> End {
        let name = &self.assignment.part.name;
        match order {
            Order::Restart => {
                if self.stop(process).await.is_some() {
                    self.tell(What::Overdue).await;
                }
                End::Restart((order, reply))
            }
            Order::Kill => {
                drop(process.kill().await);
                self.tell(What::Killed).await;
                drop(reply.send(Ok(format!(
                    "{name} is killed; `signalbox-demo restart {name}` starts it"
                ))));
                End::Down
            }
        }
    }

    /// Until it is ordered to start, or none when the demo stops.
    async fn down(&mut self) -> Option<Errand> {
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return None,
                errand = self.errands.recv() => match errand? {
                    errand @ (Order::Restart, _) => return Some(errand),
                    (Order::Kill, reply) => {
                        drop(reply.send(Err(format!("{} does not run", self.assignment.part.name))));
                    }
                }
            }
        }
    }

    /// Those that wait for its first readiness need not wait any longer.
    fn fail(&self) {
        self.ready.send_if_modified(|fate| {
            let was_open = *fate == Fate::Open;
            if was_open {
                *fate = Fate::Failed;
            }
            was_open
        });
    }

    fn start(&self) -> io::Result<Process> {
        Process::start(&Launch {
            attacher: &self.ground.attacher,
            program: &self.assignment.program,
            arguments: &self.assignment.part.arguments,
            environment: &self.assignment.part.environment,
            folder: &self.assignment.part.folder,
            log: self.assignment.log.clone(),
        })
    }

    async fn tell(&self, what: What) {
        let event = Event {
            part: self.number,
            what,
        };
        // nobody listens any more when the demo stops
        drop(self.tell.send(event).await);
    }

    async fn stop(&self, process: Process) -> Option<Killed> {
        let part = &self.assignment.part;
        let hurried = match process.stop(part.grace, self.hurry.cancelled()).await {
            Ok(Stopped::InTime(_)) => return None,
            Ok(Stopped::Hurried) => true,
            Ok(Stopped::TooLate) | Err(_) => false,
        };
        Some(Killed {
            part: part.name.clone(),
            hurried,
        })
    }
}

fn end(status: io::Result<std::process::ExitStatus>) -> String {
    match status {
        Ok(status) => format!("ended ({status})"),
        Err(error) => format!("is lost: {error}"),
    }
}

/// Resolves when all have been ready, or with the name of one that ended before.
async fn needs_ready(needs: &mut [(String, watch::Receiver<Fate>)]) -> Result<(), String> {
    for (name, fate) in needs {
        match fate.wait_for(|fate| *fate != Fate::Open).await.as_deref() {
            Ok(Fate::Ready) => {}
            _ => return Err(name.clone()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
