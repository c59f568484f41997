use proptest::prelude::*;

use super::*;

const ALL: [Escaping; 4] = [
    Escaping::AllowUtf8,
    Escaping::Underscores,
    Escaping::Dots,
    Escaping::Values,
];

#[test]
fn metric_names_are_escaped_in_four_ways() {
    for (name, underscores, dots, values) in [
        // what every scraper can read stays, also in the ways that have a meaning for `_`
        (
            "legacy_name:total",
            "legacy_name:total",
            "legacy_name:total",
            "legacy_name:total",
        ),
        ("a.b", "a_b", "a_dot_b", "U__a_2e_b"),
        ("a.b_c", "a_b_c", "a_dot_b__c", "U__a_2e_b__c"),
        (
            "no:escaping_required.x",
            "no:escaping_required_x",
            "no:escaping__required_dot_x",
            "U__no:escaping__required_2e_x",
        ),
        ("1a", "_a", "__a", "U___31_a"),
        (
            "label with 😱",
            "label_with__",
            "label__with____",
            "U__label_20_with_20__1f631_",
        ),
        ("花火", "__", "____", "U___82b1__706b_"),
    ] {
        let escaped = ALL.map(|escaping| escaping.metric_name(name).into_owned());
        assert_eq!(escaped, [name, underscores, dots, values], "{name:?}");
    }
}

#[test]
fn a_label_has_no_colon_and_does_not_become_reserved() {
    for (name, underscores, dots, values) in [
        ("a_b", "a_b", "a_b", "a_b"),
        ("a:b", "a_b", "a__b", "U__a_3a_b"),
        (
            "..name..",
            "_name__",
            "_dot__dot_name_dot__dot_",
            "U___2e__2e_name_2e__2e_",
        ),
    ] {
        let escaped = ALL.map(|escaping| escaping.label_name(name).into_owned());
        assert_eq!(escaped, [name, underscores, dots, values], "{name:?}");
    }
}

/// Undoes `Escaping::Values`.
fn unescaped_values(name: &str) -> String {
    let Some(mut rest) = name.strip_prefix("U__") else {
        return name.to_owned();
    };
    let mut out = String::new();
    while let Some(first) = rest.chars().next() {
        rest = &rest[first.len_utf8()..];
        if first != '_' {
            out.push(first);
        } else if let Some(after) = rest.strip_prefix('_') {
            out.push('_');
            rest = after;
        } else {
            let (code, after) = rest.split_once('_').expect("the end of a code point");
            out.extend(char::from_u32(u32::from_str_radix(code, 16).expect("a number")));
            rest = after;
        }
    }
    out
}

proptest! {
    #[test]
    fn escaped_names_can_stand_without_quotes(name in ".{1,20}") {
        for escaping in &ALL[1..] {
            let metric = escaping.metric_name(&name);
            prop_assert!(is_metric_name(&metric), "{metric:?}");
            prop_assert_eq!(escaping.metric_name(&metric), metric.clone());
            let label = escaping.label_name(&name);
            prop_assert!(is_unquoted_label(&label), "{label:?}");
            prop_assert!(!label.starts_with("__") || name == label, "{label:?}");
        }
    }

    #[test]
    fn values_can_be_undone(name in "([a-z_.:0-9]|.){1,20}") {
        // one that looks escaped already cannot be told from one that is
        prop_assume!(!name.starts_with("U__"));
        let escaped = Escaping::Values.metric_name(&name);
        prop_assert_eq!(unescaped_values(&escaped), name);
    }
}
