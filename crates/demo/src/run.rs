//! The life of a demo: make sure that it can run, start, tell when metrics are visible, wait, stop.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, anyhow, bail};

use crate::command_line::{OnExit, Profile, RunOptions};
use crate::interrupts::Interrupts;
use crate::memory::Memory;
use crate::part::Probe;
use crate::progress::{Progress, line, seconds};
use crate::secrets::Keys;
use crate::state_dir::{PartRecord, Record, StateDir};
use crate::supervision::{Assignment, Event, Ground, Order, Orders, Supervision, What};
use crate::topology::{Extent, Folders, Plan, Topology, Tuning};
use crate::{control, follow_up, log_file, overview, ports, programs, readiness, report, stack};

/// How many lines of its log a dead part is reported with.
const TAIL: usize = 12;

/// Between two questions whether metrics are visible.
const LOOK: Duration = Duration::from_millis(250);

/// Runs a box. The exit code is 0 if it was asked to stop. If there is a command of `--then` it is that command's, or
/// 128 and the signal's number if the command had not ended: what was cut off is no success.
pub(crate) fn run(options: RunOptions) -> anyhow::Result<ExitCode> {
    // one thread: the kernel ends the parts with the thread that started them (see `lifeline`)
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut interrupts = Interrupts::listen()?;
        let (mut demo, mut supervision) = Demo::start(options)?;
        let end = tokio::select! {
            // a command that has ended was not cut off
            biased;
            end = demo.live(&mut supervision) => end,
            signal = interrupts.next() => Ok(match demo.options.then {
                Some(_) => ExitCode::from(128 + signal.as_raw_value() as u8),
                None => ExitCode::SUCCESS,
            }),
        };
        demo.stop(supervision, &mut interrupts, end).await
    })
}

struct Demo {
    options: RunOptions,
    topology: Topology,
    state: StateDir,
    /// Whether the record in the state directory says what runs now.
    is_recorded: bool,
    assignments: Vec<Assignment>,
    /// What became of each part, in the words of the table.
    conditions: Vec<Condition>,
    executable: PathBuf,
    http: reqwest::Client,
    orders: Orders,
    progress: Progress,
    start: Instant,
    start_by_clock: SystemTime,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Condition {
    text: String,
    pid: Option<u32>,
    /// Nothing more will become of it before it stops.
    settled: bool,
}

impl Demo {
    /// Makes sure that everything is there and nothing in the way, then starts the parts.
    fn start(options: RunOptions) -> anyhow::Result<(Self, Supervision)> {
        let (start, start_by_clock) = (Instant::now(), SystemTime::now());
        let executable = std::env::current_exe().context("cannot find this executable")?;
        let working = std::env::current_dir().context("there is no working directory")?;
        let stack = stack::find(options.stack.as_deref(), &executable, &working)?;
        let memory = Memory::of_box(&options.memory, &stack)?;
        let state = StateDir::open(&options.state_dir.path()?)?;
        let plan = plan(&options, &state, stack, memory)?;
        let topology = Topology::of(&plan);
        let assignments = assign(&topology, &state, &options, &executable)?;
        let conflicts = ports::conflicts(&topology.parts);
        if !conflicts.is_empty() {
            bail!("{}", lines(&conflicts));
        }
        if let Some(store) = plan.object_store() {
            state.keep_to(&store.to_string(), options.fresh)?;
        }
        state.prepare(options.fresh)?;
        for file in topology.parts.iter().flat_map(|part| &part.files) {
            file.write()
                .with_context(|| format!("cannot write {}", file.path.display()))?;
        }
        let control =
            control::listen(state.path()).context("cannot listen for orders in the state directory")?;
        let http = readiness::http_client()?;
        let ground = Ground {
            attacher: executable.clone(),
            http: http.clone(),
        };
        let names = topology.parts.iter().map(|part| part.name.clone()).collect();
        let waiting = Condition {
            text: "waiting for others".to_owned(),
            pid: None,
            settled: false,
        };
        let supervision = Supervision::start(&assignments, &ground);
        tokio::spawn(control::serve(control, supervision.orders()));
        let demo = Self {
            progress: Progress::new(names, options.plain),
            conditions: vec![waiting; assignments.len()],
            options,
            topology,
            state,
            is_recorded: true,
            assignments,
            executable,
            http,
            orders: supervision.orders(),
            start,
            start_by_clock,
        };
        Ok((demo, supervision))
    }

