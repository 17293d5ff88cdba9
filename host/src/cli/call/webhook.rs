//! A webhook as a body: `{"method", "url", "headers", "body", "hostReference"}`, all of them optional.

use super::known::{self, wrong};
use super::operation::{Asked, Asking, Purpose};
use crate::model::{Answer, Request, Webhook};
use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Sent {
    method: Option<String>,
    url: Option<String>,
    #[serde(default)]
    headers: Map<String, Value>,
    /// Text: a signature is over its bytes.
    #[serde(default)]
    body: String,
    /// The operation whose webhook URL it came to.
    host_reference: Option<String>,
}

/// The webhook that a body describes, as if it came now.
pub(super) fn receive(asking: &Asking<'_>) -> Result<Asked, Answer> {
    let sent: Sent = serde_json::from_slice(asking.text).map_err(|error| wrong("", error.to_string()))?;
    let headers = known::pairs("headers", &sent.headers)?.into_iter();
    let webhook = Webhook {
        method: sent.method.unwrap_or_else(|| "POST".to_owned()),
        url: sent.url.unwrap_or_else(|| format!("http://localhost/v3/{}/callback", asking.external)),
        // In lower case, as from a connection.
        headers: headers.map(|(name, value)| (name.to_ascii_lowercase(), value)).collect(),
        body: sent.body.into_bytes(),
        received_at: asking.now,
        host_reference: sent.host_reference,
    };
    Ok(Asked { request: Request::Receive(webhook), purpose: Purpose::Webhook })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::model::Description;
    use bytes::Bytes;

    fn read(text: &'static str) -> Result<Webhook, u16> {
        let (text, description) = (Bytes::from_static(text.as_bytes()), Description::default());
        let asking = Asking { text: &text, description: &description, external: "acme", now: Timestamp(7) };
        match receive(&asking) {
            Ok(Asked { request: Request::Receive(webhook), .. }) => Ok(webhook),
            Ok(asked) => panic!("{asked:?}"),
            Err(answer) => Err(answer.status),
        }
    }

    #[test]
    fn a_webhook_comes_as_from_a_connection() {
        let webhook = read(r#"{"headers": {"X-Sig": ["1", "2"], "A": "b"}, "body": "{ }"}"#).unwrap();
        let headers = [("x-sig", "1"), ("x-sig", "2"), ("a", "b")].map(|(name, value)| (name.into(), value.into()));
        assert_eq!((webhook.headers, webhook.body, webhook.method), (headers.to_vec(), b"{ }".to_vec(), "POST".into()));
        assert_eq!((webhook.url.as_str(), webhook.received_at), ("http://localhost/v3/acme/callback", Timestamp(7)));
    }

    #[test]
    fn a_body_that_is_not_text_is_refused() {
        for text in [r#"{"body": {}}"#, r#"{"headers": {"a": 1}}"#, r#"{"bodi": ""}"#, "[]"] {
            assert_eq!(read(text).unwrap_err(), 422, "{text}");
        }
    }
}
