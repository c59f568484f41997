use std::collections::HashSet;
use std::net::Ipv4Addr;
use std::path::Path;

use serde_json::{Value, json};

use super::*;
use crate::command_line::Call;
use crate::part::Content;
use crate::programs::Program;

fn plan(network: &str, extent: Extent) -> Plan {
    Plan {
        network: network.parse().unwrap(),
        folders: Folders {
            state: "/state".into(),
            stack: "/stack".into(),
        },
        extent,
        keys: Keys::new(),
        memory: Memory::of_box("4GB", &Path::new(env!("CARGO_MANIFEST_DIR")).join("../../stack")).unwrap(),
        tuning: Tuning::default(),
        call: Call {
            program: "signalbox-demo".into(),
            state_dir: None,
        },
    }
}

fn simple(network: &str) -> Topology {
    Topology::of(&plan(network, Extent::Simple))
}

fn full(network: &str) -> Topology {
    Topology::of(&plan(network, Extent::Full(ObjectStore::Minio)))
}

fn part<'a>(topology: &'a Topology, name: &str) -> &'a Part {
    topology.parts.iter().find(|part| part.name == name).unwrap()
}

#[test]
fn names_and_addresses_are_unique_and_on_the_network() {
    let garage = Topology::of(&plan("127.77.3", Extent::Full(ObjectStore::Garage)));
    for (topology, count) in [(simple("127.77.3"), 14), (full("127.77.3"), 28), (garage, 28)] {
        let names: HashSet<_> = topology.parts.iter().map(|part| &part.name).collect();
        assert_eq!(names.len(), count);
        let ports: Vec<_> = topology
            .parts
            .iter()
            .flat_map(|part| &part.ports)
            .map(|port| port.address)
            .collect();
        // 12000 and 77 · 256 + 3: MinIO is on 127.0.0.1, too
        let unasked = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 31_715);
        let elsewhere = ports
            .iter()
            .filter(|address| address.ip().octets()[..3] != [127, 77, 3]);
        assert!(
            elsewhere.into_iter().all(|address| *address == unasked),
            "{ports:?}"
        );
        assert_eq!(ports.iter().collect::<HashSet<_>>().len(), ports.len());
    }
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
    assert_eq!(depth(&simple("127.0.0"), "dashboard", 0), 2);
    let topology = full("127.0.0");
    assert_eq!(depth(&topology, "load-prod", 0), 2);
    assert_eq!(depth(&topology, "dashboard", 0), 2);
    assert_eq!(depth(&topology, "thanos-sidecar-b", 0), 2);
    for part in &topology.parts {
        depth(&topology, &part.name, 0);
    }
}

#[test]
fn what_takes_data_stops_after_what_sends_it() {
    let topology = full("127.0.0");
    for part_ in &topology.parts {
        for need in &part_.needs {
            let needed = part(&topology, need);
            let in_order = match part_.program {
                // it asks, and what it asks need not be there
                Program::Prometheus => true,
                // one question after the other
                Program::Dashboard | Program::Thanos => part_.stage <= needed.stage,
                _ => part_.stage < needed.stage,
            };
            assert!(in_order, "{} and {need}", part_.name);
        }
    }
}

/// What the part finds in the file.
fn json_in(part: &Part, path: &str) -> Value {
    let file = part.files.iter().find(|file| file.path == Path::new(path));
    let Content::Text(text) = &file.unwrap_or_else(|| panic!("no {path}")).content else {
        panic!("{path} is a text")
    };
    serde_json::from_str(text).unwrap()
}

#[test]
fn targets_are_named_by_what_they_are_and_not_by_their_address() {
    let topology = simple("127.77.3");
    let targets = |job: &str| {
        let path = format!("/state/config/prometheus-a/targets/{job}.json");
        json_in(part(&topology, "prometheus-a"), &path)
    };
    let planes = targets("dataplanes");
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
        targets("dashboard"),
        json!([{ "targets": ["127.77.3.1:3000"], "labels": { "box": "a", "instance": "a:3000" } }])
    );
}

