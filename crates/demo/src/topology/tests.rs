use std::collections::HashSet;
use std::path::Path;

use serde_json::json;

use super::*;
use crate::part::Content;
use crate::programs::Program;

fn topology(network: &str) -> Topology {
    let folders = Folders {
        state: "/state".into(),
        stack: "/stack".into(),
    };
    simple(network.parse().unwrap(), &folders)
}

fn part<'a>(topology: &'a Topology, name: &str) -> &'a Part {
    topology.parts.iter().find(|part| part.name == name).unwrap()
}

#[test]
fn names_and_addresses_are_unique_and_on_the_network() {
    let topology = topology("127.77.3");
    let names: HashSet<_> = topology.parts.iter().map(|part| &part.name).collect();
    assert_eq!(names.len(), 13);
    let ports: Vec<_> = topology
        .parts
        .iter()
        .flat_map(|part| &part.ports)
        .map(|port| port.address)
        .collect();
    assert!(
        ports
            .iter()
            .all(|address| address.ip().octets()[..3] == [127, 77, 3]),
        "{ports:?}"
    );
    assert_eq!(ports.iter().collect::<HashSet<_>>().len(), ports.len());
}

/// How many parts must be ready before the part starts, one after the other.
fn depth(topology: &Topology, name: &str, above: usize) -> usize {
    assert!(above < topology.parts.len(), "{name} needs itself");
    let needs = &part(topology, name).needs;
    needs
        .iter()
        .map(|need| 1 + depth(topology, need, above + 1))
        .max()
        .unwrap_or(0)
}

#[test]
fn needs_name_parts_that_need_none_of_them() {
    let topology = topology("127.0.0");
    assert_eq!(depth(&topology, "load-prod", 0), 2);
    assert_eq!(depth(&topology, "dashboard", 0), 2);
    for part in &topology.parts {
        depth(&topology, &part.name, 0);
    }
}

#[test]
fn what_takes_data_stops_after_what_sends_it() {
    let topology = topology("127.0.0");
    for part_ in &topology.parts {
        for need in &part_.needs {
            let needed = part(&topology, need);
            let sends_to_it = part_.program != Program::Prometheus && part_.program != Program::Dashboard;
            assert!(
                !sends_to_it || part_.stage < needed.stage,
                "{} and {need}",
                part_.name
            );
        }
    }
}

#[test]
fn targets_are_named_by_what_they_are_and_not_by_their_address() {
    let topology = topology("127.77.3");
    let files = &part(&topology, "prometheus").files;
    let content = |name: &str| -> serde_json::Value {
        let path = Path::new("/state/config/prometheus").join(name);
        let file = files.iter().find(|file| file.path == path).unwrap();
        let Content::Text(text) = &file.content else {
            panic!("{name} is a text")
        };
        serde_json::from_str(text).unwrap()
    };
    let planes = content("targets/dataplanes.json");
    assert_eq!(planes.as_array().unwrap().len(), 3);
    assert_eq!(
        planes[2],
        json!({
            "targets": ["127.77.3.13:8889"],
            "labels": {
                "environment": "qa", "data_plane": "quality-assurance", "data_plane_id": "dp-qa-01",
                "component": "data-plane", "instance": "dp-qa-01:8889"
            }
        })
    );
    assert_eq!(
        content("targets/dashboard.json"),
        json!([{ "targets": ["127.77.3.1:3000"], "labels": { "box": "a", "instance": "a:3000" } }])
    );
}

fn value<'a>(part: &'a Part, variable: &str) -> &'a str {
    let mut environment = part.environment.iter();
    &environment.find(|(name, _)| name == variable).unwrap().1
}

#[test]
fn the_demo_api_listens_where_the_plan_says() {
    let topology = topology("127.0.0");
    let listen = |part_: &str| value(part(&topology, part_), "SIGNALBOX_DEMO_API__LISTEN").to_owned();
    assert_eq!(listen("api-prod"), r#"["127.0.0.11:8080","127.0.0.1:8081"]"#);
    assert_eq!(listen("api-qa"), r#"["127.0.0.13:8080","127.0.0.1:8083"]"#);
}

#[test]
fn each_collector_keeps_its_sums_in_a_folder_of_its_own() {
    let topology = topology("127.0.0");
    let kept = |part_: &str| value(part(&topology, part_), "SIGNALBOX_COLLECTOR__STATE_DIR").to_owned();
    assert_eq!(kept("collector-prod"), "/state/data/collector-prod");
    assert_eq!(kept("collector-dev"), "/state/data/collector-dev");
    assert_eq!(kept("collector-qa"), "/state/data/collector-qa");
}
