//! Deletes groups of the Pushgateway that nobody pushes any more: it keeps what was pushed for ever, and dead numbers look alive.
//!
//! The Pushgateway cannot delete on a condition, and what it is told goes through one queue. So a group is looked at again right
//! before its deletion, and left alone when anything about it has changed; a group whose next push is due is left for later. A
//! push of the one or two milliseconds between that look and the deletion would go with the group, which cannot be prevented from
//! outside. It can be excluded afterwards: the Pushgateway counts pushes, and each one that was taken shows in some group. Where
//! the count does not add up, that is logged and counted; the job's next push mends it.

mod caution;
mod group;
mod habits;
mod pushes;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use metrics::{counter, describe_counter, describe_gauge, gauge};
use reqwest::{Method, Url};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use crate::config::Config;
use crate::facts::Answer;
use crate::probe::http::MAX_GROUPS;
use crate::probe::{Client, unix_time};
use caution::{Caution, Why};
use group::Group;
use habits::Habits;

const DELETED: &str = "signalbox_reaper_groups_deleted_total";
const DOUBTS: &str = "signalbox_reaper_doubtful_rounds_total";
const FAILURES: &str = "signalbox_reaper_failures_total";
const KEPT: &str = "signalbox_reaper_groups_kept";
const GROUPS: &str = "signalbox_reaper_groups";
const UNREADABLE: &str = "signalbox_reaper_groups_unreadable";
const WAITING: &str = "signalbox_reaper_groups_waiting";

/// More groups than these wait for the next round: each deletion asks for all groups.
const MAX_DELETIONS: usize = 50;

/// What was in the Pushgateway's queue has been done after that long: an entry takes milliseconds.
const SETTLED: Duration = Duration::from_secs(1);

pub(crate) fn describe() {
    describe_counter!(
        DELETED,
        "Groups of the Pushgateway that were deleted because nobody had pushed them for long"
    );
    describe_counter!(
        DOUBTS,
        "Rounds of deletions after which it could not be excluded that a push of that moment went with its group"
    );
    describe_counter!(FAILURES, "Times that the Pushgateway could not be tidied up");
    describe_gauge!(KEPT, "Groups that are old, and kept because of their label");
    describe_gauge!(GROUPS, "Groups in the Pushgateway that can be read");
    describe_gauge!(
        UNREADABLE,
        "Groups in the Pushgateway that cannot be read, and are never deleted"
    );
    describe_gauge!(
        WAITING,
        "Groups that are old, and not deleted yet because it may be the clock that is wrong"
    );
    for counted in [DELETED, DOUBTS, FAILURES] {
        counter!(counted).increment(0);
    }
}

/// Tidies up for ever. While the clock is known not to be kept, nothing is deleted.
pub(crate) async fn run(client: &Client, config: &Config, clock_is_off: &AtomicBool) {
    let (Some(pushgateway), Some(after)) = (&config.parts.pushgateway, config.reaper.after) else {
        return std::future::pending().await;
    };
    let mut reaper = Reaper {
        client,
        pushgateway,
        keep_label: &config.reaper.keep_label,
        after,
        habits: Habits::default(),
        caution: Caution::new(after, Instant::now(), unix_time()),
        clock_is_off,
        waits: None,
    };
    let mut ticks = interval(config.reaper.interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failing = false;
    loop {
        ticks.tick().await;
        match reaper.round().await {
            Ok(()) => failing = false,
            Err(why) => {
                counter!(FAILURES).increment(1);
                // once, not each minute for as long as it is away
                if !failing {
                    tracing::warn!(error = why, "cannot tidy up the Pushgateway");
                }
                failing = true;
            }
        }
    }
}

struct Reaper<'a> {
    client: &'a Client,
    pushgateway: &'a Url,
    keep_label: &'a str,
    after: Duration,
    habits: Habits,
    caution: Caution,
    clock_is_off: &'a AtomicBool,
    /// Why the last round deleted nothing, though there was something old.
    waits: Option<Why>,
}

