//! Alertmanager, Pushgateway, dashboard: looks.

mod alertmanager;

use std::collections::BTreeMap;

use futures_util::future::OptionFuture;
use reqwest::Url;
use serde::Deserialize;

use crate::config::Config;
use crate::facts::Answer;
use crate::facts::alerting::{Alerting, Pushgateway};
use crate::probe::http::Client;

/// Never fails: what could not be asked is a fact too. `None` if the box has nothing of it.
pub(crate) async fn look(client: &Client, config: &Config) -> Option<Alerting> {
    let parts = &config.parts;
    if parts.alertmanager.is_none() && parts.pushgateway.is_none() && parts.dashboard.is_none() {
        return None;
    }
    let alertmanager: OptionFuture<_> = parts
        .alertmanager
        .as_ref()
        .map(|base| alertmanager::look(client, base, config))
        .into();
    let pushgateway: OptionFuture<_> = parts
        .pushgateway
        .as_ref()
        .map(|base| pushgateway(client, base))
        .into();
    let dashboard: OptionFuture<_> = parts
        .dashboard
        .as_ref()
        .map(|base| client.ready(base, "readyz"))
        .into();
    let (alertmanager, pushgateway, dashboard) = tokio::join!(alertmanager, pushgateway, dashboard);
    Some(Alerting {
        alertmanager,
        pushgateway,
        dashboard,
    })
}

async fn pushgateway(client: &Client, base: &Url) -> Pushgateway {
    let (ready, groups) = tokio::join!(client.ready(base, "-/ready"), groups(client, base));
    Pushgateway { ready, groups }
}

async fn groups(client: &Client, base: &Url) -> Answer<Vec<(String, bool)>> {
    #[derive(Deserialize)]
    struct Body {
        data: Vec<Group>,
    }
    #[derive(Deserialize)]
    struct Group {
        labels: BTreeMap<String, String>,
        #[serde(default)]
        last_push_successful: bool,
    }
    let body: Body = client.json(base, "api/v1/metrics").await?;
    let groups = body.data.into_iter().map(|group| {
        let labels: Vec<_> = group
            .labels
            .iter()
            .map(|(name, value)| format!("{name}={value:?}"))
            .collect();
        (labels.join(","), group.last_push_successful)
    });
    Ok(groups.collect())
}
