//! `POST /v3/{external}/pay-by-link`: the body is that of pay.

use super::super::Api;
use super::super::problem::Problem;
use super::super::respond::respond;
use super::operation::{answer, asked};
use super::pay::pay_request;
use super::place::Place;
use axum::extract::{Request, State};
use axum::response::Response;

/// Makes a link behind which money is taken.
pub(in crate::api) async fn link(State(api): State<Api>, place: Place, request: Request) -> Result<Response, Problem> {
    let asked = asked(&api, request, |body| pay_request(body, None)).await;
    let (caller, pay) = asked.map_err(|problem| place.refuse(&api, problem))?;
    Ok(answer(api.operations.link(&place.external, caller, pay, respond).await))
}
