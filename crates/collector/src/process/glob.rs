//! Patterns with `*` and `?`.

use std::fmt;

/// A pattern: `*` stands for any run of characters, also for none, `?` for one character, every other character for
/// itself. There is no escaping: what is written `?` also matches a `?`.
///
/// Globs instead of regular expressions: names are dotted, and a `.` that means any character is a trap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Glob(String);

impl Glob {
    pub(crate) fn new(pattern: &str) -> Self {
        Self(pattern.to_owned())
    }

    /// Whether the pattern stands for this text as a whole. Takes time in the product of both lengths at most.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let mut pattern = self.0.chars();
        let mut rest = text.chars();
        // where to go on if what follows the last star does not match: the star takes one character more
        let mut retry = None;
        loop {
            let mut after = pattern.clone();
            match (after.next(), rest.clone().next()) {
                (Some('*'), _) => {
                    pattern = after;
                    retry = Some((pattern.clone(), rest.clone()));
                }
                (Some(expected), Some(found)) if expected == '?' || expected == found => {
                    pattern = after;
                    rest.next();
                }
                (None, None) => return true,
                _ => {
                    let Some((after_star, mut taken)) = retry else {
                        return false;
                    };
                    if taken.next().is_none() {
                        return false;
                    }
                    pattern = after_star.clone();
                    rest = taken.clone();
                    retry = Some((after_star, taken));
                }
            }
        }
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether one of the patterns stands for this text.
pub(super) fn any_matches(globs: &[Glob], text: &str) -> bool {
    globs.iter().any(|glob| glob.matches(text))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Glob::new(pattern).matches(text)
    }

    #[test]
    fn stars_and_question_marks_stand_for_others() {
        for (pattern, text) in [
            ("", ""),
            ("*", ""),
            ("*", "anything"),
            ("http.*", "http."),
            ("http.*.duration", "http.server.request.duration"),
            ("*.duration", "http.server.duration"),
            ("*a*b", "xaxbxab"),
            ("h?st", "host"),
            ("?", "é"),
            ("*?*", "x"),
            ("a**b", "ab"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("", "a"),
            ("a", ""),
            ("?", ""),
            ("http.*", "https"),
            ("http.*", "xhttp."),
            ("*.duration", "a.duration.b"),
            ("h?st", "hst"),
            ("a.c", "abc"),
            ("A", "a"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    /// The definition, without care for time.
    fn by_definition(pattern: &[char], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some(('*', after)), _) => {
                by_definition(after, text) || (!text.is_empty() && by_definition(pattern, &text[1..]))
            }
            (Some((expected, after)), Some((found, rest))) => {
                (*expected == '?' || expected == found) && by_definition(after, rest)
            }
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn it_matches_what_the_definition_does(pattern in "[ab*?]{0,6}", text in "[ab]{0,8}") {
            let of = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(matches(&pattern, &text), by_definition(&of(&pattern), &of(&text)));
        }
    }
}
