//! Clients that ask one question after another. Every latency is kept, so that quantiles are exact.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::rngs::SmallRng;
use rand::seq::SliceRandom;

use crate::http::{Breaker, Client};
use crate::queries::Query;
use crate::traffic::now;

/// After this a client gives up, and its question counts as an error: twice what the longest query may take.
pub(crate) const TIMEOUT: Duration = Duration::from_mins(1);

/// One question and what came of it.
#[derive(Debug, Clone)]
struct Asked {
    query: usize,
    seconds: f64,
    /// Why it does not count as answered.
    error: Option<String>,
}

/// Clients at work.
#[derive(Debug)]
pub(crate) struct Clients {
    threads: Vec<JoinHandle<Vec<Asked>>>,
    queries: Arc<Vec<Query>>,
    breaker: Breaker,
}

/// What came of all questions.
#[derive(Debug, Clone, serde::Serialize)]
pub(crate) struct Answers {
    pub(crate) asked: usize,
    pub(crate) errors: usize,
    /// The first error.
    pub(crate) reason: Option<String>,
    /// In seconds, of all questions, those that ended with an error too.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) longest: f64,
    /// The median of each query.
    pub(crate) medians: BTreeMap<String, f64>,
}

impl Clients {
    /// Asks for as long as said; what has been asked by then is waited for. With `refresh`, each client asks everything
    /// once in that time, as a browser does, and else as fast as it is answered.
    pub(crate) fn begin(
        address: SocketAddr,
        queries: Vec<Query>,
        clients: usize,
        duration: Duration,
        refresh: Option<Duration>,
    ) -> Self {
        let queries = Arc::new(queries);
        let end = Instant::now() + duration;
        let breaker = Breaker::default();
        let threads = (0..clients).map(|client| {
            let queries = Arc::clone(&queries);
            let http = Client::with_breaker(address, TIMEOUT, breaker.clone());
            let breaker = breaker.clone();
            // browsers were not all opened in the same moment
            let delay = refresh.map(|refresh| refresh.mul_f64(client as f64 / clients as f64));
            std::thread::spawn(move || {
                std::thread::sleep(delay.unwrap_or_default());
                ask(http, &breaker, &queries, client as u64, end, refresh)
            })
        });
        Self {
            threads: threads.collect(),
            queries: Arc::clone(&queries),
            breaker,
        }
    }

    /// Ends everything that is under way.
    pub(crate) fn give_up(&self) {
        self.breaker.open();
    }

    pub(crate) fn gave_up(&self) -> bool {
        self.breaker.is_open()
    }

    pub(crate) fn are_done(&self) -> bool {
        self.threads.iter().all(JoinHandle::is_finished)
    }

    /// What came of it, when all are done.
    pub(crate) fn answers(self) -> Answers {
        let asked = self
            .threads
            .into_iter()
            .flat_map(|thread| thread.join().expect("clients do not panic"));
        Answers::of(asked.collect(), &self.queries)
    }
}

fn ask(
    mut http: Client,
    breaker: &Breaker,
    queries: &[Query],
    client: u64,
    end: Instant,
    refresh: Option<Duration>,
) -> Vec<Asked> {
    let mut random = SmallRng::seed_from_u64(client);
    let mut order: Vec<usize> = (0..queries.len()).collect();
    let mut asked = Vec::new();
    // each in turn, in another order for each client
    loop {
        order.shuffle(&mut random);
        let pass = Instant::now();
        for &query in &order {
            let begin = Instant::now();
            if begin >= end || breaker.is_open() {
                return asked;
            }
            let answer = http.get(&queries[query].path(now() / 1_000_000_000));
            asked.push(Asked {
                query,
                seconds: begin.elapsed().as_secs_f64(),
                error: match answer {
                    Ok((200, body)) => flaw(&body),
                    Ok((status, body)) => Some(format!("{status}: {}", beginning(&body))),
                    Err(error) => Some(format!("{error:#}")),
                },
            });
            if asked.last().is_some_and(|asked| asked.error.is_some()) {
                // who refuses at once is not asked again at once
                std::thread::sleep(Duration::from_millis(100));
            }
        }
        let pause = refresh.unwrap_or_default().saturating_sub(pass.elapsed());
        std::thread::sleep(pause.min(end.saturating_duration_since(Instant::now())));
    }
}

