//! What goes wrong with connections, counted, and told in the log seldom enough that clients cannot flood it.

use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use metrics::{counter, describe_counter};

use super::conversation::Ended;
use crate::tally::Tally;

const FAILED: &str = "signalbox_http_failed_connections_total";

#[derive(Debug)]
pub(super) struct Complaints {
    listener: &'static str,
    handshakes: Tally,
    plaintexts: Tally,
    crowded: Tally,
    not_accepted: Tally,
}

impl Complaints {
    pub(super) fn new(listener: &'static str) -> Self {
        describe_counter!(
            FAILED,
            "Connections that came to nothing: no encrypted connection was agreed on (handshake, plaintext), they were closed to \
             make room for others (crowded), or the system had no room for them (not_accepted)."
        );
        for reason in ["handshake", "plaintext", "crowded", "not_accepted"] {
            counter!(FAILED, "listener" => listener, "reason" => reason).absolute(0);
        }
        Self {
            listener,
            handshakes: Tally::default(),
            plaintexts: Tally::default(),
            crowded: Tally::default(),
            not_accepted: Tally::default(),
        }
    }

    /// A connection has ended.
    pub(super) fn ended(&self, peer: SocketAddr, ended: &Ended) {
        let listener = self.listener;
        match ended {
            Ended::Quietly | Ended::Closed => {}
            Ended::Early(error) => tracing::debug!(listener, %peer, error = %error, "connection ended early"),
            Ended::Handshake(error) => {
                if let Some(connections) = self.count("handshake", &self.handshakes) {
                    tracing::warn!(listener, connections, %peer, error = %error, "TLS handshake failed");
                }
            }
            Ended::Plaintext => {
                if let Some(connections) = self.count("plaintext", &self.plaintexts) {
                    tracing::warn!(
                        listener,
                        connections,
                        %peer,
                        "a client without TLS was turned away; let it use https://"
                    );
                }
            }
        }
    }

    /// An idle connection was asked to go.
    pub(super) fn crowded(&self, limit: usize) {
        if let Some(connections) = self.count("crowded", &self.crowded) {
            tracing::warn!(
                listener = self.listener,
                connections,
                limit,
                "idle connections are closed to make room for new ones"
            );
        }
    }

    pub(super) fn not_accepted(&self, error: &io::Error) {
        if let Some(times) = self.count("not_accepted", &self.not_accepted) {
            tracing::warn!(listener = self.listener, times, error = %error, "could not accept a connection");
        }
    }

    fn count(&self, reason: &'static str, tally: &Tally) -> Option<u64> {
        counter!(FAILED, "listener" => self.listener, "reason" => reason).increment(1);
        tally.count(1, Instant::now())
    }
}
