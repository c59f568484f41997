//! Starts the parts as soon as what they need is ready, watches them, and stops them in the order of their stages.
//!
//! Each part has one task that owns its process. The tasks tell what happens as events; a part that is ready lets
//! those start that wait for it.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::part::{Part, Stage};
use crate::process::{Launch, Process, Stopped};
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
    },
    /// What it needs ended before it was ready.
    NotStarted {
        needs: String,
    },
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
    hurry: CancellationToken,
}

impl Supervision {
    /// Starts a task for each of `assignments`. Must be called inside the runtime of the main thread (see `lifeline`).
    pub(crate) fn start(assignments: &[Assignment], ground: &Ground) -> Self {
        // a part tells at most three things in its life, so that no task ever waits here
        let (tell, events) = mpsc::channel(3 * assignments.len());
        let hurry = CancellationToken::new();
        let (ready, are_ready): (Vec<_>, Vec<_>) = assignments.iter().map(|_| watch::channel(false)).unzip();
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
            let attendant = Attendant {
                number,
                needs: assignment.part.needs.iter().map(needed).collect(),
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
            hurry,
        }
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
        let mut killed = Vec::new();
        for (stop, mut tasks) in self.stages {
            stop.cancel();
            while let Some(end) = tasks.join_next().await {
                // a task that panicked has dropped its process, which killed it
                killed.extend(end.ok().flatten());
            }
        }
        killed
    }
}

struct Attendant {
    number: usize,
    assignment: Assignment,
    ground: Ground,
    needs: Vec<(String, watch::Receiver<bool>)>,
    ready: watch::Sender<bool>,
    tell: mpsc::Sender<Event>,
    stop: CancellationToken,
    hurry: CancellationToken,
}

impl Attendant {
    /// The life of one part.
    async fn attend(mut self) -> Option<Killed> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => return None,
            needs = needs_ready(&mut self.needs) => if let Err(needs) = needs {
                self.tell(What::NotStarted { needs }).await;
                return None;
            }
        }
        let start = Instant::now();
        let mut process = match self.start() {
            Ok(process) => process,
            Err(error) => {
                let how = format!("cannot be started: {error}");
                self.tell(What::Ended { how }).await;
                return None;
            }
        };
        self.tell(What::Started { pid: process.pid() }).await;
        tokio::select! {
            status = process.ended() => return self.tell_end(status).await,
            () = self.stop.cancelled() => return self.stop(process).await,
            () = readiness::ready(&self.assignment.part.probe, &self.ground.http) => {}
        }
        self.tell(What::Ready {
            after: start.elapsed(),
        })
        .await;
        self.ready.send_replace(true);
        tokio::select! {
            status = process.ended() => self.tell_end(status).await,
            () = self.stop.cancelled() => self.stop(process).await,
        }
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

    async fn tell_end(&self, status: io::Result<std::process::ExitStatus>) -> Option<Killed> {
        let how = match status {
            Ok(status) => format!("ended ({status})"),
            Err(error) => format!("is lost: {error}"),
        };
        self.tell(What::Ended { how }).await;
        None
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

/// Resolves when all are ready, or with the name of one that never will be.
async fn needs_ready(needs: &mut [(String, watch::Receiver<bool>)]) -> Result<(), String> {
    for (name, ready) in needs {
        if ready.wait_for(|ready| *ready).await.is_err() {
            return Err(name.clone());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
