use super::*;

fn rendered(attributes: &[(&str, &str)]) -> String {
    let mut labels = LabelSet::default();
    for (key, value) in attributes {
        labels.push(key, value);
    }
    labels.render()
}

#[test]
fn labels_are_sorted_translated_and_escaped() {
    assert_eq!(rendered(&[]), "");
    assert_eq!(
        rendered(&[("http.route", "/a\"b\\c\nd"), ("a", "1"), ("nul", "x\0y")]),
        "a=\"1\",http_route=\"/a\\\"b\\\\c\\nd\",nul=\"x\u{fffd}y\""
    );
}

#[test]
fn attributes_that_share_a_label_are_joined_in_the_order_of_their_keys() {
    assert_eq!(
        rendered(&[("a_b", "last"), ("a.b", "first"), ("a-b", "0")]),
        "a_b=\"0;first;last\""
    );
    assert_eq!(rendered(&[("a.b", "same"), ("a_b", "same")]), "a_b=\"same;same\"");
    assert_eq!(rendered(&[("a.b", ""), ("a_b", "x")]), "a_b=\";x\"");
}

#[test]
fn the_last_value_of_a_repeated_key_wins() {
    assert_eq!(rendered(&[("a", "1"), ("a", "2")]), "a=\"2\"");
}

#[test]
fn a_label_without_a_value_is_none() {
    assert_eq!(rendered(&[("a", ""), ("b", "x")]), "b=\"x\"");
}

#[test]
fn text_can_be_taken_apart_again() {
    let text = rendered(&[("a", "x\",b=\"y"), ("c", "\\"), ("d", "z")]);
    let found: Vec<_> = pairs(&text).collect();
    assert_eq!(found, [("a", "x\\\",b=\\\"y"), ("c", "\\\\"), ("d", "z")]);
}

#[test]
fn names_of_other_characters_are_quoted() {
    let mut labels = LabelSet::new(Translation::NoTranslation);
    for (key, value) in [
        ("http.route", "/"),
        ("a:b", "1"),
        ("plain", "2"),
        ("q\"\\\n", "\",\""),
    ] {
        labels.push(key, value);
    }
    let text = labels.render();
    assert_eq!(text, r#""a:b"="1","http.route"="/",plain="2","q\"\\\n"="\",\"""#);
    let found: Vec<_> = pairs(&text)
        .map(|(name, value)| (unescaped(name), unescaped(value)))
        .collect();
    let expected = [
        ("a:b", "1"),
        ("http.route", "/"),
        ("plain", "2"),
        ("q\"\\\n", "\",\""),
    ];
    assert_eq!(found, expected.map(|(name, value)| (name.into(), value.into())));

    let new_names = [("http.route", "route"), ("plain", "pl.ain")].map(|(old, new)| (old.into(), new.into()));
    let mut out = String::new();
    assert!(append_renamed(&mut out, &text, &new_names));
    assert_eq!(out, r#""a:b"="1",route="/","pl.ain"="2","q\"\\\n"="\",\"""#);
}

#[test]
fn what_was_not_rendered_here_ends_where_it_makes_no_sense() {
    for (text, expected) in [
        ("", 0),
        ("a", 0),
        ("a=", 0),
        ("a=\"b", 0),
        ("a=\"b\\", 0),
        ("\"a", 0),
        ("\"a\"", 0),
        ("\"a\"=\"b\",c", 1),
    ] {
        assert_eq!(pairs(text).count(), expected, "{text:?}");
    }
}

proptest::proptest! {
    #[test]
    fn whatever_is_rendered_can_be_taken_apart(
        labels in proptest::collection::btree_map("([a-z.,=\"\\\\]|[^\\x00]){1,6}", "([,=\"\\\\]|[^\\x00]){1,6}", 0..6),
    ) {
        let mut set = LabelSet::default();
        for (name, value) in &labels {
            set.push_as(name, name, value);
        }
        let text = set.render();
        let found: Vec<_> = pairs(&text)
            .map(|(name, value)| (unescaped(name).into_owned(), unescaped(value).into_owned()))
            .collect();
        let has_quoted = labels.keys().any(|name| !is_unquoted_label(name));
        proptest::prop_assert!(may_have_quoted_name(&text) || !has_quoted);
        proptest::prop_assert_eq!(found, labels.into_iter().collect::<Vec<_>>());
    }
}

/// The text after two labels were renamed to one name.
fn renamed(text: &str) -> Option<String> {
    let new_names = [("http_request_method", "http_method"), ("verb", "http_method")]
        .map(|(old, new)| (old.into(), new.into()));
    let mut out = String::new();
    append_renamed(&mut out, text, &new_names).then_some(out)
}

#[test]
fn renaming_never_makes_a_duplicate() {
    for (text, expected) in [
        (
            "http_request_method=\"GET\",http_route=\"/\"",
            "http_method=\"GET\",http_route=\"/\"",
        ),
        (
            "http_method=\"get\",http_request_method=\"GET\"",
            "http_method=\"get\",http_request_method=\"GET\"",
        ),
        (
            "http_request_method=\"GET\",verb=\"get\"",
            "http_method=\"GET\",verb=\"get\"",
        ),
    ] {
        assert_eq!(renamed(text).as_deref(), Some(expected));
    }
}

#[test]
fn what_could_be_taken_for_something_renamed_is_left_out() {
    assert_eq!(renamed("http_method=\"GET\""), None);
    assert_eq!(renamed("a=\"1\"").as_deref(), Some("a=\"1\""));
}
