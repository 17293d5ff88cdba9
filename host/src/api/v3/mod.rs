//! `/v3/{external}`: JSON to model and back. A handler extracts, asks `operations` once, and answers.

pub(super) mod body;
mod capture;
pub(super) mod externals;
mod fields;
mod link;
mod operation;
mod pay;
mod place;
mod refund;
mod status;
mod strict;
mod subscription;
mod subscription_change;
mod subscription_status;
mod utility;
mod void;
mod webhook;

pub(super) use capture::capture;
pub(super) use externals::{external, externals};
pub(super) use fields::MOST_COUNTED;
pub(super) use link::link;
pub(super) use pay::pay;
pub(super) use place::Place;
pub(super) use refund::refund;
pub(super) use status::{check, status, status_by_body};
pub(super) use subscription::{charge, schedule, start};
pub(super) use subscription_change::{expire, update};
pub(super) use subscription_status::subscription_status;
pub(super) use utility::utility;
pub(super) use void::void;
pub(super) use webhook::{callback, headers_as_sent, problem_of_webhook, written};
pub(super) use {
    capture::capture_asked, pay::pay_request, refund::refund_asked, status::in_body as lookup_in_body,
    subscription::charge_asked, subscription::subscription as subscription_asked, subscription_change::changes,
    void::payment_to_void,
};

#[cfg(test)]
pub(super) use {fields::is_id, place::is_utility_name, status::in_query as lookup_in_query};
