//! Who judges the box: the health agent of each.

use std::fmt::Write as _;
use std::net::SocketAddrV4;

use serde_json::{Value, json};

use crate::part::{Content, File, Part, Stage};
use crate::programs::Program;
use crate::topology::data_plane::PLANES;
use crate::topology::object_store::{self, Bucket};
use crate::topology::port;
use crate::topology::site::{A, Replica, Site, http, of, port as open, words};

pub(super) fn health(site: &Site<'_>, replica: Replica) -> Part {
    let name = of("health", replica);
    let address = site.on(replica, port::HEALTH);
    let configuration = site.config(&name).join("health.toml");
    Part {
        // it waits for nothing: what is not there is what it tells
        arguments: words(["--config", &configuration.display().to_string()]),
        files: vec![File {
            content: Content::Text(settings(site, replica)),
            path: configuration,
        }],
        ports: vec![open("HTTP", address)],
        probe: http(address, "/readyz"),
        // it sends canaries, and after it has ended nobody is alarmed by the end of the others
        ..site.part(Program::Health, Stage::Load, &name, replica.name)
    }
}

/// What the agent of a box asks, in TOML.
fn settings(site: &Site<'_>, replica: Replica) -> String {
    let url = |address: SocketAddrV4| json!(format!("http://{address}"));
    let on = |replica, port| url(site.on(replica, port));
    let mut text = String::new();
    // strings and lists of TOML are written as those of JSON
    let mut table = |header: &str, entries: &[(&str, Value)]| {
        if !header.is_empty() {
            let _ = writeln!(text, "\n{header}");
        }
        for (key, value) in entries {
            let _ = writeln!(text, "{key} = {value}");
        }
    };
    table(
        "",
        &[
            ("box", json!(replica.name)),
            ("listen", json!(site.on(replica, port::HEALTH))),
            // who breaks something on purpose does not want to wait
            ("interval", json!("5s")),
        ],
    );
    let mut parts: Vec<_> = parts(site, replica)
        .into_iter()
        .map(|(key, port)| (key, on(replica, port)))
        .collect();
    let bucket = bucket(site, replica);
    parts.extend(bucket.iter().map(|bucket| ("object_store", url(bucket.address))));
    table("[parts]", &parts);
    table("[prometheus]", &[("max_series", json!(site.plan.memory.series))]);
    let mut system = vec![("mounts", json!([site.plan.folders.state]))];
    if let Some(bucket) = bucket {
        system.push(("secrets", json!([bucket.credentials])));
        let entries = [
            ("bucket", json!(bucket.name)),
            ("region", json!(bucket.region)),
            ("credentials_file", json!(bucket.credentials)),
        ];
        table("[object_store]", &entries);
    }
    table("[system]", &system);
    // so that what it says to do is said of this demo
    let call = &site.plan.call;
    let mut demo = vec![("program", json!(call.program))];
    demo.extend(call.state_dir.iter().map(|folder| ("state_dir", json!(folder))));
    table("[system.demo]", &demo);
    for peer in site.peers(replica) {
        let entries = [
            ("box", json!(peer.name)),
            ("health", on(peer, port::HEALTH)),
            ("prometheus", on(peer, port::PROMETHEUS)),
            ("alertmanager", on(peer, port::ALERTMANAGER)),
        ];
        table("[peer]", &entries);
    }
    for plane in &PLANES {
        let entries = [
            ("environment", json!(plane.environment)),
            ("data_plane_id", json!(plane.id)),
            ("otlp", url(site.plane(plane, port::OTLP_HTTP))),
            ("self_metrics", url(site.plane(plane, port::COLLECTOR_SELF))),
        ];
        table("[[collectors]]", &entries);
    }
    text
}

/// The parts of the box that answer HTTP, by the name of their key, and their ports.
fn parts(site: &Site<'_>, replica: Replica) -> Vec<(&'static str, u16)> {
    let mut ports = vec![
        ("prometheus", port::PROMETHEUS),
        ("alertmanager", port::ALERTMANAGER),
    ];
    if site.plan.is_full() {
        ports.extend([
            ("pushgateway", port::PUSHGATEWAY),
            ("thanos_sidecar", port::SIDECAR_HTTP),
        ]);
    }
    let is_first = replica == A;
    if is_first {
        ports.push(("dashboard", port::DASHBOARD));
    }
    // what there is one of, for both
    if is_first && site.plan.is_full() {
        ports.extend([
            ("node_exporter", port::NODE_EXPORTER),
            ("thanos_query", port::QUERY_HTTP),
            ("thanos_query_frontend", port::QUERY_FRONTEND_HTTP),
            ("thanos_store", port::STORE_HTTP),
            ("thanos_compact", port::COMPACT_HTTP),
            ("thanos_rule", port::RULE_HTTP),
        ]);
    }
    ports
}

/// The bucket, of the box that has it.
fn bucket(site: &Site<'_>, replica: Replica) -> Option<Bucket> {
    let store = site.plan.object_store().filter(|_| replica == A)?;
    object_store::bucket(site, store).ok()
}
