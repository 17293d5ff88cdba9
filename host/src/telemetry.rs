//! Metric names in one list; the set-up of logs. Imports nothing of ours.

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

// Operations, and what follows from them.

/// Operations that ended. Labels: `external`, `kind`, `outcome`.
pub const OPERATIONS: &str = "provost_operations_total";
/// Webhooks. Labels: `external`, `result`: taken, forged, later.
pub const WEBHOOKS: &str = "provost_webhooks_total";
/// Payments that a person must look at. Labels: `external`, `alert`.
pub const ALERTS: &str = "provost_alerts_total";
/// Attempts to deliver a callback. Labels: `external`, `result`: delivered, again, dead.
pub const CALLBACK_ATTEMPTS: &str = "provost_callback_attempts_total";

// Plugins.

/// Plugin versions put into or taken out of service. Label: `external`.
pub const PLUGIN_SWAPS: &str = "provost_plugin_swaps_total";
/// Plugin files that were refused. Label: `external`.
pub const PLUGIN_REFUSALS: &str = "provost_plugin_refusals_total";
// What egress measures.

/// How long requests to providers took, in seconds. Labels: `external`, `result` (a status class, or the error's name).
pub const EGRESS_SECONDS: &str = "provost_egress_seconds";
// The REST interface: PGM's names, verbatim, counters by `external` and `result`.

/// Calls of pay.
pub const HTTP_PAYMENT_CREATED: &str = "http_payment_created_total";
/// Calls of refund.
pub const HTTP_PAYMENT_REFUNDED: &str = "http_payment_refunded_total";
/// Calls of status and check.
pub const HTTP_PAYMENT_STATUS: &str = "http_payment_status_total";
/// Webhooks that came in.
pub const HTTP_CALLBACK: &str = "http_callback_total";
/// How long a request took: a histogram by `external`, `method`, `route` and `status`.
pub const HTTP_REQUEST_SECONDS: &str = "provost_http_request_seconds";
