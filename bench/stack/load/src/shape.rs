//! What an instance of a service exports: with the collector's configuration as it is shipped, [`EXPOSED`] series.

use bench_shared::message::Attribute;

/// Series that an instance has when it is scraped: second names of metrics and `target_info` are counted.
pub(crate) const EXPOSED: usize = 1000;

/// Services, each of several instances. The first is the one that the shipped objectives are about.
const SERVICES: usize = 40;

/// The bounds of histograms: those of the semantic conventions for HTTP, in seconds.
pub(crate) const BOUNDS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];
pub(crate) const BUCKETS: usize = BOUNDS.len() + 1;

/// The instrumentation scope of all metrics.
pub(crate) const SCOPE: (&str, &str) = ("io.opentelemetry.contrib.http", "1.32.0");

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A monotonic sum of integers.
    Counter,
    /// A sum of integers that goes down too.
    UpDown,
    /// A gauge of integers.
    Integer,
    /// A gauge of doubles.
    Double,
    /// Cumulative, with [`BOUNDS`].
    Histogram,
}

/// A metric of every instance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Metric {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) kind: Kind,
    /// Sets of attributes, each of them a point.
    pub(crate) sets: usize,
    /// Under how many names the collector shows it.
    pub(crate) names: usize,
    /// The attributes of a set.
    pub(crate) attributes: fn(usize) -> Attributes,
}

