use std::time::Duration;

use serde_json::Value;

/// HTTP with a time limit, without a proxy.
#[derive(Debug, Clone)]
pub struct Http(reqwest::Client);

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// Its status code.
    pub status: u16,
    /// Its body.
    pub body: String,
}

impl Default for Http {
    fn default() -> Self {
        Self(
            reqwest::Client::builder()
                .timeout(Duration::from_secs(10))
                .connect_timeout(Duration::from_secs(2))
                // machines come and go: each request has a connection of its own
                .pool_max_idle_per_host(0)
                .no_proxy()
                .build()
                .expect("a client without encryption"),
        )
    }
}

impl Http {
    /// Asks for a page, whatever the answer.
    pub async fn get(&self, url: &str) -> Result<Answer, String> {
        answer(self.0.get(url)).await
    }

    /// The JSON of a page that answers 200.
    pub async fn json(&self, url: &str, query: &[(&str, &str)]) -> Result<Value, String> {
        let answer = answer(self.0.get(url).query(query)).await?;
        if answer.status != 200 {
            return Err(format!("{url} answers {}: {}", answer.status, answer.body));
        }
        serde_json::from_str(&answer.body).map_err(|error| format!("{url} answers no JSON: {error}"))
    }

    /// Sends a body.
    pub async fn post(&self, url: &str, content_type: &str, body: Vec<u8>) -> Result<Answer, String> {
        answer(self.0.post(url).header("content-type", content_type).body(body)).await
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Result<Answer, String> {
    let chain = |error: reqwest::Error| {
        let mut text = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            text = format!("{text}: {cause}");
            source = cause.source();
        }
        text
    };
    let response = request.send().await.map_err(chain)?;
    let status = response.status().as_u16();
    let body = response.text().await.map_err(chain)?;
    Ok(Answer { status, body })
}
