use std::collections::HashMap;

use futures_util::StreamExt;
use tokio::net::UnixListener;
use tokio::task::JoinHandle;
use zbus::connection::Builder;
use zbus::message::Type;
use zbus::{Connection, MessageStream, OwnedVariant, Variant};

use super::*;

/// What the manager would answer, by path, interface and property.
type Properties = HashMap<(String, &'static str, &'static str), OwnedVariant>;

/// A bus on which there is nobody but a systemd, which has two services, one of them failed, and a timer.
struct FakeBus {
    folder: tempfile::TempDir,
    serving: JoinHandle<()>,
}

impl FakeBus {
    fn start(properties: Properties) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("bus")).unwrap();
        let serving = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let connection = Builder::unix_stream(stream.into_std().unwrap())
                .server(zbus::Guid::generate())
                .p2p()
                .build()
                .await
                .unwrap();
            answer(connection, properties).await;
        });
        Self { folder, serving }
    }

    async fn connect(&self) -> Answer<Bus> {
        let address = format!("unix:path={}", self.folder.path().join("bus").display());
        Bus::connect(Builder::address(address.as_str()), Duration::from_secs(10)).await
    }
}

impl Drop for FakeBus {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(connection: Connection, properties: Properties) {
    let mut calls = MessageStream::from(&connection);
    while let Some(Ok(call)) = calls.next().await {
        let header = call.header();
        if header.message_type() != Type::MethodCall {
            continue;
        }
        let replied = match header.member().map(zbus::names::MemberName::as_str) {
            Some("Hello") => connection.reply(&header, &":1.1").await,
            Some("ListUnitsFiltered") => {
                let nowhere = || OwnedObjectPath::try_from("/").unwrap();
                let text = str::to_owned;
                let failed: Vec<ListedUnit> = vec![(
                    text("broken.service"),
                    text("Broken"),
                    text("loaded"),
                    text("failed"),
                    text("failed"),
                    text(""),
                    nowhere(),
                    0,
                    text(""),
                    nowhere(),
                )];
                connection.reply(&header, &failed).await
            }
            Some("Get") => {
                let body = call.body();
                let (interface, property): (&str, &str) = body.deserialize().unwrap();
                let interface = interface.rsplit('.').next().unwrap();
                let path = header.path().unwrap().as_str();
                let found = properties
                    .iter()
                    .find(|((at, of, name), _)| at == path && *of == interface && *name == property);
                if let Some((_, value)) = found {
                    connection.reply(&header, value).await
                } else {
                    let unknown = "org.freedesktop.DBus.Error.UnknownProperty";
                    let text = format!("no {property} of {interface} at {path}");
                    connection.reply_error(&header, unknown, &text).await
                }
            }
            Some("GetAll") => {
                let body = call.body();
                let interface: &str = body.deserialize().unwrap();
                let interface = interface.rsplit('.').next().unwrap();
                let path = header.path().unwrap().as_str();
                let all: HashMap<_, _> = properties
                    .iter()
                    .filter(|((at, of, _), _)| at == path && *of == interface)
                    .map(|((.., name), value)| (*name, value))
                    .collect();
                if all.is_empty() {
                    let unknown = "org.freedesktop.DBus.Error.UnknownObject";
                    let text = format!("no {interface} at {path}");
                    connection.reply_error(&header, unknown, &text).await
                } else {
                    connection.reply(&header, &all).await
                }
            }
            other => panic!("nobody answers {other:?}"),
        };
        if replied.is_err() {
            return;
        }
    }
}

fn of<'a, V: Into<Variant<'a>>>(value: V) -> OwnedVariant {
    OwnedVariant::try_from(value.into()).unwrap()
}

fn unit(properties: &mut Properties, name: &str, active: &'static str, sub: &'static str) {
    let path = path_of(name);
    for (property, value) in [
        ("LoadState", of("loaded")),
        ("ActiveState", of(active)),
        ("SubState", of(sub)),
        ("ActiveEnterTimestamp", of(1_795_000_000_500_000_u64)),
        ("ConditionTimestamp", of(1_795_000_000_000_000_u64)),
        ("ConditionResult", of(name != "skipped.timer")),
    ] {
        properties.insert((path.clone(), "Unit", property), value);
    }
}

fn service(properties: &mut Properties, name: &str, result: &'static str) {
    let path = path_of(name);
    for (property, value) in [
        ("Type", of("notify")),
        ("Result", of(result)),
        ("NRestarts", of(3_u32)),
        ("ControlGroup", of("")),
        ("MemoryCurrent", of(50_000_000_u64)),
        ("MemoryMax", of(u64::MAX)),
        ("CPUUsageNSec", of(1_500_000_000_u64)),
        ("TasksCurrent", of(u64::MAX)),
        ("ExecMainExitTimestamp", of(0_u64)),
    ] {
        properties.insert((path.clone(), "Service", property), value);
    }
}

fn machine() -> Properties {
    let mut properties = Properties::new();
    properties.insert(
        (MANAGER.path.to_owned(), "Manager", "SystemState"),
        of("degraded"),
    );
    unit(&mut properties, TARGET, "active", "active");
    let target = path_of(TARGET);
    properties.insert(
        (target.clone(), "Unit", "ConsistsOf"),
        of(vec!["signalbox-collector.service"]),
    );
    properties.insert(
        (target, "Unit", "Wants"),
        of(vec!["signalbox-collector.service", "skipped.timer"]),
    );
    unit(
        &mut properties,
        "signalbox-collector.service",
        "active",
        "running",
    );
    service(&mut properties, "signalbox-collector.service", "success");
    unit(&mut properties, "broken.service", "failed", "failed");
    service(&mut properties, "broken.service", "watchdog");
    unit(&mut properties, "skipped.timer", "inactive", "dead");
    let timer = path_of("skipped.timer");
    for (property, value) in [
        ("Unit", of("broken.service")),
        ("LastTriggerUSec", of(1_795_000_100_000_000_u64)),
        ("NextElapseUSecRealtime", of(u64::MAX)),
    ] {
        properties.insert((timer.clone(), "Timer", property), value);
    }
    properties
}

#[tokio::test]
async fn reads_what_the_manager_says_of_ours_and_of_those_in_the_settings() {
    let fake = FakeBus::start(machine());
    let bus = fake.connect().await.unwrap();
    let systemd = ask(&bus, &["broken.service".to_owned()]).await.unwrap().unwrap();

    assert_eq!(systemd.state, "degraded");
    assert_eq!(systemd.failed.unwrap(), ["broken.service"]);
    assert!(systemd.untold.is_empty(), "{:?}", systemd.untold);
    let [broken, collector, skipped] = systemd.units.as_slice() else {
        panic!("{:?}", systemd.units);
    };
    assert_eq!(
        (broken.active.as_str(), broken.sub.as_str()),
        ("failed", "failed")
    );
    assert_eq!(broken.service.as_ref().unwrap().result, "watchdog");
    assert!(broken.required && collector.required && skipped.required);
    assert!(skipped.skipped && !collector.skipped);
    assert_eq!(collector.name, "signalbox-collector.service");
    assert_eq!(collector.since, Some(1_795_000_000.5));
    let service = collector.service.as_ref().unwrap();
    assert_eq!((service.restarts, service.kind.as_str()), (3, "notify"));
    assert_eq!((service.memory, service.memory_max), (Some(50_000_000), None));
    assert_eq!(
        (service.cpu, service.tasks),
        (Some(Duration::from_millis(1500)), None)
    );
    assert_eq!(service.ended, None);
    let [timer] = systemd.timers.as_slice() else {
        panic!("{:?}", systemd.timers);
    };
    assert_eq!(
        (timer.unit.as_str(), timer.result.as_str()),
        ("broken.service", "watchdog")
    );
    assert_eq!((timer.last, timer.next), (Some(1_795_000_100.0), None));
}

#[tokio::test]
async fn what_the_manager_does_not_tell_of_one_is_told_of_that_one_alone() {
    let mut properties = machine();
    properties.remove(&(path_of("broken.service"), "Service", "Result"));
    properties.remove(&(path_of("signalbox-collector.service"), "Service", "NRestarts"));
    let fake = FakeBus::start(properties);
    let bus = fake.connect().await.unwrap();
    let configured = ["broken.service".to_owned(), "typo".to_owned()];
    let systemd = ask(&bus, &configured).await.unwrap().unwrap();
    let told: Vec<_> = systemd.units.iter().map(|unit| unit.name.as_str()).collect();
    assert_eq!(told, ["signalbox-collector.service", "skipped.timer"]);
    assert_eq!(systemd.units[0].service.as_ref().unwrap().restarts, 0);
    let untold: Vec<_> = systemd.untold.into_iter().collect();
    let untold_of = |name: &str, why: &str| (name.to_owned(), why.to_owned());
    assert_eq!(
        untold,
        [
            untold_of(
                "broken.service",
                "/org/freedesktop/systemd1/unit/broken_2eservice has no Result"
            ),
            untold_of(
                "skipped.timer",
                "org.freedesktop.systemd1 does not tell Result of \
                 /org/freedesktop/systemd1/unit/broken_2eservice: \
                 no Result of Service at /org/freedesktop/systemd1/unit/broken_2eservice"
            ),
            untold_of(
                "typo",
                "org.freedesktop.systemd1 tells nothing of /org/freedesktop/systemd1/unit/typo: \
                 no Unit at /org/freedesktop/systemd1/unit/typo"
            ),
        ]
    );
}

#[tokio::test]
async fn a_manager_that_hangs_is_not_waited_for_at_each_question() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bus");
    let listener = UnixListener::bind(&path).unwrap();
    // it lets in, and never answers
    let serving = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let connection = Builder::unix_stream(stream.into_std().unwrap())
            .server(zbus::Guid::generate())
            .p2p()
            .build()
            .await
            .unwrap();
        let mut calls = MessageStream::from(&connection);
        while let Some(Ok(call)) = calls.next().await {
            let header = call.header();
            if header.member().is_some_and(|member| member.as_str() == "Hello") {
                connection.reply(&header, &":1.1").await.unwrap();
            }
        }
    });
    let address = format!("unix:path={}", path.display());
    let an_hour = Duration::from_hours(1);
    let bus = Bus::connect(Builder::address(address.as_str()), an_hour);
    let error = super::super::ask(Duration::from_millis(200), bus, &["a.service".to_owned()])
        .await
        .unwrap_err();
    assert_eq!(error, "it did not answer in time");
    serving.abort();
}

