//! What to do, in the words of this box.
//!
//! A fix names in braces what it wants of a part: `{log prometheus}` is `journalctl --unit=prometheus.service` where systemd
//! runs the parts, and `signalbox-demo logs prometheus-a` in a demo; `{log prometheus there}` is that of the other box.

use reqwest::Url;
use serde::{Deserialize, Serialize};

use crate::config::Config;

/// Who starts and stops the parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Supervisor {
    /// A machine's service manager.
    #[default]
    Systemd,
    /// `signalbox-demo`, all on one machine.
    SignalboxDemo,
}

/// How this box calls its parts, and where they are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Advice {
    supervisor: Supervisor,
    here: Names,
    /// The other box's.
    there: Names,
}

#[derive(Clone, Debug, Default)]
struct Names {
    box_name: String,
    urls: Vec<(&'static str, Url)>,
}

impl Advice {
    pub(crate) fn of(config: &Config) -> Self {
        let urls = config.parts.all().map(|(part, url)| (part, url.clone()));
        let there = config.peer.as_ref().map(|peer| Names {
            box_name: peer.box_name.clone(),
            urls: vec![
                ("prometheus", peer.prometheus.clone()),
                ("alertmanager", peer.alertmanager.clone()),
            ],
        });
        Self {
            supervisor: config.system.supervisor,
            here: Names {
                box_name: config.box_name.clone(),
                urls: urls.collect(),
            },
            there: there.unwrap_or_default(),
        }
    }

    /// A fix with everything in braces said.
    pub(crate) fn fill(&self, fix: &str) -> String {
        let mut text = String::with_capacity(fix.len());
        let mut rest = fix;
        while let Some((before, (wish, after))) = rest
            .split_once('{')
            .and_then(|(before, behind)| Some((before, behind.split_once('}')?)))
        {
            text += before;
            match self.say(wish) {
                Some(said) => text += &said,
                None => text.extend(["{", wish, "}"]),
            }
            rest = after;
        }
        text + rest
    }

    /// Where a page of `stack/runbooks/` is shown, if this box has a dashboard.
    pub(crate) fn runbook(&self, name: &str) -> Option<String> {
        let dashboard = self.here.find("dashboard")?;
        Some(format!("{dashboard}/runbooks/{name}"))
    }

    fn say(&self, wish: &str) -> Option<String> {
        let (wish, there) = match wish.strip_suffix(" there") {
            Some(wish) => (wish, true),
            None => (wish, false),
        };
        let names = if there { &self.there } else { &self.here };
        if let Some(part) = wish.strip_prefix("url ") {
            return Some(names.url(part));
        }
        if wish == "doctor" {
            return Some(match self.supervisor {
                Supervisor::Systemd if there => "`signalbox-health doctor` over there".to_owned(),
                Supervisor::Systemd => "`signalbox-health doctor`".to_owned(),
                Supervisor::SignalboxDemo => format!("`signalbox-demo doctor --box {}`", names.box_name),
            });
        }
        let (verb, part) = wish.split_once(' ')?;
        let command = match self.supervisor {
            Supervisor::Systemd => {
                let unit = unit(part);
                match verb {
                    "log" => format!("journalctl --unit={unit}"),
                    "status" | "start" | "restart" | "reload" => format!("systemctl {verb} {unit}"),
                    _ => return None,
                }
            }
            Supervisor::SignalboxDemo => {
                let name = names.of_demo(part);
                match verb {
                    "log" => format!("signalbox-demo logs {name}"),
                    "status" => "signalbox-demo status".to_owned(),
                    "start" | "restart" | "reload" => format!("signalbox-demo restart {name}"),
                    _ => return None,
                }
            }
        };
        Some(format!("`{command}`"))
    }
}

impl Names {
    /// A part that the settings do not name is called in capitals.
    fn url(&self, part: &str) -> String {
        self.find(part).unwrap_or_else(|| part.to_uppercase())
    }

    /// Its address, without the slash at the end.
    fn find(&self, part: &str) -> Option<String> {
        let (_, url) = self.urls.iter().find(|(name, _)| *name == part)?;
        Some(url.as_str().trim_end_matches('/').to_owned())
    }

