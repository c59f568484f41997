//! What systemd knows of units, as metrics.

use std::collections::BTreeMap;

use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};

use crate::facts::Facts;

const ACTIVE: &str = "signalbox_unit_active";
const RESTARTS: &str = "signalbox_unit_restarts_total";
const MEMORY: &str = "signalbox_unit_memory_bytes";
const CPU: &str = "signalbox_unit_cpu_seconds_total";
const ERRORS: &str = "signalbox_unit_errors";

/// Counters that go on when systemd's start again from zero, as they do with each start of a unit by hand.
#[derive(Debug, Default)]
pub(super) struct UnitMetrics {
    restarts: BTreeMap<String, Total>,
    /// In nanoseconds.
    cpu: BTreeMap<String, Total>,
}

/// The sum of all that a counter which starts again has counted.
#[derive(Debug, Default)]
struct Total {
    last: u64,
    sum: u64,
}

impl UnitMetrics {
    pub(super) fn describe() {
        describe_gauge!(ACTIVE, "Whether a unit of the box is active");
        describe_counter!(RESTARTS, "How often systemd has restarted a service by itself");
        describe_gauge!(
            MEMORY,
            Unit::Bytes,
            "Memory of a service, the page cache included"
        );
        describe_counter!(
            CPU,
            Unit::Seconds,
            "Whole seconds that a service spent on processors"
        );
        describe_gauge!(
            ERRORS,
            "Messages of priority error or worse in the journal in the last 15 minutes"
        );
    }

    /// What was not seen in this round keeps its value.
    pub(super) fn record(&mut self, facts: &Facts) {
        let Some(units) = &facts.units else { return };
        let Some(Ok(systemd)) = &units.systemd else { return };
        for unit in &systemd.units {
            let name = &unit.name;
            let labels = || [("unit", name.clone())];
            gauge!(ACTIVE, &labels()).set(if unit.active == "active" { 1.0 } else { 0.0 });
            if let Some(Ok(journal)) = &units.journal {
                let errors = journal.units.get(name).copied().unwrap_or(0);
                gauge!(ERRORS, &labels()).set(errors as f64);
            }
            let Some(service) = &unit.service else { continue };
            counter!(RESTARTS, &labels()).absolute(go_on(&mut self.restarts, name, service.restarts));
            let is_off = matches!(unit.active.as_str(), "inactive" | "failed");
            // where control groups do not count it, there is nothing to say of it
            if let Some(memory) = service.memory.or(is_off.then_some(0)) {
                gauge!(MEMORY, &labels()).set(memory as f64);
            }
            if let Some(cpu) = service.cpu {
                let nanoseconds = go_on(&mut self.cpu, name, cpu.as_nanos() as u64);
                counter!(CPU, &labels()).absolute(nanoseconds / 1_000_000_000);
            }
        }
    }
}

/// The total of one unit, once `value` is seen.
fn go_on(totals: &mut BTreeMap<String, Total>, unit: &str, value: u64) -> u64 {
    let total = totals.entry(unit.to_owned()).or_default();
    total.sum += if value >= total.last {
        value - total.last
    } else {
        value
    };
    total.last = value;
    total.sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_total_goes_on_when_the_counter_starts_again() {
        let mut totals = BTreeMap::new();
        let seen: Vec<_> = [3, 3, 5, 0, 1]
            .map(|value| go_on(&mut totals, "a.service", value))
            .into();
        assert_eq!(seen, [3, 3, 5, 5, 6]);
        assert_eq!(go_on(&mut totals, "b.service", 2), 2);
    }
}
