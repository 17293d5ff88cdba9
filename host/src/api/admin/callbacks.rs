//! Callbacks: a list, one with every attempt, and those that are to go out again.

use super::payments::{Signature, cursor, limit, moment};
use super::refusal::Refusal;
use super::{Admin, json};
use crate::operations::NotByHand;
use crate::store::{CallbackFilter, CallbackKey, CallbackState, Which};
use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

/// What callbacks have in common.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fitting {
    external: Option<String>,
    state: Option<String>,
    /// Any name of their payment.
    payment: Option<String>,
    since: Option<String>,
    until: Option<String>,
}

/// What a list may be asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    external: Option<String>,
    state: Option<String>,
    payment: Option<String>,
    since: Option<String>,
    until: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
}

/// A wish to replay: `id`, or `all` with what they have in common.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Again {
    id: Option<String>,
    all: Option<Fitting>,
    cursor: Option<String>,
    who: String,
    reason: String,
}

pub(super) async fn list(
    State(admin): State<Admin>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let Query(Wanted { external, state, payment, since, until, limit: rows, cursor: from }) =
        wanted.map_err(|error| Refusal::bad(error.body_text()))?;
    let filter = filter(&admin, Fitting { external, state, payment, since, until }).await?;
    let (limit, before) = (limit(rows), cursor(from.as_deref())?.map(CallbackKey));
    let page = admin.operations().by_hand().store().callbacks(&filter, before, limit).await?;
    Ok(Json(json::callbacks(&page, limit)))
}

pub(super) async fn show(State(admin): State<Admin>, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    let whole = admin.operations().by_hand().store().callback(&id).await?;
    let whole = whole.ok_or(NotByHand::NotKnown(id))?;
    Ok(Json(json::whole_callback(&whole)))
}

pub(super) async fn replay(
    State(admin): State<Admin>,
    body: Result<Json<Again>, JsonRejection>,
) -> Result<Json<Value>, Refusal> {
    let Json(again) = body.map_err(|error| Refusal::bad(error.body_text()))?;
    let signed = Signature::of(again.who, again.reason).checked()?;
    let which = match (again.id, again.all) {
        (Some(id), None) => Which::One(id),
        (None, Some(fitting)) => Which::All {
            filter: filter(&admin, fitting).await?,
            after: cursor(again.cursor.as_deref())?.map(CallbackKey),
        },
        _ => return Err(Refusal::bad("Either `id` says which one, or `all` says what they have in common.")),
    };
    let done = admin.operations().replay_by_hand(which, signed).await?;
    Ok(Json(json!({ "replayed": done.ids, "next": done.more_after.map(|key| key.0.to_string()) })))
}

async fn filter(admin: &Admin, fitting: Fitting) -> Result<CallbackFilter, Refusal> {
    let state = fitting.state.as_deref().map(|name| {
        CallbackState::from_name(name).ok_or_else(|| Refusal::bad(format!("{name:?} is no state of a callback.")))
    });
    let payment = match &fitting.payment {
        Some(name) => Some(admin.operations().by_hand().payment(fitting.external.as_deref(), name).await?.payment.key),
        None => None,
    };
    Ok(CallbackFilter {
        payment,
        state: state.transpose()?,
        since: moment(fitting.since.as_deref())?,
        until: moment(fitting.until.as_deref())?,
        external: fitting.external,
    })
}
