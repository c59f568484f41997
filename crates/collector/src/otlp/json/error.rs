//! What is wrong with a text, and where.

use std::fmt;

use super::lexer::MAX_DEPTH;

/// Why a text is not a request in OTLP/JSON. One word in size, because almost all results are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JsonError(Box<Details>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Details {
    /// How many bytes come before it.
    offset: usize,
    problem: Problem,
    /// The way to the field, from the inside out.
    path: Vec<Step>,
}

pub(super) type Result<T> = std::result::Result<T, JsonError>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Problem {
    #[error("not UTF-8")]
    Utf8,
    #[error("expected {0}")]
    Expected(&'static str),
    #[error("a control character, which a string must escape")]
    ControlCharacter,
    #[error("an escape sequence that JSON does not have")]
    Escape,
    #[error("half of a surrogate pair")]
    Surrogate,
    #[error("nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    #[error("not a whole number")]
    NotWhole,
    #[error("a number that does not fit into {0}")]
    Range(&'static str),
    #[error("not in hexadecimal digits, two for each byte")]
    Hex,
    #[error("not base64")]
    Base64,
    #[error("not a name that this enumeration has")]
    EnumName,
    #[error("{0} stands here already, and only one of the two can hold")]
    OneOf(&'static str),
    #[error("stands here twice")]
    Twice,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Field(&'static str),
    Element(usize),
}

impl JsonError {
    pub(super) fn new(offset: usize, problem: Problem) -> Self {
        Self(Box::new(Details {
            offset,
            problem,
            path: Vec::new(),
        }))
    }

    /// Says that it is inside of something.
    pub(super) fn within(mut self, step: Step) -> Self {
        self.0.path.push(step);
        self
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Details {
            offset,
            problem,
            path,
        } = &*self.0;
        for (index, step) in path.iter().rev().enumerate() {
            match step {
                Step::Field(name) if index == 0 => write!(f, "{name}")?,
                Step::Field(name) => write!(f, ".{name}")?,
                Step::Element(element) => write!(f, "[{element}]")?,
            }
        }
        if !path.is_empty() {
            f.write_str(": ")?;
        }
        write!(f, "{problem} (at byte {offset})")
    }
}

impl std::error::Error for JsonError {}
