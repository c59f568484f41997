use reqwest::Url;
use serde::{Deserialize, Serialize};
use service::Problems;

use super::read::{keep_name, keep_url};

/// The other box of a pair, as this one sees it.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Its name.
    pub box_name: String,
    /// Its health agent.
    pub health: Url,
    /// Its Prometheus.
    pub prometheus: Url,
    /// Its Alertmanager.
    pub alertmanager: Url,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPeer {
    #[serde(rename = "box")]
    box_name: String,
    health: String,
    prometheus: String,
    alertmanager: String,
}

impl RawPeer {
    pub(super) fn validate(self, own: Option<&str>, problems: &mut Problems) -> Option<Peer> {
        let box_name = keep_name(
            problems,
            "peer.box",
            "the other box's name, such as \"b\"",
            self.box_name,
        );
        if let Some(name) = &box_name
            && box_name.as_deref() == own
        {
            problems.add(
                "peer.box",
                format!("must be the other box's name, is {name:?} like this one's"),
            );
        }
        let health = keep_url(problems, "peer.health", &self.health);
        let prometheus = keep_url(problems, "peer.prometheus", &self.prometheus);
        let alertmanager = keep_url(problems, "peer.alertmanager", &self.alertmanager);
        Some(Peer {
            box_name: box_name?,
            health: health?,
            prometheus: prometheus?,
            alertmanager: alertmanager?,
        })
    }
}
