//! What users see of the program itself.

use std::process::Command;

fn check_config(arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_signalbox-dashboard"));
    let output = command.args(arguments).arg("check-config").output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}

#[test]
fn defaults_are_right() {
    let (code, text) = check_config(&[]);
    assert_eq!(code, 0, "{text}");
    for line in [
        r#"listen = "127.0.0.1:3000""#,
        r#"upstream = "http://127.0.0.1:9090""#,
        r#"query_timeout = "2s""#,
        r#"scrape_interval = "10s""#,
    ] {
        assert!(text.contains(line), "no {line} in\n{text}");
    }
}

#[test]
fn options_are_laid_over() {
    let (code, text) = check_config(&[
        "--listen",
        "[::1]:8000",
        "--upstream",
        "http://thanos:10908/prefix",
    ]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains(r#"listen = "[::1]:8000""#), "{text}");
    assert!(
        text.contains(r#"upstream = "http://thanos:10908/prefix""#),
        "{text}"
    );
}

#[test]
fn everything_wrong_is_said_at_once() {
    let wrong = [
        (
            "listen=\"somewhere\"",
            "must be an address and a port such as 127.0.0.1:3000, is \"somewhere\"",
        ),
        (
            "upstream=\"http://me:secret@localhost:9090\"",
            "must not hold a user name or a password",
        ),
        (
            "query_timeout=\"1ms\"",
            "must be between 100ms and 1m, is \"1ms\"",
        ),
        (
            "scrape_interval=\"1500ms\"",
            "must be whole seconds between 1s and 1h, is \"1500ms\"",
        ),
        (
            "export_interval=\"often\"",
            "must be whole seconds between 1s and 1h, is \"often\"",
        ),
        ("max_concurrent_queries=0", "must be between 1 and 1000, is 0"),
        (
            "environments=[\"prod\", \"prod\"]",
            "must name each environment once, names \"prod\" twice",
        ),
    ];
    let arguments: Vec<_> = wrong.iter().flat_map(|(set, _)| ["--set", *set]).collect();
    let (code, text) = check_config(&arguments);
    assert_eq!(code, 78, "{text}");
    for (set, message) in wrong {
        let (key, _) = set.split_once('=').unwrap();
        assert!(
            text.contains(&format!("{key}: {message}")),
            "no {message} in\n{text}"
        );
    }
    assert!(!text.contains("secret"), "{text}");
}

#[test]
fn addresses_that_are_no_query_api() {
    for upstream in [
        "localhost:9090",
        "https://localhost:9090",
        "http://",
        "http://h/?query=up",
        "ftp://h",
    ] {
        let (code, text) = check_config(&["--upstream", upstream]);
        assert_eq!(code, 78, "{upstream}: {text}");
        assert!(
            text.contains("must be the root of a query API such as http://127.0.0.1:9090"),
            "{text}"
        );
    }
}
