use super::attribute_set::AttributeSet;

/// A label that is made from a resource's attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Promotion {
    pub(crate) label: String,
    /// The attributes that it is taken from; the first that has a value gives it.
    pub(crate) from: Vec<String>,
    /// The value that the collector is configured for: written over whatever the client sent.
    pub(crate) fixed: Option<String>,
}

impl Promotion {
    /// Writes the collector's own value over every attribute that the label is taken from, and adds it if there is none.
    pub(super) fn write_over(&self, attributes: &mut AttributeSet) {
        let (Some(fixed), Some(first)) = (&self.fixed, self.from.first()) else {
            return;
        };
        let mut there = false;
        for key in &self.from {
            if attributes.get(key).is_some() {
                attributes.set(key, fixed.clone());
                there = true;
            }
        }
        if !there {
            attributes.set(first, fixed.clone());
        }
    }
}
