//! Updates as fast as can be, without scrapes and with them: what scrapes cost those who send.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bench_shared::send::Transport;
use bench_shared::usage::{self, Memory};

use super::{Bench, CONNECTIONS, Phase, counters};
use crate::drive::Pace;
use crate::scrape::{Format, Request, scrape};
use crate::subject::{Allowance, Subject};

#[derive(Debug, serde::Serialize)]
pub(crate) struct WhileScraped {
    pub(crate) without: Phase,
    pub(crate) with: Phase,
    /// The share of accepted points that scrapes cost.
    pub(crate) loss: f64,
    pub(crate) scrape_seconds: Vec<f64>,
    pub(crate) memory: Memory,
}

impl Bench {
    pub(super) fn scraped(
        &self,
        name: &str,
        series: usize,
        subject: Subject,
    ) -> anyhow::Result<WhileScraped> {
        let every = Duration::from_secs(self.times.between_scrapes);
        let bodies = counters(series);
        let running = subject.start(&self.setup, Allowance::Ample, name)?;
        let target = running.target(Transport::Http, CONNECTIONS);
        running.create(&bodies, target)?;
        let drive = |intervals: u32| {
            let before = usage::cpu(running.process())?;
            let sent = bodies.drive(target, Pace::Saturating(intervals * every))?;
            anyhow::Ok(Phase::new(sent, usage::cpu(running.process())? - before))
        };
        let without = drive(2)?;
        let is_over = AtomicBool::new(false);
        let profile = self.profile(subject, name, &running)?;
        let (with, scrape_seconds) = std::thread::scope(|scope| {
            let scrapes = scope.spawn(|| scrape_every(every, running.data(), &is_over));
            let with = drive(3);
            is_over.store(true, Ordering::Relaxed);
            let scrapes = scrapes.join().expect("scraping does not panic");
            anyhow::Ok((with?, scrapes?))
        })?;
        drop(profile);
        Ok(WhileScraped {
            loss: 1.0 - with.sent.rate() / without.sent.rate(),
            without,
            with,
            scrape_seconds,
            memory: running.memory()?,
        })
    }
}

/// Scrapes at times that do not depend on how long scrapes take, as long as one is over before the next. How long they took.
fn scrape_every(every: Duration, address: SocketAddr, is_over: &AtomicBool) -> anyhow::Result<Vec<f64>> {
    let request = Request {
        format: Format::Text,
        gzip: false,
    };
    let mut walls = Vec::new();
    // the first in the middle of its interval, so that no interval has half a scrape
    let mut next = Instant::now() + every / 2;
    while !is_over.load(Ordering::Relaxed) {
        if Instant::now() < next {
            std::thread::sleep(Duration::from_millis(20));
            continue;
        }
        walls.extend(scrape(address, request, false)?.map(|scraped| scraped.wall.as_secs_f64()));
        next += every;
    }
    Ok(walls)
}
