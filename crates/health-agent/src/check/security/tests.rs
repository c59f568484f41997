use std::path::PathBuf;

use super::*;
use crate::facts::security::{Process, SecretFile};
use crate::verdict::Verdict;

const NOW: Timestamp = 1_795_651_200.0;

fn listener(address: &str, process: Option<&str>) -> Listener {
    Listener {
        address: address.parse().unwrap(),
        process: process.map(|name| Process {
            name: name.to_owned(),
            id: 812,
        }),
    }
}

pub(in crate::check) fn healthy() -> Security {
    Security {
        secrets: vec![Secret {
            path: PathBuf::from("/run/secrets/token"),
            file: Ok(Some(SecretFile {
                mode: 0o400,
                owner: 0,
                own: false,
                group: 0,
                filled: true,
                in_store: false,
            })),
        }],
        certificates: vec![Certificate {
            path: PathBuf::from("/etc/box.crt"),
            chain: Ok(Some(Chain {
                subject: "CN=box".to_owned(),
                not_before: NOW - 100.0 * DAY,
                not_after: NOW + 265.0 * DAY,
                trusted: Fit::Fits,
                key: Fit::Hidden,
            })),
        }],
        listeners: Some(Ok(vec![
            listener("127.0.0.1:5432", Some("postgres")),
            listener("10.0.0.1:9090", Some("prometheus")),
            listener("[::]:22", None),
        ])),
        expected: ["10.0.0.1:9090", "0.0.0.0:22"]
            .map(|text| text.parse().unwrap())
            .into(),
        parts: vec![PartAddress {
            part: "prometheus",
            programs: &["prometheus"],
            ip: [10, 0, 0, 1].into(),
            port: 9090,
        }],
    }
}

fn reading(security: Security, id: &str) -> Reading {
    let check = CHECKS.iter().find(|check| check.id == id).unwrap();
    let facts = Facts {
        at: NOW,
        security: Some(security),
        ..Facts::default()
    };
    (check.judge)(&facts)
}

/// What one check says of the healthy box with one thing changed; every other one is still content.
fn broken(id: &str, change: impl FnOnce(&mut Security)) -> Reading {
    let mut security = healthy();
    change(&mut security);
    for check in CHECKS.iter().filter(|check| check.id != id) {
        let other = reading(security.clone(), check.id);
        assert!(other.verdict.is_good(), "{}: {other:?}", check.id);
    }
    reading(security, id)
}

fn chain(security: &mut Security) -> &mut Chain {
    security.certificates[0].chain.as_mut().unwrap().as_mut().unwrap()
}

#[test]
fn a_healthy_box_is_ok_in_every_check() {
    for check in CHECKS {
        assert_eq!(reading(healthy(), check.id).verdict, Verdict::Ok, "{}", check.id);
    }
    assert_eq!(
        reading(healthy(), "certificates-valid").evidence,
        "/etc/box.crt is CN=box, its key is root's"
    );
    assert_eq!(
        reading(healthy(), "certificates-expiry").evidence,
        "/etc/box.crt ends in 265 d 0 h"
    );
}

#[test]
fn a_box_of_which_nothing_is_said_is_not_judged() {
    for check in CHECKS {
        let reading = reading(Security::default(), check.id);
        assert_eq!(reading.verdict, Verdict::NotApplicable, "{}", check.id);
    }
}

#[test]
fn a_secret_that_others_may_read_is_no_secret() {
    let with = |change: fn(&mut SecretFile)| {
        broken("secrets-private", |security| {
            change(security.secrets[0].file.as_mut().unwrap().as_mut().unwrap());
        })
    };
    assert_eq!(
        with(|file| file.mode = 0o644),
        Reading::down("everyone may use /run/secrets/token (mode 0644)")
    );
    assert_eq!(
        with(|file| file.in_store = true),
        Reading::down("/run/secrets/token is in the Nix store, which everyone may read")
    );
    assert_eq!(
        with(|file| file.filled = false),
        Reading::down("/run/secrets/token is empty")
    );
    assert_eq!(
        with(|file| (file.mode, file.group) = (0o440, 50)),
        Reading::degraded("group 50 may use /run/secrets/token (mode 0440)")
    );
    assert_eq!(
        with(|file| file.owner = 1000),
        Reading::degraded("/run/secrets/token belongs to a person (user 1000)")
    );
}

#[test]
fn what_is_as_private_as_it_can_be_is_ok() {
    let with = |change: fn(&mut SecretFile)| {
        broken("secrets-private", |security| {
            change(security.secrets[0].file.as_mut().unwrap().as_mut().unwrap());
        })
        .verdict
    };
    assert_eq!(with(|file| (file.owner, file.own) = (1000, true)), Verdict::Ok);
    assert_eq!(
        with(|file| (file.owner, file.mode) = (61_500, 0o600)),
        Verdict::Ok
    );
    // a credential of systemd, which has the service's user in its access list
    assert_eq!(with(|file| file.mode = 0o440), Verdict::Ok);
}

#[test]
fn a_secret_that_is_missing_is_down() {
    let gone = "/run/secrets/token cannot be seen: No such file or directory (os error 2)";
    assert_eq!(
        broken("secrets-private", |security| security.secrets[0].file =
            Err(gone.to_owned())),
        Reading::down(gone)
    );
}

#[test]
fn a_certificate_is_valid_in_its_time_alone() {
    assert_eq!(
        broken("certificates-valid", |security| chain(security).not_after =
            NOW - 3600.0),
        Reading::down("/etc/box.crt ended 1 h 0 min ago")
    );
    assert_eq!(
        broken("certificates-valid", |security| chain(security).not_before =
            NOW + 3600.0),
        Reading::down("/etc/box.crt begins in 1 h 0 min")
    );
}

