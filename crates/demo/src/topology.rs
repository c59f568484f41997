//! The box as data: which parts there are, where they listen, who needs whom.
//!
//! Each "host" of a deployment is a loopback address of its own, so that every port is the standard one.

mod alerting;
mod dashboard;
mod data_plane;
mod exporters;
mod health;
mod object_store;
mod port;
mod prometheus;
mod site;
mod thanos;

use std::net::SocketAddrV4;
use std::path::PathBuf;
use std::time::Duration;

use alerting::{alertmanager, receiver};
use dashboard::dashboard;
use data_plane::{PLANES, collector, demo_api, load_gen};
use exporters::{node_exporter, pushgateway};
use health::health;
use prometheus::prometheus;
use site::{A, Replica, Site, variable};

pub(crate) use object_store::ObjectStore;

use crate::command_line::Call;
use crate::memory::Memory;
use crate::network::Network;
use crate::part::Part;
use crate::secrets::Keys;

/// Everything that a box is made from.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) network: Network,
    pub(crate) folders: Folders,
    pub(crate) extent: Extent,
    pub(crate) keys: Keys,
    pub(crate) memory: Memory,
    pub(crate) tuning: Tuning,
    pub(crate) call: Call,
}

/// Where files are.
#[derive(Debug, Clone)]
pub(crate) struct Folders {
    pub(crate) state: PathBuf,
    pub(crate) stack: PathBuf,
}

/// How much of a box there is, beside its data planes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Extent {
    /// One control plane without long-term storage.
    Simple,
    /// A pair, which scrapes, alerts and takes in batch jobs' metrics twice, with Thanos and an object store.
    Full(ObjectStore),
}

/// What only tests want otherwise.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tuning {
    /// How long Prometheus keeps samples, as in its own file: `15d`.
    pub(crate) retention: Option<String>,
    /// How much time a block of Prometheus and of the ruler spans, in place of two hours and more.
    pub(crate) block_duration: Option<Duration>,
}

#[derive(Debug)]
pub(crate) struct Topology {
    /// In the order in which data flows.
    pub(crate) parts: Vec<Part>,
    /// The environments whose metrics must be seen.
    pub(crate) environments: Vec<&'static str>,
    /// The base URL.
    pub(crate) dashboard: String,
    /// The base URL of the first box' health agent.
    pub(crate) health: String,
    /// What the command of `--then` finds in its environment.
    pub(crate) variables: Vec<(String, String)>,
}

impl Plan {
    pub(crate) fn object_store(&self) -> Option<&ObjectStore> {
        match &self.extent {
            Extent::Simple => None,
            Extent::Full(store) => Some(store),
        }
    }

    fn is_full(&self) -> bool {
        self.object_store().is_some()
    }
}

impl Topology {
    /// Three data planes and the control plane.
    pub(crate) fn of(plan: &Plan) -> Self {
        let site = Site { plan };
        let of_planes = [collector, demo_api, load_gen];
        let mut parts: Vec<_> = of_planes
            .iter()
            .flat_map(|part| PLANES.iter().map(|plane| part(&site, plane)))
            .collect();
        let on_each = |part: fn(&Site<'_>, Replica) -> Part| {
            let replicas = site.replicas().iter();
            replicas.map(|replica| part(&site, *replica)).collect::<Vec<_>>()
        };
        if let Some(store) = plan.object_store() {
            parts.extend(object_store::part(&site, store));
            parts.push(node_exporter(&site));
            parts.extend(on_each(pushgateway));
        }
        parts.extend(on_each(prometheus));
        if let Some(store) = plan.object_store() {
            parts.extend(thanos::parts(&site, store));
        }
        parts.extend(on_each(alertmanager));
        parts.extend([receiver(&site), dashboard(&site)]);
        parts.extend(on_each(health));
        for part in &mut parts {
            part.environment.extend(plan.memory.limit_of(part));
        }
        Self {
            parts,
            environments: PLANES.iter().map(|plane| plane.environment).collect(),
            dashboard: format!("http://{}", site.on(A, port::DASHBOARD)),
            health: format!("http://{}", site.on(A, port::HEALTH)),
            variables: variables(&site),
        }
    }
}

fn variables(site: &Site<'_>) -> Vec<(String, String)> {
    let url = |address: SocketAddrV4| format!("http://{address}");
    let state = site.plan.folders.state.display();
    let mut variables = vec![
        variable("SIGNALBOX_STATE_DIR", state),
        variable("SIGNALBOX_DASHBOARD_URL", url(site.on(A, port::DASHBOARD))),
        variable("SIGNALBOX_QUERY_URL", dashboard::queries(site)),
        variable("SIGNALBOX_RECEIVER_URL", url(site.on(A, port::RECEIVER))),
    ];
    let mut of_each = vec![
        ("PROMETHEUS", port::PROMETHEUS),
        ("ALERTMANAGER", port::ALERTMANAGER),
        ("HEALTH", port::HEALTH),
    ];
    if site.plan.is_full() {
        of_each.push(("PUSHGATEWAY", port::PUSHGATEWAY));
    }
    for replica in site.replicas() {
        // the first one's name says nothing of a pair
        let infix = if *replica == A {
            String::new()
        } else {
            format!("{}_", replica.name.to_uppercase())
        };
        variables.extend(of_each.iter().map(|(what, port)| {
            let name = format!("SIGNALBOX_{what}_{infix}URL");
            variable(&name, url(site.on(*replica, *port)))
        }));
    }
    variables.extend(PLANES.iter().flat_map(|plane| {
        let environment = plane.environment.to_uppercase();
        [
            variable(
                &format!("SIGNALBOX_API_{environment}_URL"),
                url(site.plane(plane, port::DEMO_API)),
            ),
            variable(
                &format!("SIGNALBOX_OTLP_{environment}_URL"),
                url(site.plane(plane, port::OTLP_HTTP)),
            ),
        ]
    }));
    variables
}

#[cfg(test)]
mod tests;
