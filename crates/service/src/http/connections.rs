//! The connections of one listener: how many there may be, and which of them goes when there is no more room.
//!
//! A connection is idle while no request of it is being answered: before its first one, between two, and while it sends
//! the head of one. The one that has been idle for longest makes room for a new one, so that clients that hold
//! connections without using them keep nobody out.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The connections of one listener.
#[derive(Debug)]
pub(super) struct Connections {
    limit: usize,
    /// Above this many, room is made ahead of need: closing takes a moment.
    comfortable: usize,
    state: Mutex<State>,
    /// There may be room now.
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    open: HashMap<u64, Slot>,
    /// Idle connections that have not been asked to go, by when they became idle.
    idle: BTreeMap<u64, u64>,
    /// How many have been asked to go and have not begun another request.
    leaving: usize,
    /// Counts connections, and the times at which one became idle.
    ticks: u64,
}

#[derive(Debug)]
struct Slot {
    /// Requests that are being answered.
    requests: usize,
    /// Its key in `idle`.
    idle_since: Option<u64>,
    /// It has been asked to go and has not begun another request.
    leaving: bool,
    leave: Arc<Notify>,
}

impl Connections {
    pub(super) fn new(limit: usize) -> Arc<Self> {
        let limit = limit.max(1);
        Arc::new(Self {
            limit,
            comfortable: limit - limit / 16,
            state: Mutex::default(),
            changed: Notify::new(),
        })
    }

    /// A place for a new connection. Waits until there is one; whether an idle connection was asked to go for it.
    pub(super) async fn enter(self: &Arc<Self>) -> (Place, bool) {
        let mut evicted = false;
        loop {
            {
                let mut state = self.state();
                if state.open.len() - state.leaving >= self.comfortable {
                    evicted |= state.evict_oldest();
                }
                if state.open.len() < self.limit {
                    let (id, leave) = state.open();
                    let connections = Arc::clone(self);
                    return (
                        Place {
                            connections,
                            id,
                            leave,
                            begun: Notify::new(),
                        },
                        evicted,
                    );
                }
            }
            // a permit is stored where nobody waits yet, so nothing is missed in between
            self.changed.notified().await;
        }
    }

    /// Asks the connection that has been idle for longest to go, to free what the whole process is short of.
    pub(super) fn evict(&self) -> bool {
        self.state().evict_oldest()
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn open(&mut self) -> (u64, Arc<Notify>) {
        let id = self.tick();
        let leave = Arc::new(Notify::new());
        self.idle.insert(id, id);
        self.open.insert(
            id,
            Slot {
                requests: 0,
                idle_since: Some(id),
                leaving: false,
                leave: Arc::clone(&leave),
            },
        );
        (id, leave)
    }

    fn evict_oldest(&mut self) -> bool {
        let Some((_, id)) = self.idle.pop_first() else {
            return false;
        };
        if let Some(slot) = self.open.get_mut(&id) {
            slot.idle_since = None;
            slot.leaving = true;
            slot.leave.notify_one();
            self.leaving += 1;
        }
        true
    }

    fn tick(&mut self) -> u64 {
        self.ticks += 1;
        self.ticks
    }
}

/// A connection's place among the others; given up when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    connections: Arc<Connections>,
    id: u64,
    leave: Arc<Notify>,
    /// A request has begun since somebody last looked.
    begun: Notify,
}

impl Place {
    /// Resolves when a request is being answered, at once if one is already.
    pub(super) async fn busy(&self) {
        while self
            .connections
            .state()
            .open
            .get(&self.id)
            .is_some_and(|slot| slot.requests == 0)
        {
            self.begun.notified().await;
        }
    }

    /// Resolves when the connection is asked to make room for another one.
    pub(super) async fn asked_to_leave(&self) {
        self.leave.notified().await;
    }

    /// A request has begun; it ends with what is returned.
    pub(super) fn request(self: &Arc<Self>) -> Busy {
        let mut state = self.connections.state();
        let State {
            open, idle, leaving, ..
        } = &mut *state;
        if let Some(slot) = open.get_mut(&self.id) {
            slot.requests += 1;
            if let Some(since) = slot.idle_since.take() {
                idle.remove(&since);
            }
            if std::mem::take(&mut slot.leaving) {
                // somebody else has to go in its stead
                *leaving -= 1;
                self.connections.changed.notify_one();
            }
        }
        drop(state);
        self.begun.notify_one();
        Busy(Arc::clone(self))
    }

    fn request_ended(&self) {
        let mut state = self.connections.state();
        let now = state.tick();
        let State { open, idle, .. } = &mut *state;
        if let Some(slot) = open.get_mut(&self.id) {
            slot.requests -= 1;
            if slot.requests == 0 {
                slot.idle_since = Some(now);
                idle.insert(now, self.id);
            }
        }
        drop(state);
        self.connections.changed.notify_one();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.connections.state();
        if let Some(slot) = state.open.remove(&self.id) {
            state.leaving -= usize::from(slot.leaving);
            if let Some(since) = slot.idle_since {
                state.idle.remove(&since);
            }
        }
        drop(state);
        self.connections.changed.notify_one();
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(super) struct Busy(Arc<Place>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.request_ended();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    /// Whether the connection has been asked to go.
    fn leaves(place: &Place) -> bool {
        place.asked_to_leave().now_or_never().is_some()
    }

    #[tokio::test]
    async fn the_longest_idle_connection_makes_room() {
        let connections = Connections::new(3);
        let enter = async || Arc::new(connections.enter().await.0);
        let (first, second, third) = (enter().await, enter().await, enter().await);
        // the first is the newest idle one after its request, the third is busy
        drop(first.request());
        let busy = third.request();
        let fourth = tokio::spawn({
            let connections = Arc::clone(&connections);
            async move { connections.enter().await }
        });
        tokio::task::yield_now().await;
        assert!(
            !fourth.is_finished(),
            "there is no room until a connection has gone"
        );
        assert_eq!(
            (leaves(&first), leaves(&second), leaves(&third)),
            (false, true, false)
        );
        drop(second);
        let (_fourth, evicted) = fourth.await.expect("a place");
        assert!(evicted);
        drop(busy);
        assert!(connections.evict());
        assert_eq!((leaves(&first), leaves(&third)), (true, false));
    }

    #[tokio::test]
    async fn busy_connections_stay_and_new_ones_wait() {
        let connections = Connections::new(1);
        let place = Arc::new(connections.enter().await.0);
        let busy = place.request();
        assert!(connections.enter().now_or_never().is_none());
        assert!(!leaves(&place));
        let waiting = tokio::spawn({
            let connections = Arc::clone(&connections);
            async move { connections.enter().await.1 }
        });
        tokio::task::yield_now().await;
        drop(busy);
        place.asked_to_leave().await;
        drop(place);
        assert!(waiting.await.expect("a place"));
    }
}
