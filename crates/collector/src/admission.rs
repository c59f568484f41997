//! Bounds the memory that requests take between their first byte and their answer.
//!
//! Bytes are counted as they arrive and as they are unpacked, before anything is decoded. When the budget is used up,
//! requests are refused and their senders asked to come back: there is no queue that could grow instead.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The budget of bytes in flight.
#[derive(Debug)]
pub(crate) struct Admission {
    limit: usize,
    in_flight: AtomicUsize,
}

/// There is no room for more bytes at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many bytes are in flight")]
pub(crate) struct Busy;

/// The bytes that one request has in flight; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    admission: Arc<Admission>,
    bytes: AtomicUsize,
}

impl Admission {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            limit,
            in_flight: AtomicUsize::new(0),
        })
    }

    /// Begins a request, without any bytes yet.
    pub(crate) fn begin(self: &Arc<Self>) -> Permit {
        Permit {
            admission: Arc::clone(self),
            bytes: AtomicUsize::new(0),
        }
    }

    /// Whether there is room for some bytes at the moment. Nothing is set aside: what a client only announces takes no
    /// memory, and must not keep others out.
    fn has_room(&self, bytes: usize) -> Result<(), Busy> {
        match self.in_flight().checked_add(bytes) {
            Some(total) if total <= self.limit => Ok(()),
            _ => Err(Busy),
        }
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }
}

impl Permit {
    /// [`Admission::has_room`], beside what this request has already.
    pub(crate) fn has_room(&self, bytes: usize) -> Result<(), Busy> {
        self.admission.has_room(bytes)
    }

    /// Makes room for some bytes more.
    pub(crate) fn grow(&self, bytes: usize) -> Result<(), Busy> {
        let before = self.admission.in_flight.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) > self.admission.limit {
            self.admission.in_flight.fetch_sub(bytes, Ordering::Relaxed);
            return Err(Busy);
        }
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.admission
            .in_flight
            .fetch_sub(*self.bytes.get_mut(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_refused_over_the_limit_and_given_back() {
        let admission = Admission::new(100);
        let first = admission.begin();
        let second = admission.begin();
        assert_eq!(first.grow(60), Ok(()));
        assert_eq!(second.has_room(41), Err(Busy));
        assert_eq!(second.has_room(40), Ok(()));
        assert_eq!(second.grow(41), Err(Busy));
        assert_eq!(second.grow(40), Ok(()));
        assert_eq!(admission.in_flight(), 100);
        assert_eq!(first.grow(usize::MAX - 50), Err(Busy));
        drop(first);
        assert_eq!(second.grow(60), Ok(()));
        drop(second);
        assert_eq!(admission.in_flight(), 0);
    }
}
