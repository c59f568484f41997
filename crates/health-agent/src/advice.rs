//! What to do, in the words of this box.
//!
//! A fix names in braces what it wants of a part: `{log prometheus}` is `journalctl --unit=prometheus.service` where systemd
//! runs the parts, and `signalbox-demo logs prometheus-a` in a demo; `{log prometheus there}` is that of the other box.

use reqwest::Url;

use crate::config::{Config, Demo};

/// How this box calls its parts, and where they are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Advice {
    /// Who runs the parts, if it is not systemd.
    demo: Option<Demo>,
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
            demo: config.system.demo.clone(),
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
            return Some(match &self.demo {
                Some(demo) => format!("`{} --box {}`", command(demo, "doctor"), names.box_name),
                None if there => "`signalbox-health doctor` over there".to_owned(),
                None => "`signalbox-health doctor`".to_owned(),
            });
        }
        if wish == "failed" {
            return Some(match &self.demo {
                Some(demo) => format!("`{}`", command(demo, "status")),
                None => "`systemctl --failed`".to_owned(),
            });
        }
        let (verb, part) = wish.split_once(' ')?;
        let command = match (&self.demo, verb) {
            (None, "log") => format!("journalctl --unit={}", unit(part)),
            (None, "status" | "start" | "restart" | "reload") => format!("systemctl {verb} {}", unit(part)),
            (Some(demo), "log") => command(demo, &format!("logs {}", names.of_demo(part))),
            (Some(demo), "status") => command(demo, "status"),
            (Some(demo), "start" | "restart" | "reload") => {
                command(demo, &format!("restart {}", names.of_demo(part)))
            }
            _ => return None,
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

/// The command line that does this to that demo, and to no other one.
fn command(demo: &Demo, what: &str) -> String {
    let program = demo.program.display();
    match &demo.state_dir {
        Some(folder) => format!("{program} {what} --state-dir {}", folder.display()),
        None => format!("{program} {what}"),
    }
}

/// The unit that runs a part.
fn unit(part: &str) -> String {
    match part {
        "collector" | "dashboard" | "health" => format!("signalbox-{part}.service"),
        "node-exporter" => "prometheus-node-exporter.service".to_owned(),
        _ => format!("{part}.service"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::check;

    fn demo() -> Demo {
        Demo {
            program: "signalbox-demo".into(),
            state_dir: None,
        }
    }

    fn advice(demo: Option<Demo>) -> Advice {
        let names = |box_name: &str, url: &str| Names {
            box_name: box_name.to_owned(),
            urls: vec![("prometheus", Url::parse(url).unwrap())],
        };
        Advice {
            demo,
            here: names("a", "http://127.0.0.1:9090"),
            there: names("b", "http://127.0.0.2:9090"),
        }
    }

    #[track_caller]
    fn reads(fix: &str, under_systemd: &str, in_a_demo: &str) {
        assert_eq!(advice(None).fill(fix), under_systemd);
        assert_eq!(advice(Some(demo())).fill(fix), in_a_demo);
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
        reads("{failed}", "`systemctl --failed`", "`signalbox-demo status`");
    }

    #[test]
    fn another_demo_is_left_alone() {
        let second = Demo {
            program: "target/release/signalbox-demo".into(),
            state_dir: Some("/tmp/second".into()),
        };
        assert_eq!(
            advice(Some(second)).fill("{restart prometheus}"),
            "`target/release/signalbox-demo restart prometheus-a --state-dir /tmp/second`"
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
        let mut advice = advice(None);
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
            for who in [None, Some(demo())] {
                let text = advice(who).fill(check.fix);
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
            let text = advice(Some(demo())).fill(check.fix);
            for word in ["systemctl", "journalctl", ".service", "127.0.0.1:9093"] {
                assert!(!text.contains(word), "{}: {text}", check.id);
            }
        }
    }

    #[test]
    fn what_is_to_be_started_is_there() {
        // what the appliance consists of, and what `signalbox-demo status` shows
        let units = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../nixos/golden");
        let units: BTreeSet<_> = ["acme", "acme-prod"]
            .iter()
            .flat_map(|machine| fs::read_dir(units.join(machine).join("units")).unwrap())
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        let parts = BTreeSet::from([
            "alertmanager-a",
            "alertmanager-b",
            "collector-ENVIRONMENT",
            "dashboard",
            "health-a",
            "health-b",
            "minio",
            "prometheus-a",
            "prometheus-b",
            "pushgateway-a",
            "thanos-compact",
            "thanos-query",
            "thanos-rule",
            "thanos-sidecar-a",
            "thanos-store",
        ]);
        let mut seen = 0;
        for check in check::all() {
            for wish in check
                .fix
                .split('{')
                .skip(1)
                .filter_map(|text| text.split('}').next())
            {
                let Some((verb, part)) = wish.trim_end_matches(" there").split_once(' ') else {
                    continue;
                };
                if verb == "url" {
                    continue;
                }
                seen += 1;
                let unit = unit(part);
                assert!(units.contains(&unit), "{}: no {unit}", check.id);
                let filled = advice(Some(demo())).fill(&format!("{{{wish}}}"));
                let named = filled.trim_matches('`').rsplit(' ').next().unwrap();
                assert!(
                    parts.contains(named) || named == "status",
                    "{}: no {named}",
                    check.id
                );
            }
        }
        assert!(seen > 20, "{seen}");
    }
}
