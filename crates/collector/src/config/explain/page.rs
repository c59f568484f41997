//! Paragraphs and lists, broken into lines.

/// Lines are at most this long, unless a word is longer.
const WIDTH: usize = 100;

/// A text of paragraphs and lists.
#[derive(Debug, Default)]
pub(super) struct Page(String);

impl Page {
    pub(super) fn paragraph(&mut self, text: &str) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        self.lines("", "", text);
    }

    /// An item of the list that belongs to the paragraph before.
    pub(super) fn item(&mut self, mark: &str, text: &str) {
        let first = format!("  {mark} ");
        let rest = " ".repeat(first.chars().count());
        self.lines(&first, &rest, text);
    }

    fn lines(&mut self, first: &str, rest: &str, text: &str) {
        let mut line = first.to_owned();
        let mut is_empty = true;
        for word in text.split(' ') {
            if !is_empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
                self.0 += &line;
                self.0.push('\n');
                rest.clone_into(&mut line);
                is_empty = true;
            }
            if !is_empty {
                line.push(' ');
            }
            line += word;
            is_empty = false;
        }
        self.0 += &line;
        self.0.push('\n');
    }

    pub(super) fn text(self) -> String {
        self.0
    }
}