#[test]
fn a_certificate_fits_its_authority_and_its_key() {
    assert_eq!(
        broken("certificates-valid", |security| {
            chain(security).trusted = Fit::Wrong("it does not lead to /etc/ca.crt: UnknownIssuer".to_owned());
        }),
        Reading::down("/etc/box.crt: it does not lead to /etc/ca.crt: UnknownIssuer")
    );
    assert_eq!(
        broken("certificates-valid", |security| {
            chain(security).key = Fit::Wrong("/etc/box.key is the key of another certificate".to_owned());
        }),
        Reading::down("/etc/box.crt: /etc/box.key is the key of another certificate")
    );
    assert_eq!(
        broken("certificates-valid", |security| {
            security.certificates[0].chain = Err("/etc/box.crt holds no certificate in PEM".to_owned());
        }),
        Reading::down("/etc/box.crt holds no certificate in PEM")
    );
}

#[test]
fn an_end_that_is_near_is_told_sooner_of_what_lives_longer() {
    let ends = |life: f64, left: f64| {
        broken("certificates-expiry", |security| {
            chain(security).not_before = NOW + (left - life) * DAY;
            chain(security).not_after = NOW + left * DAY;
        })
    };
    assert_eq!(
        ends(365.0, 29.0),
        Reading::degraded("/etc/box.crt ends in 29 d 0 h")
    );
    assert_eq!(ends(365.0, 6.0), Reading::down("/etc/box.crt ends in 6 d 0 h"));
    assert_eq!(ends(365.0, 31.0).verdict, Verdict::Ok);
    // a week's certificate is renewed every few days
    assert_eq!(ends(7.0, 5.0).verdict, Verdict::Ok);
    assert_eq!(ends(7.0, 2.0).verdict, Verdict::Degraded);
    assert_eq!(ends(7.0, 0.5).verdict, Verdict::Down);
}

#[test]
fn sockets_that_nobody_expects_are_named() {
    let listens = |address: &str, process: Option<&str>| {
        broken("listeners-expected", |security| {
            security
                .listeners
                .as_mut()
                .unwrap()
                .as_mut()
                .unwrap()
                .push(listener(address, process));
        })
    };
    assert_eq!(
        listens("0.0.0.0:111", Some("rpcbind")),
        Reading::degraded("not expected: 0.0.0.0:111 (rpcbind, process 812)")
    );
    assert_eq!(
        listens("10.0.0.1:111", None),
        Reading::degraded("not expected: 10.0.0.1:111")
    );
    // expected is one address, not all of them
    assert_eq!(
        listens("[::]:9090", Some("prometheus")),
        Reading::degraded("not expected: [::]:9090 (prometheus, process 812)")
    );
    assert_eq!(listens("192.0.2.1:22", None).verdict, Verdict::Ok);
    assert_eq!(listens("[::1]:111", None).verdict, Verdict::Ok);
    assert_eq!(
        broken("listeners-expected", |security| security.expected.clear()).verdict,
        Verdict::NotApplicable
    );
}

#[test]
fn sockets_that_cannot_be_seen_are_unknown() {
    let mut security = healthy();
    security.listeners = Some(Err("/proc/net/tcp cannot be read: no".to_owned()));
    for id in ["listeners-expected", "ports-free"] {
        assert_eq!(
            reading(security.clone(), id),
            Reading::unknown("/proc/net/tcp cannot be read: no")
        );
    }
}

#[test]
fn a_port_that_another_program_has_is_named() {
    let has = |address: &str, process: Option<&str>| {
        broken("ports-free", |security| {
            security.expected = vec![];
            security.listeners = Some(Ok(vec![listener(address, process)]));
        })
    };
    assert_eq!(
        has("0.0.0.0:9090", Some("nginx")),
        Reading::degraded("0.0.0.0:9090 (nginx, process 812) has the port of prometheus")
    );
    assert_eq!(has("10.0.0.1:9090", Some("nginx")).verdict, Verdict::Degraded);
    assert_eq!(has("127.0.0.1:9090", Some("nginx")).verdict, Verdict::Ok);
    assert_eq!(has("10.0.0.1:9090", Some(".prometheus-wra")).verdict, Verdict::Ok);
    assert_eq!(has("127.0.0.1:9090", None).verdict, Verdict::Ok);
}

#[test]
fn whose_a_port_is_cannot_be_judged_by_who_may_not_see_it() {
    let reading = broken("ports-free", |security| {
        security.listeners = Some(Ok(vec![listener("10.0.0.1:9090", None)]));
    });
    assert_eq!(
        reading,
        Reading::not_applicable("whose the ports are is not for this user to see: run the doctor as root")
    );
}

#[test]
fn what_is_hidden_from_this_user_is_private() {
    let mut security = healthy();
    security.secrets[0].file = Ok(None);
    security.certificates[0].chain = Ok(None);
    assert_eq!(
        reading(security.clone(), "secrets-private"),
        Reading::ok("1 file, 1 of them hidden even from this user")
    );
    assert_eq!(
        reading(security.clone(), "certificates-valid"),
        Reading::ok("/etc/box.crt is hidden from this user")
    );
    assert_eq!(reading(security, "certificates-expiry").verdict, Verdict::Ok);
    assert_eq!(
        broken("certificates-valid", |security| chain(security).trusted =
            Fit::Hidden),
        Reading::ok("/etc/box.crt is CN=box, its authorities are hidden from this user")
    );
}
