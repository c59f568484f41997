//! What is exposed under one name.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, RwLock};

use exposition::MetricType;
use exposition::names::{Instrument, MetricName};
use hashbrown::HashTable;

use super::group::Group;
use super::hash::Hasher;
use super::lock::{read, write};
use super::origin::Origin;
use super::store::{Limits, Store};
use super::value::SharedBounds;
use crate::process::Plan;
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
    /// The word or words of its unit that its name ends with, before its type's suffix; empty if there are none.
    pub(crate) unit: String,
    pub(crate) metric_type: MetricType,
    help: OnceLock<String>,
    /// How many bytes were set aside for it, without its groups.
    bytes: AtomicUsize,
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
    fn new(MetricName { name, unit }: MetricName, metric_type: MetricType) -> Self {
        Self {
            name,
            unit,
            metric_type,
            help: OnceLock::new(),
            bytes: AtomicUsize::new(0),
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

    /// Sets the help text, if there is none yet and there is room for it. Whether the one that is shown says what this one
    /// says.
    pub(super) fn explain(&self, store: &Store, limits: &Limits, help: &[u8]) -> bool {
        if help.is_empty() {
            return true;
        }
        if let Some(shown) = self.help.get() {
            return shown.as_bytes() == help || *shown == help_text(help);
        }
        let text = help_text(help);
        let bytes = text.len();
        if store.reserve_bytes(limits, bytes, bytes).is_ok() {
            match self.help.set(text) {
                Ok(()) => self.add_bytes(bytes),
                Err(_) => store.release_bytes(bytes),
            }
        }
        true
    }

    fn add_bytes(&self, bytes: usize) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The group of an origin, made if there is none; `None` if the family was retired meanwhile.
    pub(super) fn group(
        &self,
        store: &Store,
        limits: &Limits,
        origin: &Arc<Origin>,
    ) -> Result<Option<Arc<Group>>, Reason> {
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
        if store.groups.fetch_add(1, Ordering::Relaxed) >= limits.series {
            store.groups.fetch_sub(1, Ordering::Relaxed);
            return Err(Reason::SeriesLimit);
        }
        if let Err(reason) = store.reserve_bytes(limits, GROUP_BYTES, GROUP_BYTES) {
            store.groups.fetch_sub(1, Ordering::Relaxed);
            return Err(reason);
        }
        let group = Arc::new(Group::new(Arc::clone(origin)));
        groups.by_origin.insert(origin.id, Arc::clone(&group));
        Ok(Some(group))
    }

    pub(super) fn remove_empty_groups(&self, store: &Store) {
        let mut groups = write(&self.groups);
        let before = groups.by_origin.len();
        groups.by_origin.retain(|_, group| !group.retire_if_empty(store));
        let removed = before - groups.by_origin.len();
        store.groups.fetch_sub(removed, Ordering::Relaxed);
        store.release_bytes(removed * GROUP_BYTES);
    }

    /// Takes the family out of use if it has no groups. Whether it has none.
    fn retire_if_empty(&self) -> bool {
        let mut groups = write(&self.groups);
        groups.retired |= groups.by_origin.is_empty();
        groups.retired
    }
}

/// The bytes that a family takes beside its texts.
const FAMILY_BYTES: usize = size_of::<Family>() + 128;

/// The bytes of a sample's name in the table of claims, without the texts.
const CLAIM_BYTES: usize = 96;

/// The bytes that a group takes without its series: itself, its place in a tree, and tables that begin with more places
/// than one.
const GROUP_BYTES: usize = size_of::<Group>() + 256;

/// The bytes that a family of this name takes without its help text and its spellings.
fn family_bytes(name: &str, metric_type: MetricType) -> usize {
    let claims = metric_type.suffixes().len();
    FAMILY_BYTES + 2 * name.len() + claims * (CLAIM_BYTES + 2 * name.len())
}

/// A help text as it is shown.
fn help_text(raw: &[u8]) -> String {
    String::from_utf8_lossy(raw).chars().take(MAX_HELP).collect()
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
    metric_type: MetricType,
    hash: u64,
    family: Arc<Family>,
    /// What is to be done with its points.
    plan: Arc<Plan>,
    /// Whether its unit is the one that is shown.
    same_unit: bool,
}

impl Spelling {
    fn cost(name: &[u8], unit: &[u8]) -> usize {
        name.len() + unit.len() + size_of::<Self>() * 3 / 2
    }
}

/// What is known of a spelling.
pub(super) struct Known<'a> {
    pub(super) family: &'a Arc<Family>,
    pub(super) plan: &'a Arc<Plan>,
    pub(super) same_unit: bool,
}

