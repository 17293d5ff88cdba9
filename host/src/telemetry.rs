//! Metric names in one list; the set-up of logs. Imports nothing of ours.

mod logs;
mod metrics;

pub use logs::{InitError, LevelError, filter, init};
pub use metrics::install_metrics;

use self::metrics::{Kind, list};

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The `[log]` table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `trace`, `debug`, `info`, `warn` or `error`, or directives such as `info,provost::egress=debug`.
    pub level: String,
    /// None: text on a terminal, JSON otherwise.
    pub format: Option<Format>,
}

list! {
    // The REST interface: the Payment Gateway Manager's names, verbatim, by `external` and `result`.

    /// Calls of pay.
    Counter HTTP_PAYMENT_CREATED = "http_payment_created_total";
    /// Calls of refund.
    Counter HTTP_PAYMENT_REFUNDED = "http_payment_refunded_total";
    /// Calls of status and check.
    Counter HTTP_PAYMENT_STATUS = "http_payment_status_total";
    /// Calls of capture, which takes what was authorised.
    Counter HTTP_PAYMENT_AUTHORIZED = "http_payment_authorized_total";
    /// Calls of void, which lets what was authorised expire.
    Counter HTTP_PAYMENT_EXPIRED = "http_payment_expired_total";
    /// Calls of pay-by-link.
    Counter HTTP_PAYMENT_LINK_CREATED = "http_payment_link_created_total";
    /// Calls of subscription schedule and start.
    Counter HTTP_SUBSCRIPTION_CREATED = "http_subscription_created_total";
    /// Calls of subscription pay, by the authority that a subscription gave.
    Counter HTTP_SUBSCRIPTION_AUTHORIZED = "http_subscription_authorized_total";
    /// Calls of subscription update and expire.
    Counter HTTP_SUBSCRIPTION_UPDATE = "http_subscription_update_total";
    /// Calls of subscription status. In the Payment Gateway Manager a service of its own keeps subscriptions, and this
    /// counts the calls of it.
    Counter HTTP_SUBSCRIPTION_HANDLER = "http_subscription_handler_total";
    /// Calls of utilities.
    Counter HTTP_UTILS = "http_utils_total";
    /// Webhooks that came in.
    Counter HTTP_CALLBACK = "http_callback_total";
    /// How long a request took, by `external`, `method`, `route` and `status`.
    Seconds HTTP_REQUEST_SECONDS = "provost_http_request_seconds";

    // Operations, and what follows from them.

    /// Operations that ended, by `external`, `kind` and `outcome`.
    Counter OPERATIONS = "provost_operations_total";
    /// Webhooks by `external` and `result`: taken, forged or later.
    Counter WEBHOOKS = "provost_webhooks_total";
    /// Questions about what is open, by `external` and `result`: told, unknown, silent, failed or not_now.
    Counter QUESTIONS = "provost_questions_total";
    /// Calls that were made again because nobody knew what became of them, by `external` and `outcome`.
    Counter REPEATS = "provost_repeats_total";
    /// Redirects that no payer followed in time, by `external`.
    Counter REDIRECTS_EXPIRED = "provost_redirects_expired_total";
    /// Payments that a person must look at, by `external` and `alert`.
    Counter ALERTS = "provost_alerts_total";
    /// Attempts to deliver a callback, by `external` and `result`: delivered, again or dead.
    Counter CALLBACK_ATTEMPTS = "provost_callback_attempts_total";
    /// Callbacks that are not delivered, by `state`: waiting, or dead. Counted up to 100,000.
    Gauge CALLBACKS = "provost_callbacks";

    // Plugins.

    /// Plugin versions put into or taken out of service, by `external`.
    Counter PLUGIN_SWAPS = "provost_plugin_swaps_total";
    /// Calls of plugins, by `external`, `version` and `result`: returned, trap, a limit's name, deadline or exhausted.
    Counter PLUGIN_CALLS = "provost_plugin_calls_total";
    /// How long a call took, by `external` and `version`.
    Seconds PLUGIN_CALL_SECONDS = "provost_plugin_call_seconds";
    /// CPU time of a call, by `external` and `version`.
    Seconds PLUGIN_CPU_SECONDS = "provost_plugin_cpu_seconds";
    /// How long an instance took to be ready, by `external` and `version`.
    Seconds PLUGIN_INSTANTIATE_SECONDS = "provost_plugin_instantiate_seconds";
    /// Plugin files that were refused, by `external`.
    Counter PLUGIN_REFUSALS = "provost_plugin_refusals_total";

    // What leaves.

    /// How long requests to providers took, by `external` and `result`: a status class or the error's name.
    Seconds EGRESS_SECONDS = "provost_egress_seconds";
    /// Requests of plugins that were denied, by `external` and `rule`: scheme, user_info, port, origin, method, path,
    /// address, header, control, secret, read_only, repeat or requests.
    Counter EGRESS_DENIED = "provost_egress_denied_total";
    /// Requests that were held back and have not left, by `external` and `by`: places, rate or breaker.
    Counter EGRESS_HELD_BACK = "provost_egress_held_back_total";
    /// How often requests to a provider began or ceased to be held back for its failures, by `external` and `state`: open
    /// or closed.
    Counter EGRESS_BREAKER_TURNS = "provost_egress_breaker_turns_total";
    /// Whether requests to a provider are held back for its failures, by `external`: 1, or 0.
    Gauge EGRESS_BREAKER_OPEN = "provost_egress_breaker_open";
}
