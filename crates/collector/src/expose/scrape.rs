//! One scrape, in the text format.

use std::collections::{BTreeMap, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use bytes::Bytes;
use exposition::text::{self, write_header, write_sample};
use exposition::{MetricType, labels};

use super::Alias;
use crate::series::{Family, Group, Resource, Store, Value, sample_names};

/// A chunk is handed on when it is this long. It is also what one group is locked for.
const CHUNK: usize = 64 * 1024;

/// A scrape's text, chunk by chunk.
pub(crate) struct Scrape {
    parts: std::vec::IntoIter<Part>,
    part: Option<Part>,
    /// The family whose header was written last.
    header: String,
}

/// The series of one family, under its own name or under a second one.
struct Part {
    name: String,
    metric_type: MetricType,
    help: String,
    source: Source,
}

enum Source {
    Targets(std::vec::IntoIter<Arc<Resource>>),
    Series(Series),
}

struct Series {
    family: Arc<Family>,
    alias: Option<AliasOf>,
    /// `None` before the first group.
    groups: Option<std::vec::IntoIter<Arc<Group>>>,
    /// The group whose turn it is, and the index to go on from.
    group: Option<(Arc<Group>, usize)>,
}

struct AliasOf {
    alias: Alias,
    /// The resources that send a metric of the alias's name themselves.
    senders: HashSet<String>,
}

impl Scrape {
    pub(crate) fn new(store: &Store, aliases: &[Alias]) -> Self {
        let families = store.families();
        let by_name: BTreeMap<&str, &Arc<Family>> = families
            .iter()
            .map(|family| (family.name.as_str(), family))
            .collect();
        let taken: HashSet<String> = families
            .iter()
            .flat_map(|family| family.sample_names().chain([family.name.clone()]))
            .collect();

        let mut parts: Vec<Part> = families.iter().map(Part::family).collect();
        for alias in aliases {
            let Some(family) = by_name.get(alias.metric.as_str()) else {
                continue;
            };
            let real = by_name
                .get(alias.name.as_str())
                .filter(|real| real.metric_type == family.metric_type);
            let clashes = || {
                let mut names = sample_names(&alias.name, family.metric_type).chain([alias.name.clone()]);
                names.any(|name| taken.contains(&name))
            };
            if real.is_some() || !clashes() {
                let senders = real.map(|real| real.resources()).unwrap_or_default();
                parts.push(Part::alias(family, alias, senders));
            }
        }
        let targets = store.targets();
        if !targets.is_empty() {
            parts.push(Part::targets(targets));
        }
        // stable: a family's own series come before its name's aliases
        parts.sort_by(|one, other| one.name.cmp(&other.name));
        Self {
            parts: parts.into_iter(),
            part: None,
            header: String::new(),
        }
    }
}

impl Iterator for Scrape {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let mut out = Vec::with_capacity(CHUNK + CHUNK / 4);
        while out.len() < CHUNK {
            let Some(part) = &mut self.part else {
                self.part = self.parts.next();
                if self.part.is_none() {
                    break;
                }
                continue;
            };
            let before = out.len();
            if part.name != self.header {
                write_header(&mut out, &part.name, part.metric_type, &part.help);
            }
            let after_header = out.len();
            let more = part.write(&mut out);
            if out.len() == after_header {
                // nothing to show: no header either
                out.truncate(before);
            } else {
                self.header.clone_from(&part.name);
            }
            if !more {
                self.part = None;
            }
        }
        (!out.is_empty()).then(|| Bytes::from(out))
    }
}

impl Part {
    fn family(family: &Arc<Family>) -> Self {
        Self {
            name: family.name.clone(),
            metric_type: family.metric_type,
            help: family.help().to_owned(),
            source: Source::Series(Series::new(family, None)),
        }
    }

    fn alias(family: &Arc<Family>, alias: &Alias, senders: HashSet<String>) -> Self {
        let alias_of = AliasOf {
            alias: alias.clone(),
            senders,
        };
        Self {
            name: alias.name.clone(),
            metric_type: family.metric_type,
            help: format!("Another name of {}.", family.name),
            source: Source::Series(Series::new(family, Some(alias_of))),
        }
    }

