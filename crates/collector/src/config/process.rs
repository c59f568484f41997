//! The steps on the way in.

use std::collections::BTreeMap;
use std::env::VarError;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use service::Problems;

use super::texts::{Text, Texts};
use crate::process::{
    Action, Condition, Filter, Glob, MAX_STEPS, Match, OfMetrics, Rename, Source, Step, When, is_reserved,
};

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawStep {
    /// What the step does, and at which level; the other keys depend on it.
    step: String,
    /// Names of metrics to whose points the step is limited.
    #[serde(skip_serializing_if = "Texts::is_empty")]
    metrics: Texts,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    actions: Vec<RawAction>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    include: Vec<RawMatch>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    exclude: Vec<RawMatch>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawAction {
    action: String,
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_attribute: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_env: Option<String>,
}

/// One alternative of a filter.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
enum RawMatch {
    /// The name of a metric.
    Name(String),
    /// Values of attributes, all of which must be there.
    Attributes(BTreeMap<String, Texts>),
}

// by hand, because what serde derives for untagged enums does not say what it expected
impl<'de> Deserialize<'de> for RawMatch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrAttributes;
        impl<'de> Visitor<'de> for NameOrAttributes {
            type Value = RawMatch;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a metric's name or a table of attributes")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<RawMatch, E> {
                Ok(RawMatch::Name(name.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawMatch, A::Error> {
                Deserialize::deserialize(MapAccessDeserializer::new(map)).map(RawMatch::Attributes)
            }
        }
        deserializer.deserialize_any(NameOrAttributes)
    }
}

/// Looks a variable of the environment up.
pub(super) type Variables<'a> = &'a dyn Fn(&str) -> Result<String, VarError>;

/// The steps, or problems with them. Steps have no keys of their own: a problem names the number of its step.
pub(super) fn steps(settings: Vec<RawStep>, variables: Variables<'_>, problems: &mut Problems) -> Vec<Step> {
    if settings.len() > MAX_STEPS {
        let message = format!("must be at most {MAX_STEPS} steps, are {}", settings.len());
        problems.add("process", message);
    }
    let mut steps = Vec::new();
    for (index, raw) in settings.into_iter().enumerate() {
        let kind = raw.step.clone();
        match raw.parse(variables) {
            Ok(step) => steps.push(step),
            Err(messages) => {
                for message in messages {
                    problems.add("process", format!("step {} ({kind}): {message}", index + 1));
                }
            }
        }
    }
    steps
}

const KINDS: [&str; 6] = [
    "resource_attributes",
    "filter_resources",
    "rename_metrics",
    "filter_metrics",
    "point_attributes",
    "filter_points",
];

impl RawStep {
    fn parse(self, variables: Variables<'_>) -> Result<Step, Vec<String>> {
        let mut wrong = self.misplaced_keys();
        let Self {
            step,
            metrics,
            actions,
            include,
            exclude,
            from,
            to,
        } = self;
        let metrics = globs(metrics.0, "metrics", &mut wrong);
        let step = match step.as_str() {
            "resource_attributes" => Step::ResourceAttributes(parse_actions(actions, variables, &mut wrong)),
            "point_attributes" => Step::PointAttributes(OfMetrics {
                metrics,
                done: parse_actions(actions, variables, &mut wrong),
            }),
            "rename_metrics" => Step::RenameMetrics(rename(from, to, &mut wrong)),
            "filter_metrics" => Step::FilterMetrics(filter(include, exclude, name, &mut wrong)),
            "filter_resources" => Step::FilterResources(filter(include, exclude, attributes, &mut wrong)),
            "filter_points" => Step::FilterPoints(OfMetrics {
                metrics,
                done: filter(include, exclude, attributes, &mut wrong),
            }),
            _ => return Err(vec![format!("step must be one of {}", KINDS.join(", "))]),
        };
        if wrong.is_empty() { Ok(step) } else { Err(wrong) }
    }

    fn misplaced_keys(&self) -> Vec<String> {
        let allowed: &[&str] = match self.step.as_str() {
            "resource_attributes" => &["actions"],
            "point_attributes" => &["metrics", "actions"],
            "rename_metrics" => &["from", "to"],
            "filter_points" => &["metrics", "include", "exclude"],
            _ => &["include", "exclude"],
        };
        let given = [
            ("metrics", !self.metrics.is_empty()),
            ("actions", !self.actions.is_empty()),
            ("include", !self.include.is_empty()),
            ("exclude", !self.exclude.is_empty()),
            ("from", self.from.is_some()),
            ("to", self.to.is_some()),
        ];
        given
            .into_iter()
            .filter(|(key, there)| *there && !allowed.contains(key))
            .map(|(key, _)| format!("takes {}, not {key}", allowed.join(", ")))
            .collect()
    }
}

fn globs(texts: Vec<String>, key: &str, wrong: &mut Vec<String>) -> Vec<Glob> {
    if texts.iter().any(String::is_empty) {
        wrong.push(format!("{key} has an empty name"));
    }
    texts.iter().map(|text| Glob::new(text)).collect()
}

fn parse_actions(actions: Vec<RawAction>, variables: Variables<'_>, wrong: &mut Vec<String>) -> Vec<Action> {
    if actions.is_empty() {
        wrong.push("needs at least one action in actions".to_owned());
    }
    let parsed = actions.into_iter().map(|action| action.parse(variables));
    parsed
        .filter_map(|action| action.map_err(|message| wrong.push(message)).ok())
        .collect()
}

impl RawAction {
    fn parse(self, variables: Variables<'_>) -> Result<Action, String> {
        let Self {
            action,
            key,
            value,
            from_attribute,
            from_env,
        } = self;
        if key.is_empty() {
            return Err(format!("key of `{action}` must not be empty"));
        }
        let when = match action.as_str() {
            "insert" => When::Absent,
            "update" => When::Present,
            "upsert" => When::Always,
            "delete" if value.is_none() && from_attribute.is_none() && from_env.is_none() => {
                return Ok(Action::Delete {
                    keys: Glob::new(&key),
                });
            }
            "delete" => return Err(format!("delete of `{key}` takes no value")),
            _ => {
                return Err(format!(
                    "action must be insert, update, upsert or delete, is `{action}`"
                ));
            }
        };
        if key.contains(['*', '?']) {
            return Err(format!(
                "{action} needs a whole key, is `{key}`: * and ? stand for others in delete only"
            ));
        }
        let value = match (value, from_attribute, from_env) {
            (Some(Text(value)), None, None) => Source::Text(value),
            (None, Some(attribute), None) => Source::Attribute(attribute),
            (None, None, Some(name)) => variable(name, variables)?,
            _ => {
                return Err(format!(
                    "{action} of `{key}` needs one of value, from_attribute and from_env"
                ));
            }
        };
        Ok(Action::Set { key, when, value })
    }
}

fn variable(name: String, variables: Variables<'_>) -> Result<Source, String> {
    match variables(&name) {
        Ok(value) if value.is_empty() => Err(format!("environment variable {name} is empty")),
        Ok(value) => Ok(Source::Variable { name, value }),
        Err(VarError::NotPresent) => Err(format!("environment variable {name} is not set")),
        Err(VarError::NotUnicode(_)) => Err(format!("environment variable {name} is not UTF-8")),
    }
}

fn filter<T>(
    include: Vec<RawMatch>,
    exclude: Vec<RawMatch>,
    parse: impl Fn(RawMatch) -> Result<T, String>,
    wrong: &mut Vec<String>,
) -> Filter<T> {
    if include.is_empty() && exclude.is_empty() {
        wrong.push("needs something in include or exclude".to_owned());
    }
    let mut alternatives = |raw: Vec<RawMatch>, key: &str| {
        let parsed = raw.into_iter().map(&parse);
        parsed
            .filter_map(|one| one.map_err(|message| wrong.push(format!("{key} {message}"))).ok())
            .collect()
    };
    Filter {
        include: alternatives(include, "include"),
        exclude: alternatives(exclude, "exclude"),
    }
}

fn name(raw: RawMatch) -> Result<Glob, String> {
    match raw {
        RawMatch::Name(name) if name.is_empty() => Err("has an empty name".to_owned()),
        RawMatch::Name(name) => Ok(Glob::new(&name)),
        RawMatch::Attributes(_) => {
            Err("compares names of metrics, such as \"http.*\"; attributes are for filter_points".to_owned())
        }
    }
}

fn attributes(raw: RawMatch) -> Result<Match, String> {
    let table = match raw {
        RawMatch::Attributes(table) => table,
        RawMatch::Name(name) => {
            return Err(format!(
                "compares attributes, such as {{ \"http.route\" = \"/health*\" }}, is `{name}`"
            ));
        }
    };
    if table.is_empty() {
        return Err("has a table without attributes, which would fit everything".to_owned());
    }
    let mut conditions = Vec::new();
    for (key, Texts(values)) in table {
        if values.is_empty() {
            return Err(format!("needs at least one value of `{key}`"));
        }
        let values = values.iter().map(|value| Glob::new(value)).collect();
        conditions.push(Condition { key, values });
    }
    Ok(Match(conditions))
}

fn rename(from: Option<String>, to: Option<String>, wrong: &mut Vec<String>) -> Rename {
    let (from, to) = (from.unwrap_or_default(), to.unwrap_or_default());
    let stars = |name: &str| name.matches('*').count();
    if from.is_empty() || to.is_empty() {
        wrong.push("needs a name in from and one in to".to_owned());
    } else if from == to {
        wrong.push(format!("from and to must differ, are both `{from}`"));
    } else if is_reserved(&to) {
        wrong.push(format!(
            "`{to}` cannot be a new name: Prometheus makes series of this name itself"
        ));
    } else if from.contains('?') || to.contains('?') || stars(&from) > 1 || stars(&to) > 1 {
        wrong.push(format!(
            "from and to may hold one * each and no ?, are `{from}` and `{to}`"
        ));
    } else if stars(&to) > stars(&from) {
        wrong.push(format!(
            "`{to}` holds a * which stands for nothing, because `{from}` holds none"
        ));
    }
    Rename { from, to }
}

#[cfg(test)]
mod tests;
