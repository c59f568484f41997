//! Steps in sentences.

use super::words::{list, quoted};
use crate::process::{Action, Condition, Filter, Glob, Match, OfMetrics, Rename, Source, Step, When};

pub(super) fn sentence(step: &Step) -> String {
    match step {
        Step::ResourceAttributes(done) => format!("Resources: {}.", actions(done)),
        Step::FilterResources(filter) => format!("Resources: {}.", by_attributes(filter)),
        Step::RenameMetrics(Rename { from, to }) => {
            format!("Metrics: {} is renamed to {}.", quoted(from), quoted(to))
        }
        Step::FilterMetrics(filter) => format!("Metrics: {}.", by_name(filter)),
        Step::PointAttributes(OfMetrics { metrics, done }) => {
            format!("{}: {}.", points(metrics), actions(done))
        }
        Step::FilterPoints(OfMetrics { metrics, done }) => {
            format!("{}: {}.", points(metrics), by_attributes(done))
        }
    }
}

pub(super) fn is_filter(step: &Step) -> bool {
    matches!(
        step,
        Step::FilterResources(_) | Step::FilterMetrics(_) | Step::FilterPoints(_)
    )
}

fn points(metrics: &[Glob]) -> String {
    if metrics.is_empty() {
        return "Points".to_owned();
    }
    format!("Points of {}", any_of(metrics, "and"))
}

fn any_of(globs: &[Glob], last: &str) -> String {
    let globs: Vec<String> = globs.iter().map(quoted).collect();
    list(&globs, last)
}

fn actions(actions: &[Action]) -> String {
    let actions: Vec<String> = actions.iter().map(action).collect();
    actions.join("; ")
}

fn action(action: &Action) -> String {
    match action {
        Action::Delete { keys } => format!("{} is deleted", quoted(keys)),
        Action::Set { key, when, value } => {
            let (key, value) = (quoted(key), source(value));
            match when {
                When::Absent => format!("{key} becomes {value} where it is missing"),
                When::Present => format!("{key} becomes {value} where it is there"),
                When::Always => format!("{key} becomes {value}"),
            }
        }
    }
}

fn source(source: &Source) -> String {
    match source {
        Source::Text(text) => quoted(text),
        Source::Attribute(key) => format!("the value of {}", quoted(key)),
        // its value may be nobody's business who reads this
        Source::Variable { name, .. } => format!("the value of ${name}"),
    }
}

fn by_name(filter: &Filter<Glob>) -> String {
    let dropped = any_of(&filter.exclude, "and");
    match (filter.include.is_empty(), filter.exclude.is_empty()) {
        (true, _) => format!("all pass but {dropped}"),
        (false, true) => format!("only {} pass", any_of(&filter.include, "and")),
        (false, false) => format!("only {} pass, but not {dropped}", any_of(&filter.include, "and")),
    }
}

fn by_attributes(filter: &Filter<Match>) -> String {
    let dropped = alternatives(&filter.exclude);
    match (filter.include.is_empty(), filter.exclude.is_empty()) {
        (true, _) => format!("dropped where {dropped}"),
        (false, true) => format!("pass only where {}", alternatives(&filter.include)),
        (false, false) => format!(
            "pass only where {}; of these, dropped where {dropped}",
            alternatives(&filter.include)
        ),
    }
}

fn alternatives(matches: &[Match]) -> String {
    let matches: Vec<String> = matches.iter().map(conditions).collect();
    matches.join(", or where ")
}

fn conditions(Match(conditions): &Match) -> String {
    let conditions: Vec<String> = conditions
        .iter()
        .map(|Condition { key, values }| format!("{} is {}", quoted(key), any_of(values, "or")))
        .collect();
    list(&conditions, "and")
}