pub(crate) type Attributes = Vec<(&'static str, Attribute)>;

/// Three fifths of all series belong to histograms, as it is with OpenTelemetry's SDKs.
pub(crate) const METRICS: &[Metric] = &[
    metric("http.server.request.duration", "s", Kind::Histogram, 6, 3, served),
    metric(
        "http.server.active_requests",
        "{request}",
        Kind::UpDown,
        3,
        2,
        active,
    ),
    metric("http.client.request.duration", "s", Kind::Histogram, 8, 1, called),
    metric(
        "db.client.operation.duration",
        "s",
        Kind::Histogram,
        10,
        1,
        stored,
    ),
    metric("shop.orders.processed", "{order}", Kind::Counter, 25, 1, tenant),
    metric("shop.orders.value", "EUR", Kind::Counter, 25, 1, tenant),
    metric("shop.payments.settled", "{payment}", Kind::Counter, 25, 1, tenant),
    metric("shop.cache.hits", "{hit}", Kind::Counter, 25, 1, tenant),
    metric("shop.cache.misses", "{miss}", Kind::Counter, 25, 1, tenant),
    metric("shop.events.published", "{event}", Kind::Counter, 25, 1, tenant),
    metric("shop.events.retried", "{event}", Kind::Counter, 25, 1, tenant),
    metric("shop.network.io", "By", Kind::Counter, 25, 1, tenant),
    metric("shop.queue.depth", "{item}", Kind::Integer, 20, 1, pool),
    metric(
        "shop.pool.connections",
        "{connection}",
        Kind::Integer,
        20,
        1,
        pool,
    ),
    metric("shop.memory.used", "By", Kind::Integer, 20, 1, pool),
    metric("shop.sessions.open", "{session}", Kind::Integer, 20, 1, pool),
    metric("shop.pool.utilization", "1", Kind::Double, 20, 1, pool),
    metric("shop.queue.age", "s", Kind::Double, 20, 1, pool),
    metric("shop.cpu.utilization", "1", Kind::Double, 20, 1, pool),
    metric("shop.stock.level", "kg", Kind::Double, 20, 1, pool),
    metric("shop.exchange.rate", "EUR", Kind::Double, 20, 1, pool),
    metric("process.threads", "{thread}", Kind::Integer, 1, 1, nothing),
];

const fn metric(
    name: &'static str,
    unit: &'static str,
    kind: Kind,
    sets: usize,
    names: usize,
    attributes: fn(usize) -> Attributes,
) -> Metric {
    Metric {
        name,
        unit,
        kind,
        sets,
        names,
        attributes,
    }
}

/// The service that an instance belongs to.
pub(crate) fn service(instance: usize) -> String {
    match instance % SERVICES {
        0 => "api-service".to_owned(),
        number => format!("service-{number:02}"),
    }
}

/// The attributes of an instance's resource. `service.instance.id` ends with its number, in eight digits.
pub(crate) fn resource(instance: usize) -> [(&'static str, String); 5] {
    [
        ("service.namespace", "shop".to_owned()),
        ("service.name", service(instance)),
        ("service.version", "2026.11.3".to_owned()),
        ("host.name", format!("node-{:02}.example", instance % 20)),
        (INSTANCE, format!("0b7e4c1a-5d92-4f36-8a60-{instance:08}")),
    ]
}

/// The attribute by which the instances of a service are told apart.
pub(crate) const INSTANCE: &str = "service.instance.id";

fn text(value: &str) -> Attribute {
    Attribute::Text(value.to_owned())
}

fn served(set: usize) -> Attributes {
    const REQUESTS: [(&str, &str, u64); 6] = [
        ("GET", "/api/v1/orders", 200),
        ("GET", "/api/v1/orders/{id}", 200),
        ("GET", "/api/v1/orders/{id}", 404),
        ("POST", "/api/v1/orders", 201),
        ("POST", "/api/v1/orders", 500),
        ("GET", "/healthz", 200),
    ];
    let (method, route, status) = REQUESTS[set];
    vec![
        ("http.request.method", text(method)),
        ("http.route", text(route)),
        ("http.response.status_code", Attribute::Integer(status)),
        ("url.scheme", text("http")),
    ]
}

fn active(set: usize) -> Attributes {
    vec![
        ("http.request.method", text(["GET", "POST", "DELETE"][set])),
        ("url.scheme", text("http")),
    ]
}

fn called(set: usize) -> Attributes {
    vec![
        ("http.request.method", text(["GET", "POST"][set % 2])),
        (
            "server.address",
            text(["stock.example", "billing.example"][set / 2 % 2]),
        ),
        (
            "http.response.status_code",
            Attribute::Integer([200, 503][set / 4]),
        ),
    ]
}

fn stored(set: usize) -> Attributes {
    vec![
        ("db.system.name", text("postgresql")),
        ("db.operation.name", text(["SELECT", "INSERT"][set % 2])),
        (
            "db.collection.name",
            text(["orders", "customers", "items", "prices", "audit"][set / 2]),
        ),
    ]
}

fn tenant(set: usize) -> Attributes {
    vec![
        ("tenant", Attribute::Text(format!("tenant-{:02}", set / 5))),
        (
            "channel",
            text(["web", "app", "shop", "phone", "partner"][set % 5]),
        ),
    ]
}

fn pool(set: usize) -> Attributes {
    vec![
        ("pool", Attribute::Text(format!("pool-{:02}", set / 2))),
        ("state", text(["used", "idle"][set % 2])),
    ]
}

fn nothing(_set: usize) -> Attributes {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn an_instance_has_as_many_series_as_it_says() {
        let exposed = |metric: &Metric| {
            let each = match metric.kind {
                // each bucket, the sum and the count
                Kind::Histogram => BUCKETS + 2,
                Kind::Counter | Kind::UpDown | Kind::Integer | Kind::Double => 1,
            };
            metric.sets * metric.names * each
        };
        // one more is `target_info`
        assert_eq!(METRICS.iter().map(exposed).sum::<usize>() + 1, EXPOSED);
    }

    #[test]
    fn no_two_points_of_a_metric_are_one_series() {
        for metric in METRICS {
            let sets: HashSet<_> = (0..metric.sets)
                .map(|set| format!("{:?}", (metric.attributes)(set)))
                .collect();
            assert_eq!(sets.len(), metric.sets, "{}", metric.name);
        }
        let names: HashSet<_> = METRICS.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), METRICS.len());
    }
}
