//! HTTP requests that end in time and read no more than they should.

use std::error::Error;
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::facts::Answer;
use crate::probe::samples::{Reader, Samples};

/// The largest answer that is kept, bytes. There may be dozens at once.
const MAX_ANSWER: usize = 4 << 20;

/// The largest list of a Pushgateway's groups, which has all that was pushed.
pub(crate) const MAX_GROUPS: usize = 16 << 20;

/// The largest page of metrics, which is not kept: a Pushgateway's has all that was pushed, a busy Prometheus' own is about 1 MiB.
const MAX_PAGE: usize = 32 << 20;

/// A client for parts of the box. Clones share their connections.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    inner: reqwest::Client,
    role: &'static str,
}

/// One series of an instant query.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample {
    pub(crate) labels: std::collections::BTreeMap<String, String>,
    pub(crate) value: f64,
}

impl Client {
    /// `timeout` is for each request as a whole.
    pub(crate) fn new(timeout: Duration) -> reqwest::Result<Self> {
        let inner = reqwest::Client::builder()
            // parts are configured, not discovered: no proxy and no redirect has a say in who is asked
            .no_proxy()
            .redirect(Policy::none())
            .timeout(timeout)
            .user_agent(concat!("signalbox-health/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { inner, role: "agent" })
    }

    /// For a process beside the agent, which may do at the same time what it does.
    pub(crate) fn of(self, role: &'static str) -> Self {
        Self { role, ..self }
    }

    /// What asks: `agent`, unless it says something else.
    pub(crate) fn role(&self) -> &'static str {
        self.role
    }

    /// For requests that are more than a GET: send it by [`send`](Self::send).
    pub(crate) fn request(&self, method: reqwest::Method, url: Url) -> RequestBuilder {
        self.inner.request(method, url)
    }

    /// The status and the body, whatever the status.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Answer<(StatusCode, Vec<u8>)> {
        let (status, _, body) = self.exchange(request).await?;
        Ok((status, body))
    }

    /// The whole answer, whatever the status.
    pub(crate) async fn exchange(&self, request: RequestBuilder) -> Answer<(StatusCode, HeaderMap, Vec<u8>)> {
        let mut response = request.send().await.map_err(why)?;
        let headers = std::mem::take(response.headers_mut());
        let status = response.status();
        Ok((status, headers, whole(response, MAX_ANSWER).await?))
    }

    /// The body of a successful GET of `base` and `path`.
    pub(crate) async fn get(&self, base: &Url, path: &str) -> Answer<Vec<u8>> {
        self.get_up_to(base, path, MAX_ANSWER).await
    }

    /// The same, of another size.
    pub(crate) async fn get_up_to(&self, base: &Url, path: &str, max: usize) -> Answer<Vec<u8>> {
        whole(self.successful(base, path).await?, max).await
    }

    async fn successful(&self, base: &Url, path: &str) -> Answer<Response> {
        let response = self.inner.get(under(base, path)).send().await.map_err(why)?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        Err(refusal(status, &whole(response, MAX_ANSWER).await?))
    }

    /// Whether a GET of `base` and `path` is answered with success.
    pub(crate) async fn ready(&self, base: &Url, path: &str) -> Answer<()> {
        self.get(base, path).await.map(drop)
    }

    /// A successful GET's JSON.
    pub(crate) async fn json<T: DeserializeOwned>(&self, base: &Url, path: &str) -> Answer<T> {
        let body = self.get(base, path).await?;
        serde_json::from_slice(&body).map_err(|error| format!("answered what cannot be read: {error}"))
    }

    /// The samples of a `/metrics` page that have one of those names.
    pub(crate) async fn samples(
        &self,
        base: &Url,
        path: &str,
        wanted: &'static [&'static str],
    ) -> Answer<Samples> {
        let response = self.successful(base, path).await?;
        let mut reader = Reader::new(wanted);
        pieces(response, MAX_PAGE, |piece| reader.take(piece)).await?;
        reader.end().ok_or_else(|| "answered no metrics".to_owned())
    }

    /// An instant query to Prometheus or Thanos.
    pub(crate) async fn query(&self, base: &Url, query: &str) -> Answer<Vec<Sample>> {
        self.query_with(base, query, &[]).await
    }

    /// An instant query with more parameters, such as the time.
    pub(crate) async fn query_with(
        &self,
        base: &Url,
        query: &str,
        parameters: &[(&str, &str)],
    ) -> Answer<Vec<Sample>> {
        #[derive(Deserialize)]
        struct Body {
            data: Data,
        }
        #[derive(Deserialize)]
        struct Data {
            result: Vec<Series>,
        }
        #[derive(Deserialize)]
        struct Series {
            metric: std::collections::BTreeMap<String, String>,
            value: (f64, String),
        }

        let mut url = under(base, "api/v1/query");
        url.query_pairs_mut()
            .append_pair("query", query)
            .extend_pairs(parameters);
        let (status, body) = self.send(self.inner.get(url)).await?;
        if !status.is_success() {
            return Err(refusal(status, &body));
        }
        let body: Body =
            serde_json::from_slice(&body).map_err(|error| format!("answered what is no vector: {error}"))?;
        Ok(body
            .data
            .result
            .into_iter()
            .filter_map(|series| {
                Some(Sample {
                    labels: series.metric,
                    value: series.value.1.parse().ok()?,
                })
            })
            .collect())
    }
}

async fn whole(response: Response, max: usize) -> Answer<Vec<u8>> {
    let mut body = Vec::new();
    let keep = |piece: &[u8]| {
        body.extend_from_slice(piece);
        Ok(())
    };
    pieces(response, max, keep).await?;
    Ok(body)
}

/// Hands the body on as it comes.
async fn pieces(mut response: Response, max: usize, mut take: impl FnMut(&[u8]) -> Answer<()>) -> Answer<()> {
    let mut length = 0;
    while let Some(piece) = response.chunk().await.map_err(why)? {
        length += piece.len();
        if length > max {
            return Err(format!("answered more than {} MiB", max >> 20));
        }
        take(&piece)?;
    }
    Ok(())
}

/// `path` below the root of an API.
pub(crate) fn under(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    let root = base.path().trim_end_matches('/');
    let (path, query) = match path.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (path, None),
    };
    url.set_path(&format!("{root}/{}", path.trim_start_matches('/')));
    url.set_query(query);
    url
}

/// The status and the beginning of what was said with it.
fn refusal(status: StatusCode, body: &[u8]) -> String {
    let said = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
    match said.trim() {
        "" => format!("answered {status}"),
        said => format!("answered {status}: {said}"),
    }
}

/// The innermost error says what happened; those around it only that it happened while sending a request.
fn why(error: reqwest::Error) -> String {
    let place = error.url().map(place).unwrap_or_default();
    if error.is_timeout() {
        return format!("did not answer in time{place}");
    }
    let error = error.without_url();
    let mut cause: &dyn Error = &error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    if error.is_connect() {
        format!("cannot be reached{place}: {cause}")
    } else {
        format!("broke off{place}: {cause}")
    }
}

/// Whose address it is says who was meant, on a machine with many parts. The rest of a URL may hold a signature.
fn place(url: &Url) -> String {
    match (url.host_str(), url.port_or_known_default()) {
        (Some(host), Some(port)) => format!(" at {host}:{port}"),
        _ => String::new(),
    }
}
