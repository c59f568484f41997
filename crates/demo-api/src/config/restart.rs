//! What a reload cannot put in force.

use super::{Config, Export, Identity, Latencies, Payments};
use crate::breaker::Thresholds;

impl Config {
    /// The keys in which `new` differs from this configuration, and which come into force by a restart: all but those
    /// of the faults. The attributes of the resource come from the process' environment, which no reload changes.
    pub(crate) fn changed_until_restart(&self, new: &Self) -> Vec<&'static str> {
        // every field by name: a new one has to find its place here
        let Self {
            listen,
            fault_control,
            identity,
            export,
            latencies,
            payments,
            faults: _,
        } = self;
        let Identity {
            service_name,
            instance_id,
            environment,
            data_plane_id,
            attributes: _,
        } = identity;
        let Export {
            url,
            interval,
            timeout,
        } = export;
        let Latencies {
            health,
            products,
            orders,
            reports,
            search,
            search_cached,
            payments: paying,
        } = latencies;
        let Payments {
            failure_ratio,
            breaker: Thresholds { failures, open_for },
        } = payments;
        let same = [
            ("listen", *listen == new.listen),
            ("fault.control", *fault_control == new.fault_control),
            ("service_name", *service_name == new.identity.service_name),
            ("instance_id", *instance_id == new.identity.instance_id),
            ("environment", *environment == new.identity.environment),
            ("data_plane_id", *data_plane_id == new.identity.data_plane_id),
            ("export.endpoint", *url == new.export.url),
            ("export.interval", *interval == new.export.interval),
            ("export.timeout", *timeout == new.export.timeout),
            ("latency.health", *health == new.latencies.health),
            ("latency.products", *products == new.latencies.products),
            ("latency.orders", *orders == new.latencies.orders),
            ("latency.reports", *reports == new.latencies.reports),
            ("latency.search", *search == new.latencies.search),
            (
                "latency.search_cached",
                *search_cached == new.latencies.search_cached,
            ),
            ("latency.payments", *paying == new.latencies.payments),
            (
                "payments.failure_ratio",
                *failure_ratio == new.payments.failure_ratio,
            ),
            (
                "payments.breaker.failures",
                *failures == new.payments.breaker.failures,
            ),
            (
                "payments.breaker.open_for",
                *open_for == new.payments.breaker.open_for,
            ),
        ];
        same.into_iter()
            .filter_map(|(key, same)| (!same).then_some(key))
            .collect()
    }
}
