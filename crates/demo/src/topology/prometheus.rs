//! Prometheus, and whom it scrapes: the same list for both of a pair, the parts of both boxes included.

use std::time::Duration;

use serde_json::{Value, json};

use crate::part::{Content, File, Part, Stage};
use crate::programs::Program;
use crate::topology::data_plane::{PLANES, Plane};
use crate::topology::object_store;
use crate::topology::port;
use crate::topology::site::{A, CLUSTER, REGION, Replica, Site, http, of, option, port as open, variable};

/// Prometheus writes out what it holds.
const GRACE: Duration = Duration::from_secs(30);

/// How long samples are kept beside an object store, which has them all: for how long that may be away.
const RETENTION: [(&str, &str); 2] = [("time", "7d"), ("size", "50GB")];

pub(super) fn prometheus(site: &Site<'_>, replica: Replica) -> Part {
    let name = of("prometheus", replica);
    let folder = site.config(&name);
    let data = site.data(&name);
    let address = site.on(replica, port::PROMETHEUS);
    let mut arguments = vec![
        option("--config.file", folder.join("prometheus.yml").display()),
        option("--storage.tsdb.path", data.display()),
        option("--web.listen-address", address),
        option("--web.external-url", format!("http://{address}/")),
        // no web page of another origin may read the API
        option("--web.cors.origin", "none"),
        option("--enable-feature", "exemplar-storage"),
        option(
            "--query.max-samples",
            site.plan.memory.limits.prometheus_query_samples,
        ),
    ];
    let mut files = vec![
        File {
            path: folder.join("targets"),
            content: Content::Folder,
        },
        File {
            path: folder.join("rules"),
            content: Content::LinkTo(site.stack("prometheus/rules")),
        },
        File {
            path: folder.join("prometheus.yml"),
            content: configuration(site),
        },
    ];
    files.extend(targets(site).into_iter().map(|(job, groups)| File {
        path: folder.join(format!("targets/{job}.json")),
        content: Content::Text(format!("{groups:#}\n")),
    }));
    // Prometheus compacts only what the sidecar lists there as uploaded; without the file it compacts at once. Without a
    // sidecar nothing is compacted, so that a later run with one uploads all that there is.
    let shipped = data.join("thanos.shipper.json");
    arguments.push(option(
        "--storage.tsdb.delay-compact-file.path",
        shipped.display(),
    ));
    files.push(File {
        path: shipped,
        content: Content::First(format!("{}\n", json!({ "version": 1, "uploaded": [] }))),
    });
    if let Some(block) = site.plan.tuning.block_duration.map(duration) {
        arguments.extend([
            option("--storage.tsdb.min-block-duration", &block),
            option("--storage.tsdb.max-block-duration", &block),
        ]);
    }
    Part {
        arguments,
        environment: vec![
            variable("SIGNALBOX_CLUSTER", CLUSTER),
            variable("SIGNALBOX_REGION", REGION),
            variable("SIGNALBOX_REPLICA", replica.name),
        ],
        files,
        ports: vec![open("HTTP", address)],
        probe: http(address, "/-/ready"),
        // a collector that is not there at the first scrape costs ten seconds
        needs: PLANES
            .iter()
            .map(|plane| format!("collector-{}", plane.environment))
            .collect(),
        grace: GRACE,
        ..site.part(Program::Prometheus, Stage::Store, &name, replica.name)
    }
}

/// As Prometheus and Thanos write one: `20s`.
pub(super) fn duration(duration: Duration) -> String {
    format!("{}s", duration.as_secs())
}

/// The file of `stack/` as it is, or with other lines that say how long samples are kept: Prometheus takes that from its
/// file alone.
fn configuration(site: &Site<'_>) -> Content {
    let original = site.stack("prometheus/prometheus.yml");
    let tuned = site
        .plan
        .tuning
        .retention
        .as_ref()
        .map(|time| ("time", time.as_str()));
    let profile = site.plan.is_full().then_some(RETENTION).into_iter().flatten();
    let changes: Vec<_> = profile.chain(tuned).collect();
    if changes.is_empty() {
        return Content::LinkTo(original);
    }
    Content::Edited {
        original,
        // deeper than any other key of that name
        changes: changes
            .into_iter()
            .map(|(key, value)| (format!("      {key}: "), value.to_owned()))
            .collect(),
    }
}

/// The target groups of each job.
fn targets(site: &Site<'_>) -> Vec<(&'static str, Value)> {
    let everywhere = site.replicas();
    let here = &everywhere[..1];
    let own = |job, port, replicas: &[Replica]| {
        let groups = replicas.iter().map(|replica| own_group(site, *replica, port));
        (job, groups.collect())
    };
    let mut jobs = vec![
        ("dataplanes", planes(site, "data-plane", port::COLLECTOR_DATA)),
        (
            "otel-collectors",
            planes(site, "otel-collector", port::COLLECTOR_SELF),
        ),
        own("prometheus", port::PROMETHEUS, everywhere),
        own("alertmanager", port::ALERTMANAGER, everywhere),
        own("dashboard", port::DASHBOARD, here),
        own("health", port::HEALTH, everywhere),
        (
            "alertmanagers",
            everywhere
                .iter()
                .map(|replica| json!({ "targets": [site.on(*replica, port::ALERTMANAGER)] }))
                .collect(),
        ),
    ];
    let Some(store) = site.plan.object_store() else {
        return jobs;
    };
    // no box: what was pushed to both differs in one label alone, which queries take away
    let pushgateways = everywhere.iter().map(|replica| {
        let (name, port) = (replica.name, port::PUSHGATEWAY);
        let labels = json!({ "instance": format!("{name}:{port}"), "pushgateway": name });
        json!({ "targets": [site.on(*replica, port)], "labels": labels })
    });
    jobs.extend([
        ("pushgateway", pushgateways.collect()),
        own("node", port::NODE_EXPORTER, here),
        own("thanos-sidecar", port::SIDECAR_HTTP, everywhere),
        own("thanos-query", port::QUERY_HTTP, here),
        own("thanos-query-frontend", port::QUERY_FRONTEND_HTTP, here),
        own("thanos-store", port::STORE_HTTP, here),
        own("thanos-compact", port::COMPACT_HTTP, here),
        own("thanos-rule", port::RULE_HTTP, here),
    ]);
    if let Some((address, path)) = object_store::metrics(site, store) {
        let mut group = own_group(site, A, address.port());
        group["labels"]["__metrics_path__"] = json!(path);
        jobs.push(("object-store", json!([group])));
    }
    jobs
}

/// A part of the control plane, under a name that does not depend on who scrapes.
fn own_group(site: &Site<'_>, replica: Replica, port: u16) -> Value {
    let name = replica.name;
    json!({ "targets": [site.on(replica, port)], "labels": { "box": name, "instance": format!("{name}:{port}") } })
}

/// The scrape targets of all data planes, on `port`.
fn planes(site: &Site<'_>, component: &str, port: u16) -> Value {
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
