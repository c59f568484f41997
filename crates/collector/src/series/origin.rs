//! Where series come from: resources, and the scopes in them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, RwLock};

use hashbrown::HashTable;

use super::hash::Hasher;
use super::lock::{lock, read, write};
use super::store::Tick;
use crate::process::{OriginLabels, ResourceLabels};
use crate::rejection::Reason;

/// One spelling of a resource.
#[derive(Debug)]
pub(crate) struct Resource {
    /// Grows with every resource that is new.
    id: u64,
    raw: Box<[u8]>,
    hash: u64,
    /// `None` if the configuration leaves it out.
    pub(crate) labels: Option<ResourceLabels>,
    /// How many bytes were set aside for it and its scopes.
    bytes: AtomicUsize,
    /// When it was heard of last.
    seen: AtomicU32,
    scopes: RwLock<Scopes>,
}

#[derive(Debug, Default)]
struct Scopes {
    by_raw: HashTable<Scope>,
    /// The resource is no longer among those that are remembered: a request that still holds it adds nothing to it.
    forgotten: bool,
}

/// One spelling of a scope.
#[derive(Debug)]
struct Scope {
    raw: Box<[u8]>,
    schema_url: Box<[u8]>,
    hash: u64,
    origin: Arc<Origin>,
}

/// One scope of one resource, as far as labels tell them apart.
#[derive(Debug)]
pub(crate) struct Origin {
    pub(super) id: u64,
    pub(crate) labels: OriginLabels,
    /// How many series its environment has, from whichever origins.
    pub(super) environment: Arc<AtomicUsize>,
}

impl Resource {
    pub(super) fn heard_of(&self, now: Tick) {
        self.seen.store(now.0, Ordering::Relaxed);
    }

    /// Its `job` and `instance`.
    fn target(&self) -> &str {
        self.labels.as_ref().map_or("", |labels| &labels.target)
    }

    fn origin_of(&self, hasher: &Hasher, raw: &[u8], schema_url: &[u8]) -> Option<Arc<Origin>> {
        let hash = hasher.hash_pair(raw, schema_url);
        let scopes = read(&self.scopes);
        let same = |scope: &Scope| *scope.raw == *raw && *scope.schema_url == *schema_url;
        Some(Arc::clone(&scopes.by_raw.find(hash, same)?.origin))
    }
}

/// All resources and scopes.
#[derive(Debug, Default)]
pub(super) struct Origins {
    resources: RwLock<Resources>,
    /// By the text of their labels. An origin is removed from here only when nothing else holds it, so that one text is
    /// never two origins.
    by_text: Mutex<OriginsByText>,
    /// How many spellings of scopes and of resources are remembered.
    sources: AtomicUsize,
    /// Bytes that were set aside and are not needed after all.
    spare: AtomicUsize,
}

#[derive(Debug, Default)]
struct Resources {
    by_raw: HashTable<Arc<Resource>>,
    next_id: u64,
}

#[derive(Debug, Default)]
struct OriginsByText {
    origins: HashMap<String, Arc<Origin>>,
    next_id: u64,
}

impl Origins {
    /// The resource of these bytes; `labels` makes its labels if they are new, and says how many bytes were set aside for
    /// it.
    pub(super) fn resource(
        &self,
        hasher: &Hasher,
        max_sources: usize,
        raw: &[u8],
        now: Tick,
        labels: impl FnOnce() -> Result<(Option<ResourceLabels>, usize), Reason>,
    ) -> Result<Arc<Resource>, Reason> {
        let hash = hasher.hash(raw);
        let same = |resource: &Arc<Resource>| *resource.raw == *raw;
        if let Some(resource) = read(&self.resources).by_raw.find(hash, same) {
            resource.heard_of(now);
            return Ok(Arc::clone(resource));
        }
        self.reserve(max_sources)?;
        let (labels, bytes) = labels().inspect_err(|_| self.unreserve())?;
        let mut resources = write(&self.resources);
        if let Some(resource) = resources.by_raw.find(hash, same) {
            // another request was faster
            self.unreserve();
            self.spare.fetch_add(bytes, Ordering::Relaxed);
            return Ok(Arc::clone(resource));
        }
        resources.next_id += 1;
        let resource = Arc::new(Resource {
            id: resources.next_id,
            raw: raw.into(),
            hash,
            labels,
            bytes: AtomicUsize::new(bytes),
            seen: AtomicU32::new(now.0),
            scopes: RwLock::default(),
        });
        let entry = Arc::clone(&resource);
        resources.by_raw.insert_unique(hash, entry, |known| known.hash);
        Ok(resource)
    }

