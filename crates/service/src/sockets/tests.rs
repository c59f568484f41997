use figment::{Figment, Profile, Provider};

use super::*;
use crate::problems::DEFAULTS;
use crate::settings::Named;

const KEYS: [&str; 2] = ["listen.http", "listen.data"];

/// What becomes of the two addresses when these are set and systemd hands over those, and what is wrong with it.
fn check(keys: &[&str], set: &str, handed: &[&str]) -> (String, String, Vec<String>) {
    let named = |name, toml| Named {
        name,
        dict: toml::from_str(toml).unwrap(),
    };
    let defaults = "listen = { http = '127.0.0.1:4318', data = '127.0.0.1:8889' }";
    let figment = Figment::from(named(DEFAULTS, defaults)).merge(named("command line", set));
    let mut merged = figment.data().unwrap().remove(&Profile::Default).unwrap();
    let mut problems = Problems::new("X__", figment, Value::from(merged.clone()));
    let handed = Handed {
        unit: "x.socket".to_owned(),
        addresses: handed.iter().map(|address| address.parse().unwrap()).collect(),
    };
    handed.stand_in(keys, &mut merged, &mut problems);
    let of = |key| text(&merged, key).unwrap();
    (
        of("listen.http"),
        of("listen.data"),
        problems.iter().map(str::to_owned).collect(),
    )
}

#[test]
fn sockets_stand_in_place_of_defaults() {
    let (http, data, problems) = check(&KEYS, "", &["10.0.0.1:4318", "[fd20::10]:1889"]);
    assert_eq!(
        (http.as_str(), data.as_str()),
        ("10.0.0.1:4318", "[fd20::10]:1889")
    );
    assert_eq!(problems, [""; 0]);
    let (http, _, problems) = check(&KEYS, "", &[]);
    assert_eq!((http.as_str(), problems.len()), ("127.0.0.1:4318", 0));
}

#[test]
fn what_is_set_must_be_the_same() {
    let handed = ["10.0.0.1:4318", "10.0.0.1:8889"];
    let (.., problems) = check(&KEYS, "listen.http = '10.0.0.1:4318'", &handed);
    assert_eq!(problems, [""; 0]);
    // a default that somebody has written down is no default
    let (.., problems) = check(
        &KEYS,
        "listen = { http = '127.0.0.1:4318', data = 'here' }",
        &handed,
    );
    assert_eq!(
        problems,
        [
            "command line: listen.http: is `127.0.0.1:4318`, but x.socket listens on 10.0.0.1:4318: make both the same, or \
             leave out listen.http",
            "command line: listen.data: is `here`, but x.socket listens on 10.0.0.1:8889: make both the same, or leave out \
             listen.data",
        ]
    );
}

#[test]
fn addresses_in_another_order_are_noticed() {
    let swapped = ["10.0.0.1:8889", "10.0.0.1:4318"];
    let (.., problems) = check(&KEYS, "", &swapped);
    assert_eq!(
        problems,
        [
            "listen.http: x.socket lists 10.0.0.1:8889 for it, whose port is that of listen.data: its addresses are, in this \
             order, listen.http, listen.data",
            "listen.data: x.socket lists 10.0.0.1:4318 for it, whose port is that of listen.http: its addresses are, in this \
             order, listen.http, listen.data",
        ]
    );
    // unless it is meant so
    let meant = "listen = { http = '10.0.0.1:8889', data = '10.0.0.1:4318' }";
    let (.., problems) = check(&KEYS, meant, &swapped);
    assert_eq!(problems, [""; 0]);
}

#[test]
fn there_is_a_socket_for_each_address() {
    let (.., problems) = check(&KEYS, "", &["10.0.0.1:4318"]);
    assert_eq!(
        problems,
        ["x.socket hands over 10.0.0.1:4318, but there must be 2, in this order: listen.http, listen.data"]
    );
    let (.., problems) = check(&[], "", &["10.0.0.1:4318"]);
    assert_eq!(
        problems,
        ["x.socket hands over 10.0.0.1:4318, but this service takes none: it opens its ports itself"]
    );
}
