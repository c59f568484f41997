//! An ordinary web service that exists to be observed: a small shop.
//!
//! ```text
//!             measure (http_metrics)   inject (fault)    routes
//!  request ─►  duration, sizes     ─►  delay, error  ─►  /health /api/…  ─► acquirer (behind a breaker)
//!                    │                                        │
//!                    └────────────► meter ◄── business_metrics┘
//!                                     │ every 5 s
//!                                  export ─► OTLP over HTTP ─► collector
//! ```
//!
//! Nothing in `routes` knows of faults, and nothing that a request waits for knows of the collector.

mod demo_api;
mod http_metrics;
mod fault;
mod routes;
mod catalogue;
mod cache;
mod acquirer;
mod breaker;
mod latency;
mod ratio;
mod api_error;
mod business_metrics;
mod export;
mod outage;
mod config;
mod variables;

pub use config::{Config, Flags, RawConfig};
pub use demo_api::DemoApi;

/// What the program says of itself.
pub const ABOUT: service::About = service::About {
    name: "signalbox-demo-api",
    version: env!("CARGO_PKG_VERSION"),
    summary: "An ordinary web service that exists to be observed: it sends its metrics by OTLP",
    help: HELP,
    env_prefix: "SIGNALBOX_DEMO_API__",
};

const HELP: &str = "\
Endpoints: GET /health, GET /api/products, POST /api/orders, GET /api/reports, \
GET /api/search?q=coffee, POST /api/payments; and /livez, /readyz, /metrics about the process.

Examples:
  signalbox-demo-api --listen 127.0.0.11:8080 --set export.endpoint=http://127.0.0.11:4318
  signalbox-demo-api --set fault.error_ratio=0.2 --set fault.latency=1s..2s
  curl -H 'x-signalbox-fault: error' http://127.0.0.1:8080/health

Keys that nobody has configured are taken from ENV, DATA_PLANE_ID, ERROR_RATE, \
OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_EXPORTER_OTLP_ENDPOINT (or OTEL_ENDPOINT) and \
OTEL_METRIC_EXPORT_INTERVAL. SIGHUP reads the configuration again and puts its faults in force; \
with fault.control=127.0.0.1:8079 they are also changed by PUT /faults on that address.";
