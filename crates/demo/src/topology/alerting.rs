//! From an alert to people: Alertmanager, a mesh of two in a pair, and who receives in place of a chat or a pager.

use std::time::Duration;

use crate::part::{Content, File, Part, Stage};
use crate::programs::Program;
use crate::topology::port;
use crate::topology::site::{A, Replica, Site, http, of, option, port as open, words};

/// It writes out silences and what was notified, after its start delay and after having taken leave of its peers.
const GRACE: Duration = Duration::from_secs(25);

pub(super) fn alertmanager(site: &Site<'_>, replica: Replica) -> Part {
    let name = of("alertmanager", replica);
    // its working directory: it looks there for the file that holds the receiver's URL
    let folder = site.config(&name);
    let address = site.on(replica, port::ALERTMANAGER);
    let mesh = site.on(replica, port::ALERTMANAGER_MESH);
    let configuration = folder.join("alertmanager.yml");
    let stage = if replica == A {
        Stage::Alerting
    } else {
        Stage::AlertingPeer
    };
    let peers: Vec<_> = site
        .peers(replica)
        .map(|peer| site.on(peer, port::ALERTMANAGER_MESH))
        .collect();
    let mut arguments = vec![
        option("--config.file", configuration.display()),
        option("--storage.path", site.data(&name).display()),
        option("--web.listen-address", address),
        option("--web.external-url", format!("http://{address}/")),
        option("--data.retention", "120h"),
        option("--enable-feature", "utf8-strict-mode"),
    ];
    let mut ports = vec![open("HTTP", address)];
    if peers.is_empty() {
        // a single box opens no port for a mesh
        arguments.push(option("--cluster.listen-address", ""));
    } else {
        arguments.extend([
            option("--cluster.listen-address", mesh),
            option("--cluster.peer-name", &name),
            option("--cluster.label", "signalbox"),
            // a restarted one first hears of the alerts that fire; the appliance gives it the minute that Prometheus may take to
            // send one again, but until that time is over it cannot be stopped, and a demo is stopped often
            option("--dispatch.start-delay", "10s"),
        ]);
        arguments.extend(peers.iter().map(|peer| option("--cluster.peer", peer)));
        ports.push(open("the Alertmanagers' mesh", mesh));
    }
    Part {
        arguments,
        files: vec![
            File {
                content: Content::LinkTo(site.stack("alertmanager/alertmanager.yml")),
                path: configuration,
            },
            File {
                path: folder.join("webhook-url"),
                content: Content::Text(format!("http://{}/alerts\n", site.on(A, port::RECEIVER))),
            },
            File {
                path: folder.join("canary-url"),
                content: Content::Text(format!(
                    "http://{}/canary/alert\n",
                    site.on(replica, port::HEALTH)
                )),
            },
        ],
        folder,
        ports,
        probe: http(address, "/-/ready"),
        grace: GRACE,
        ..site.part(Program::Alertmanager, stage, &name, replica.name)
    }
}

pub(super) fn receiver(site: &Site<'_>) -> Part {
    let address = site.on(A, port::RECEIVER);
    let log = site.plan.folders.state.join("logs/notifications.jsonl");
    Part {
        arguments: words([
            "receive-webhooks",
            "--listen",
            &address.to_string(),
            "--log",
            &log.display().to_string(),
        ]),
        ports: vec![open("webhooks", address)],
        probe: http(address, "/readyz"),
        ..site.part(Program::Demo, Stage::Alerting, "receiver", A.name)
    }
}
