//! The parts of a data plane: a service to observe, a collector, and traffic.

use serde_json::json;

use crate::part::{Part, Port, Stage};
use crate::programs::Program;
use crate::topology::port;
use crate::topology::site::{A, Site, http, variable, words};

/// One environment of the customer.
pub(super) struct Plane {
    pub(super) environment: &'static str,
    pub(super) id: &'static str,
    pub(super) label: &'static str,
    pub(super) host: u8,
    /// Where the demo API is also reachable on the control plane's address.
    pub(super) front_port: u16,
}

pub(super) const PLANES: [Plane; 3] = [
    Plane {
        environment: "prod",
        id: "dp-prod-01",
        label: "production",
        host: 11,
        front_port: 8081,
    },
    Plane {
        environment: "dev",
        id: "dp-dev-01",
        label: "development",
        host: 12,
        front_port: 8082,
    },
    Plane {
        environment: "qa",
        id: "dp-qa-01",
        label: "quality-assurance",
        host: 13,
        front_port: 8083,
    },
];

pub(super) fn collector(site: &Site<'_>, plane: &Plane) -> Part {
    let name = format!("collector-{}", plane.environment);
    let ports = [
        ("HTTP", "OTLP over HTTP", port::OTLP_HTTP),
        ("GRPC", "OTLP over gRPC", port::OTLP_GRPC),
        ("DATA", "collected metrics", port::COLLECTOR_DATA),
        ("SELF_METRICS", "its own metrics", port::COLLECTOR_SELF),
    ];
    let mut environment = vec![
        variable("SIGNALBOX_COLLECTOR__ENVIRONMENT", plane.environment),
        variable("SIGNALBOX_COLLECTOR__DATA_PLANE_ID", plane.id),
        // sums of deltas go on where the last run left them
        variable("SIGNALBOX_COLLECTOR__STATE_DIR", site.data(&name).display()),
    ];
    environment.extend(ports.map(|(key, _, port)| {
        let name = format!("SIGNALBOX_COLLECTOR__LISTEN__{key}");
        variable(&name, site.plane(plane, port))
    }));
    Part {
        arguments: vec![
            "--config".to_owned(),
            site.stack("collector/collector.toml").display().to_string(),
        ],
        environment,
        ports: ports
            .map(|(_, what, port)| Port {
                what,
                address: site.plane(plane, port),
            })
            .into(),
        probe: http(site.plane(plane, port::COLLECTOR_SELF), "/readyz"),
        ..site.part(Program::Collector, Stage::Collector, &name, plane.environment)
    }
}

pub(super) fn demo_api(site: &Site<'_>, plane: &Plane) -> Part {
    let name = format!("api-{}", plane.environment);
    let own = site.plane(plane, port::DEMO_API);
    let front = site.on(A, plane.front_port);
    let faults = site.plane(plane, port::FAULT_CONTROL);
    Part {
        environment: vec![
            variable("ENV", plane.environment),
            variable("DATA_PLANE_ID", plane.id),
            variable(
                "OTEL_ENDPOINT",
                format!("http://{}", site.plane(plane, port::OTLP_HTTP)),
            ),
            // a scrape is every 10 s: the SDK's own 60 s would leave most of them without news
            variable("OTEL_METRIC_EXPORT_INTERVAL", 5000),
            variable("SIGNALBOX_DEMO_API__LISTEN", json!([own, front])),
            variable("SIGNALBOX_DEMO_API__FAULT__CONTROL", faults),
        ],
        ports: vec![
            Port {
                what: "the demo API",
                address: own,
            },
            Port {
                what: "the demo API",
                address: front,
            },
            Port {
                what: "fault control",
                address: faults,
            },
        ],
        probe: http(own, "/readyz"),
        needs: vec![format!("collector-{}", plane.environment)],
        ..site.part(Program::DemoApi, Stage::Service, &name, plane.environment)
    }
}

pub(super) fn load_gen(site: &Site<'_>, plane: &Plane) -> Part {
    let name = format!("load-{}", plane.environment);
    let target = format!("http://{}", site.plane(plane, port::DEMO_API));
    Part {
        // rate and pattern follow from the environment
        arguments: words(["--target", &target, "--environment", plane.environment]),
        needs: vec![format!("api-{}", plane.environment)],
        ..site.part(Program::LoadGen, Stage::Load, &name, plane.environment)
    }
}