    /// From the start to the end that nobody asked for, or to that of the command of `--then`.
    async fn live(&mut self, supervision: &mut Supervision) -> anyhow::Result<ExitCode> {
        let limit = tokio::time::sleep(self.options.timeout);
        tokio::pin!(limit);
        let mut waiting_for = self.topology.environments.clone();
        let mut look = tokio::time::interval(LOOK);
        while !waiting_for.is_empty() {
            tokio::select! {
                event = supervision.next() => self.take(event)?,
                () = &mut limit => {
                    self.give_up(&waiting_for)?;
                    break;
                }
                _ = look.tick(), if self.all_settled() => {
                    // a dashboard that does not answer now is asked again
                    if let Ok(overview) = overview::ask(&self.topology.dashboard, &self.http).await {
                        waiting_for = overview.waiting_for(&self.topology.environments, self.start_by_clock);
                    }
                }
            }
        }
        self.progress.freeze();
        self.tell_up(&waiting_for);
        let command = self.options.then.clone();
        let mut follow_up = command
            .map(|command| follow_up::start(&self.executable, &command, &self.topology.variables))
            .transpose()
            .context("cannot run the command of --then")?;
        loop {
            tokio::select! {
                event = supervision.next() => self.take(event)?,
                status = follow_up::ended(&mut follow_up) => return Ok(status?),
            }
        }
    }

    /// Shows what happened. An end that nobody asked for is an error, unless the demo shall go on without the part.
    fn take(&mut self, event: Event) -> anyhow::Result<()> {
        let Assignment { part, log, .. } = &self.assignments[event.part];
        let name = part.name.clone();
        let condition = &mut self.conditions[event.part];
        let trouble = match event.what {
            What::Started { pid } => {
                *condition = Condition {
                    text: "starting".to_owned(),
                    pid: Some(pid),
                    settled: false,
                };
                self.progress.starting(event.part);
                None
            }
            What::Ready { after } => {
                condition.text = format!("ready after {}", seconds(after));
                condition.settled = true;
                self.progress.settled(event.part, &condition.text);
                None
            }
            What::Ended { how, ordered } => {
                let told = report::ended(&part.name, &how, log, &log_file::tail(log, TAIL));
                *condition = Condition {
                    text: how,
                    pid: None,
                    settled: true,
                };
                self.progress.ended(event.part, &condition.text);
                if ordered {
                    // whoever ordered it knows; the box goes on without the part, as it did before
                    self.progress.say(&told);
                    None
                } else {
                    Some(told)
                }
            }
            What::Killed => {
                *condition = Condition {
                    text: "killed, as asked".to_owned(),
                    pid: None,
                    settled: true,
                };
                self.progress.settled(event.part, &condition.text);
                None
            }
            What::Overdue => {
                self.progress.say(&format!(
                    "{} did not stop in time and had to be killed",
                    part.name
                ));
                None
            }
            What::NotStarted { needs } => {
                condition.text = format!("not started: it needs {needs}");
                condition.settled = true;
                self.progress.settled(event.part, &condition.text);
                None
            }
        };
        match (trouble, self.options.on_exit) {
            (None, _) => {}
            (Some(told), OnExit::Stop) => bail!(told),
            (Some(told), OnExit::Continue) => self.progress.say(&told),
            (Some(told), OnExit::Restart) => {
                self.progress.say(&told);
                tokio::spawn(bring_back(self.orders.clone(), name));
            }
        }
        self.keep_record();
        Ok(())
    }

    /// Writes down what runs. That is for others: where it cannot be written the box runs on, and says so once.
    fn keep_record(&mut self) {
        let outcome = self.state.record(&self.record());
        let was_recorded = std::mem::replace(&mut self.is_recorded, outcome.is_ok());
        if let (Err(error), true) = (outcome, was_recorded) {
            let folder = self.state.path().display();
            self.progress
                .say(&format!("cannot write down what runs in {folder}: {error}"));
        }
    }

    fn all_settled(&self) -> bool {
        self.conditions.iter().all(|condition| condition.settled)
    }

    /// The time is up. That ends the demo, unless it shall go on with what it has; a command has nothing to go on with
    /// if there are no metrics at all.
    fn give_up(&self, waiting_for: &[&str]) -> anyhow::Result<()> {
        let limit = seconds(self.options.timeout);
        let unready: Vec<_> = std::iter::zip(&self.assignments, &self.conditions)
            .filter(|(_, condition)| !condition.settled)
            .map(|(assignment, _)| assignment.part.name.as_str())
            .collect();
        let told = if unready.is_empty() {
            format!("no metrics of {} after {limit}", report::list(waiting_for))
        } else {
            format!("{} not ready after {limit}", report::list(&unready))
        };
        let has_command = self.options.then.is_some();
        let nothing_visible = waiting_for.len() == self.topology.environments.len();
        let is_end = self.options.on_exit == OnExit::Stop || (has_command && nothing_visible);
        let consequence = if is_end && has_command {
            ", so the command of --then was not run"
        } else {
            ""
        };
        let logs = self.state.path().join("logs");
        let told = format!("{told}{consequence}; the logs are in {}", logs.display());
        if is_end {
            return Err(anyhow!(told));
        }
        self.progress.say(&told);
        Ok(())
    }

