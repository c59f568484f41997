//! The answer of `GET /api/v1/environments`.

use serde::Serialize;
use utoipa::ToSchema;

use crate::resolution::TimeRange;

/// What a viewer can choose from.
#[expect(
    clippy::struct_field_names,
    reason = "the field is named for the reader of the JSON"
)]
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Environments {
    /// In the order of their slots.
    pub(crate) environments: Vec<Environment>,
    pub(crate) ranges: Vec<TimeRange>,
    /// Seconds between two refreshes; 0 is off.
    pub(crate) refreshes: Vec<u32>,
}

/// An environment and the data plane that runs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Environment {
    #[schema(example = "prod")]
    pub(crate) name: String,
    /// Null while the store has not named it.
    #[schema(required, example = "production")]
    pub(crate) data_plane: Option<String>,
    /// Fixed place, from 1 on: decides the colour of the environment.
    #[schema(minimum = 1)]
    pub(crate) slot: u32,
}