#[tokio::test]
async fn a_machine_that_has_nothing_of_ours_is_not_judged() {
    let mut properties = machine();
    properties.insert((path_of(TARGET), "Unit", "LoadState"), of("not-found"));
    let fake = FakeBus::start(properties);
    let bus = fake.connect().await.unwrap();
    assert!(ask(&bus, &[]).await.unwrap().is_none());
}

#[tokio::test]
async fn a_bus_that_is_not_there_is_an_answer() {
    let builder = Builder::address("unix:path=/nowhere/bus");
    let error = Bus::connect(builder, Duration::from_secs(10)).await.unwrap_err();
    assert_eq!(
        error,
        "the system's D-Bus cannot be reached: failed to connect to `unix:path=/nowhere/bus`: \
         No such file or directory (os error 2)"
    );
}

#[tokio::test]
async fn a_bus_that_says_nothing_does_not_hold_the_round_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bus");
    let _listener = UnixListener::bind(&path).unwrap();
    let address = format!("unix:path={}", path.display());
    let error = Bus::connect(Builder::address(address.as_str()), Duration::from_millis(50))
        .await
        .unwrap_err();
    assert_eq!(error, "the system's D-Bus did not answer in time");
}

#[test]
fn names_become_paths_as_systemd_makes_them() {
    assert_eq!(
        path_of("signalbox-load-gen@prod.service"),
        "/org/freedesktop/systemd1/unit/signalbox_2dload_2dgen_40prod_2eservice"
    );
    assert_eq!(path_of("9p.mount"), "/org/freedesktop/systemd1/unit/_39p_2emount");
}

#[test]
fn page_cache_is_no_need_of_memory() {
    let root = tempfile::tempdir().unwrap();
    let group = root.path().join("system.slice/a.service");
    fs::create_dir_all(&group).unwrap();
    fs::write(
        group.join("memory.stat"),
        "anon 900\nfile 500\ninactive_file 300\nactive_file 200\nactive_anon 5\n",
    )
    .unwrap();
    assert_eq!(cache(root.path(), "/system.slice/a.service"), Some(500));
    assert_eq!(cache(root.path(), "/system.slice/gone.service"), None);
    assert_eq!(cache(root.path(), ""), None);
}
