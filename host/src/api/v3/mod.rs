//! `/v3/{external}`: JSON to model and back. A handler extracts, asks `operations` once, and answers.

pub(super) mod body;
pub(super) mod externals;
mod fields;
mod operation;
mod pay;
mod place;
mod refund;
mod status;
mod strict;
mod webhook;

pub(super) use externals::{external, externals, not_supported};
pub(super) use pay::pay;
pub(super) use refund::refund;
pub(super) use status::{check, status, status_by_body};
pub(super) use webhook::callback;

#[cfg(test)]
pub(super) use {
    pay::pay_request, refund::refund_asked, status::in_body as lookup_in_body, status::in_query as lookup_in_query,
};
