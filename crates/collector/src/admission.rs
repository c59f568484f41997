//! Bounds the memory that requests take between their first byte and their answer.
//!
//! Bytes are counted as they arrive and as they are unpacked, before anything is decoded. When the budget is used up,
//! requests are refused and their senders asked to come back: there is no queue that could grow instead. Heads of requests
//! have a budget of their own: a client can begin a hundred requests on one connection and send nothing of their bodies.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes of heads at once. They are in what the process takes beside its budget, which can be smaller than a few heads.
const MAX_HEADS: usize = 16 * 1024 * 1024;

/// What a request takes before anything of its body is there: its head, about twice, and what answers it.
const REQUEST_BYTES: usize = 4 * 1024;

/// The budget of bytes in flight.
#[derive(Debug)]
pub(crate) struct Admission {
    limit: AtomicUsize,
    in_flight: AtomicUsize,
    heads: AtomicUsize,
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
    head: usize,
}

impl Admission {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            limit: AtomicUsize::new(limit),
            in_flight: AtomicUsize::new(0),
            heads: AtomicUsize::new(0),
        })
    }

    /// Changes the budget. What is in flight already stays, also over it.
    pub(crate) fn set_limit(&self, limit: usize) {
        self.limit.store(limit, Ordering::Relaxed);
    }

    fn limit(&self) -> usize {
        self.limit.load(Ordering::Relaxed)
    }

    /// Begins a request, without any bytes yet.
    pub(crate) fn begin(self: &Arc<Self>) -> Permit {
        Permit {
            admission: Arc::clone(self),
            bytes: AtomicUsize::new(0),
            head: 0,
        }
    }

    /// Whether there is room for some bytes at the moment. Nothing is set aside: what a client only announces takes no
    /// memory, and must not keep others out.
    fn has_room(&self, bytes: usize) -> Result<(), Busy> {
        match self.in_flight().checked_add(bytes) {
            Some(total) if total <= self.limit() => Ok(()),
            _ => Err(Busy),
        }
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }
}

impl Permit {
    /// Makes room for the request's head, of so many bytes.
    pub(crate) fn with_head(mut self, bytes: usize) -> Result<Self, Busy> {
        let head = bytes.saturating_mul(2).saturating_add(REQUEST_BYTES);
        let before = self.admission.heads.fetch_add(head, Ordering::Relaxed);
        // from here on the drop gives it back
        self.head = head;
        if before.saturating_add(head) > MAX_HEADS {
            return Err(Busy);
        }
        Ok(self)
    }

    /// [`Admission::has_room`], beside what this request has already.
    pub(crate) fn has_room(&self, bytes: usize) -> Result<(), Busy> {
        self.admission.has_room(bytes)
    }

    /// The bytes that this request has.
    pub(crate) fn held(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Gives back what this request has beyond some bytes.
    pub(crate) fn shrink_to(&self, bytes: usize) {
        let more = self.held().saturating_sub(bytes);
        self.bytes.fetch_sub(more, Ordering::Relaxed);
        self.admission.in_flight.fetch_sub(more, Ordering::Relaxed);
    }

    /// Makes room for some bytes more.
    pub(crate) fn grow(&self, bytes: usize) -> Result<(), Busy> {
        let before = self.admission.in_flight.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) > self.admission.limit() {
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
        self.admission.heads.fetch_sub(self.head, Ordering::Relaxed);
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
        second.shrink_to(10);
        assert_eq!((second.held(), admission.in_flight()), (10, 70));
        assert_eq!(second.grow(30), Ok(()));
        drop(first);
        assert_eq!(second.grow(60), Ok(()));
        drop(second);
        assert_eq!(admission.in_flight(), 0);
    }

    #[test]
    fn heads_are_bounded_apart_from_bodies() {
        let admission = Admission::new(100);
        let head = |bytes| admission.begin().with_head(bytes);
        let held: Vec<_> = std::iter::from_fn(|| head(14 * 1024).ok()).collect();
        assert_eq!(held.len(), 512);
        assert_eq!(head(0).err(), Some(Busy));
        assert_eq!(head(usize::MAX).err(), Some(Busy));
        assert_eq!(admission.in_flight(), 0);
        drop(held);
        let permit = head(14 * 1024).expect("room");
        assert_eq!(permit.grow(100), Ok(()));
    }

    #[test]
    fn the_limit_can_change() {
        let admission = Admission::new(100);
        let permit = admission.begin();
        assert_eq!(permit.grow(80), Ok(()));
        admission.set_limit(50);
        assert_eq!(permit.grow(1), Err(Busy));
        admission.set_limit(81);
        assert_eq!(permit.grow(1), Ok(()));
    }
}
