//! One scrape.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use bytes::Bytes;
use exposition::{Bounds, Encoder, Escaping, Format, Head, MetricType, labels};

use super::Alias;
use super::sample::{Samples, Scaled};
use crate::series::{Family, Group, Resource, Store, sample_names};

/// A chunk is handed on when it is this long. It is also what one group is locked for.
const CHUNK: usize = 64 * 1024;

/// What a scrape is made with.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    pub(crate) format: exposition::Negotiated,
    pub(crate) options: exposition::Options,
    /// The bounds that exponential histograms have where only classic ones can be told.
    pub(crate) classic_bounds: Option<Arc<Bounds>>,
}

/// A scrape's bytes, chunk by chunk.
pub(crate) struct Scrape {
    encoder: Encoder,
    classic_bounds: Option<Arc<Bounds>>,
    parts: std::vec::IntoIter<Part>,
    part: Option<Part>,
    /// The name of the family that is being written.
    family: Option<String>,
    is_over: bool,
}

/// The series of one family, under its own name or under a second one.
struct Part {
    name: String,
    unit: String,
    metric_type: MetricType,
    help: String,
    /// Whether it is told when counting began.
    shows_created: bool,
    source: Source,
}

enum Source {
    Targets(std::vec::IntoIter<Arc<Resource>>),
    Series(Box<Series>),
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
    scaled: Scaled,
    /// The resources that send a metric of the alias's name themselves.
    senders: HashSet<String>,
}

impl Scrape {
    pub(crate) fn new(store: &Store, aliases: &[Alias], shape: &Shape) -> Self {
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
        escape_names(&mut parts, shape.format.escaping);
        if shape.format.format == Format::OpenMetrics {
            keep_names_apart(&mut parts, shape.options.created_series);
        }
        Self {
            encoder: Encoder::new(shape.format, shape.options),
            classic_bounds: shape.classic_bounds.clone(),
            parts: parts.into_iter(),
            part: None,
            family: None,
            is_over: false,
        }
    }

    /// Begins the next part. Whether there is one.
    fn next_part(&mut self, out: &mut Vec<u8>) -> bool {
        self.part = self.parts.next();
        let next = self.part.as_ref().map(|part| part.name.as_str());
        if self.family.is_some() && self.family.as_deref() != next {
            self.encoder.end_family(out);
            self.family = None;
        }
        if let Some(part) = &self.part
            && self.family.is_none()
        {
            self.encoder.begin_family(out, &part.head());
            self.family = Some(part.name.clone());
        }
        self.part.is_some()
    }
}

/// Names as the scraper reads them. Families that come to have one name that way are one, if they are of one type;
/// otherwise the first is shown.
fn escape_names(parts: &mut Vec<Part>, escaping: Escaping) {
    let is_same = |part: &Part| escaping.metric_name(&part.name) == part.name;
    if parts.iter().all(is_same) {
        return;
    }
    // first comes a name that needs no escaping: it is the same to every scraper
    parts.sort_by_key(|part| !is_same(part));
    let mut owners: HashMap<String, (String, MetricType)> = HashMap::new();
    parts.retain_mut(|part| {
        part.name = escaping.metric_name(&part.name).into_owned();
        let owner = (part.name.clone(), part.metric_type);
        let names = || sample_names(&part.name, part.metric_type).chain([part.name.clone()]);
        let is_free = names().all(|name| owners.get(&name).is_none_or(|there| *there == owner));
        if is_free {
            owners.extend(names().map(|name| (name, owner.clone())));
        }
        is_free
    });
    parts.sort_by(|one, other| one.name.cmp(&other.name));
}

/// `OpenMetrics` names the family of a counter without `_total`, that of an info without `_info`. Where another family has
/// that name, they go by their whole names and without their types. Where another family has the name of the series
/// that say when counting began, those are left out.
fn keep_names_apart(parts: &mut [Part], created_series: bool) {
    let names: HashSet<String> = parts.iter().map(|part| part.name.clone()).collect();
    let mut stems: HashMap<String, HashSet<String>> = HashMap::new();
    for part in parts.iter() {
        if let Some(stem) = part.stem() {
            stems
                .entry(stem.to_owned())
                .or_default()
                .insert(part.name.clone());
        }
    }
    for part in parts.iter_mut() {
        let clashes = |stem: &str| names.contains(stem) || stems.get(stem).is_some_and(|of| of.len() > 1);
        if part.stem().is_some_and(clashes) {
            part.metric_type = match part.metric_type {
                MetricType::Counter => MetricType::Unknown,
                _ => MetricType::Gauge,
            };
        }
        let created = || format!("{}_created", part.stem().unwrap_or(&part.name));
        part.shows_created = created_series && !names.contains(&created());
    }
}

