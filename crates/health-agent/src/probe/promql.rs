//! Strings of PromQL.

/// In quotation marks. All but these three characters stands for itself: what Rust and JSON escape besides, PromQL cannot always read.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            '\\' => quoted += r"\\",
            '"' => quoted += "\\\"",
            '\n' => quoted += r"\n",
            plain => quoted.push(plain),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_string_is_escaped_and_all_else_is_left() {
        assert_eq!(quoted("a"), r#""a""#);
        assert_eq!(quoted("a\"} or up{b=\"\\\n"), r#""a\"} or up{b=\"\\\n""#);
        // Rust's own form has \u{301} and \0 here
        assert_eq!(quoted("e\u{301}\0"), "\"e\u{301}\0\"");
    }
}
