use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Meter};

/// What the shop counts of its own business.
#[derive(Debug)]
pub(crate) struct BusinessMetrics {
    orders_created: Counter<u64>,
    payments: Counter<u64>,
    cache_lookups: Counter<u64>,
    circuit_transitions: Counter<u64>,
}

/// How a payment ended.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Payment {
    Succeeded,
    /// The acquirer failed.
    Failed,
    /// The acquirer was not asked, because its circuit breaker is open.
    Refused,
}

/// Whether the cache had the answer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Lookup {
    Hit,
    Miss,
}

impl BusinessMetrics {
    pub(crate) fn new(meter: &Meter) -> Self {
        let counter = |name: &'static str, unit: &'static str, description: &'static str| {
            meter
                .u64_counter(name)
                .with_unit(unit)
                .with_description(description)
                .build()
        };
        Self {
            orders_created: counter("shop.orders.created", "{order}", "Orders created."),
            payments: counter("shop.payments", "{payment}", "Payments tried, by outcome."),
            cache_lookups: counter(
                "shop.cache.lookups",
                "{lookup}",
                "Lookups in the search cache, by result.",
            ),
            circuit_transitions: counter(
                "shop.circuit_breaker.transitions",
                "{transition}",
                "Changes of the circuit breaker towards the acquirer, by the state that it went into.",
            ),
        }
    }

    pub(crate) fn order_created(&self) {
        self.orders_created.add(1, &[]);
    }

    pub(crate) fn payment(&self, payment: Payment) {
        let outcome = match payment {
            Payment::Succeeded => "succeeded",
            Payment::Failed => "failed",
            Payment::Refused => "refused",
        };
        self.payments.add(1, &[KeyValue::new("payment.outcome", outcome)]);
    }

    pub(crate) fn cache_lookup(&self, lookup: Lookup) {
        let result = match lookup {
            Lookup::Hit => "hit",
            Lookup::Miss => "miss",
        };
        self.cache_lookups
            .add(1, &[KeyValue::new("cache.result", result)]);
    }

    pub(crate) fn circuit_went(&self, state: &'static str) {
        self.circuit_transitions
            .add(1, &[KeyValue::new("circuit_breaker.state", state)]);
    }
}
