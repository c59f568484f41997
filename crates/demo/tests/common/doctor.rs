//! What the doctor of a demo says.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::harness::{Demo, output};

/// All that can be said of a box; the machine under it is not the box's.
pub(crate) const OF_THE_BOX: [&str; 7] = [
    "security",
    "data-planes",
    "prometheus",
    "thanos",
    "alerting",
    "canaries",
    "peer",
];

/// As in `doctor --json` and `/status`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Report {
    /// `ok`, `attention` or `broken`.
    pub(crate) state: String,
    pub(crate) checks: Vec<Finding>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Finding {
    pub(crate) id: String,
    pub(crate) category: String,
    pub(crate) verdict: String,
    /// 0 well, 1 to look into, 2 broken.
    pub(crate) level: u8,
    pub(crate) evidence: String,
}

impl Report {
    /// The checks that apply to the box, by id.
    pub(crate) fn of_the_box(&self) -> BTreeMap<&str, &Finding> {
        let those = self
            .checks
            .iter()
            .filter(|one| OF_THE_BOX.contains(&one.category.as_str()));
        let those = those.filter(|one| one.verdict != "not_applicable");
        those.map(|one| (one.id.as_str(), one)).collect()
    }

    /// The ids of those that are not well, sorted.
    pub(crate) fn red(&self) -> Vec<&str> {
        let of_the_box = self.of_the_box();
        let those = of_the_box.iter().filter(|(_, one)| one.level > 0);
        those.map(|(id, _)| *id).collect()
    }
}

/// The doctor's exit status and what it says of a box, `a` or `b`.
pub(crate) async fn ask(demo: &Demo, replica: &str, options: &[&str]) -> (i32, Report) {
    let state = demo.state().to_str().expect("a path of the test's own");
    let words = ["doctor", "--state-dir", state, "--box", replica, "--json"];
    let output = output(&[&words, options].concat()).await;
    let said = String::from_utf8_lossy(&output.stdout);
    let report = serde_json::from_str(&said).unwrap_or_else(|error| {
        let complaint = String::from_utf8_lossy(&output.stderr);
        panic!("{error}: {said}{complaint}")
    });
    (output.status.code().expect("it ends by itself"), report)
}

/// The same of the box alone, whatever the machine under it is like.
pub(crate) async fn ask_of_the_box(demo: &Demo, replica: &str, options: &[&str]) -> (i32, Report) {
    let categories = OF_THE_BOX.iter().flat_map(|name| ["--category", name]);
    let options: Vec<_> = categories.chain(options.iter().copied()).collect();
    ask(demo, replica, &options).await
}
