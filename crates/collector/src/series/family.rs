//! What is exposed under one name.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, RwLock};

use exposition::MetricType;
use exposition::names::Instrument;
use hashbrown::HashTable;

use super::group::Group;
use super::hash::Hasher;
use super::lock::{read, write};
use super::origin::Origin;
use super::store::Store;
use super::value::SharedBounds;
use crate::rejection::Reason;

/// Spellings of one family's name and unit that are remembered. Further ones work too, only slower.
const MAX_SPELLINGS: usize = 16;

/// Longer ones are not remembered.
const MAX_SPELLING: usize = 1000;

/// Help texts are cut to this many characters.
const MAX_HELP: usize = 1000;

/// What is exposed under one name.
#[derive(Debug)]
pub(crate) struct Family {
    pub(crate) name: String,
    pub(crate) metric_type: MetricType,
    help: OnceLock<String>,
    groups: RwLock<Groups>,
    /// How many series it has.
    pub(super) series: AtomicUsize,
    /// How many spellings of it are remembered.
    spellings: AtomicUsize,
    pub(super) bounds: Mutex<SharedBounds>,
}

#[derive(Debug, Default)]
struct Groups {
    /// Taken out of the store: whoever still holds the family must look it up again.
    retired: bool,
    /// By the origin's id; in the order in which origins came.
    by_origin: BTreeMap<u64, Arc<Group>>,
}

impl Family {
    fn new(name: String, metric_type: MetricType) -> Self {
        Self {
            name,
            metric_type,
            help: OnceLock::new(),
            groups: RwLock::default(),
            series: AtomicUsize::new(0),
            spellings: AtomicUsize::new(0),
            bounds: Mutex::default(),
        }
    }

    /// The first help text that a client sent; empty if none did.
    pub(crate) fn help(&self) -> &str {
        self.help.get().map_or("", String::as_str)
    }

    /// All groups, in the order in which their origins came.
    pub(crate) fn groups(&self) -> Vec<Arc<Group>> {
        read(&self.groups).by_origin.values().cloned().collect()
    }

    /// The labels of the resources that it has series of.
    pub(crate) fn resources(&self) -> HashSet<String> {
        let groups = self.groups().into_iter();
        let groups = groups.filter(|group| group.has_series());
        groups
            .map(|group| group.origin.labels.of_resource.clone())
            .collect()
    }

    pub(super) fn has_series(&self) -> bool {
        self.series.load(Ordering::Relaxed) > 0
    }

    /// The names of its samples.
    pub(crate) fn sample_names(&self) -> impl Iterator<Item = String> {
        sample_names(&self.name, self.metric_type)
    }

    /// Sets the help text, if there is none yet.
    pub(super) fn explain(&self, help: &[u8]) {
        if !help.is_empty() && self.help.get().is_none() {
            let help = String::from_utf8_lossy(help).chars().take(MAX_HELP).collect();
            let _ = self.help.set(help);
        }
    }

    /// The group of an origin, made if there is none; `None` if the family was retired meanwhile.
    pub(super) fn group(&self, store: &Store, origin: &Arc<Origin>) -> Result<Option<Arc<Group>>, Reason> {
        if let Some(group) = read(&self.groups).by_origin.get(&origin.id) {
            return Ok(Some(Arc::clone(group)));
        }
        let mut groups = write(&self.groups);
        if groups.retired {
            return Ok(None);
        }
        if let Some(group) = groups.by_origin.get(&origin.id) {
            return Ok(Some(Arc::clone(group)));
        }
        if store.groups.fetch_add(1, Ordering::Relaxed) >= store.limits.series {
            store.groups.fetch_sub(1, Ordering::Relaxed);
            return Err(Reason::SeriesLimit);
        }
        let group = Arc::new(Group::new(Arc::clone(origin)));
        groups.by_origin.insert(origin.id, Arc::clone(&group));
        Ok(Some(group))
    }

    pub(super) fn remove_empty_groups(&self, store: &Store) {
        let mut groups = write(&self.groups);
        let before = groups.by_origin.len();
        groups.by_origin.retain(|_, group| !group.retire_if_empty());
        let removed = before - groups.by_origin.len();
        store.groups.fetch_sub(removed, Ordering::Relaxed);
    }

    /// Takes the family out of use if it has no groups. Whether it has none.
    fn retire_if_empty(&self) -> bool {
        let mut groups = write(&self.groups);
        groups.retired |= groups.by_origin.is_empty();
        groups.retired
    }
}

/// The names under which the samples of a family stand in a scrape.
pub(crate) fn sample_names(name: &str, metric_type: MetricType) -> impl Iterator<Item = String> {
    metric_type
        .suffixes()
        .iter()
        .map(move |suffix| format!("{name}{suffix}"))
}