impl Reaper<'_> {
    async fn round(&mut self) -> Answer<()> {
        let groups = self.groups().await?;
        let now = unix_time();
        let even = Instant::now();
        if let Some(jump) = self.caution.jump(even, now) {
            tracing::warn!(
                jump_seconds = jump.round(),
                "the clock was put; for now, no group of the Pushgateway is deleted"
            );
        }
        self.habits.see(&groups);
        let is_old = |group: &&Group| group.age(now).is_some_and(|age| age > self.after.as_secs_f64());
        let (kept, stale): (Vec<_>, Vec<_>) = groups.iter().filter(is_old).partition(|group| group.kept);
        gauge!(GROUPS).set(groups.len() as f64);
        gauge!(KEPT).set(kept.len() as f64);
        let stale: Vec<_> = stale
            .into_iter()
            .filter(|group| !self.habits.is_due(group, now))
            .collect();
        let clock_is_off = self.clock_is_off.load(Ordering::Relaxed);
        let why = self.caution.waits(even, clock_is_off, stale.len(), groups.len());
        gauge!(WAITING).set(if why.is_some() { stale.len() as f64 } else { 0.0 });
        self.tell(why, stale.len(), groups.len());
        if stale.is_empty() || why.is_some() {
            return Ok(());
        }
        let stale = stale.into_iter().take(MAX_DELETIONS);
        // in this order: what is in a group is counted a moment later
        let before = self.pushes().await?;
        let groups_before = self.groups().await?;
        let mut deleted = 0;
        for group in stale {
            if self.delete(group, now).await? {
                deleted += 1;
            }
        }
        if deleted == 0 {
            return Ok(());
        }
        counter!(DELETED).increment(deleted);
        sleep(SETTLED).await;
        let seen = pushes::seen(&groups_before, &self.groups().await?);
        let counted = self.pushes().await? - before;
        if !pushes::add_up(counted, seen) {
            counter!(DOUBTS).increment(1);
            tracing::warn!(
                pushes.counted = counted,
                pushes.seen = seen,
                "jobs pushed while groups were deleted, and not every push can be found"
            );
        }
        Ok(())
    }

    /// Whether it was deleted: not when it is another one than it was.
    async fn delete(&self, group: &Group, now: f64) -> Answer<bool> {
        let request = self.client.request(Method::DELETE, group.url(self.pushgateway));
        if !self.groups().await?.contains(group) {
            return Ok(false);
        }
        let (status, _) = self.client.send(request).await?;
        if !status.is_success() {
            return Err(format!(
                "the Pushgateway answered the deletion of {group} with {status}"
            ));
        }
        tracing::info!(
            group = %group,
            group.age_seconds = group.age(now).unwrap_or_default().round(),
            "a group of the Pushgateway is deleted: nobody pushed it any more"
        );
        Ok(true)
    }

    async fn groups(&self) -> Answer<Vec<Group>> {
        let answer = self
            .client
            .get_up_to(self.pushgateway, "api/v1/metrics", MAX_GROUPS)
            .await;
        let body = answer.map_err(|why| format!("the Pushgateway {why}"))?;
        let (groups, unreadable) = group::parse(&body, self.keep_label)?;
        gauge!(UNREADABLE).set(unreadable as f64);
        Ok(groups)
    }

    async fn pushes(&self) -> Answer<f64> {
        let samples = self
            .client
            .samples(self.pushgateway, "metrics", pushes::WANTED)
            .await;
        let samples = samples.map_err(|why| format!("the Pushgateway {why}"))?;
        Ok(pushes::counted(&samples))
    }

    /// Once, not each minute for as long as it waits.
    fn tell(&mut self, why: Option<Why>, old: usize, groups: usize) {
        let before = std::mem::replace(&mut self.waits, why);
        match why {
            Some(why) if old > 0 && before != Some(why) => {
                tracing::warn!(
                    groups.old = old,
                    groups.all = groups,
                    why = why.text(),
                    "no group of the Pushgateway is deleted for now"
                );
            }
            _ => {}
        }
    }
}
