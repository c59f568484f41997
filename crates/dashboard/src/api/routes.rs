//! Turns requests into questions.

use std::str::FromStr;

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::answers::Answers;
use crate::resolution::TimeRange;

use super::environments::Environments;
use super::overview::Overview;
use super::panel::{Panel, PanelName};
use super::problem::{Code, ErrorBody, Problem};

/// A chart in a window on a screen, in CSS pixels.
const DEFAULT_WIDTH: u32 = 600;
const MAX_WIDTH: u32 = 10_000;

// The parameters are taken as text, and read below: a wrong one is answered with a hint.

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct OverviewQuery {
    /// What the sparklines cover; 1h when absent.
    #[param(value_type = Option<TimeRange>)]
    range: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PanelQuery {
    /// What the panel covers; 1h when absent.
    #[param(value_type = Option<TimeRange>)]
    range: Option<String>,
    /// Width of the chart in CSS pixels, 1 to 10000; 600 when absent. Decides the step.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 10_000)]
    width: Option<String>,
}

/// All environments at a glance.
#[utoipa::path(get, path = "/api/v1/overview", tag = "dashboard", params(OverviewQuery), responses(
    (status = 200, description = "Also when the store does not answer: then every environment is unknown",
        body = Overview),
    (status = 400, description = "A parameter is wrong", body = ErrorBody),
    (status = 503, description = "Too many questions are under way; try again after Retry-After seconds",
        body = ErrorBody),
))]
pub(super) async fn overview(
    State(answers): State<Answers>,
    query: Result<Query<OverviewQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query.map_err(unreadable)?;
    let overview = answers.overview(range(query.range.as_deref())?).await?;
    Ok(Json(&*overview).into_response())
}

/// The environments, ranges and refresh intervals to choose from.
#[utoipa::path(get, path = "/api/v1/environments", tag = "dashboard", responses(
    (status = 200, description = "When the store does not answer: the environments that it named last, or else \
        those of the configuration", body = Environments),
))]
pub(super) async fn environments(State(answers): State<Answers>) -> Json<Environments> {
    Json(answers.environments().await)
}

/// One chart of one environment.
#[utoipa::path(get, path = "/api/v1/environments/{environment}/panels/{panel}", tag = "dashboard",
    params(("environment" = String, Path, example = "prod"), ("panel" = PanelName, Path), PanelQuery),
    responses(
        (status = 200, description = "The series", body = Panel),
        (status = 400, description = "A parameter is wrong", body = ErrorBody),
        (status = 404, description = "There is no such environment or panel", body = ErrorBody),
        (status = 502, description = "The store is unreachable, refuses, or answers nonsense", body = ErrorBody),
        (status = 503, description = "Too many questions are under way; try again after Retry-After seconds",
            body = ErrorBody),
        (status = 504, description = "The store did not answer in time", body = ErrorBody),
    ))]
pub(super) async fn panel(
    State(answers): State<Answers>,
    path: Result<Path<(String, String)>, PathRejection>,
    query: Result<Query<PanelQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let Path((environment, name)) = path.map_err(|_| not_found())?;
    let Query(query) = query.map_err(unreadable)?;
    let name = PanelName::from_str(&name).map_err(|()| {
        let message = format!("there is no panel named {name:?}");
        Problem::new(
            Code::UnknownPanel,
            message,
            one_of(PanelName::ALL.map(PanelName::as_str)),
        )
    })?;
    let (range, width) = (range(query.range.as_deref())?, width(query.width.as_deref())?);
    let panel = answers.panel(name, &environment, range, width).await?;
    Ok(Json(&*panel).into_response())
}

pub(super) fn not_found() -> Problem {
    Problem::new(
        Code::NotFound,
        "there is nothing at this path",
        "the paths of the API are in /api/v1/openapi.json",
    )
}

pub(super) fn method_not_allowed() -> Problem {
    Problem::new(
        Code::MethodNotAllowed,
        "there is nothing to change here",
        "use GET",
    )
}

fn range(text: Option<&str>) -> Result<TimeRange, Problem> {
    let Some(text) = text else {
        return Ok(TimeRange::Hour);
    };
    text.parse().map_err(|()| {
        let message = format!("{text:?} is no range");
        Problem::new(
            Code::InvalidParameter,
            message,
            one_of(TimeRange::ALL.map(TimeRange::as_str)),
        )
    })
}

fn width(text: Option<&str>) -> Result<u32, Problem> {
    let Some(text) = text else {
        return Ok(DEFAULT_WIDTH);
    };
    text.parse()
        .ok()
        .filter(|width| (1..=MAX_WIDTH).contains(width))
        .ok_or_else(|| {
            let message = format!("{text:?} is no width");
            Problem::new(
                Code::InvalidParameter,
                message,
                format!("use whole pixels, 1 to {MAX_WIDTH}"),
            )
        })
}

fn unreadable(rejection: QueryRejection) -> Problem {
    Problem::new(
        Code::InvalidParameter,
        rejection.body_text(),
        "give each parameter once",
    )
}

fn one_of<const N: usize>(names: [&str; N]) -> String {
    format!("use one of {}", names.join(", "))
}
