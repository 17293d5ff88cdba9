//! `GET /v3/{external}/subscription/status/{subscriptionToken}`.

use super::super::Api;
use super::super::observe::Counted;
use super::super::problem::Problem;
use super::super::respond::problem_of;
use super::place::Place;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

/// Asks the provider, and answers with what is known where it cannot be asked.
pub(in crate::api) async fn subscription_status(State(api): State<Api>, place: Place) -> Result<Response, Problem> {
    let token = place.subscription_token().map_err(|problem| place.refuse(&api, problem))?;
    let status = api.operations.subscription_status(&place.external, token).await;
    let status = status.map_err(|error| problem_of(&error))?;
    let counted = Counted(status.status.into());
    let mut response = Json(status).into_response();
    response.extensions_mut().insert(counted);
    Ok(response)
}
