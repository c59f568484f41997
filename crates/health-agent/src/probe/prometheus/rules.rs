//! Rules that fail, as Prometheus and Thanos' ruler tell of them.

use reqwest::Url;
use serde::Deserialize;

use crate::facts::Answer;
use crate::facts::prometheus::FailingRule;
use crate::probe::http::Client;

#[derive(Deserialize)]
struct Body {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    name: String,
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
struct Rule {
    name: String,
    health: String,
    #[serde(rename = "lastError", default)]
    last_error: String,
}

/// Rules whose last evaluation failed.
pub(crate) async fn failing(client: &Client, base: &Url) -> Answer<Vec<FailingRule>> {
    let body: Body = client.json(base, "api/v1/rules").await?;
    let failing = body.data.groups.into_iter().flat_map(|group| {
        let name = group.name;
        group
            .rules
            .into_iter()
            .filter(|rule| rule.health == "err")
            .map(move |rule| FailingRule {
                group: name.clone(),
                rule: rule.name,
                last_error: rule.last_error,
            })
    });
    Ok(failing.collect())
}
