//! Payments: a list, one, and one settled by hand.

use super::refusal::Refusal;
use super::{Admin, json};
use crate::clock::Timestamp;
use crate::model::{PaymentKey, PaymentState};
use crate::operations::{Decision, Signed};
use crate::store::{PaymentFilter, Verdict};
use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::Value;

/// Rows of a page, where nothing is said.
const PAGE: usize = 50;
/// At most.
pub(super) const LARGEST_PAGE: usize = 500;

/// What a list may be asked for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Wanted {
    external: Option<String>,
    state: Option<String>,
    #[serde(default)]
    review: bool,
    shop_transaction_id: Option<String>,
    since: Option<String>,
    until: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
}

/// Which of several is meant.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Of {
    external: Option<String>,
}

/// A decision as it is sent.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Settled {
    outcome: String,
    #[serde(default)]
    external: Option<String>,
    #[serde(default)]
    captured: Option<u64>,
    #[serde(default)]
    correct: bool,
    who: String,
    reason: String,
}

/// Who, and why.
#[derive(Debug)]
pub(super) struct Signature {
    who: String,
    reason: String,
}

pub(super) async fn list(
    State(admin): State<Admin>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let Query(wanted) = wanted.map_err(|error| Refusal::bad(error.body_text()))?;
    let state = wanted.state.as_deref().map(|name| {
        PaymentState::from_name(name).ok_or_else(|| Refusal::bad(format!("{name:?} is no state of a payment.")))
    });
    let filter = PaymentFilter {
        external: wanted.external,
        state: state.transpose()?,
        review: wanted.review,
        shop_transaction_id: wanted.shop_transaction_id,
        since: moment(wanted.since.as_deref())?,
        until: moment(wanted.until.as_deref())?,
    };
    let (limit, before) = (limit(wanted.limit), cursor(wanted.cursor.as_deref())?.map(PaymentKey));
    let page = admin.operations().by_hand().store().payments(&filter, before, limit).await?;
    Ok(Json(json::payments(&page, limit)))
}

pub(super) async fn show(
    State(admin): State<Admin>,
    Path(name): Path<String>,
    of: Result<Query<Of>, QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let Query(of) = of.map_err(|error| Refusal::bad(error.body_text()))?;
    let whole = admin.operations().by_hand().payment(of.external.as_deref(), &name).await?;
    Ok(Json(json::whole_payment(&whole)))
}

pub(super) async fn settle(
    State(admin): State<Admin>,
    Path(name): Path<String>,
    body: Result<Json<Settled>, JsonRejection>,
) -> Result<Json<Value>, Refusal> {
    let Json(settled) = body.map_err(|error| Refusal::bad(error.body_text()))?;
    let Some(verdict) = Verdict::from_name(&settled.outcome) else {
        return Err(Refusal::bad(format!("{:?} is no outcome.", settled.outcome)));
    };
    let decision = Decision {
        name: name.clone(),
        external: settled.external.clone(),
        verdict,
        captured: settled.captured,
        correct: settled.correct,
        signed: Signature::of(settled.who, settled.reason).checked()?,
    };
    let changed = admin.operations().settle_by_hand(decision).await?;
    Ok(Json(json::payment(&changed.payment)))
}

impl Signature {
    pub(super) fn of(who: String, reason: String) -> Self {
        Self { who, reason }
    }

    /// What a person writes is kept for ever: it says something, and not too much.
    pub(super) fn checked(self) -> Result<Signed, Refusal> {
        match Signed::checked(&self.who, &self.reason) {
            Ok(signed) => Ok(signed),
            Err(fault) => Err(Refusal::bad(fault)),
        }
    }
}

pub(super) fn limit(wanted: Option<usize>) -> usize {
    wanted.unwrap_or(PAGE).clamp(1, LARGEST_PAGE)
}

pub(super) fn cursor(wanted: Option<&str>) -> Result<Option<i64>, Refusal> {
    let parsed = wanted.map(|text| text.parse().map_err(|_| Refusal::bad("The cursor is not one that was given.")));
    parsed.transpose()
}

pub(super) fn moment(wanted: Option<&str>) -> Result<Option<Timestamp>, Refusal> {
    let parsed = wanted.map(|text| {
        Timestamp::parse(text)
            .ok_or_else(|| Refusal::bad(format!("{text:?} is no moment such as 2026-01-31T12:00:00Z.")))
    });
    parsed.transpose()
}
