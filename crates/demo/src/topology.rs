//! The box as data: which parts there are, where they listen, who needs whom.
//!
//! Each "host" of a deployment is a loopback address of its own, so that every port is the standard one.

mod control_plane;
mod data_plane;
mod port;
mod site;

use std::net::SocketAddrV4;
use std::path::PathBuf;

use control_plane::{alertmanager, dashboard, prometheus, receiver};
use data_plane::{PLANES, collector, demo_api, load_gen};
use site::{Site, variable};

use crate::network::Network;
use crate::part::Part;

/// Where files are.
#[derive(Debug, Clone)]
pub(crate) struct Folders {
    pub(crate) state: PathBuf,
    pub(crate) stack: PathBuf,
}

#[derive(Debug)]
pub(crate) struct Topology {
    /// In the order in which data flows.
    pub(crate) parts: Vec<Part>,
    /// The environments whose metrics must be seen.
    pub(crate) environments: Vec<&'static str>,
    /// The base URL.
    pub(crate) dashboard: String,
    /// What the command of `--then` finds in its environment.
    pub(crate) variables: Vec<(String, String)>,
}

/// Three data planes and one control plane without long-term storage.
pub(crate) fn simple(network: Network, folders: &Folders) -> Topology {
    let site = Site { network, folders };
    let of_planes = [collector, demo_api, load_gen];
    let mut parts: Vec<_> = of_planes
        .iter()
        .flat_map(|part| PLANES.iter().map(|plane| part(&site, plane)))
        .collect();
    parts.extend([
        prometheus(&site),
        alertmanager(&site),
        receiver(&site),
        dashboard(&site),
    ]);
    Topology {
        parts,
        environments: PLANES.iter().map(|plane| plane.environment).collect(),
        dashboard: format!("http://{}", site.control(port::DASHBOARD)),
        variables: variables(&site),
    }
}

fn variables(site: &Site<'_>) -> Vec<(String, String)> {
    let url = |address: SocketAddrV4| format!("http://{address}");
    let state = site.folders.state.display();
    let mut variables = vec![
        variable("SIGNALBOX_STATE_DIR", state),
        variable("SIGNALBOX_DASHBOARD_URL", url(site.control(port::DASHBOARD))),
        variable("SIGNALBOX_PROMETHEUS_URL", url(site.control(port::PROMETHEUS))),
        variable(
            "SIGNALBOX_ALERTMANAGER_URL",
            url(site.control(port::ALERTMANAGER)),
        ),
        variable("SIGNALBOX_RECEIVER_URL", url(site.control(port::RECEIVER))),
    ];
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
