//! How often each group is pushed, as far as it was seen: right when a push is due, its group is left alone.

use std::collections::BTreeMap;

use crate::facts::Timestamp;
use crate::reaper::group::Group;

/// Groups that are remembered; of more, the habits are not known.
const MAX_GROUPS: usize = 10_000;

/// A job that has missed so many pushes in a row is waited for no longer.
const MISSED: f64 = 3.0;

/// How much earlier or later than its habit a job pushes, as a share of its period.
const UNSTEADY: f64 = 0.1;

#[derive(Debug, Default)]
pub(super) struct Habits(BTreeMap<BTreeMap<String, String>, Habit>);

#[derive(Debug)]
struct Habit {
    pushed_at: Timestamp,
    /// Between the last two pushes, in seconds.
    period: Option<f64>,
}

impl Habits {
    /// Takes in what there is; forgets groups that are gone.
    pub(super) fn see(&mut self, groups: &[Group]) {
        let mut before = std::mem::take(&mut self.0);
        for group in groups.iter().take(MAX_GROUPS) {
            let pushed_at = group.pushed_at;
            let period = before.remove(&group.labels).and_then(|habit| {
                if pushed_at > habit.pushed_at {
                    Some(pushed_at - habit.pushed_at)
                } else {
                    habit.period
                }
            });
            self.0.insert(group.labels.clone(), Habit { pushed_at, period });
        }
    }

    /// Whether its next push may come at any moment.
    pub(super) fn is_due(&self, group: &Group, now: Timestamp) -> bool {
        let Some(period) = self.0.get(&group.labels).and_then(|habit| habit.period) else {
            return false;
        };
        let periods = (now - group.pushed_at) / period;
        let nearest = periods.round();
        (1.0..=MISSED).contains(&nearest) && (periods - nearest).abs() < UNSTEADY
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reaper::group::tests::of;

    #[test]
    fn a_group_is_left_alone_while_its_next_push_is_due() {
        let mut habits = Habits::default();
        habits.see(&[of("hourly", 0.0)]);
        assert!(
            !habits.is_due(&of("hourly", 0.0), 3600.0),
            "nothing is known of it yet"
        );
        let group = of("hourly", 3600.0);
        habits.see(std::slice::from_ref(&group));
        habits.see(std::slice::from_ref(&group));
        for (age, due) in [
            (3000.0, false),
            (3500.0, true),
            (3600.0, true),
            (3900.0, true),
            (4000.0, false),
            (7200.0, true),
            (10_800.0, true),
            (14_400.0, false),
        ] {
            assert_eq!(habits.is_due(&group, 3600.0 + age), due, "{age}");
        }
    }

    #[test]
    fn groups_that_are_gone_are_forgotten() {
        let mut habits = Habits::default();
        habits.see(&[of("one", 0.0), of("other", 0.0)]);
        habits.see(&[of("one", 60.0)]);
        assert_eq!(habits.0.len(), 1);
        habits.see(&[of("one", 60.0), of("other", 0.0)]);
        assert!(!habits.is_due(&of("other", 0.0), 60.0));
        assert!(habits.is_due(&of("one", 60.0), 120.0));
    }
}
