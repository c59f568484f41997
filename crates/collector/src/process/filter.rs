//! What is taken and what is not.

use super::attribute_set::AttributeSet;
use super::glob::{Glob, any_matches};

/// Alternatives that choose: a thing is taken if one of `include` fits, or there is none, and none of `exclude` fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filter<T> {
    pub(crate) include: Vec<T>,
    pub(crate) exclude: Vec<T>,
}

/// Conditions on attributes, all of which must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Match(pub(crate) Vec<Condition>);

/// An attribute is there, and its value as text is one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition {
    pub(crate) key: String,
    pub(crate) values: Vec<Glob>,
}

impl<T> Filter<T> {
    fn takes(&self, fits: impl Fn(&T) -> bool) -> bool {
        (self.include.is_empty() || self.include.iter().any(&fits)) && !self.exclude.iter().any(&fits)
    }
}

impl Filter<Glob> {
    pub(super) fn takes_name(&self, name: &str) -> bool {
        self.takes(|glob| glob.matches(name))
    }
}

impl Filter<Match> {
    pub(super) fn takes_attributes(&self, attributes: &AttributeSet) -> bool {
        self.takes(|Match(conditions)| conditions.iter().all(|condition| condition.holds(attributes)))
    }
}

impl Condition {
    fn holds(&self, attributes: &AttributeSet) -> bool {
        let value = attributes.get(&self.key);
        value.is_some_and(|value| any_matches(&self.values, value))
    }
}