impl Iterator for Scrape {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        if self.is_over {
            return None;
        }
        let mut out = Vec::with_capacity(CHUNK + CHUNK / 4);
        while out.len() < CHUNK {
            let Some(part) = &mut self.part else {
                if !self.next_part(&mut out) {
                    self.encoder.finish(&mut out);
                    self.is_over = true;
                    return (!out.is_empty()).then(|| Bytes::from(out));
                }
                continue;
            };
            let mut samples = Samples {
                encoder: &mut self.encoder,
                out: &mut out,
                classic_bounds: self.classic_bounds.as_deref(),
                shows_created: part.shows_created,
            };
            if !part.write(&mut samples) {
                self.part = None;
            }
        }
        self.encoder.pause(&mut out);
        Some(Bytes::from(out))
    }
}

impl Part {
    /// The name of its family in `OpenMetrics`, if that is not its own.
    fn stem(&self) -> Option<&str> {
        let stem = match self.metric_type {
            MetricType::Counter => self.name.strip_suffix("_total"),
            MetricType::Info => self.name.strip_suffix("_info"),
            _ => None,
        };
        stem.filter(|stem| !stem.is_empty())
    }

    fn head(&self) -> Head<'_> {
        Head {
            name: &self.name,
            metric_type: self.metric_type,
            help: &self.help,
            unit: &self.unit,
        }
    }

    fn family(family: &Arc<Family>) -> Self {
        Self {
            name: family.name.clone(),
            unit: family.unit.clone(),
            metric_type: family.metric_type,
            help: family.help().to_owned(),
            shows_created: true,
            source: Source::Series(Box::new(Series::new(family, None))),
        }
    }

    fn alias(family: &Arc<Family>, alias: &Alias, senders: HashSet<String>) -> Self {
        let alias_of = AliasOf {
            alias: alias.clone(),
            scaled: Scaled::new(alias.scale),
            senders,
        };
        Self {
            name: alias.name.clone(),
            unit: String::new(),
            metric_type: family.metric_type,
            help: format!("Another name of {}.", family.name),
            shows_created: true,
            source: Source::Series(Box::new(Series::new(family, Some(alias_of)))),
        }
    }

    fn targets(targets: Vec<Arc<Resource>>) -> Self {
        Self {
            name: "target_info".to_owned(),
            unit: String::new(),
            metric_type: MetricType::Info,
            help: "The attributes of the resource that job and instance stand for.".to_owned(),
            shows_created: true,
            source: Source::Targets(targets.into_iter()),
        }
    }

    /// Writes until the chunk is full. Whether there may be more.
    fn write(&mut self, samples: &mut Samples<'_>) -> bool {
        match &mut self.source {
            Source::Targets(targets) => {
                for target in targets.by_ref() {
                    let info = target.labels.as_ref().map_or("", |labels| &labels.info);
                    samples.one([info, ""]);
                    if samples.are_enough() {
                        return true;
                    }
                }
                false
            }
            Source::Series(series) => series.write(samples),
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

    fn write(&mut self, samples: &mut Samples<'_>) -> bool {
        while let Some((group, from)) = self.group.take().or_else(|| self.next_group()) {
            let next = match &mut self.alias {
                None => write_group(&group, from, samples),
                Some(alias) => write_renamed(&group, from, samples, alias),
            };
            if let Some(next) = next {
                self.group = Some((group, next));
            }
            if samples.are_enough() {
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

fn write_group(group: &Group, from: usize, samples: &mut Samples<'_>) -> Option<usize> {
    let shared = &group.origin.labels.text;
    group.read(from, |series| {
        samples.write([shared, series.labels], series);
        samples.flow()
    })
}

fn write_renamed(group: &Group, from: usize, samples: &mut Samples<'_>, of: &mut AliasOf) -> Option<usize> {
    let AliasOf { alias, scaled, .. } = of;
    let (mut text, mut renamed) = (String::new(), String::new());
    group.read(from, |series| {
        text.clone_from(&group.origin.labels.text);
        if !series.labels.is_empty() {
            text.push(',');
        }
        text.push_str(series.labels);
        renamed.clear();
        if labels::append_renamed(&mut renamed, &text, &alias.labels) {
            samples.write_scaled([&renamed, ""], series, scaled);
        }
        samples.flow()
    })
}

impl Samples<'_> {
    fn are_enough(&self) -> bool {
        self.out.len() >= CHUNK
    }

    fn flow(&self) -> ControlFlow<()> {
        if self.are_enough() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

#[cfg(test)]
mod tests;