    fn tell_up(&self, waiting_for: &[&str]) {
        let visible = |name: &&str| !waiting_for.contains(name);
        let visible: Vec<_> = self
            .topology
            .environments
            .iter()
            .copied()
            .filter(visible)
            .collect();
        let conditions = self.conditions.iter().map(|condition| condition.text.clone());
        let rows: Vec<_> = self.assignments.iter().zip(conditions).collect();
        report::print(&report::up(
            &self.topology.dashboard,
            &self.topology.health,
            &rows,
            self.state.path(),
            &visible,
            self.start.elapsed(),
        ));
        if self.options.then.is_none() {
            let doctor = self.options.state_dir.call().of("doctor");
            self.progress
                .say(&format!("Is all well? {doctor}\nCtrl-C stops the box."));
        }
    }

    fn record(&self) -> Record {
        let part = |(assignment, condition): (&Assignment, &Condition)| {
            let Assignment { part, log, .. } = assignment;
            PartRecord {
                name: part.name.clone(),
                place: part.place.clone(),
                state: condition.text.clone(),
                pid: condition.pid,
                address: part.address(),
                addresses: part.ports.iter().map(|port| port.address.to_string()).collect(),
                ready: match &part.probe {
                    Probe::Http(url) => Some(url.clone()),
                    Probe::Running => None,
                },
                log: log.clone(),
            }
        };
        Record {
            pid: std::process::id(),
            network: self.options.network.to_string(),
            dashboard: self.topology.dashboard.clone(),
            parts: std::iter::zip(&self.assignments, &self.conditions)
                .map(part)
                .collect(),
        }
    }

    /// Stops all parts; when the user insists it waits for nothing more.
    async fn stop(
        mut self,
        supervision: Supervision,
        interrupts: &mut Interrupts,
        end: anyhow::Result<ExitCode>,
    ) -> anyhow::Result<ExitCode> {
        self.progress.freeze();
        if let Err(error) = &end {
            // told now: stopping takes its time
            line(&format!("signalbox-demo: {error:#}"));
        }
        line("stopping");
        let start = Instant::now();
        let hurry = supervision.hurry();
        let stopping = supervision.stop();
        tokio::pin!(stopping);
        let killed = tokio::select! {
            killed = &mut stopping => killed,
            () = interrupts.insisted() => {
                hurry.cancel();
                stopping.await
            }
        };
        for told in report::killed(&killed) {
            line(&told);
        }
        control::forget(self.state.path());
        if let Err(error) = self.state.forget_record() {
            let folder = self.state.path().display();
            line(&format!("cannot remove demo.json from {folder}: {error}"));
        }
        line(&format!("stopped after {}", seconds(start.elapsed())));
        Ok(end.unwrap_or(ExitCode::FAILURE))
    }
}

/// Starts a part that ended, again and again until it is ready.
async fn bring_back(orders: Orders, part: String) {
    /// As the units of the appliance wait.
    const PAUSE: Duration = Duration::from_secs(5);
    loop {
        tokio::time::sleep(PAUSE).await;
        if orders.give(&part, Order::Restart).await.is_ok() {
            return;
        }
    }
}

/// What the options ask for.
fn plan(options: &RunOptions, state: &StateDir, stack: PathBuf, memory: Memory) -> anyhow::Result<Plan> {
    let folders = Folders {
        state: state.path().to_owned(),
        stack,
    };
    let extent = match options.profile {
        Profile::Simple => Extent::Simple,
        Profile::Full => Extent::Full(options.object_store.clone().absolute()?),
    };
    Ok(Plan {
        network: options.network,
        // those of the data that stays; new data gets new keys
        keys: if options.fresh {
            Keys::new()
        } else {
            Keys::kept_in(&state.secrets())
        },
        memory,
        tuning: Tuning {
            retention: options.retention.clone(),
            block_duration: options.block_duration,
        },
        folders,
        extent,
        call: options.state_dir.call(),
    })
}

/// Gives each part its program and its log.
fn assign(
    topology: &Topology,
    state: &StateDir,
    options: &RunOptions,
    executable: &Path,
) -> anyhow::Result<Vec<Assignment>> {
    let places = programs::Places {
        executable: executable.to_owned(),
        programs: options.programs.clone(),
        path: std::env::var_os("PATH"),
    };
    let wanted = topology.parts.iter().map(|part| part.program);
    let found = match programs::find(wanted, &places, |name| std::env::var_os(name)) {
        Ok(found) => found,
        Err(missing) => bail!("{}", lines(&missing)),
    };
    let assignment = |part: &crate::part::Part| {
        let mut part = part.clone();
        // whose process this is, for whoever finds it
        part.environment.push((
            "SIGNALBOX_DEMO_BOX".to_owned(),
            state.path().display().to_string(),
        ));
        Assignment {
            program: found[&part.program].clone(),
            log: state.log_of(&part.name),
            part,
        }
    };
    Ok(topology.parts.iter().map(assignment).collect())
}

/// One problem a line.
fn lines(problems: &[impl ToString]) -> String {
    let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
    problems.join("\n")
}
