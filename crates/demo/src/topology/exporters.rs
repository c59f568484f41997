//! What Prometheus scrapes beside the services: the machine, and what batch jobs have pushed.

use crate::part::{Content, File, Part, Stage};
use crate::programs::Program;
use crate::topology::port;
use crate::topology::site::{A, Replica, Site, http, of, option, port as open};

pub(super) fn pushgateway(site: &Site<'_>, replica: Replica) -> Part {
    let name = of("pushgateway", replica);
    let address = site.on(replica, port::PUSHGATEWAY);
    let folder = site.data(&name);
    Part {
        arguments: vec![
            option("--web.listen-address", address),
            option("--persistence.file", folder.join("metrics").display()),
            // at most what was pushed in so long is lost with the process; its own default is five minutes
            option("--persistence.interval", "5s"),
        ],
        files: vec![File {
            path: folder,
            content: Content::Folder,
        }],
        ports: vec![open("HTTP", address)],
        probe: http(address, "/-/ready"),
        ..site.part(Program::Pushgateway, Stage::Collector, &name, replica.name)
    }
}

/// One for the machine that all of the box runs on.
pub(super) fn node_exporter(site: &Site<'_>) -> Part {
    let address = site.on(A, port::NODE_EXPORTER);
    Part {
        arguments: vec![option("--web.listen-address", address)],
        ports: vec![open("HTTP", address)],
        probe: http(address, "/"),
        ..site.part(Program::NodeExporter, Stage::Collector, "node-exporter", A.name)
    }
}
