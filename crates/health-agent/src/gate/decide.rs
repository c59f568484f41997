//! What to do with a verdict. Pure.

use std::fmt;
use std::path::{Path, PathBuf};

use super::generation::{Generation, Installed, Profile};
use super::standing::Standing;
use super::state::{ATTEMPTS, Occasion, Outcome, State};

/// All that matters for it.
#[derive(Debug, Clone)]
pub(super) struct Situation {
    /// The worst that stands in the way at the end.
    pub(super) standing: Standing,
    pub(super) occasion: Occasion,
    pub(super) maintenance: bool,
    /// What runs, and the profile that it should come from; or why that is not known.
    pub(super) system: Result<(PathBuf, Profile), String>,
    /// The boot loader's entry, if it counts this boot.
    pub(super) counted: Option<String>,
    /// What is remembered, or why nothing is.
    pub(super) memory: Result<State, String>,
    /// Whether a way back is being taken just now.
    pub(super) carrying_out: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Action {
    /// It is green: it stays.
    Keep,
    /// It is not green, and stays all the same.
    Report(Reason),
    /// Start again: the boot loader counts this attempt, and falls back by itself.
    Reboot { entry: String },
    /// Activate `to` in place of `from`: for the first time, or once more.
    RollBack {
        from: Generation,
        to: Generation,
        attempt: u32,
    },
}

/// Why a generation stays that is not green.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reason {
    /// Nothing that it is to blame for.
    NotRed,
    Maintenance,
    /// What runs, or what could run in its place, is not known.
    NoSystem(String),
    /// Whether it was rolled back before is not known.
    NoMemory(String),
    /// At boot somebody, or the boot loader, chose another generation than the default.
    Chosen(Generation),
    /// The only way back from it was taken before, and has ended like this.
    Before(Generation, Outcome),
    RolledBackTo(Generation),
    Proven(Generation),
    NoOther(Generation),
}

/// The rules, in their order. At most one rollback from each generation, for good; one that did not come to its end is tried once more.
pub(super) fn decide(situation: &Situation) -> Action {
    match situation.standing {
        Standing::Clear => return Action::Keep,
        Standing::Waited => return Action::Report(Reason::NotRed),
        Standing::Against => {}
    }
    match way_back(situation) {
        Err(reason) => Action::Report(reason),
        Ok((from, to, attempt)) => match loader_that_counts(situation) {
            Some(entry) => Action::Reboot { entry },
            None => Action::RollBack { from, to, attempt },
        },
    }
}

/// From where to where, and how often it will have been begun.
fn way_back(situation: &Situation) -> Result<(Generation, Generation, u32), Reason> {
    if situation.maintenance {
        return Err(Reason::Maintenance);
    }
    let memory = situation
        .memory
        .as_ref()
        .map_err(|error| Reason::NoMemory(error.clone()))?;
    let (running, profile) = situation
        .system
        .as_ref()
        .map_err(|error| Reason::NoSystem(error.clone()))?;
    let from = profile.find(running).map_or_else(
        || Generation {
            number: None,
            system: running.clone(),
        },
        Installed::generation,
    );
    if let Some(before) = memory.rolled_back_from(&from.system) {
        // the default may be the other one already, and the loader not know it yet
        let is_over =
            before.outcome != Outcome::Begun || before.attempts >= ATTEMPTS || situation.carrying_out;
        return if !is_over && profile.has(&before.to) {
            Ok((from, before.to.clone(), before.attempts + 1))
        } else {
            Err(Reason::Before(from, before.outcome))
        };
    }
    let is_default = from.number == Some(profile.current);
    if situation.occasion == Occasion::Boot && !is_default {
        return Err(Reason::Chosen(from));
    }
    if memory.rolled_back_to(&from.system).is_some() {
        return Err(Reason::RolledBackTo(from));
    }
    if is_proven(memory, &from.system, situation.occasion) {
        return Err(Reason::Proven(from));
    }
    let to = if is_default {
        previous(profile, &from, memory)
    } else {
        // tried by hand, beside the default: the way back leads to the default, unless that is yet to be seen at its first boot
        profile
            .current()
            .map(Installed::generation)
            .filter(|current| is_candidate(memory, &from, current) && memory.good(&current.system).is_some())
    };
    match to {
        Some(to) => Ok((from, to, 1)),
        None => Err(Reason::NoOther(from)),
    }
}

/// What was good once is not to blame: something else has broken, and an older generation would not mend it. A boot proves
/// more than a switch, which runs on the old kernel.
fn is_proven(memory: &State, system: &Path, occasion: Occasion) -> bool {
    memory.good(system).is_some_and(|good| match occasion {
        Occasion::Boot => good.boot.is_some(),
        Occasion::Switch => true,
    })
}

/// The newest older one that was good; without such a one, the newest older one.
fn previous(profile: &Profile, from: &Generation, memory: &State) -> Option<Generation> {
    let older = || {
        profile
            .installed
            .iter()
            .rev()
            .filter(|installed| Some(installed.number) < from.number)
            .map(Installed::generation)
            .filter(|to| is_candidate(memory, from, to))
    };
    older()
        .find(|to| memory.good(&to.system).is_some())
        .or_else(|| older().next())
}

fn is_candidate(memory: &State, from: &Generation, to: &Generation) -> bool {
    to.system != from.system && memory.rolled_back_from(&to.system).is_none()
}

/// A loader that comes up with the same counters again does not count: then it is not waited for.
fn loader_that_counts(situation: &Situation) -> Option<String> {
    let entry = situation
        .counted
        .as_ref()
        .filter(|_| situation.occasion == Occasion::Boot)?;
    let before = situation.memory.as_ref().ok()?.counted.as_ref();
    (before.map(|before| &before.entry) != Some(entry)).then(|| entry.clone())
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRed => write!(f, "what could not be seen to be well is nothing to go back for"),
            Self::Maintenance => write!(f, "somebody works on this box (maintenance)"),
            Self::NoSystem(error) => write!(f, "it is not known what runs, and what ran before: {error}"),
            Self::NoMemory(error) => write!(f, "it is not known what was rolled back before: {error}"),
            Self::Chosen(from) => write!(
                f,
                "{from} is not the default: it was chosen when the machine started"
            ),
            Self::Before(from, Outcome::Done) => write!(f, "{from} was rolled back once already"),
            Self::Before(from, Outcome::Failed) => write!(f, "the rollback from {from} has failed before"),
            Self::Before(from, Outcome::Begun) => {
                write!(
                    f,
                    "a rollback from {from} was begun before, and has not come to its end"
                )
            }
            Self::RolledBackTo(from) => write!(f, "{from} is what was rolled back to"),
            Self::Proven(from) => write!(f, "{from} was good before: it is not to blame"),
            Self::NoOther(from) => write!(f, "there is nothing to go back to from {from}"),
        }
    }
}

#[cfg(test)]
mod tests;
