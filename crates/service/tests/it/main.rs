//! The life of a real process, seen from outside as systemd sees it.

mod http;
mod tls;
mod process;
mod sockets;

use std::time::Duration;

use process::{Minimal, TIMEOUT};

#[tokio::test]
async fn lives_from_ready_to_stopped() {
    let mut minimal = Minimal::start(&[], "greeting = 'Good morning'");
    let ready = minimal.notification("READY=1").await;
    let address = ready
        .split("greeting on ")
        .nth(1)
        .expect("the status names the address")
        .trim()
        .to_owned();
    assert_eq!(get(&address, "/").await, (200, "Good morning".to_owned()));
    assert_eq!(get(&address, "/livez").await, (200, "alive\n".to_owned()));
    assert_eq!(get(&address, "/readyz").await, (200, "ready\n".to_owned()));
    let (_, metrics) = get(&address, "/metrics").await;
    assert!(
        metrics.contains("signalbox_build_info{service=\"minimal\",version="),
        "{metrics}"
    );

    minimal.signal(rustix::process::Signal::TERM);
    minimal.notification("STOPPING=1").await;
    assert_eq!(minimal.exit_code().await, Some(0));
}

#[tokio::test]
async fn a_reload_takes_over_what_is_right_and_refuses_what_is_wrong() {
    let mut minimal = Minimal::start(&[], "greeting = 'one'");
    let ready = minimal.notification("READY=1").await;
    let address = ready
        .split("greeting on ")
        .nth(1)
        .expect("the status names the address")
        .trim()
        .to_owned();

    minimal.write_config("greeting = 'two'");
    minimal.signal(rustix::process::Signal::HUP);
    let reloading = minimal.notification("RELOADING=1").await;
    assert!(reloading.contains("MONOTONIC_USEC="), "{reloading}");
    minimal.notification("READY=1").await;
    assert_eq!(get(&address, "/").await, (200, "two".to_owned()));

    minimal.write_config("greeting = ''");
    minimal.signal(rustix::process::Signal::HUP);
    minimal.notification("RELOADING=1").await;
    minimal.notification("READY=1").await;
    assert_eq!(get(&address, "/").await, (200, "two".to_owned()));

    minimal.signal(rustix::process::Signal::INT);
    assert_eq!(minimal.exit_code().await, Some(0));
    let log = minimal.log().await;
    assert!(
        log.contains("configuration not reloaded, the old one stays"),
        "{log}"
    );
    assert!(log.contains("greeting: must not be empty"), "{log}");
}

#[tokio::test]
async fn the_watchdog_is_pinged_only_while_the_loops_beat() {
    let mut healthy = Minimal::start(&[("WATCHDOG_USEC", "100000")], "");
    healthy.notification("WATCHDOG=1").await;
    healthy.notification("WATCHDOG=1").await;

    // long enough between pings that the loop's deadline of 200 ms has passed at the second one
    let mut hanging = Minimal::start(&[("WATCHDOG_USEC", "1000000")], "hang = true");
    hanging.notification("READY=1").await;
    hanging.log_line("watchdog not pinged").await;
    assert!(
        hanging.received("WATCHDOG=1") <= 1,
        "only the ping before the deadline"
    );
}

/// What tests of whole machines use: a build for tests, as this one is, hangs where it is told to.
#[tokio::test]
async fn a_loop_hangs_when_a_test_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hang");
    let environment = [
        ("WATCHDOG_USEC", "1000000"),
        ("SIGNALBOX_TEST_HANG_FILE", file.to_str().unwrap()),
    ];
    let mut minimal = Minimal::start(&environment, "");
    minimal.notification("READY=1").await;
    std::fs::write(&file, "greeter\n").unwrap();
    minimal.log_line("told to hang, by a test").await;
    minimal.log_line("a loop hangs, watchdog not pinged").await;
}

#[tokio::test]
async fn exit_codes_tell_usage_from_configuration_from_failure() {
    let usage = Minimal::run(&["--colour"], "").await;
    assert_eq!(usage.0, Some(64));
    assert!(usage.1.contains("unexpected argument '--colour'"), "{}", usage.1);

    let configuration = Minimal::run(&[], "greting = 'x'\nlisten = 'here'").await;
    assert_eq!(configuration.0, Some(78));
    assert!(
        configuration
            .1
            .starts_with("minimal: 2 problems in the configuration:\n"),
        "{}",
        configuration.1
    );
    assert!(
        configuration.1.contains("greting: there is no such key"),
        "{}",
        configuration.1
    );
    assert!(
        configuration.1.contains("listen: must be an address and a port"),
        "{}",
        configuration.1
    );

    let failure = Minimal::run(&["--set", "listen=192.0.2.1:1"], "").await;
    assert_eq!(failure.0, Some(1));
    assert!(
        failure.1.contains("Cannot assign requested address"),
        "{}",
        failure.1
    );

    let log_filter = Minimal::run_with(&[("SIGNALBOX_LOG", "a=b=c")], &["check-config"], "").await;
    assert_eq!(log_filter.0, Some(78), "{}", log_filter.1);

    let checked = Minimal::run(&["check-config"], "greeting = 'x'").await;
    assert_eq!(checked.0, Some(0));
    // a file again: the settings, and as comments what they do
    assert_eq!(
        Minimal::print(&["check-config"], "greeting = 'x'").await,
        "# minimal: the configuration is right; in force is\n\
         greeting = \"x\"\nhang = false\nlisten = \"127.0.0.1:0\"\n\n\
         # Greets with `x`.\n#\n# That is all.\n"
    );
}

#[tokio::test]
async fn environment_variables_win_over_files_and_are_named_as_they_are_written() {
    let environment = [("MINIMAL__GREETING", "from the environment")];
    let mut minimal = Minimal::start(&environment, "greeting = 'from the file'");
    let ready = minimal.notification("READY=1").await;
    let address = ready
        .split("greeting on ")
        .nth(1)
        .expect("the status names the address")
        .trim()
        .to_owned();
    assert_eq!(get(&address, "/").await, (200, "from the environment".to_owned()));

    let wrong = [
        ("MINIMAL__GREETING", "7"),
        ("MINIMAL__INNER__DEPTH", "1"),
        ("MINIMAL_LISTEN", "127.0.0.1:1"),
        ("MINIMAL_URL", "http://127.0.0.1:1"),
    ];
    let (code, problems) = Minimal::run_with(&wrong, &[], "").await;
    assert_eq!(code, Some(78));
    assert!(
        !problems.contains("MINIMAL_URL"),
        "no key is called url: {problems}"
    );
    for problem in [
        "environment variable MINIMAL__GREETING: greeting: must be a string, is unsigned int `7`; \
         put it in quotes, as in '\"007\"' on a command line or in a variable",
        "environment variable MINIMAL__INNER: inner: there is no such key; here stand `greeting`, `hang`, `listen`",
        "environment variable MINIMAL_LISTEN: two underscores stand between the parts of a name: MINIMAL__LISTEN",
    ] {
        assert!(problems.contains(problem), "no {problem:?} in {problems}");
    }
}

async fn get(address: &str, path: &str) -> (u16, String) {
    let request = reqwest::get(format!("http://{address}{path}"));
    let answer = tokio::time::timeout(Duration::from_secs(TIMEOUT), request)
        .await
        .expect("an answer in time")
        .unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}