#[test]
fn a_pair_scrapes_the_same() {
    let topology = full("127.0.0");
    let targets = |replica: &str| -> Vec<_> {
        let folder = format!("/state/config/prometheus-{replica}/");
        let files = &part(&topology, &format!("prometheus-{replica}")).files;
        files
            .iter()
            .filter_map(|file| Some((file.path.strip_prefix(&folder).ok()?, &file.content)))
            .collect()
    };
    assert_eq!(targets("a"), targets("b"));
    let a = part(&topology, "prometheus-a");
    let of = |job: &str| json_in(a, &format!("/state/config/prometheus-a/targets/{job}.json"));
    assert_eq!(
        of("pushgateway"),
        json!([
            { "targets": ["127.0.0.1:9091"], "labels": { "instance": "a:9091", "pushgateway": "a" } },
            { "targets": ["127.0.0.2:9091"], "labels": { "instance": "b:9091", "pushgateway": "b" } },
        ])
    );
    assert_eq!(
        of("alertmanagers"),
        json!([{ "targets": ["127.0.0.1:9093"] }, { "targets": ["127.0.0.2:9093"] }])
    );
    assert_eq!(
        of("thanos-sidecar")[1]["labels"],
        json!({ "box": "b", "instance": "b:10902" })
    );
    assert_eq!(
        of("health")[1],
        json!({ "targets": ["127.0.0.2:8870"], "labels": { "box": "b", "instance": "b:8870" } })
    );
    assert_eq!(
        of("object-store")[0]["labels"]["__metrics_path__"],
        "/minio/v2/metrics/cluster"
    );
}

fn value<'a>(part: &'a Part, variable: &str) -> &'a str {
    let mut environment = part.environment.iter();
    &environment.find(|(name, _)| name == variable).unwrap().1
}

