use reqwest::Url;
use serde::{Deserialize, Serialize};
use service::Problems;

use super::read::keep_url;

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
    pub(super) fn validate(self, own: &str, problems: &mut Problems) -> Option<Peer> {
        if self.box_name == own {
            problems.add(
                "peer.box",
                format!("must be the other box's name, is {own:?} like this one's"),
            );
        }
        let health = keep_url(problems, "peer.health", &self.health);
        let prometheus = keep_url(problems, "peer.prometheus", &self.prometheus);
        let alertmanager = keep_url(problems, "peer.alertmanager", &self.alertmanager);
        Some(Peer {
            box_name: self.box_name,
            health: health?,
            prometheus: prometheus?,
            alertmanager: alertmanager?,
        })
    }
}