/// The names that are a family's alone.
fn needed_names(name: &str, metric_type: MetricType) -> impl Iterator<Item = String> {
    sample_names(name, metric_type).chain([name.to_owned()])
}

/// All families.
#[derive(Debug, Default)]
pub(super) struct Families {
    /// By the bytes of a metric's name and unit.
    spellings: HashTable<Spelling>,
    by_name: BTreeMap<String, Arc<Family>>,
    /// The name of the family that has samples of this name.
    claims: HashMap<String, String>,
}

#[derive(Debug)]
struct Spelling {
    name: Box<[u8]>,
    unit: Box<[u8]>,
    instrument: Instrument,
    hash: u64,
    family: Arc<Family>,
}

impl Families {
    /// The family of a metric that was seen before.
    #[inline]
    pub(super) fn known(
        &self,
        hasher: &Hasher,
        name: &[u8],
        unit: &[u8],
        instrument: Instrument,
    ) -> Option<&Arc<Family>> {
        let hash = hasher.hash_pair(name, unit);
        let known = self.spellings.find(hash, |known| {
            known.instrument == instrument && *known.name == *name && *known.unit == *unit
        })?;
        Some(&known.family)
    }

    /// The family called `name`, if it is there and of this type; made by [`create`](Self::create) otherwise.
    pub(super) fn named(&self, name: &str, metric_type: MetricType) -> Result<Option<&Arc<Family>>, Reason> {
        match self.by_name.get(name) {
            Some(family) if family.metric_type == metric_type => Ok(Some(family)),
            Some(_) => Err(Reason::TypeConflict),
            None => Ok(None),
        }
    }

    /// Removes families without series that have a name which another one, of this name and type, would need: nobody is
    /// kept out by what was never taken.
    pub(super) fn make_way(&mut self, store: &Store, name: &str, metric_type: MetricType) {
        let same = |family: &Family| family.name == name && family.metric_type == metric_type;
        for needed in needed_names(name, metric_type) {
            let Some(family) = self.owner(&needed).filter(|family| !same(family)) else {
                continue;
            };
            let family = Arc::clone(family);
            if family.has_series() {
                continue;
            }
            family.remove_empty_groups(store);
            if family.retire_if_empty() {
                self.remove(&family);
            }
        }
    }

    fn remove(&mut self, family: &Family) {
        self.by_name.remove(&family.name);
        for claim in family.sample_names() {
            self.claims.remove(&claim);
        }
        // one that never had series has none, so that a client cannot make this run over and over
        if family.spellings.load(Ordering::Relaxed) > 0 {
            self.spellings.retain(|known| known.family.name != family.name);
        }
    }

    /// Makes a family, unless one of its samples' names is another family's.
    pub(super) fn create(&mut self, name: String, metric_type: MetricType) -> Result<Arc<Family>, Reason> {
        if needed_names(&name, metric_type).any(|needed| self.owner(&needed).is_some()) {
            return Err(Reason::TypeConflict);
        }
        let claims = sample_names(&name, metric_type);
        self.claims.extend(claims.map(|claim| (claim, name.clone())));
        let family = Arc::new(Family::new(name.clone(), metric_type));
        self.by_name.insert(name, Arc::clone(&family));
        Ok(family)
    }

    /// The family that has this name, or a sample of it.
    fn owner(&self, name: &str) -> Option<&Arc<Family>> {
        self.by_name
            .get(name)
            .or_else(|| self.by_name.get(self.claims.get(name)?))
    }

    /// Remembers how a family was spelled, if it has series already.
    pub(super) fn remember(
        &mut self,
        hasher: &Hasher,
        (name, unit, instrument): (&[u8], &[u8], Instrument),
        family: &Arc<Family>,
    ) {
        if !family.has_series() {
            return;
        }
        if name.len() + unit.len() > MAX_SPELLING || self.known(hasher, name, unit, instrument).is_some() {
            return;
        }
        if family.spellings.load(Ordering::Relaxed) >= MAX_SPELLINGS {
            return;
        }
        family.spellings.fetch_add(1, Ordering::Relaxed);
        let hash = hasher.hash_pair(name, unit);
        let spelling = Spelling {
            name: name.into(),
            unit: unit.into(),
            instrument,
            hash,
            family: Arc::clone(family),
        };
        self.spellings.insert_unique(hash, spelling, |known| known.hash);
    }

    /// All families, sorted by name.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Family>> {
        self.by_name.values()
    }

    pub(super) fn len(&self) -> usize {
        self.by_name.len()
    }

    pub(super) fn remove_empty(&mut self) {
        self.by_name.retain(|_, family| !family.retire_if_empty());
        self.spellings
            .retain(|known| self.by_name.contains_key(&known.family.name));
        self.claims.retain(|_, family| self.by_name.contains_key(family));
    }
}
