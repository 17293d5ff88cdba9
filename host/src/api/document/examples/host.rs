//! What the host says of itself and of its externals.

use super::EXTERNAL;
use serde_json::{Value, json};

/// An external.
pub(in super::super) fn external() -> Value {
    json!({
        "name": EXTERNAL,
        "available": true,
        "plugin": {"name": "sandbox", "version": "0.1.0", "digest": DIGEST},
        "contract": "provost:provider@0.1.0",
        "operations": ["pay", "status", "check", "refund", "callback", "capture", "void"],
        "capabilities": ["payments", "inquiry", "search", "refunds", "webhooks", "captures"],
        "intervals": ["DAY", "WEEK", "MONTH", "YEAR"],
    })
}

/// Every external: this one, and one whose plugin is not there.
pub(in super::super) fn externals() -> Value {
    json!({"externals": [{"name": "acme", "available": false}, external()]})
}

/// The host is well.
pub(in super::super) fn health() -> Value {
    json!({"status": "OK", "name": "provost", "version": "0.1.0"})
}

/// The host is about to leave.
pub(in super::super) fn draining() -> Value {
    json!({"status": "KO", "name": "provost", "version": "0.1.0", "reason": "draining"})
}

/// The host and its externals.
pub(in super::super) fn check_up() -> Value {
    let host = json!({"name": "host", "status": "OK"});
    let external = json!({"name": "external:sandbox", "status": "OK", "version": DIGEST});
    json!({"status": "OK", "name": "provost", "version": "0.1.0", "dependencies": [host, external]})
}

/// The document, cut short.
pub(in super::super) fn openapi() -> Value {
    json!({"openapi": "3.1.0", "info": {"title": "Provost", "version": "0.1.0"}, "paths": {}})
}

/// A counter, as Prometheus reads it.
pub(in super::super) fn metrics() -> Value {
    "# TYPE http_payment_created_total counter\nhttp_payment_created_total{external=\"sandbox\",result=\"OK\"} 1\n"
        .into()
}

const DIGEST: &str = "a5add03f8404304814dfa75c2fac6cee21f57958e4567b4e51e3ce1b42de4972";
