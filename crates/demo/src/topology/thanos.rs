//! The long memory: a sidecar beside each Prometheus brings its blocks to the object store, and one query sees all.

use std::net::SocketAddrV4;
use std::time::Duration;

use serde_json::json;

use crate::part::{Content, File, Part, Stage};
use crate::programs::Program;
use crate::topology::object_store::{self, Access, ObjectStore};
use crate::topology::port;
use crate::topology::prometheus;
use crate::topology::site::{A, CLUSTER, REGION, Replica, Site, http, of, option, port as open};

pub(super) const QUERY_FRONTEND: &str = "thanos-query-frontend";

const SIDECAR: &str = "thanos-sidecar";
const QUERY: &str = "thanos-query";

/// How long a part of Thanos may take to end: longer than it waits for requests in flight.
const GRACE: Duration = Duration::from_secs(15);

/// All of Thanos' parts.
pub(super) fn parts(site: &Site<'_>, store: &ObjectStore) -> Vec<Part> {
    let access = object_store::access(site, store);
    let mut parts: Vec<_> = site
        .replicas()
        .iter()
        .map(|replica| sidecar(site, &access, *replica))
        .collect();
    parts.extend([
        query(site),
        query_frontend(site),
        store_gateway(site, &access),
        compact(site, &access),
        rule(site, &access),
    ]);
    parts
}

fn sidecar(site: &Site<'_>, access: &Access, replica: Replica) -> Part {
    let prometheus = of("prometheus", replica);
    let mut part = thanos(
        site,
        &Shape {
            command: "sidecar",
            name: &of(SIDECAR, replica),
            replica,
            http: port::SIDECAR_HTTP,
            grpc: Some(port::SIDECAR_GRPC),
        },
    );
    part.arguments.extend([
        option(
            "--prometheus.url",
            format!("http://{}", site.on(replica, port::PROMETHEUS)),
        ),
        option("--tsdb.path", site.data(&prometheus).display()),
        // one that finds Prometheus not ready would ask again after half a minute
        option("--prometheus.get_config_interval", "5s"),
    ]);
    part.needs.push(prometheus);
    with_access(part, access)
}

/// Sees both Prometheus, the object store and the ruler; what both boxes say is one.
fn query(site: &Site<'_>) -> Part {
    let endpoints = site.config("thanos/endpoints.yml");
    let mut addresses: Vec<_> = site
        .replicas()
        .iter()
        .map(|replica| site.on(*replica, port::SIDECAR_GRPC))
        .collect();
    addresses.push(site.on(A, port::RULE_GRPC));
    let mut list: Vec<_> = addresses
        .iter()
        .map(|address: &SocketAddrV4| json!({ "address": address }))
        .collect();
    // one that is away is soon forgotten, and then answers do not say that the old samples are missing; this one is asked always
    list.push(json!({ "address": site.on(A, port::STORE_GRPC), "strict": true }));
    let mut part = thanos(
        site,
        &Shape {
            command: "query",
            name: QUERY,
            replica: A,
            http: port::QUERY_HTTP,
            grpc: Some(port::QUERY_GRPC),
        },
    );
    part.arguments.extend([
        option("--endpoint.sd-config-file", endpoints.display()),
        option("--query.replica-label", "replica"),
        // a batch job pushes to both: its series, twice scraped, are one
        option("--query.replica-label", "pushgateway"),
        option("--deduplication.func", "penalty"),
        "--query.auto-downsampling".to_owned(),
        option("--query.active-query-path", site.data(QUERY).display()),
        // what is asked at once takes the processor from scrapes, and the sidecar's memory; the rest waits
        option("--query.max-concurrent", "4"),
        // a peer that hangs does not hold up the answer
        option("--store.response-timeout", "10s"),
    ]);
    part.files.extend([
        File {
            path: endpoints,
            content: Content::Text(format!("{:#}\n", json!({ "endpoints": list }))),
        },
        File {
            path: site.data(QUERY),
            content: Content::Folder,
        },
    ]);
    part
}

fn query_frontend(site: &Site<'_>) -> Part {
    let answers = cache(
        site,
        "query-frontend-cache.yml",
        site.plan.memory.caches.response_cache,
    );
    let mut part = thanos(
        site,
        &Shape {
            command: "query-frontend",
            name: QUERY_FRONTEND,
            replica: A,
            http: port::QUERY_FRONTEND_HTTP,
            grpc: None,
        },
    );
    part.arguments.extend([
        option(
            "--query-frontend.downstream-url",
            format!("http://{}", site.on(A, port::QUERY_HTTP)),
        ),
        option("--query-range.response-cache-config-file", answers.path.display()),
        "--query-frontend.compress-responses".to_owned(),
    ]);
    part.files.push(answers);
    part.needs.push(QUERY.to_owned());
    part
}

/// A cache's file, with its size, MiB, in this class of box.
fn cache(site: &Site<'_>, name: &str, size: u32) -> File {
    File {
        path: site.config("thanos").join(name),
        content: Content::Edited {
            original: site.stack("thanos").join(name),
            changes: vec![("  max_size: ".to_owned(), format!("{size}MiB"))],
        },
    }
}