    /// As `signalbox-demo status` names it: what each box has one of by its box, a collector by its environment.
    fn of_demo(&self, part: &str) -> String {
        match part {
            "alertmanager" | "health" | "prometheus" | "pushgateway" | "thanos-sidecar" => {
                format!("{part}-{}", self.box_name)
            }
            "collector" => "collector-ENVIRONMENT".to_owned(),
            _ => part.to_owned(),
        }
    }
}

/// The unit that runs a part.
fn unit(part: &str) -> String {
    match part {
        "box" => "signalbox.target".to_owned(),
        "collector" | "dashboard" | "health" => format!("signalbox-{part}.service"),
        _ => format!("{part}.service"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check;

    fn advice(supervisor: Supervisor) -> Advice {
        let names = |box_name: &str, url: &str| Names {
            box_name: box_name.to_owned(),
            urls: vec![("prometheus", Url::parse(url).unwrap())],
        };
        Advice {
            supervisor,
            here: names("a", "http://127.0.0.1:9090"),
            there: names("b", "http://127.0.0.2:9090"),
        }
    }

    #[track_caller]
    fn reads(fix: &str, systemd: &str, demo: &str) {
        assert_eq!(advice(Supervisor::Systemd).fill(fix), systemd);
        assert_eq!(advice(Supervisor::SignalboxDemo).fill(fix), demo);
    }

    #[test]
    fn each_box_has_its_own_words() {
        reads(
            "Look at {log prometheus}, then run {reload prometheus}",
            "Look at `journalctl --unit=prometheus.service`, then run `systemctl reload prometheus.service`",
            "Look at `signalbox-demo logs prometheus-a`, then run `signalbox-demo restart prometheus-a`",
        );
        reads(
            "{status health there}",
            "`systemctl status signalbox-health.service`",
            "`signalbox-demo status`",
        );
        reads(
            "{log health there}",
            "`journalctl --unit=signalbox-health.service`",
            "`signalbox-demo logs health-b`",
        );
        reads(
            "{doctor there}",
            "`signalbox-health doctor` over there",
            "`signalbox-demo doctor --box b`",
        );
        reads(
            "{start thanos-query}",
            "`systemctl start thanos-query.service`",
            "`signalbox-demo restart thanos-query`",
        );
    }

    #[test]
    fn addresses_are_those_of_the_settings() {
        reads(
            "`curl {url prometheus}/x`, {url prometheus there}, {url thanos-rule}",
            "`curl http://127.0.0.1:9090/x`, http://127.0.0.2:9090, THANOS-RULE",
            "`curl http://127.0.0.1:9090/x`, http://127.0.0.2:9090, THANOS-RULE",
        );
    }

    #[test]
    fn a_runbook_is_where_the_dashboard_is() {
        let mut advice = advice(Supervisor::Systemd);
        assert_eq!(advice.runbook("prometheus"), None);
        let dashboard = Url::parse("http://10.0.0.10:3000/").unwrap();
        advice.here.urls.push(("dashboard", dashboard));
        assert_eq!(
            advice.runbook("BoxBroken").as_deref(),
            Some("http://10.0.0.10:3000/runbooks/BoxBroken")
        );
    }

    #[test]
    fn what_is_no_wish_stays() {
        reads(
            "{sing prometheus} {} {open",
            "{sing prometheus} {} {open",
            "{sing prometheus} {} {open",
        );
    }

    #[test]
    fn every_wish_of_a_check_is_known() {
        for check in check::all() {
            for supervisor in [Supervisor::Systemd, Supervisor::SignalboxDemo] {
                let text = advice(supervisor).fill(check.fix);
                assert!(!text.contains(['{', '}']), "{}: {text}", check.id);
                // what is to be typed stands between backticks
                assert_eq!(text.matches('`').count() % 2, 0, "{}: {text}", check.id);
            }
        }
    }

    /// The other checks are of systemd itself, or of the machine below.
    #[test]
    fn in_a_demo_nobody_is_told_to_ask_systemd() {
        use check::Category::{Alerting, Canaries, DataPlanes, Peer, Prometheus, Thanos};
        let of_parts = [Alerting, Canaries, DataPlanes, Peer, Prometheus, Thanos];
        for check in check::all().filter(|check| of_parts.contains(&check.category)) {
            let text = advice(Supervisor::SignalboxDemo).fill(check.fix);
            for word in ["systemctl", "journalctl", ".service", "127.0.0.1:9093"] {
                assert!(!text.contains(word), "{}: {text}", check.id);
            }
        }
    }
}
