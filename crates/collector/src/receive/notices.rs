//! What an operator should see of what senders do wrong: one line of the log per reason and minute, with the number of
//! times and the first of them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use service::Tally;

use super::{Refusal, Transport};
use crate::rejection::{Reason, Rejections};

/// What has been told to senders, and is not all told to the operator yet.
#[derive(Debug, Default)]
pub(super) struct Notices {
    rejected: Mutex<BTreeMap<Reason, Matter<Metric>>>,
    refused: Mutex<BTreeMap<&'static str, Matter<Message>>>,
}

/// One reason.
#[derive(Debug)]
struct Matter<First> {
    tally: Tally,
    /// The first that it happened to since it was last told.
    first: Option<First>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Metric {
    transport: Transport,
    name: String,
    peer: Option<SocketAddr>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Message {
    transport: Transport,
    text: String,
    peer: Option<SocketAddr>,
}

/// A line of the log.
#[derive(Debug, PartialEq, Eq)]
struct Notice<Reason, First> {
    reason: Reason,
    times: u64,
    first: First,
}

impl Notices {
    /// Some points of a request were not taken.
    pub(super) fn rejected(
        &self,
        rejections: &Rejections,
        transport: Transport,
        peer: Option<SocketAddr>,
        now: Instant,
    ) {
        let metric = |name: &str| Metric {
            transport,
            name: name.to_owned(),
            peer,
        };
        for (reason, points, name) in rejections.iter() {
            tell_rejected(count(&self.rejected, reason, points, now, || metric(name)));
        }
    }

    /// A request was refused as a whole.
    pub(super) fn refused(
        &self,
        refusal: &Refusal,
        transport: Transport,
        peer: Option<SocketAddr>,
        now: Instant,
    ) {
        let message = || Message {
            transport,
            text: refusal.to_string(),
            peer,
        };
        tell_refused(count(&self.refused, refusal.reason(), 1, now, message));
    }

    /// Tells what has been kept back for long enough.
    pub(super) fn flush(&self, now: Instant) {
        tell_rejected(flush(&self.rejected, now));
        tell_refused(flush(&self.refused, now));
    }
}

fn count<Reason: Ord + Copy, First>(
    matters: &Mutex<BTreeMap<Reason, Matter<First>>>,
    reason: Reason,
    times: u64,
    now: Instant,
    first: impl FnOnce() -> First,
) -> Option<Notice<Reason, First>> {
    let mut matters = matters.lock().unwrap_or_else(PoisonError::into_inner);
    let matter = matters.entry(reason).or_insert_with(|| Matter {
        tally: Tally::default(),
        first: None,
    });
    matter.first.get_or_insert_with(first);
    matter.tell(reason, times, now)
}

fn flush<Reason: Copy, First>(
    matters: &Mutex<BTreeMap<Reason, Matter<First>>>,
    now: Instant,
) -> Vec<Notice<Reason, First>> {
    let mut matters = matters.lock().unwrap_or_else(PoisonError::into_inner);
    let matters = matters.iter_mut();
    matters
        .filter_map(|(reason, matter)| matter.tell(*reason, 0, now))
        .collect()
}

impl<First> Matter<First> {
    fn tell<Reason>(&mut self, reason: Reason, times: u64, now: Instant) -> Option<Notice<Reason, First>> {
        let times = self.tally.count(times, now)?;
        let first = self.first.take()?;
        Some(Notice { reason, times, first })
    }
}

fn tell_rejected(notices: impl IntoIterator<Item = Notice<Reason, Metric>>) {
    for Notice { reason, times, first } in notices {
        tracing::warn!(
            reason = reason.as_str(),
            datapoints = times,
            first.metric = first.name,
            first.peer = first.peer.map(tracing::field::display),
            first.transport = first.transport.as_str(),
            advice = reason.advice(),
            "data points rejected"
        );
    }
}

fn tell_refused(notices: impl IntoIterator<Item = Notice<&'static str, Message>>) {
    for Notice { reason, times, first } in notices {
        tracing::warn!(
            reason,
            requests = times,
            first.peer = first.peer.map(tracing::field::display),
            first.transport = first.transport.as_str(),
            first.message = first.text,
            "requests refused"
        );
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_reason_is_told_at_once_and_then_once_a_minute_with_the_first_it_happened_to() {
        let matters = Mutex::default();
        let start = Instant::now();
        let at = |seconds, times, first: &'static str| {
            count(
                &matters,
                "reason",
                times,
                start + Duration::from_secs(seconds),
                || first,
            )
        };
        let notice = |times, first| {
            Some(Notice {
                reason: "reason",
                times,
                first,
            })
        };
        assert_eq!(at(0, 5, "a"), notice(5, "a"));
        assert_eq!(at(1, 2, "b"), None);
        assert_eq!(at(2, 1, "c"), None);
        assert!(flush(&matters, start + Duration::from_secs(59)).is_empty());
        assert_eq!(
            flush(&matters, start + Duration::from_mins(1)).pop(),
            notice(3, "b")
        );
        assert_eq!(at(90, 1, "d"), None);
        assert_eq!(at(150, 1, "e"), notice(2, "d"));
        assert!(flush(&matters, start + Duration::from_mins(9)).is_empty());
    }
}
