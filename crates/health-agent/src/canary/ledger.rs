//! What was sent, what was taken, what came back. Pure: it is told the time.
//!
//! Moments are kept by a clock that runs evenly, and told by the one that tells the time: when that is put, nothing gets older
//! or younger.

use std::collections::VecDeque;
use std::time::Instant;

use crate::facts::canaries::{Alert, Sender, Sent};
use crate::facts::{Answer, Timestamp};

/// How many alerts may be under way; the oldest is forgotten first. At one a second these are two minutes, which is how long
/// an alert lives.
const UNDER_WAY: usize = 128;

#[derive(Debug)]
pub(super) struct Ledger {
    started_at: Instant,
    collectors: Vec<Outcome>,
    /// `None`: there is no Alertmanager.
    alert: Option<Outcome>,
    /// When the newest alert that came back was sent.
    returned_at: Option<Instant>,
    /// How many came back that were not sent from here.
    strangers: u64,
    /// Nonces that have not come back yet, and when each was sent.
    under_way: VecDeque<(String, Instant)>,
}

/// What came of sending to one place.
#[derive(Debug, Clone, Default)]
struct Outcome {
    /// When the newest that was taken was sent.
    taken_at: Option<Instant>,
    /// Why the newest was not taken.
    refusal: Option<String>,
}

impl Ledger {
    pub(super) fn new(started_at: Instant, collectors: usize, alerts: bool) -> Self {
        Self {
            started_at,
            collectors: vec![Outcome::default(); collectors],
            alert: alerts.then(Outcome::default),
            returned_at: None,
            strangers: 0,
            under_way: VecDeque::new(),
        }
    }

    /// `now` is what both clocks say.
    pub(super) fn sender(&self, now: (Instant, Timestamp)) -> Sender {
        let (even, told) = now;
        let time = |at: Instant| told - even.saturating_duration_since(at).as_secs_f64();
        Sender {
            started_at: time(self.started_at),
            collectors: self
                .collectors
                .iter()
                .map(|outcome| Sent {
                    taken_at: outcome.taken_at.map(time),
                    refusal: outcome.refusal.clone(),
                })
                .collect(),
            alert: self.alert.as_ref().map(|outcome| Alert {
                taken_at: outcome.taken_at.map(time),
                refusal: outcome.refusal.clone(),
                returned_at: self.returned_at.map(time),
                strangers: self.strangers,
                held_back: None,
            }),
        }
    }

    /// What one collector said to the canary that was sent at that moment.
    pub(super) fn sent(&mut self, index: usize, at: Instant, answer: Answer<()>) {
        self.collectors[index].note(at, answer);
    }

    /// From now on the alert with this nonce may come back.
    pub(super) fn expect(&mut self, nonce: String, at: Instant) {
        if self.under_way.len() == UNDER_WAY {
            self.under_way.pop_front();
        }
        self.under_way.push_back((nonce, at));
    }

    /// What Alertmanager said to it.
    pub(super) fn alert_sent(&mut self, at: Instant, answer: Answer<()>) {
        self.alert.get_or_insert_default().note(at, answer);
    }

    /// An alert came back. Whether it is one of ours that had not come back before.
    pub(super) fn came_back(&mut self, nonce: &str) -> bool {
        let Some(index) = self.under_way.iter().position(|(ours, _)| ours == nonce) else {
            self.strangers += 1;
            return false;
        };
        let sent_at = self.under_way.remove(index).map(|(_, at)| at);
        // they may overtake each other
        self.returned_at = self.returned_at.max(sent_at);
        true
    }
}

impl Outcome {
    /// What was taken before stays known when a later one is refused.
    fn note(&mut self, at: Instant, answer: Answer<()>) {
        match answer {
            Ok(()) => {
                *self = Self {
                    taken_at: Some(at),
                    refusal: None,
                }
            }
            Err(why) => self.refusal = Some(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A ledger, and the moment so many seconds after its beginning, which was at 1000 s.
    fn ledger() -> (Ledger, impl Fn(u64) -> Instant) {
        let start = Instant::now();
        (Ledger::new(start, 2, true), move |seconds| {
            start + Duration::from_secs(seconds)
        })
    }

    #[test]
    fn what_was_taken_stays_known_when_the_next_is_refused() {
        let (mut ledger, at) = ledger();
        ledger.sent(1, at(10), Ok(()));
        ledger.sent(1, at(20), Err("answered 503".to_owned()));
        let sender = ledger.sender((at(30), 1030.0));
        assert_eq!(Some(sender.started_at), Some(1000.0));
        assert_eq!(sender.collectors[0], Sent::default());
        let expected = Sent {
            taken_at: Some(1010.0),
            refusal: Some("answered 503".to_owned()),
        };
        assert_eq!(sender.collectors[1], expected);
        ledger.sent(1, at(40), Ok(()));
        assert_eq!(ledger.sender((at(40), 1040.0)).collectors[1].refusal, None);
    }

    #[test]
    fn an_alert_comes_back_once_and_only_if_it_was_sent() {
        let (mut ledger, at) = ledger();
        ledger.expect("one".to_owned(), at(0));
        ledger.alert_sent(at(0), Ok(()));
        assert!(!ledger.came_back("other"));
        assert!(ledger.came_back("one"));
        assert!(!ledger.came_back("one"), "a second time it tells nothing");
        let alert = ledger.sender((at(5), 1005.0)).alert.unwrap();
        assert_eq!((alert.taken_at, alert.returned_at), (Some(1000.0), Some(1000.0)));
        assert_eq!(alert.strangers, 2);
    }

    #[test]
    fn the_newest_counts_whatever_the_order() {
        let (mut ledger, at) = ledger();
        ledger.expect("one".to_owned(), at(0));
        ledger.expect("two".to_owned(), at(60));
        assert!(ledger.came_back("two") && ledger.came_back("one"));
        let alert = ledger.sender((at(60), 1060.0)).alert.unwrap();
        assert_eq!(alert.returned_at, Some(1060.0));
    }

    #[test]
    fn a_clock_that_is_put_makes_nothing_older_or_younger() {
        const DAY: f64 = 86_400.0;
        let (mut ledger, at) = ledger();
        ledger.sent(0, at(10), Ok(()));
        ledger.expect("one".to_owned(), at(10));
        ledger.alert_sent(at(10), Ok(()));
        ledger.came_back("one");
        for told in [1070.0, 1070.0 - DAY, 1070.0 + DAY] {
            let sender = ledger.sender((at(70), told));
            assert_eq!(Some(told - sender.started_at), Some(70.0));
            let age = |at: Option<Timestamp>| at.map(|at| told - at);
            assert_eq!(age(sender.collectors[0].taken_at), Some(60.0));
            let alert = sender.alert.unwrap();
            assert_eq!(age(alert.taken_at), Some(60.0));
            assert_eq!(age(alert.returned_at), Some(60.0));
        }
    }

    #[test]
    fn it_remembers_no_more_than_it_may() {
        let (mut ledger, at) = ledger();
        for n in 0..=UNDER_WAY {
            ledger.expect(n.to_string(), at(0));
        }
        assert_eq!(ledger.under_way.len(), UNDER_WAY);
        assert!(!ledger.came_back("0"));
        assert!(ledger.came_back("1"));
    }
}
