use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::future::{join_all, pending};
use tokio::sync::{broadcast, oneshot};

use super::*;

type Numbers = Cache<&'static str, u32, String>;
type Made = Result<Fresh<u32>, String>;

const KEEP: Duration = Duration::from_hours(1);

/// A number that tells how many were made before it.
fn count(counter: &Arc<AtomicU32>, keep: Option<Duration>) -> impl Future<Output = Made> + Send + 'static {
    let counter = Arc::clone(counter);
    async move {
        Ok(Fresh {
            value: counter.fetch_add(1, Ordering::Relaxed),
            keep,
        })
    }
}

#[tokio::test]
async fn an_answer_is_kept_until_it_expires() {
    let (cache, made) = (Numbers::new("test", 8), Arc::new(AtomicU32::new(0)));
    let ask = |key, keep| cache.get(key, count(&made, Some(keep)));
    assert_eq!(*ask("a", KEEP).await.unwrap(), 0);
    assert_eq!(*ask("a", KEEP).await.unwrap(), 0);
    // expires at once
    assert_eq!(*ask("b", Duration::ZERO).await.unwrap(), 1);
    assert_eq!(*ask("b", Duration::ZERO).await.unwrap(), 2);
}

/// Asks ten times before the answer is there.
async fn ask_ten_times(
    cache: &Numbers,
    answer: impl Fn(u32) -> Made + Copy + Send + 'static,
) -> Vec<Outcome<u32, String>> {
    let (release, _) = broadcast::channel(1);
    let mut asked = Box::pin(join_all((0..10).map(|number| {
        let mut released = release.subscribe();
        cache.get("a", async move {
            released.recv().await.map_err(|error| error.to_string())?;
            answer(number)
        })
    })));
    assert!(asked.as_mut().now_or_never().is_none());
    release.send(()).unwrap();
    asked.await
}

#[tokio::test]
async fn those_who_ask_at_the_same_time_share_one_answer() {
    let cache = Numbers::new("test", 8);
    let answers = ask_ten_times(&cache, |value| Ok(Fresh { value, keep: None })).await;
    assert_eq!(answers, vec![Ok(Arc::new(0)); 10]);
    // it was not to be kept
    assert_eq!(
        cache.get("a", async { Ok(Fresh { value: 7, keep: None }) }).await,
        Ok(Arc::new(7))
    );
}

#[tokio::test]
async fn an_error_is_shared_and_not_kept() {
    let cache = Numbers::new("test", 8);
    let answers = ask_ten_times(&cache, |number| Err(format!("no. {number}"))).await;
    assert_eq!(answers, vec![Err("no. 0".to_owned()); 10]);
    assert_eq!(
        cache.get("a", async { Ok(Fresh { value: 7, keep: None }) }).await,
        Ok(Arc::new(7))
    );
}

#[tokio::test]
async fn the_first_may_leave_while_others_wait() {
    let cache = Arc::new(Numbers::new("test", 8));
    let (release, released) = oneshot::channel();
    let first = tokio::spawn({
        let cache = Arc::clone(&cache);
        async move {
            cache
                .get("a", async {
                    let value = released.await.map_err(|error| error.to_string())?;
                    Ok(Fresh { value, keep: None })
                })
                .await
        }
    });
    while lock(&cache.entries).is_empty() {
        tokio::task::yield_now().await;
    }
    let mut second = Box::pin(cache.get("a", pending()));
    assert!(second.as_mut().now_or_never().is_none());
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    release.send(3).unwrap();
    assert_eq!(*second.await.unwrap(), 3);
}

#[tokio::test]
async fn an_answer_that_nobody_waits_for_is_given_up() {
    let cache = Numbers::new("test", 8);
    let (hold, given_up) = oneshot::channel::<()>();
    let mut only = Box::pin(cache.get("a", async move {
        let _hold = hold;
        pending().await
    }));
    assert!(only.as_mut().now_or_never().is_none());
    drop(only);
    assert!(given_up.await.is_err());
    assert_eq!(
        *cache
            .get("a", async { Ok(Fresh { value: 1, keep: None }) })
            .await
            .unwrap(),
        1
    );
}

#[tokio::test]
async fn what_expires_first_makes_room() {
    let (cache, made) = (Numbers::new("test", 2), Arc::new(AtomicU32::new(0)));
    let ask = |key, keep| cache.get(key, count(&made, Some(keep)));
    ask("a", KEEP).await.unwrap();
    ask("b", 2 * KEEP).await.unwrap();
    ask("c", 3 * KEEP).await.unwrap();
    assert_eq!(lock(&cache.entries).len(), 2);
    assert_eq!(*ask("b", KEEP).await.unwrap(), 1);
    assert_eq!(*ask("a", KEEP).await.unwrap(), 3);
}
