//! New names of metrics.

/// Gives metrics a new name. Each name may hold one `*`: what it stands for in the old name stands for it in the new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rename {
    pub(crate) from: String,
    pub(crate) to: String,
}

impl Rename {
    /// The new name of a metric, if it is one of those that get one.
    pub(super) fn apply(&self, name: &str) -> Option<String> {
        let Some((before, after)) = self.from.split_once('*') else {
            return (name == self.from).then(|| self.to.clone());
        };
        let kept = name.strip_prefix(before)?.strip_suffix(after)?;
        let new = self.to.replacen('*', kept, 1);
        // no name at all is no name for a metric
        (!new.is_empty()).then_some(new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_star_stands_for_is_kept() {
        for (from, to, name, expected) in [
            ("a", "b", "a", Some("b")),
            ("a", "b", "ab", None),
            ("old.*", "new.*", "old.x.y", Some("new.x.y")),
            ("old.*", "new.*", "old.", Some("new.")),
            ("*.ms", "*.millis", "a.ms", Some("a.millis")),
            ("*", "shop.*", "orders", Some("shop.orders")),
            ("*", "shop.*", "a*b", Some("shop.a*b")),
            ("aa*aa", "x*", "aaa", None),
            ("old.*", "new", "old.x", Some("new")),
            ("old*", "*", "old", None),
        ] {
            let rename = Rename {
                from: from.to_owned(),
                to: to.to_owned(),
            };
            assert_eq!(rename.apply(name).as_deref(), expected, "{from} {to} {name}");
        }
    }
}