    fn targets(targets: Vec<Arc<Resource>>) -> Self {
        Self {
            name: "target_info".to_owned(),
            metric_type: MetricType::Gauge,
            help: "The attributes of the resource that job and instance stand for.".to_owned(),
            source: Source::Targets(targets.into_iter()),
        }
    }

    /// Writes until the chunk is full. Whether there may be more.
    fn write(&mut self, out: &mut Vec<u8>) -> bool {
        match &mut self.source {
            Source::Targets(targets) => {
                for target in targets.by_ref() {
                    let labels = [target.labels.info.as_str(), "", ""];
                    write_sample(out, &self.name, "", labels, text::Value::Count(1));
                    if out.len() >= CHUNK {
                        return true;
                    }
                }
                false
            }
            Source::Series(series) => series.write(out, &self.name),
        }
    }
}

impl Series {
    fn new(family: &Arc<Family>, alias: Option<AliasOf>) -> Self {
        Self {
            family: Arc::clone(family),
            alias,
            groups: None,
            group: None,
        }
    }

    fn write(&mut self, out: &mut Vec<u8>, name: &str) -> bool {
        while let Some((group, from)) = self.group.take().or_else(|| self.next_group()) {
            let next = match &self.alias {
                None => write_group(&group, from, out, name),
                Some(AliasOf { alias, .. }) => write_renamed(&group, from, out, alias),
            };
            if let Some(next) = next {
                self.group = Some((group, next));
            }
            if out.len() >= CHUNK {
                return true;
            }
        }
        false
    }

    fn next_group(&mut self) -> Option<(Arc<Group>, usize)> {
        let groups = self
            .groups
            .get_or_insert_with(|| self.family.groups().into_iter());
        let senders = self.alias.as_ref().map(|alias| &alias.senders);
        let is_sender =
            |group: &Group| senders.is_some_and(|senders| senders.contains(&group.origin.labels.of_resource));
        let group = groups.find(|group| !is_sender(group))?;
        Some((group, 0))
    }
}

fn write_group(group: &Group, from: usize, out: &mut Vec<u8>, name: &str) -> Option<usize> {
    let shared = &group.origin.labels.text;
    group.read(from, |labels, value| {
        write_value(out, name, [shared, labels], value);
        full(out)
    })
}

fn write_renamed(group: &Group, from: usize, out: &mut Vec<u8>, alias: &Alias) -> Option<usize> {
    let (mut text, mut renamed) = (String::new(), String::new());
    group.read(from, |labels, value| {
        text.clone_from(&group.origin.labels.text);
        if !labels.is_empty() {
            text.push(',');
        }
        text.push_str(labels);
        renamed.clear();
        if labels::append_renamed(&mut renamed, &text, &alias.labels) {
            write_value(out, &alias.name, [&renamed, ""], value);
        }
        full(out)
    })
}

fn full(out: &[u8]) -> ControlFlow<()> {
    if out.len() < CHUNK {
        ControlFlow::Continue(())
    } else {
        ControlFlow::Break(())
    }
}

fn write_value(out: &mut Vec<u8>, name: &str, [shared, own]: [&str; 2], value: &Value) {
    match value {
        Value::Nothing => {}
        Value::Number(number) => {
            write_sample(out, name, "", [shared, own, ""], text::Value::Float(*number));
        }
        Value::Histogram(histogram) => {
            let mut sum_of_buckets = 0_u64;
            let mut cumulated = histogram.buckets().map(|bucket| {
                sum_of_buckets = sum_of_buckets.saturating_add(bucket);
                sum_of_buckets
            });
            for le in &histogram.bounds.labels {
                // without buckets there is still the one of infinity
                let count = text::Value::Count(cumulated.next().unwrap_or(histogram.count));
                write_sample(out, name, "_bucket", [shared, own, le], count);
            }
            if let Some(sum) = histogram.sum {
                write_sample(out, name, "_sum", [shared, own, ""], text::Value::Float(sum));
            }
            let count = text::Value::Count(histogram.count);
            write_sample(out, name, "_count", [shared, own, ""], count);
        }
    }
}

#[cfg(test)]
mod tests;