/// A metric's name and unit as they stand on the wire, and what it is.
type Spelled<'a> = (&'a [u8], &'a [u8], Instrument, MetricType);

impl Families {
    /// The family of a metric that was seen before, and what is to be done with its points.
    #[inline]
    pub(super) fn known(
        &self,
        hasher: &Hasher,
        (name, unit, instrument, metric_type): Spelled<'_>,
    ) -> Option<Known<'_>> {
        let hash = hasher.hash_pair(name, unit);
        let known = self.spellings.find(hash, |known| {
            let same_kind = known.instrument == instrument && known.metric_type == metric_type;
            same_kind && *known.name == *name && *known.unit == *unit
        })?;
        Some(Known {
            family: &known.family,
            plan: &known.plan,
            same_unit: known.same_unit,
        })
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
                self.remove(store, &family);
            }
        }
    }

    fn remove(&mut self, store: &Store, family: &Family) {
        self.by_name.remove(&family.name);
        for claim in family.sample_names() {
            self.claims.remove(&claim);
        }
        // one that never had series has none, so that a client cannot make this run over and over
        if family.spellings.load(Ordering::Relaxed) > 0 {
            self.spellings.retain(|known| known.family.name != family.name);
        }
        store.release_bytes(family.bytes.load(Ordering::Relaxed));
    }

    /// Makes a family, unless one of its samples' names is another family's.
    pub(super) fn create(
        &mut self,
        store: &Store,
        limits: &Limits,
        metric_name: MetricName,
        metric_type: MetricType,
    ) -> Result<Arc<Family>, Reason> {
        let name = metric_name.name.clone();
        if needed_names(&name, metric_type).any(|needed| self.owner(&needed).is_some()) {
            return Err(Reason::TypeConflict);
        }
        let bytes = family_bytes(&name, metric_type);
        store.reserve_bytes(limits, bytes, bytes)?;
        let claims = sample_names(&name, metric_type);
        self.claims.extend(claims.map(|claim| (claim, name.clone())));
        let family = Arc::new(Family::new(metric_name, metric_type));
        family.add_bytes(bytes);
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
        store: &Store,
        limits: &Limits,
        spelled: Spelled<'_>,
        known: Known<'_>,
    ) {
        let Known {
            family,
            plan,
            same_unit,
        } = known;
        let hasher = &store.hasher;
        let (name, unit, instrument, metric_type) = spelled;
        if !family.has_series() {
            return;
        }
        if name.len() + unit.len() > MAX_SPELLING || self.known(hasher, spelled).is_some() {
            return;
        }
        if family.spellings.load(Ordering::Relaxed) >= MAX_SPELLINGS {
            return;
        }
        let bytes = Spelling::cost(name, unit);
        if store.reserve_bytes(limits, bytes, bytes).is_err() {
            return;
        }
        family.add_bytes(bytes);
        family.spellings.fetch_add(1, Ordering::Relaxed);
        let hash = hasher.hash_pair(name, unit);
        let spelling = Spelling {
            name: name.into(),
            unit: unit.into(),
            instrument,
            metric_type,
            hash,
            family: Arc::clone(family),
            plan: Arc::clone(plan),
            same_unit,
        };
        self.spellings.insert_unique(hash, spelling, |known| known.hash);
    }

    /// Forgets which bytes mean which family: they may mean another one from now on.
    pub(super) fn forget_spellings(&mut self, store: &Store) {
        for spelling in self.spellings.drain() {
            let bytes = Spelling::cost(&spelling.name, &spelling.unit);
            spelling.family.bytes.fetch_sub(bytes, Ordering::Relaxed);
            store.release_bytes(bytes);
            spelling.family.spellings.store(0, Ordering::Relaxed);
        }
    }

    /// All families, sorted by name.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Family>> {
        self.by_name.values()
    }

    pub(super) fn len(&self) -> usize {
        self.by_name.len()
    }

    pub(super) fn remove_empty(&mut self, store: &Store) {
        self.by_name.retain(|_, family| {
            let stays = !family.retire_if_empty();
            if !stays {
                store.release_bytes(family.bytes.load(Ordering::Relaxed));
            }
            stays
        });
        self.spellings
            .retain(|known| self.by_name.contains_key(&known.family.name));
        self.claims.retain(|_, family| self.by_name.contains_key(family));
    }
}