fn store_gateway(site: &Site<'_>, access: &Access) -> Part {
    let name = "thanos-store";
    let memory = &site.plan.memory;
    let index_cache = cache(site, "store-index-cache.yml", memory.caches.store_index_cache);
    let mut part = thanos(
        site,
        &Shape {
            command: "store",
            name,
            replica: A,
            http: port::STORE_HTTP,
            grpc: Some(port::STORE_GRPC),
        },
    );
    part.arguments.extend([
        option("--data-dir", site.data(name).display()),
        option("--index-cache.config-file", index_cache.path.display()),
        option(
            "--chunk-pool-size",
            format!("{}MiB", memory.caches.store_chunk_pool),
        ),
        option(
            "--store.grpc.touched-series-limit",
            memory.limits.store_touched_series,
        ),
        "--disable-admin-operations".to_owned(),
    ]);
    part.files.push(index_cache);
    if site.plan.tuning.block_duration.is_some() {
        part.arguments.push(option("--sync-block-duration", "5s"));
    }
    with_access(part, access)
}

/// The only one of the bucket: two would take each other's blocks away.
fn compact(site: &Site<'_>, access: &Access) -> Part {
    let name = "thanos-compact";
    let mut part = thanos(
        site,
        &Shape {
            command: "compact",
            name,
            replica: A,
            http: port::COMPACT_HTTP,
            grpc: None,
        },
    );
    part.arguments.extend([
        option("--data-dir", site.data(name).display()),
        "--wait".to_owned(),
        option("--retention.resolution-raw", "30d"),
        option("--retention.resolution-5m", "120d"),
        option("--retention.resolution-1h", "730d"),
        "--disable-admin-operations".to_owned(),
    ]);
    if site.plan.tuning.block_duration.is_some() {
        part.arguments.extend([
            option("--wait-interval", "10s"),
            option("--consistency-delay", "0s"),
        ]);
    }
    with_access(part, access)
}

/// Evaluates only what Prometheus does not keep long enough for.
fn rule(site: &Site<'_>, access: &Access) -> Part {
    let name = "thanos-rule";
    let labels = [
        ("cluster", CLUSTER),
        ("region", REGION),
        ("replica", A.name),
        // without it, its blocks would have the labels of Prometheus'
        ("source", "ruler"),
    ];
    let mut part = thanos(
        site,
        &Shape {
            command: "rule",
            name,
            replica: A,
            http: port::RULE_HTTP,
            grpc: Some(port::RULE_GRPC),
        },
    );
    part.arguments.extend([
        option("--data-dir", site.data(name).display()),
        option("--rule-file", site.stack("thanos/rules/*.yml").display()),
        option("--eval-interval", "1m"),
        option("--query", format!("http://{}", site.on(A, port::QUERY_HTTP))),
        option("--alert.label-drop", "replica"),
    ]);
    let quoted = labels.map(|(label, value)| option("--label", format!("{label}={value:?}")));
    part.arguments.extend(quoted);
    let alertmanagers = site
        .replicas()
        .iter()
        .map(|replica| format!("http://{}", site.on(*replica, port::ALERTMANAGER)));
    part.arguments
        .extend(alertmanagers.map(|url| option("--alertmanagers.url", url)));
    if let Some(duration) = site.plan.tuning.block_duration {
        part.arguments
            .push(option("--tsdb.block-duration", prometheus::duration(duration)));
    }
    with_access(part, access)
}

/// What sets one part of Thanos apart from another.
struct Shape<'a> {
    command: &'a str,
    name: &'a str,
    replica: Replica,
    http: u16,
    grpc: Option<u16>,
}

/// A part of Thanos with what all of them have.
fn thanos(site: &Site<'_>, shape: &Shape<'_>) -> Part {
    let address = site.on(shape.replica, shape.http);
    let mut arguments = vec![
        shape.command.to_owned(),
        option("--http-address", address),
        // its default is two minutes
        option("--http-grace-period", "5s"),
    ];
    let mut ports = vec![open("HTTP", address)];
    if let Some(grpc) = shape.grpc {
        let address = site.on(shape.replica, grpc);
        arguments.extend([
            option("--grpc-address", address),
            option("--grpc-grace-period", "5s"),
        ]);
        ports.push(open("gRPC", address));
    }
    // no web page of another origin may read the APIs; the sidecar has none
    if shape.command != "sidecar" {
        arguments.push("--web.disable-cors".to_owned());
    }
    Part {
        arguments,
        ports,
        probe: http(address, "/-/ready"),
        grace: GRACE,
        ..site.part(Program::Thanos, Stage::Query, shape.name, shape.replica.name)
    }
}

fn with_access(mut part: Part, access: &Access) -> Part {
    part.arguments
        .push(option("--objstore.config-file", access.configuration.display()));
    part.environment.extend(access.environment.iter().cloned());
    part.files.extend(access.files.iter().cloned());
    part.needs.extend(access.needs.iter().cloned());
    part
}
