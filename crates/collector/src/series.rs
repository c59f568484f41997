//! The series that are kept: their labels, their newest values, and how long they have not been heard of.
//!
//! ```text
//! Store ─► Family, one per exposed name ─► Group, one per family and origin ─► Series, one per set of attributes
//!   └────► Resource, one per spelling of a resource ─► Origin, one per resource and scope ──┘ shares its labels
//! ```
//!
//! Invariants:
//!
//! - One set of labels is one series. A client may spell it in many ways, with attributes in any order, or from
//!   resources that differ only in what becomes no label; every spelling leads to the same series.
//! - A point of a known spelling costs a hash, a comparison and a store: no allocation, and no lock but its group's. A
//!   group is one metric of one scope of one process, so senders do not wait for each other.
//! - Nothing is kept beyond the [`Limits`], whatever is sent. What is there already is updated also when they are
//!   reached.
//! - Time comes in as an argument. Nothing in here waits, and nobody holds two locks but in the order of the drawing.

mod store;
mod origin;
mod family;
mod group;
mod spelling;
mod update;
mod delta;
mod value;
mod exponential;
mod exemplar;
mod record;
mod hash;
mod lock;

pub(crate) use self::exemplar::{Exemplar, ExemplarSample, Exemplars};
pub(crate) use self::exponential::{Buckets, MIN_SCALE};
pub(crate) use self::family::{Family, sample_names};
pub(crate) use self::group::{Group, Shown, Times};
pub(crate) use self::origin::{Origin, Resource};
pub(crate) use self::record::{Kind, SourceRef};
pub(crate) use self::store::{Counts, Descriptor, Expiry, Journal, Limits, NotTaken, Rules, Session, Store};
pub(crate) use self::update::{Mode, Taken, Update};
pub(crate) use self::value::{
    BucketsSample, ExponentialSample, HistogramSample, Sample, SummarySample, Value,
};

#[cfg(test)]
mod tests;
#[cfg(test)]
mod stress;
