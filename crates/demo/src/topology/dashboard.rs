//! What people look at.

use crate::part::{Part, Stage};
use crate::programs::Program;
use crate::topology::port;
use crate::topology::site::{A, Site, http, of, port as open, variable};
use crate::topology::thanos;

pub(super) fn dashboard(site: &Site<'_>) -> Part {
    let address = site.on(A, port::DASHBOARD);
    let upstream = if site.plan.is_full() {
        thanos::QUERY_FRONTEND.to_owned()
    } else {
        of("prometheus", A)
    };
    Part {
        environment: vec![
            variable("SIGNALBOX_DASHBOARD__LISTEN", address),
            variable("SIGNALBOX_DASHBOARD__UPSTREAM", queries(site)),
        ],
        ports: vec![open("HTTP", address)],
        probe: http(address, "/readyz"),
        needs: vec![upstream],
        ..site.part(Program::Dashboard, Stage::Query, "dashboard", A.name)
    }
}

/// Where to ask for everything that there is: the base URL.
pub(super) fn queries(site: &Site<'_>) -> String {
    let port = if site.plan.is_full() {
        port::QUERY_FRONTEND_HTTP
    } else {
        port::PROMETHEUS
    };
    format!("http://{}", site.on(A, port))
}
