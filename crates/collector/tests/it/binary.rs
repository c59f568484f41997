//! The program itself, started as the demo starts it.

use rustix::process::{Pid, Signal, kill_process};

use crate::program::{Program, command};
use crate::requests::{gauge, metric, point, request};

#[tokio::test(flavor = "multi_thread")]
async fn it_takes_its_place_from_the_environment_and_ends_on_sigterm() {
    let mut command = command();
    command.envs([
        ("SIGNALBOX_COLLECTOR__ENVIRONMENT", "qa"),
        ("SIGNALBOX_COLLECTOR__DATA_PLANE_ID", "dp-qa-01"),
    ]);
    let mut program = Program::start(command);
    let (http, data) = (program.http, program.data);

    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let body = request(
        &[("environment", "prod")],
        vec![metric("g", "", gauge(vec![point(&[], 1.0)]))],
    );
    let export = client
        .post(format!("http://{http}/v1/metrics"))
        .header("content-type", "application/x-protobuf");
    assert_eq!(export.body(body).send().await.unwrap().status(), 200);
    let scrape = client.get(format!("http://{data}/metrics")).send().await.unwrap();
    let text = scrape.text().await.unwrap();
    let series = "g{instance=\"\",data_plane_id=\"dp-qa-01\",environment=\"qa\",otel_scope_name=\"lib\",\
                  otel_scope_version=\"1.0\"} 1\n";
    assert!(text.contains(series), "{text}");

    kill_process(Pid::from_child(&program.child), Signal::TERM).unwrap();
    let end = tokio::task::spawn_blocking(move || {
        let log = program.log.take().unwrap();
        let rest: Vec<String> = log.map(Result::unwrap).collect();
        (program.child.wait().unwrap(), rest)
    });
    let (status, rest) = end.await.unwrap();
    assert!(status.success(), "{status}: {rest:#?}");
}

#[test]
fn a_wrong_configuration_is_explained() {
    let output = command()
        .args(["--set", "listen.http=\"4318\"", "--set", "expiry.gauges=\"0s\""])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(78));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "signalbox-collector: 2 problems in the configuration:\n  \
         command line: listen.http: must be an IP address and a port, such as 127.0.0.1:4317, is `4318`\n  \
         command line: expiry.gauges: must be a time of at least 1s, such as 5m, or never, is `0s`\n"
    );
}

#[test]
fn a_configuration_is_shown_as_a_file_and_in_words() {
    let output = command()
        .args(["--set", "environment=prod", "check-config"])
        .output()
        .unwrap();
    assert!(output.status.success());
    let shown = String::from_utf8(output.stdout).unwrap();
    let file: toml::Table = toml::from_str(&shown).expect("what is shown is a file");
    assert_eq!(file["environment"].as_str(), Some("prod"));
    let (_, words) = shown
        .split_once("\n\n# Takes OTLP")
        .expect("words after the settings");
    assert!(words.lines().skip(1).all(|line| line.starts_with('#')), "{words}");
    assert!(
        words.contains("\n#   - environment is always `prod`, "),
        "{words}"
    );
}

#[test]
fn a_configuration_for_another_machine_is_checked_without_its_files() {
    let check = |arguments: &[&str]| {
        let settings = [
            "tls.cert_file=/nonexistent/cert",
            "tls.key_file=/nonexistent/key",
            "auth.bearer_token_file=/nonexistent/tokens",
            "process=[{ step = 'resource_attributes', actions = [{ action = 'upsert', key = 'site', from_env = 'SITE' }] }]",
        ];
        let mut command = command();
        command.arg("check-config").env_remove("SITE").args(arguments);
        command.args(settings.iter().flat_map(|setting| ["--set", setting]));
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (code, _, problems) = check(&[]);
    assert_eq!(code, Some(78));
    assert!(
        problems.starts_with("signalbox-collector: 4 problems in the configuration:\n"),
        "{problems}"
    );
    let (code, shown, problems) = check(&["--elsewhere"]);
    assert_eq!((code, problems.as_str()), (Some(0), ""));
    let file: toml::Table = toml::from_str(&shown).expect("what is shown is a file");
    assert_eq!(file["tls"]["key_file"].as_str(), Some("/nonexistent/key"));
    assert!(shown.contains("`site` becomes the value of $SITE"), "{shown}");
    let (code, _, problems) = check(&["--elsewhere", "--set", "tls.data=3"]);
    assert_eq!(code, Some(78));
    assert!(problems.contains("tls.data"), "{problems}");
}