/// Why an answer with the status 200 is none: nothing or not everything was found, or the dashboard found no store.
fn flaw(body: &[u8]) -> Option<String> {
    let flaws: [&[u8]; 3] = [br#""warnings":[""#, br#""reachable":false"#, br#""result":[]"#];
    flaws.into_iter().find_map(|flaw| {
        let place = body.windows(flaw.len()).position(|window| window == flaw)?;
        Some(beginning(&body[place..]))
    })
}

fn beginning(body: &[u8]) -> String {
    String::from_utf8_lossy(body).trim().chars().take(300).collect()
}

impl Answers {
    fn of(asked: Vec<Asked>, queries: &[Query]) -> Self {
        let all = sorted(asked.iter().map(|asked| asked.seconds));
        let of_query = |query| {
            sorted(
                asked
                    .iter()
                    .filter(|asked| asked.query == query)
                    .map(|asked| asked.seconds),
            )
        };
        let medians = queries.iter().enumerate().filter_map(|(index, query)| {
            let all = of_query(index);
            (!all.is_empty()).then(|| (query.name.clone(), quantile(&all, 0.5)))
        });
        Self {
            asked: asked.len(),
            errors: asked.iter().filter(|asked| asked.error.is_some()).count(),
            reason: asked.iter().find_map(|asked| {
                let error = asked.error.as_ref()?;
                Some(format!("{}: {error}", queries[asked.query].name))
            }),
            p50: quantile(&all, 0.5),
            p99: quantile(&all, 0.99),
            longest: quantile(&all, 1.0),
            medians: medians.collect(),
        }
    }
}

pub(crate) fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

/// The value that this share of all did not exceed, by the nearest rank; 0 if there is none.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_the_nearest_rank() {
        let all = sorted((1..=200).rev().map(f64::from));
        assert_eq!(
            [0.0, 0.5, 0.99, 1.0].map(|share| quantile(&all, share) as u64),
            [1, 100, 198, 200]
        );
        assert_eq!(quantile(&[], 0.5).to_bits(), 0);
    }

    #[test]
    fn an_answer_that_is_empty_or_partial_is_an_error() {
        let whole = br#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"2"]}]}}"#;
        assert_eq!(flaw(whole), None);
        assert!(flaw(br#"{"status":"success","data":{"resultType":"vector","result":[]}}"#).is_some());
        let partial = br#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"2"]}]},"warnings":["no store"]}"#;
        assert!(flaw(partial).is_some_and(|reason| reason.contains("no store")));
        let page = br#"{"store":{"reachable":true,"error":null},"verdict":"All is well","warnings":[]}"#;
        assert_eq!(flaw(page), None);
        assert!(flaw(br#"{"store":{"reachable":false,"error":"no"},"warnings":[]}"#).is_some());
    }

    #[test]
    fn answers_are_told_by_query_and_of_all() {
        let queries = crate::queries::Set::Heavy.queries();
        let asked = |query, seconds: f64, error: Option<&str>| Asked {
            query,
            seconds,
            error: error.map(str::to_owned),
        };
        let answers = Answers::of(
            vec![
                asked(0, 1.0, None),
                asked(1, 5.0, Some("503")),
                asked(0, 3.0, None),
                asked(0, 2.0, None),
            ],
            &queries,
        );
        assert_eq!((answers.asked, answers.errors), (4, 1));
        assert_eq!(answers.reason, Some(format!("{}: 503", queries[1].name)));
        let quantiles = [answers.p50, answers.p99, answers.longest].map(|seconds| seconds as u64);
        assert_eq!(quantiles, [2, 5, 5]);
        assert_eq!(answers.medians[&queries[0].name].to_bits(), 2.0_f64.to_bits());
        assert_eq!(answers.medians.len(), 2);
    }
}