    /// The origin that a scope of a resource is; `labels` makes its labels if the scope is new, and says how many bytes
    /// were set aside for it.
    pub(super) fn origin(
        &self,
        hasher: &Hasher,
        max_sources: usize,
        resource: &Resource,
        (raw, schema_url): (&[u8], &[u8]),
        environment: impl FnOnce() -> Arc<AtomicUsize>,
        labels: impl FnOnce() -> Result<(OriginLabels, usize), Reason>,
    ) -> Result<Arc<Origin>, Reason> {
        if let Some(origin) = resource.origin_of(hasher, raw, schema_url) {
            return Ok(origin);
        }
        self.reserve(max_sources)?;
        let (labels, bytes) = labels().inspect_err(|_| self.unreserve())?;
        let origin = {
            let mut by_text = lock(&self.by_text);
            if let Some(origin) = by_text.origins.get(&labels.text) {
                Arc::clone(origin)
            } else {
                by_text.next_id += 1;
                let text = labels.text.clone();
                let id = by_text.next_id;
                let environment = environment();
                let origin = Arc::new(Origin {
                    id,
                    labels,
                    environment,
                });
                by_text.origins.insert(text, Arc::clone(&origin));
                origin
            }
        };
        let hash = hasher.hash_pair(raw, schema_url);
        let mut scopes = write(&resource.scopes);
        let same = |scope: &Scope| *scope.raw == *raw && *scope.schema_url == *schema_url;
        if scopes.forgotten || scopes.by_raw.find(hash, same).is_some() {
            // another request was faster
            self.unreserve();
            self.spare.fetch_add(bytes, Ordering::Relaxed);
            return Ok(origin);
        }
        resource.bytes.fetch_add(bytes, Ordering::Relaxed);
        let scope = Scope {
            raw: raw.into(),
            schema_url: schema_url.into(),
            hash,
            origin: Arc::clone(&origin),
        };
        scopes.by_raw.insert_unique(hash, scope, |known| known.hash);
        Ok(origin)
    }

    fn reserve(&self, max_sources: usize) -> Result<(), Reason> {
        if self.sources.fetch_add(1, Ordering::Relaxed) >= max_sources {
            self.unreserve();
            return Err(Reason::SourceLimit);
        }
        Ok(())
    }

    fn unreserve(&self) {
        self.sources.fetch_sub(1, Ordering::Relaxed);
    }

    /// Forgets the resources that were last heard of before `before`, and the origins that nobody needs any more. How many
    /// bytes that sets free.
    pub(super) fn expire(&self, before: Tick) -> usize {
        self.forget(|resource| resource.seen.load(Ordering::Relaxed) < before.0)
    }

    /// Forgets which bytes mean which resource and scope. How many bytes that sets free.
    pub(super) fn forget_spellings(&self) -> usize {
        self.forget(|_| true)
    }

    fn forget(&self, is_over: impl Fn(&Resource) -> bool) -> usize {
        let mut bytes = self.spare.swap(0, Ordering::Relaxed);
        let mut resources = write(&self.resources);
        resources.by_raw.retain(|resource| {
            let over = is_over(resource);
            if over {
                let mut scopes = write(&resource.scopes);
                scopes.forgotten = true;
                bytes += resource.bytes.load(Ordering::Relaxed);
                self.sources.fetch_sub(1 + scopes.by_raw.len(), Ordering::Relaxed);
            }
            !over
        });
        drop(resources);
        lock(&self.by_text)
            .origins
            .retain(|_, origin| Arc::strong_count(origin) > 1);
        bytes
    }

    /// The resources that have attributes, one per `job` and `instance`, sorted by them: of several, the one that was
    /// heard of last, and of those that were in the same second, the one that came last. So a process that was
    /// restarted with another version, newer or older, is shown with that.
    pub(super) fn targets(&self) -> Vec<Arc<Resource>> {
        // `seen` is read once, because it changes meanwhile
        let mut all: Vec<_> = read(&self.resources)
            .by_raw
            .iter()
            .filter(|resource| {
                resource
                    .labels
                    .as_ref()
                    .is_some_and(|labels| !labels.info.is_empty())
            })
            .map(|resource| (resource.seen.load(Ordering::Relaxed), Arc::clone(resource)))
            .collect();
        all.sort_by(|(seen, one), (other_seen, other)| {
            let by_target = one.target().cmp(other.target());
            by_target.then((other_seen, other.id).cmp(&(seen, one.id)))
        });
        all.dedup_by(|(_, later), (_, first)| later.target() == first.target());
        all.into_iter().map(|(_, resource)| resource).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.sources.load(Ordering::Relaxed)
    }
}