#[test]
fn the_demo_api_listens_where_the_plan_says() {
    let topology = simple("127.0.0");
    let listen = |part_: &str| value(part(&topology, part_), "SIGNALBOX_DEMO_API__LISTEN").to_owned();
    assert_eq!(listen("api-prod"), r#"["127.0.0.11:8080","127.0.0.1:8081"]"#);
    assert_eq!(listen("api-qa"), r#"["127.0.0.13:8080","127.0.0.1:8083"]"#);
}

#[test]
fn each_collector_keeps_its_sums_in_a_folder_of_its_own() {
    let topology = simple("127.0.0");
    let kept = |part_: &str| value(part(&topology, part_), "SIGNALBOX_COLLECTOR__STATE_DIR").to_owned();
    assert_eq!(kept("collector-prod"), "/state/data/collector-prod");
    assert_eq!(kept("collector-dev"), "/state/data/collector-dev");
    assert_eq!(kept("collector-qa"), "/state/data/collector-qa");
}

/// Whether the part is started with all of these arguments.
fn has(part: &Part, arguments: &[&str]) -> bool {
    arguments
        .iter()
        .all(|wanted| part.arguments.iter().any(|argument| argument == wanted))
}

#[test]
fn the_alertmanagers_of_a_pair_know_each_other_and_a_single_one_opens_no_mesh() {
    let topology = full("127.0.0");
    let b = part(&topology, "alertmanager-b");
    let mesh = [
        "--cluster.listen-address=127.0.0.2:9094",
        "--cluster.peer=127.0.0.1:9094",
    ];
    assert!(has(b, &mesh), "{:?}", b.arguments);
    let alone = simple("127.0.0");
    let alone = part(&alone, "alertmanager-a");
    assert!(
        has(alone, &["--cluster.listen-address="]),
        "{:?}",
        alone.arguments
    );
    assert_eq!(alone.ports.len(), 1);
}

/// What a health agent is told.
fn told_to(topology: &Topology, agent: &str) -> toml::Table {
    let path = format!("/state/config/{agent}/health.toml");
    let agent = part(topology, agent);
    assert_eq!(agent.arguments, ["--config", path.as_str()]);
    let file = agent.files.iter().find(|file| file.path == Path::new(&path));
    match &file.unwrap().content {
        Content::Text(text) => text.parse().unwrap(),
        content => panic!("{content:?} is no text"),
    }
}

#[test]
fn each_agent_is_told_what_its_box_has_and_of_the_other_one() {
    let topology = full("127.77.3");
    let [a, b] = ["health-a", "health-b"].map(|agent| told_to(&topology, agent));
    let keys = |of: &toml::Table| {
        of["parts"]
            .as_table()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(&a).len(), 12, "all that there are");
    assert_eq!(
        keys(&b),
        ["alertmanager", "prometheus", "pushgateway", "thanos_sidecar"]
    );
    assert_eq!(
        a["parts"]["object_store"].as_str(),
        Some("http://127.77.3.1:31715")
    );
    assert_eq!(
        a["object_store"],
        toml::toml! {
            bucket = "thanos"
            region = "us-east-1"
            credentials_file = "/state/secrets/s3-credentials"
        }
        .into()
    );
    assert!(!b.contains_key("object_store"), "{b}");
    assert_eq!(
        b["peer"],
        toml::toml! {
            box = "a"
            health = "http://127.77.3.1:8870"
            prometheus = "http://127.77.3.1:9090"
            alertmanager = "http://127.77.3.1:9093"
        }
        .into()
    );
    assert_eq!(a["collectors"], b["collectors"]);
    let qa = toml::toml! {
        environment = "qa"
        data_plane_id = "dp-qa-01"
        otlp = "http://127.77.3.13:4318"
        self_metrics = "http://127.77.3.13:8888"
    };
    assert_eq!(a["collectors"][2], qa.into());
    assert_eq!(b["prometheus"]["max_series"].as_integer(), Some(300_000));
    let alone = told_to(&simple("127.77.3"), "health-a");
    assert_eq!(keys(&alone), ["alertmanager", "dashboard", "prometheus"]);
    assert!(
        !alone.contains_key("peer") && !alone.contains_key("object_store"),
        "{alone}"
    );
}

#[test]
fn canary_alerts_go_back_to_the_agent_of_their_box() {
    let topology = full("127.77.3");
    for (replica, host) in [("a", 1), ("b", 2)] {
        let files = &part(&topology, &format!("alertmanager-{replica}")).files;
        let file = files.iter().find(|file| file.path.ends_with("canary-url"));
        let url = format!("http://127.77.3.{host}:8870/canary/alert\n");
        assert_eq!(file.unwrap().content, Content::Text(url));
    }
}

#[test]
fn queries_see_both_sidecars_the_store_and_the_ruler() {
    let topology = full("127.77.3");
    let endpoints = json_in(
        part(&topology, "thanos-query"),
        "/state/config/thanos/endpoints.yml",
    );
    let addresses = ["127.77.3.1:10901", "127.77.3.2:10901", "127.77.3.1:10910"];
    let mut list = addresses.map(|address| json!({ "address": address })).to_vec();
    list.push(json!({ "address": "127.77.3.1:10905", "strict": true }));
    assert_eq!(endpoints, json!({ "endpoints": list }));
    let shown: Vec<_> = topology
        .variables
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    for variable in [
        "SIGNALBOX_QUERY_URL=http://127.77.3.1:10908",
        "SIGNALBOX_PROMETHEUS_URL=http://127.77.3.1:9090",
        "SIGNALBOX_PROMETHEUS_B_URL=http://127.77.3.2:9090",
        "SIGNALBOX_PUSHGATEWAY_B_URL=http://127.77.3.2:9091",
        "SIGNALBOX_HEALTH_URL=http://127.77.3.1:8870",
        "SIGNALBOX_HEALTH_B_URL=http://127.77.3.2:8870",
    ] {
        assert!(shown.iter().any(|one| one == variable), "{variable}: {shown:#?}");
    }
}

#[test]
fn the_rulers_labels_are_not_those_of_a_prometheus() {
    let topology = full("127.0.0");
    let rule = part(&topology, "thanos-rule");
    let labels = [
        r#"--label=cluster="demo""#,
        r#"--label=region="local""#,
        r#"--label=replica="a""#,
        r#"--label=source="ruler""#,
    ];
    assert!(has(rule, &labels), "{:?}", rule.arguments);
}

/// Keys are in files that only their owner reads, and nowhere else.
#[test]
fn no_secret_is_in_an_argument_or_a_common_file() {
    for store in [ObjectStore::Minio, ObjectStore::Garage] {
        let plan = plan("127.0.0", Extent::Full(store));
        let keys = &plan.keys;
        for part in Topology::of(&plan).parts {
            let texts = part.files.iter().filter_map(|file| match &file.content {
                Content::Text(text) | Content::First(text) => Some(text),
                _ => None,
            });
            for text in part.arguments.iter().chain(texts) {
                assert!(
                    !text.contains(&keys.secret) && !text.contains(&keys.rpc),
                    "{}",
                    part.name
                );
            }
            let in_environment = part.environment.iter().any(|(_, value)| *value == keys.secret);
            // it takes the first key from nowhere else; only its own user sees that
            assert_eq!(in_environment, part.program == Program::Garage, "{}", part.name);
        }
    }
}

#[test]
fn an_object_store_elsewhere_is_no_part_of_the_box() {
    let topology = Topology::of(&plan(
        "127.0.0",
        Extent::Full(ObjectStore::External("/s3.yml".into())),
    ));
    assert_eq!(topology.parts.len(), 27);
    let store = part(&topology, "thanos-store");
    assert!(
        has(store, &["--objstore.config-file=/s3.yml"]),
        "{:?}",
        store.arguments
    );
    let takes_keys = store.environment.iter().any(|(name, _)| name.starts_with("AWS_"));
    assert!(!takes_keys, "{:?}", store.environment);
    let files = &part(&topology, "prometheus-a").files;
    assert!(!files.iter().any(|file| file.path.ends_with("object-store.json")));
}

#[test]
fn memory_is_what_the_class_of_box_allows() {
    let topology = full("127.0.0");
    assert_eq!(value(part(&topology, "prometheus-b"), "GOMEMLIMIT"), "1324MiB");
    assert_eq!(value(part(&topology, "thanos-store"), "GOMEMLIMIT"), "316MiB");
    assert!(has(part(&topology, "thanos-store"), &["--chunk-pool-size=96MiB"]));
    let ours = part(&topology, "dashboard");
    assert!(!ours.environment.iter().any(|(name, _)| name == "GOMEMLIMIT"));
    // every Go program has its share
    for part in &topology.parts {
        let is_ours = part.program.file_name().starts_with("signalbox-");
        let is_limited = part.environment.iter().any(|(name, _)| name == "GOMEMLIMIT");
        assert_ne!(is_limited, is_ours, "{}", part.name);
    }
}

#[test]
fn only_a_box_with_thanos_keeps_less_than_the_file_says() {
    let configuration = |topology: &Topology| {
        let files = part(topology, "prometheus-a").files.clone();
        let mut files = files.into_iter();
        files
            .find(|file| file.path.ends_with("prometheus.yml"))
            .unwrap()
            .content
    };
    assert_eq!(
        configuration(&simple("127.0.0")),
        Content::LinkTo("/stack/prometheus/prometheus.yml".into())
    );
    let changes = [("      time: ", "7d"), ("      size: ", "50GB")];
    assert_eq!(
        configuration(&full("127.0.0")),
        Content::Edited {
            original: "/stack/prometheus/prometheus.yml".into(),
            changes: changes
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
        }
    );
}
