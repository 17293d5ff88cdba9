//! From the domain to WIT: what the host asks.

use super::exports::{captures, refunds, search, subscriptions, utilities, webhooks};
use super::types;
use crate::model::{
    Action, Amount, CaptureRequest, Changes, Interval, KnownPayment, KnownRefund, KnownSubscription, PayRequest, Plan,
    Query, RefundRequest, Target, UtilityRequest, Webhook,
};

pub(super) fn pay(request: PayRequest) -> types::PayRequest {
    types::PayRequest {
        amount: amount(request.amount),
        shop_transaction_id: request.shop_transaction_id,
        payment_method: request.payment_method,
        success_redirect_url: request.success_redirect_url,
        failure_redirect_url: request.failure_redirect_url,
        provider_data: request.provider_data,
    }
}

pub(super) fn refund(request: RefundRequest) -> refunds::RefundRequest {
    refunds::RefundRequest {
        payment: payment(request.payment),
        amount: amount(request.amount),
        provider_data: request.provider_data,
    }
}

pub(super) fn payment(known: KnownPayment) -> types::Payment {
    types::Payment {
        reference: reference(known.target),
        amount: known.amount.map(amount),
        payment_method: known.payment_method,
        carry: known.carry.map(|carry| carry.json),
    }
}

pub(super) fn known_refund(known: KnownRefund) -> refunds::KnownRefund {
    refunds::KnownRefund {
        refund_id: known.refund_id,
        host_reference: known.host_reference,
        amount: amount(known.amount),
        carry: known.carry.map(|carry| carry.json),
    }
}

pub(super) fn query(query: Query) -> search::Query {
    search::Query {
        action: action(query.action),
        host_reference: query.host_reference,
        shop_transaction_id: query.shop_transaction_id,
        amount: query.amount.map(amount),
        since_ms: query.since.0,
        payment: query.payment.map(payment),
        subscription: query.subscription.map(subscription),
        provider_data: None,
    }
}

pub(super) fn capture(request: CaptureRequest) -> captures::CaptureRequest {
    captures::CaptureRequest {
        payment: payment(request.payment),
        amount: amount(request.amount),
        final_: request.last,
        provider_data: request.provider_data,
    }
}

pub(super) fn plan(plan: Plan) -> types::Plan {
    types::Plan {
        interval: interval(plan.interval),
        interval_count: plan.interval_count,
        expires_after: plan.expires_after,
    }
}

pub(super) fn subscription(known: KnownSubscription) -> types::Subscription {
    types::Subscription {
        reference: types::SubscriptionReference { tokens: known.tokens, host_reference: known.host_reference },
        carry: known.carry.map(|carry| carry.json),
    }
}

pub(super) fn changes(changes: Changes) -> subscriptions::Changes {
    subscriptions::Changes {
        amount: changes.amount.map(amount),
        interval: changes.interval.map(interval),
        interval_count: changes.interval_count,
        expires_after: changes.expires_after,
        shop_transaction_id: changes.shop_transaction_id,
        provider_data: changes.provider_data,
    }
}

pub(super) fn utility(request: UtilityRequest) -> utilities::UtilityRequest {
    let UtilityRequest { method, name, query, body } = request;
    utilities::UtilityRequest { method, name, query, body }
}

fn interval(interval: Interval) -> types::Interval {
    match interval {
        Interval::Day => types::Interval::Day,
        Interval::Week => types::Interval::Week,
        Interval::Month => types::Interval::Month,
        Interval::Year => types::Interval::Year,
    }
}

pub(super) fn webhook(webhook: Webhook) -> webhooks::Webhook {
    webhooks::Webhook {
        method: webhook.method,
        url: webhook.url,
        headers: webhook.headers,
        body: webhook.body,
        received_at_ms: webhook.received_at.0,
        host_reference: webhook.host_reference,
    }
}

fn reference(target: Target) -> types::Reference {
    types::Reference {
        payment_ids: target.payment_ids,
        shop_transaction_id: target.shop_transaction_id,
        host_reference: target.host_reference,
    }
}

pub(super) fn amount(amount: Amount) -> types::Amount {
    types::Amount { minor: amount.minor, currency: amount.currency }
}

fn action(action: Action) -> types::Action {
    match action {
        Action::Payment => types::Action::Payment,
        Action::Refund => types::Action::Refund,
        Action::Capture => types::Action::Capture,
        Action::Void => types::Action::Void,
    }
}
