//! What Prometheus scrapes.
//!
//! A scrape is an iterator of chunks of text. It takes one group's lock at a time, for the time that one chunk takes
//! to write, so that senders wait some tens of microseconds at most; between chunks it holds nothing. It shows every
//! series as it is when its group's turn comes: a scrape is no snapshot of one moment, and need not be.

mod gzip;
mod http;
mod scrape;

pub(crate) use self::http::router;
#[cfg(test)]
pub(crate) use self::scrape::Scrape;

/// A second name under which a metric is exposed. Renders the same series, some labels renamed.
///
/// A resource that sends a metric of the second name itself has no alias of it, and a metric of another type with that
/// name suppresses the alias altogether: what clients really send comes first. A series that could be mistaken for
/// another one that is renamed has no alias either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Alias {
    /// The exposed name of the metric.
    pub(crate) metric: String,
    /// Its second name.
    pub(crate) name: String,
    /// Old and new names of labels.
    pub(crate) labels: Vec<(String, String)>,
}
