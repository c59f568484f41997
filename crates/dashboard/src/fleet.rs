//! Which environments there are, and in which order. The store says: a new data plane shows up by being scraped. One
//! that is expected, has an objective or a firing alert is there too, scraped or not: it must not be missed because it
//! is missing.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::api::environments::Environment;
use crate::upstream::Sample;

/// An environment, and when it was seen last.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Member {
    pub(crate) environment: Environment,
    /// When a target of it last answered a scrape, in Unix seconds. None when none did within a day.
    pub(crate) scraped_at: Option<f64>,
}

/// The order of the environments that somebody thought of beforehand. It fixes their slots, so that an environment
/// has the same colour on every day, whichever others are there.
#[derive(Clone, Debug)]
pub(crate) struct Roster(Vec<String>);

/// More environments than this cannot be told apart on one page, and each costs memory.
pub(crate) const MAX_ENVIRONMENTS: usize = 64;

/// An environment may be served by several data planes. One that fell silent this many seconds before the others,
/// because it was renamed or taken away, no longer counts.
const FORMER_DATA_PLANE: f64 = 300.0;

impl Roster {
    pub(crate) fn new(order: Vec<String>) -> Self {
        Self(order)
    }

    /// The expected environments, then others in `samples` by name. `samples` has one value per environment and data
    /// plane: the Unix time of its last scrape, or 0.
    pub(crate) fn members(&self, samples: &[Sample]) -> Vec<Member> {
        let mut found: BTreeMap<&str, Vec<(&str, f64)>> = BTreeMap::new();
        for sample in samples {
            let Some(environment) = sample.labels.get("environment").filter(|name| !name.is_empty()) else {
                continue;
            };
            let data_plane = sample.labels.get("data_plane").map_or("", String::as_str);
            found
                .entry(environment)
                .or_default()
                .push((data_plane, sample.value));
        }
        let expected: Vec<_> = self
            .names()
            .map(|name| (name, found.remove(name).unwrap_or_default()))
            .collect();
        (1..)
            .zip(expected.into_iter().chain(found))
            .take(MAX_ENVIRONMENTS)
            .map(|(slot, (name, data_planes))| member(slot, name, &data_planes))
            .collect()
    }

    /// Whether every expected environment was scraped. Until then something is about to appear.
    pub(crate) fn complete(&self, members: &[Member]) -> bool {
        let expected = &members[..members.len().min(self.0.len())];
        expected.iter().all(|member| member.scraped_at.is_some())
    }

    /// What can be said without a store.
    pub(crate) fn expected(&self) -> Vec<Environment> {
        let members = self.members(&[]).into_iter();
        members.map(|member| member.environment).collect()
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

fn member(slot: u32, name: &str, data_planes: &[(&str, f64)]) -> Member {
    let newest = data_planes.iter().map(|(_, newest)| *newest).fold(0.0, f64::max);
    let mut current: Vec<_> = data_planes
        .iter()
        .filter(|(data_plane, at)| !data_plane.is_empty() && newest - at < FORMER_DATA_PLANE)
        .map(|(data_plane, _)| *data_plane)
        .collect();
    current.sort_unstable();
    let data_plane = (!current.is_empty()).then(|| current.join(", "));
    Member {
        environment: Environment {
            name: name.to_owned(),
            data_plane,
            slot,
        },
        scraped_at: (newest > 0.0).then_some(newest),
    }
}
