//! The parts of the control plane: store, dashboard and alerting.

use std::time::Duration;

use serde_json::json;

use crate::part::{Content, File, Part, Port, Stage};
use crate::programs::Program;
use crate::topology::data_plane::{PLANES, Plane};
use crate::topology::port;
use crate::topology::site::{Site, http, option, variable, words};

/// The box's name.
const BOX: &str = "a";

/// Prometheus writes out what it holds.
const STORE_GRACE: Duration = Duration::from_secs(30);

pub(super) fn prometheus(site: &Site<'_>) -> Part {
    let folder = site.folders.state.join("config/prometheus");
    let address = site.control(port::PROMETHEUS);
    let file = |name: &str, content| File {
        path: folder.join(name),
        content,
    };
    let link = |name: &str| {
        file(
            name,
            Content::LinkTo(site.folders.stack.join("prometheus").join(name)),
        )
    };
    let targets = |job: &str, groups: serde_json::Value| {
        file(
            &format!("targets/{job}.json"),
            Content::Text(format!("{groups:#}\n")),
        )
    };
    let own = |port| json!([{ "targets": [site.control(port)], "labels": { "box": BOX, "instance": format!("{BOX}:{port}") } }]);
    Part {
        arguments: vec![
            option("--config.file", folder.join("prometheus.yml").display()),
            option("--storage.tsdb.path", site.data("prometheus")),
            option("--web.listen-address", address),
            option("--web.external-url", format!("http://{address}/")),
            // no web page of another origin may read the API
            option("--web.cors.origin", "none"),
            option("--enable-feature", "exemplar-storage"),
        ],
        environment: vec![
            variable("SIGNALBOX_CLUSTER", "demo"),
            variable("SIGNALBOX_REGION", "local"),
            variable("SIGNALBOX_REPLICA", BOX),
        ],
        files: vec![
            file("targets", Content::Folder),
            link("prometheus.yml"),
            link("rules"),
            targets("dataplanes", planes(site, "data-plane", port::COLLECTOR_DATA)),
            targets(
                "otel-collectors",
                planes(site, "otel-collector", port::COLLECTOR_SELF),
            ),
            targets("prometheus", own(port::PROMETHEUS)),
            targets("alertmanager", own(port::ALERTMANAGER)),
            targets("dashboard", own(port::DASHBOARD)),
            targets(
                "alertmanagers",
                json!([{ "targets": [site.control(port::ALERTMANAGER)] }]),
            ),
        ],
        ports: vec![Port {
            what: "HTTP",
            address,
        }],
        probe: http(address, "/-/ready"),
        // a collector that is not there at the first scrape costs ten seconds
        needs: PLANES
            .iter()
            .map(|plane| format!("collector-{}", plane.environment))
            .collect(),
        grace: STORE_GRACE,
        ..site.part(Program::Prometheus, Stage::Store, "prometheus", BOX)
    }
}

/// The scrape targets of all data planes, on `port`.
fn planes(site: &Site<'_>, component: &str, port: u16) -> serde_json::Value {
    let group = |plane: &Plane| {
        json!({
            "targets": [site.plane(plane, port)],
            "labels": {
                "environment": plane.environment,
                "data_plane": plane.label,
                "data_plane_id": plane.id,
                "component": component,
                "instance": format!("{}:{port}", plane.id),
            }
        })
    };
    PLANES.iter().map(group).collect()
}

pub(super) fn alertmanager(site: &Site<'_>) -> Part {
    // its working directory: it looks there for the file that holds the receiver's URL
    let folder = site.folders.state.join("config/alertmanager");
    let address = site.control(port::ALERTMANAGER);
    let configuration = folder.join("alertmanager.yml");
    Part {
        arguments: vec![
            option("--config.file", configuration.display()),
            option("--storage.path", site.data("alertmanager")),
            option("--web.listen-address", address),
            option("--web.external-url", format!("http://{address}/")),
            // a single box has no mesh
            option("--cluster.listen-address", ""),
            option("--enable-feature", "utf8-strict-mode"),
        ],
        files: vec![
            File {
                content: Content::LinkTo(site.folders.stack.join("alertmanager/alertmanager.yml")),
                path: configuration,
            },
            File {
                path: folder.join("webhook-url"),
                content: Content::Text(format!("http://{}/alerts\n", site.control(port::RECEIVER))),
            },
        ],
        folder,
        ports: vec![Port {
            what: "HTTP",
            address,
        }],
        probe: http(address, "/-/ready"),
        ..site.part(Program::Alertmanager, Stage::Alerting, "alertmanager", BOX)
    }
}

pub(super) fn receiver(site: &Site<'_>) -> Part {
    let address = site.control(port::RECEIVER);
    let log = site.folders.state.join("logs/notifications.jsonl");
    Part {
        arguments: words([
            "receive-webhooks",
            "--listen",
            &address.to_string(),
            "--log",
            &log.display().to_string(),
        ]),
        ports: vec![Port {
            what: "webhooks",
            address,
        }],
        probe: http(address, "/readyz"),
        ..site.part(Program::Demo, Stage::Alerting, "receiver", BOX)
    }
}

pub(super) fn dashboard(site: &Site<'_>) -> Part {
    let address = site.control(port::DASHBOARD);
    Part {
        environment: vec![
            variable("SIGNALBOX_DASHBOARD__LISTEN", address),
            variable(
                "SIGNALBOX_DASHBOARD__UPSTREAM",
                format!("http://{}", site.control(port::PROMETHEUS)),
            ),
        ],
        ports: vec![Port {
            what: "HTTP",
            address,
        }],
        probe: http(address, "/readyz"),
        needs: words(["prometheus"]),
        ..site.part(Program::Dashboard, Stage::Store, "dashboard", BOX)
    }
}
