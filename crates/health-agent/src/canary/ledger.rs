//! What was sent, what was taken, what came back. Pure: it is told the time.

use std::collections::VecDeque;

use crate::facts::canaries::{Alert, Sender, Sent};
use crate::facts::{Answer, Timestamp};

/// How many alerts may be under way; the oldest is forgotten first. At one a second these are two minutes, which is how long
/// an alert lives.
const UNDER_WAY: usize = 128;

#[derive(Debug)]
pub(super) struct Ledger {
    sender: Sender,
    /// Nonces that have not come back yet, and when each was sent.
    under_way: VecDeque<(String, Timestamp)>,
}

impl Ledger {
    pub(super) fn new(at: Timestamp, collectors: usize, alerts: bool) -> Self {
        Self {
            sender: Sender {
                started_at: at,
                collectors: vec![Sent::default(); collectors],
                alert: alerts.then(Alert::default),
            },
            under_way: VecDeque::new(),
        }
    }

    pub(super) fn sender(&self) -> Sender {
        self.sender.clone()
    }

    /// What one collector said: when that canary was sent, or why it was not taken.
    pub(super) fn sent(&mut self, index: usize, outcome: Answer<Timestamp>) {
        note(&mut self.sender.collectors[index], outcome);
    }

    /// From now on the alert with this nonce may come back.
    pub(super) fn expect(&mut self, nonce: String, at: Timestamp) {
        if self.under_way.len() == UNDER_WAY {
            self.under_way.pop_front();
        }
        self.under_way.push_back((nonce, at));
    }

    /// What Alertmanager said to it.
    pub(super) fn alert_sent(&mut self, at: Timestamp, outcome: Answer<()>) {
        let alert = self.sender.alert.get_or_insert_default();
        match outcome {
            Ok(()) => {
                alert.taken_at = Some(at);
                alert.refusal = None;
            }
            Err(why) => alert.refusal = Some(why),
        }
    }

    /// An alert came back. Whether it is one of ours that had not come back before.
    pub(super) fn came_back(&mut self, nonce: &str) -> bool {
        let alert = self.sender.alert.get_or_insert_default();
        let Some(index) = self.under_way.iter().position(|(ours, _)| ours == nonce) else {
            alert.strangers += 1;
            return false;
        };
        let sent_at = self.under_way.remove(index).map(|(_, at)| at);
        // they may overtake each other
        alert.returned_at = alert.returned_at.into_iter().chain(sent_at).reduce(f64::max);
        true
    }
}

/// What was taken before stays known when a later one is refused.
pub(super) fn note(sent: &mut Sent, outcome: Answer<Timestamp>) {
    match outcome {
        Ok(at) => {
            *sent = Sent {
                taken_at: Some(at),
                refusal: None,
            }
        }
        Err(why) => sent.refusal = Some(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger() -> Ledger {
        Ledger::new(1000.0, 2, true)
    }

    #[test]
    fn what_was_taken_stays_known_when_the_next_is_refused() {
        let mut ledger = ledger();
        ledger.sent(1, Ok(1010.0));
        ledger.sent(1, Err("answered 503".to_owned()));
        let sender = ledger.sender();
        assert_eq!(sender.collectors[0], Sent::default());
        let expected = Sent {
            taken_at: Some(1010.0),
            refusal: Some("answered 503".to_owned()),
        };
        assert_eq!(sender.collectors[1], expected);
        ledger.sent(1, Ok(1020.0));
        assert_eq!(ledger.sender().collectors[1].refusal, None);
    }

    #[test]
    fn an_alert_comes_back_once_and_only_if_it_was_sent() {
        let mut ledger = ledger();
        ledger.expect("one".to_owned(), 1000.0);
        ledger.alert_sent(1000.0, Ok(()));
        assert!(!ledger.came_back("other"));
        assert!(ledger.came_back("one"));
        assert!(!ledger.came_back("one"), "a second time it tells nothing");
        let alert = ledger.sender().alert.unwrap();
        assert_eq!((alert.taken_at, alert.returned_at), (Some(1000.0), Some(1000.0)));
        assert_eq!(alert.strangers, 2);
    }

    #[test]
    fn the_newest_counts_whatever_the_order() {
        let mut ledger = ledger();
        ledger.expect("one".to_owned(), 1000.0);
        ledger.expect("two".to_owned(), 1060.0);
        assert!(ledger.came_back("two") && ledger.came_back("one"));
        assert_eq!(ledger.sender().alert.unwrap().returned_at, Some(1060.0));
    }

    #[test]
    fn it_remembers_no_more_than_it_may() {
        let mut ledger = ledger();
        for n in 0..=UNDER_WAY {
            ledger.expect(n.to_string(), 1000.0);
        }
        assert_eq!(ledger.under_way.len(), UNDER_WAY);
        assert!(!ledger.came_back("0"));
        assert!(ledger.came_back("1"));
    }
}
