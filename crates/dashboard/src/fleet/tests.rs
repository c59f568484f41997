use super::*;

fn sample(environment: &str, data_plane: &str, value: f64) -> Sample {
    let labels = [("environment", environment), ("data_plane", data_plane)];
    let labels = labels.into_iter().filter(|(_, value)| !value.is_empty());
    Sample {
        labels: labels
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        value,
    }
}

#[track_caller]
fn check(samples: &[Sample], expected: &[(&str, Option<&str>, u32, Option<f64>)]) {
    let roster = Roster::new(["prod", "dev", "qa"].map(str::to_owned).to_vec());
    let found = roster.members(samples);
    let found: Vec<_> = found
        .iter()
        .map(|member| {
            let Environment {
                name,
                data_plane,
                slot,
            } = &member.environment;
            (name.as_str(), data_plane.as_deref(), *slot, member.scraped_at)
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn expected_ones_first_then_by_name() {
    check(
        &[
            sample("staging", "staging", 5000.0),
            sample("qa", "quality-assurance", 5000.0),
            sample("canary", "canary", 5000.0),
            sample("prod", "production", 5000.0),
        ],
        &[
            ("prod", Some("production"), 1, Some(5000.0)),
            // not there, and not gone from sight; nobody takes its slot
            ("dev", None, 2, None),
            ("qa", Some("quality-assurance"), 3, Some(5000.0)),
            ("canary", Some("canary"), 4, Some(5000.0)),
            ("staging", Some("staging"), 5, Some(5000.0)),
        ],
    );
}

#[test]
fn an_environment_may_have_several_data_planes() {
    check(
        &[
            sample("prod", "west", 5000.0),
            sample("prod", "east", 4990.0),
            sample("prod", "moved-away", 4000.0),
        ],
        &[
            ("prod", Some("east, west"), 1, Some(5000.0)),
            ("dev", None, 2, None),
            ("qa", None, 3, None),
        ],
    );
}

#[test]
fn targets_that_never_answered() {
    let (prod, qa) = (("prod", None, 1, None), ("qa", None, 3, None));
    check(
        &[sample("dev", "development", 0.0)],
        &[prod, ("dev", Some("development"), 2, None), qa],
    );
    check(&[sample("dev", "", 0.0)], &[prod, ("dev", None, 2, None), qa]);
}

#[test]
fn what_only_an_objective_or_an_alert_names() {
    check(
        &[
            sample("prod", "production", 5000.0),
            sample("prod", "", 0.0),
            sample("uat", "", 0.0),
        ],
        &[
            ("prod", Some("production"), 1, Some(5000.0)),
            ("dev", None, 2, None),
            ("qa", None, 3, None),
            ("uat", None, 4, None),
        ],
    );
}

#[test]
fn a_target_without_an_environment_is_nobody() {
    let roster = Roster::new(Vec::new());
    assert_eq!(roster.members(&[sample("", "production", 5000.0)]), []);
}

#[test]
fn their_number_is_bounded() {
    let samples: Vec<_> = (0..100)
        .map(|number| sample(&format!("e{number:03}"), "x", 1.0))
        .collect();
    let members = Roster::new(vec!["e099".to_owned()]).members(&samples);
    assert_eq!(members.len(), MAX_ENVIRONMENTS);
    assert_eq!(members[0].environment.name, "e099");
    assert_eq!(members[63].environment.name, "e062");
}

#[test]
fn complete_when_every_expected_environment_was_scraped() {
    let roster = Roster::new(vec!["prod".to_owned(), "dev".to_owned()]);
    let complete = |samples: &[Sample]| roster.complete(&roster.members(samples));
    assert!(!complete(&[]));
    assert!(!complete(&[sample("prod", "production", 5000.0)]));
    assert!(!complete(&[
        sample("prod", "production", 5000.0),
        sample("dev", "development", 0.0)
    ]));
    assert!(complete(&[
        sample("prod", "production", 5000.0),
        sample("dev", "development", 4990.0),
        sample("uat", "acceptance", 0.0)
    ]));
}
