//! Whether every push of a while can be accounted for. Pure.

use std::collections::BTreeMap;

use crate::probe::Samples;
use crate::reaper::group::Group;

/// What of the Pushgateway's page matters. All that was pushed is on it, too.
pub(super) const WANTED: &[&str] = &["pushgateway_http_requests_total"];

/// How many pushes the Pushgateway has taken since its start.
pub(super) fn counted(samples: &Samples) -> f64 {
    samples
        .series("pushgateway_http_requests_total")
        .filter(|(labels, _)| labels.get("handler").is_some_and(|handler| handler == "push"))
        .filter(|(labels, _)| labels.get("code").is_some_and(|code| code.starts_with('2')))
        .map(|(_, count)| count)
        .sum()
}

/// How many groups were pushed between two looks.
pub(super) fn seen(before: &[Group], after: &[Group]) -> usize {
    let before: BTreeMap<_, _> = before
        .iter()
        .map(|group| (&group.labels, group.pushed_at))
        .collect();
    let is_new = |group: &&Group| before.get(&group.labels).is_none_or(|at| *at < group.pushed_at);
    after.iter().filter(is_new).count()
}

/// Each group that was pushed is at least one push. A count that went back is another process's.
pub(super) fn add_up(counted: f64, seen: usize) -> bool {
    counted >= 0.0 && counted <= seen as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reaper::group::tests::of;

    #[test]
    fn pushes_that_were_refused_do_not_count() {
        let samples = Samples::parse(
            "pushgateway_http_requests_total{code=\"200\",handler=\"push\",method=\"put\"} 7\n\
             pushgateway_http_requests_total{code=\"202\",handler=\"push\",method=\"post\"} 2\n\
             pushgateway_http_requests_total{code=\"400\",handler=\"push\",method=\"put\"} 40\n\
             pushgateway_http_requests_total{code=\"202\",handler=\"delete\",method=\"delete\"} 5\n",
        );
        assert!((counted(&samples) - 9.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_push_that_is_in_no_group_is_missed() {
        let before = [of("stale", 10.0), of("busy", 90.0), of("idle", 50.0)];
        let after = [of("busy", 100.0), of("idle", 50.0), of("new", 100.0)];
        assert_eq!(seen(&before, &after), 2);
        assert!(add_up(2.0, 2) && add_up(0.0, 2));
        assert!(!add_up(3.0, 2), "one was pushed and is gone");
        assert!(!add_up(-4.0, 2), "the Pushgateway was restarted");
    }
}
