use super::*;

fn variables(name: &str) -> Result<String, VarError> {
    match name {
        "REGION" => Ok("eu".to_owned()),
        "EMPTY" => Ok(String::new()),
        _ => Err(VarError::NotPresent),
    }
}

#[derive(Deserialize)]
struct File {
    process: Vec<RawStep>,
}

fn parse(toml: &str) -> (Vec<Step>, Vec<String>) {
    let mut problems = Problems::default();
    let File { process } = toml::from_str(toml).expect("settings");
    let steps = steps(process, &variables, &mut problems);
    (steps, problems.iter().map(str::to_owned).collect())
}

#[test]
fn variables_of_the_environment_are_read_with_the_configuration() {
    let (steps, problems) = parse(
        "[[process]]\nstep = \"resource_attributes\"\n\
         actions = [{ action = \"insert\", key = \"cloud.region\", from_env = \"REGION\" }]",
    );
    assert_eq!(problems, Vec::<String>::new());
    let value = Source::Variable {
        name: "REGION".to_owned(),
        value: "eu".to_owned(),
    };
    let (key, when) = ("cloud.region".to_owned(), When::Absent);
    assert_eq!(
        steps,
        [Step::ResourceAttributes(vec![Action::Set { key, when, value }])]
    );
}

#[test]
fn everything_wrong_with_a_step_is_said() {
    let action = |rest: &str| format!("step = \"point_attributes\"\nactions = [{{ {rest} }}]");
    for (step, expected) in [
        (
            String::from("step = \"attributes\""),
            "(attributes): step must be one of resource_attributes, filter_resources, rename_metrics, filter_metrics, \
             point_attributes, filter_points",
        ),
        (
            String::from("step = \"resource_attributes\"\nactions = []"),
            "(resource_attributes): needs at least one action in actions",
        ),
        (
            String::from("step = \"rename_metrics\"\nfrom = \"a\"\nto = \"b\"\ninclude = [\"c\"]"),
            "(rename_metrics): takes from, to, not include",
        ),
        (
            String::from("step = \"rename_metrics\"\nfrom = \"a\""),
            "(rename_metrics): needs a name in from and one in to",
        ),
        (
            String::from("step = \"rename_metrics\"\nfrom = \"a\"\nto = \"a\""),
            "(rename_metrics): from and to must differ, are both `a`",
        ),
        (
            String::from("step = \"rename_metrics\"\nfrom = \"a\"\nto = \"up\""),
            "(rename_metrics): `up` cannot be a new name: Prometheus makes series of this name itself",
        ),
        (
            String::from("step = \"rename_metrics\"\nfrom = \"*.*\"\nto = \"a\""),
            "(rename_metrics): from and to may hold one * each and no ?, are `*.*` and `a`",
        ),
        (
            String::from("step = \"rename_metrics\"\nfrom = \"a\"\nto = \"b.*\""),
            "(rename_metrics): `b.*` holds a * which stands for nothing, because `a` holds none",
        ),
        (
            String::from("step = \"filter_metrics\""),
            "(filter_metrics): needs something in include or exclude",
        ),
        (
            String::from("step = \"filter_metrics\"\nexclude = [{ a = \"b\" }]"),
            "(filter_metrics): exclude compares names of metrics, such as \"http.*\"; attributes are for filter_points",
        ),
        (
            String::from("step = \"filter_metrics\"\ninclude = [\"\"]"),
            "(filter_metrics): include has an empty name",
        ),
        (
            String::from("step = \"filter_points\"\nmetrics = \"\"\ninclude = [\"a\"]"),
            "(filter_points): metrics has an empty name | (filter_points): include compares attributes, such as \
             { \"http.route\" = \"/health*\" }, is `a`",
        ),
        (
            String::from("step = \"filter_resources\"\nexclude = [{}]"),
            "(filter_resources): exclude has a table without attributes, which would fit everything",
        ),
        (
            String::from("step = \"filter_resources\"\nexclude = [{ a = [] }]"),
            "(filter_resources): exclude needs at least one value of `a`",
        ),
        (
            action("action = \"replace\", key = \"k\""),
            "(point_attributes): action must be insert, update, upsert or delete, is `replace`",
        ),
        (
            action("action = \"insert\""),
            "(point_attributes): key of `insert` must not be empty",
        ),
        (
            action("action = \"insert\", key = \"k\""),
            "(point_attributes): insert of `k` needs one of value, from_attribute and from_env",
        ),
        (
            action("action = \"insert\", key = \"k\", value = \"v\", from_env = \"REGION\""),
            "(point_attributes): insert of `k` needs one of value, from_attribute and from_env",
        ),
        (
            action("action = \"delete\", key = \"k\", value = \"v\""),
            "(point_attributes): delete of `k` takes no value",
        ),
        (
            action("action = \"upsert\", key = \"k*\", value = \"v\""),
            "(point_attributes): upsert needs a whole key, is `k*`: * and ? stand for others in delete only",
        ),
        (
            action("action = \"upsert\", key = \"k\", from_env = \"RACK\""),
            "(point_attributes): environment variable RACK is not set",
        ),
        (
            action("action = \"upsert\", key = \"k\", from_env = \"EMPTY\""),
            "(point_attributes): environment variable EMPTY is empty",
        ),
    ] {
        // the second of two, so that its number is seen to be right
        let first = "[[process]]\nstep = \"filter_metrics\"\nexclude = [\"x\"]\n";
        let (_, problems) = parse(&format!("{first}[[process]]\n{step}"));
        let expected: Vec<_> = expected
            .split(" | ")
            .map(|message| format!("process: step 2 {message}"))
            .collect();
        assert_eq!(problems, expected);
    }
}

#[test]
fn steps_are_counted() {
    let step = "[[process]]\nstep = \"filter_metrics\"\nexclude = [\"x\"]\n";
    assert_eq!(parse(&step.repeat(32)).1, Vec::<String>::new());
    assert_eq!(
        parse(&step.repeat(33)).1,
        ["process: must be at most 32 steps, are 33"]
    );
}
