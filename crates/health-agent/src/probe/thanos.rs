//! Thanos and the object store: looks.

pub(crate) mod bucket;
mod parts;
mod round_trip;
mod stores;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{OptionFuture, join_all};

use crate::config::Config;
use crate::facts::thanos::Thanos;
use crate::probe::http::Client;
use crate::probe::prometheus::rules;

/// Never fails: what could not be asked is a fact too. `None` if the box has nothing of it.
pub(crate) async fn look(client: &Client, config: &Config) -> Option<Thanos> {
    let parts = &config.parts;
    let there: Vec<_> = parts
        .all()
        .filter(|(part, _)| part.starts_with("thanos-"))
        .collect();
    if there.is_empty() && parts.object_store.is_none() {
        return None;
    }
    let prometheus = parts.prometheus.as_ref();
    let ready = join_all(
        there
            .iter()
            .map(async |(name, url)| (*name, client.ready(url, "-/ready").await)),
    );
    let stores: OptionFuture<_> = parts
        .thanos_query
        .as_ref()
        .map(|query| stores::read(client, query))
        .into();
    let history = parts::history(client, prometheus, &config.box_name);
    let sidecar: OptionFuture<_> = parts
        .thanos_sidecar
        .as_ref()
        .map(|sidecar| client.samples(sidecar, "metrics", parts::OF_SIDECAR))
        .into();
    let compactor: OptionFuture<_> = parts
        .thanos_compact
        .as_ref()
        .map(|compactor| client.samples(compactor, "metrics", parts::OF_COMPACTOR))
        .into();
    let ruler: OptionFuture<_> = parts
        .thanos_rule
        .as_ref()
        .map(async |ruler| {
            tokio::join!(
                client.samples(ruler, "metrics", parts::OF_RULER),
                rules::failing(client, ruler)
            )
        })
        .into();
    let round_trip: OptionFuture<_> = prometheus
        .zip(parts.thanos_query_frontend.as_ref())
        .map(|(prometheus, frontend)| round_trip::go(client, prometheus, frontend, &config.box_name))
        .into();
    let object_store: OptionFuture<_> = parts
        .object_store
        .as_ref()
        .map(|store| bucket::look(client, store, config))
        .into();
    let (ready, stores, history, sidecar, compactor, ruler, round_trip, object_store) = tokio::join!(
        ready,
        stores,
        history,
        sidecar,
        compactor,
        ruler,
        round_trip,
        object_store
    );
    Some(Thanos {
        parts: ready.into_iter().collect(),
        box_name: config.box_name.clone(),
        hosts: hosts(config),
        stores,
        expected_stores: expected_stores(config),
        sidecar: sidecar.map(|page| page.map(|page| parts::sidecar(&page, &history))),
        // it tells it on a page that is read already
        prometheus_started_at: None,
        compactor: compactor.map(|page| page.map(|page| parts::compactor(&page, &history))),
        ruler: ruler.map(|(page, failing)| page.map(|page| parts::ruler(&page, failing, &history))),
        round_trip,
        object_store,
    })
}

/// Where the box's own parts are, as they are written in addresses.
fn hosts(config: &Config) -> BTreeSet<String> {
    let parts = &config.parts;
    let listening = [&parts.thanos_sidecar, &parts.thanos_store, &parts.thanos_rule];
    let hosts = listening.into_iter().flatten().filter_map(|part| part.host_str());
    hosts.map(str::to_owned).collect()
}

/// What the query must see: what this box has, and a sidecar on each box.
fn expected_stores(config: &Config) -> BTreeMap<&'static str, usize> {
    let parts = &config.parts;
    let sidecars = usize::from(parts.thanos_sidecar.is_some());
    let sidecars = sidecars + sidecars * usize::from(config.peer.is_some());
    [
        ("sidecar", sidecars),
        ("store", usize::from(parts.thanos_store.is_some())),
        ("rule", usize::from(parts.thanos_rule.is_some())),
    ]
    .into_iter()
    .filter(|(_, count)| *count > 0)
    .collect()
}
