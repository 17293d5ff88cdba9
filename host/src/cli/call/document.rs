//! Everything that a call showed, as one JSON document. Whatever is printed of a call is read from it: secrets are
//! covered here, once for all.

use super::judged::Judged;
use super::operation::Row;
use super::{advice, shape};
use crate::capabilities::{Exchange, Provider, Report, Scene, Transcript};
use crate::model::{Answer, Description, Reference, Version};
use crate::runtime::{Finished, Plugin, Usage};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Which call it was.
pub(super) struct Call<'a> {
    pub(super) row: &'a Row,
    pub(super) provider: &'a Provider,
    pub(super) plugin: &'a Plugin,
}

impl Call<'_> {
    /// A call that was made; under this reference, where it was an operation.
    pub(super) fn made(
        &self,
        reference: Option<&Reference>,
        judged: &Judged,
        finished: &Finished,
        transcript: &Transcript,
    ) -> Value {
        let mut document = self.head(&judged.answer);
        let (name, known) = &judged.known;
        let Report { learned, emitted, departures, verified, .. } = &finished.report;
        document.extend([
            ("reference".to_owned(), json!(reference.map(|reference| &reference.0))),
            ((*name).to_owned(), known.clone()),
            ("failed".to_owned(), json!(judged.failed)),
            ("learned".to_owned(), learned.iter().map(shape::name).collect()),
            ("emitted".to_owned(), emitted.iter().map(shape::event).collect()),
            ("verified".to_owned(), json!(verified)),
            ("writes".to_owned(), json!({ "left": departures.left, "answered": departures.answered })),
            ("exchange".to_owned(), transcript.scenes().iter().map(|each| scene(each, self.provider)).collect()),
            ("cost".to_owned(), cost(&finished.usage, &finished.report)),
        ]);
        covered(Value::Object(document), transcript)
    }

    /// A call that was not made, because of what it was asked.
    pub(super) fn refused(&self, answer: &Answer, transcript: &Transcript) -> Value {
        let mut document = self.head(answer);
        document.insert("failed".to_owned(), json!("the plugin was not called"));
        covered(Value::Object(document), transcript)
    }

    fn head(&self, answer: &Answer) -> Map<String, Value> {
        let (Description { name, version, .. }, Version(digest)) =
            (&**self.plugin.description(), self.plugin.version());
        let members = [
            ("operation", json!(self.row.name)),
            ("external", json!(self.provider.external)),
            ("plugin", json!({ "name": name, "version": version, "digest": digest })),
            ("answer", shown(answer)),
        ];
        members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

fn shown(answer: &Answer) -> Value {
    let body = String::from_utf8_lossy(&answer.body);
    json!({ "status": answer.status, "headers": headers(&answer.headers), "body": shape::parsed(&body) })
}

/// By name; a list where a name stands several times.
fn headers(headers: &[(String, String)]) -> Value {
    let mut shown = Map::new();
    for (name, value) in headers {
        let value = Value::from(value.as_str());
        match shown.get_mut(name) {
            None => drop(shown.insert(name.clone(), value)),
            Some(Value::Array(values)) => values.push(value),
            Some(known) => *known = json!([known, value]),
        }
    }
    shown.into()
}

fn scene(scene: &Scene, provider: &Provider) -> Value {
    match scene {
        Scene::Exchange(exchange) => self::exchange(exchange, provider),
        Scene::Line { level, stream, text } => {
            json!({ "line": { "level": level.name(), "stream": stream.name(), "text": text } })
        }
        Scene::Denied { secret, reason } => {
            json!({ "denied": { "reason": reason, "advice": advice::about_secret(secret, provider) } })
        }
    }
}

fn exchange(exchange: &Exchange, provider: &Provider) -> Value {
    let Exchange { method, url, body, began, end, .. } = exchange;
    let request = json!({ "method": method, "url": url, "headers": headers(&exchange.headers), "body": body });
    let took_ms = end.as_ref().map(|end| milliseconds(end.at.saturating_sub(*began)));
    let mut shown = json!({ "request": request, "began_ms": milliseconds(*began), "took_ms": took_ms });
    match end.as_ref().map(|end| &end.answer) {
        Some(Ok(answer)) => {
            shown["answer"] =
                json!({ "status": answer.status, "headers": headers(&answer.headers), "body": answer.body });
        }
        Some(Err(error)) => {
            let advice = advice::about_request(exchange, provider);
            shown["error"] = json!({ "name": error.name(), "text": error.to_string(), "advice": advice });
        }
        None => {
            let text = "the call ended before an answer came";
            shown["error"] = json!({ "name": "ended", "text": text, "advice": null });
        }
    }
    shown
}

fn cost(usage: &Usage, report: &Report) -> Value {
    json!({
        "cpu_ms": milliseconds(usage.cpu),
        "wall_ms": milliseconds(usage.wall),
        "instantiate_ms": milliseconds(usage.instantiate),
        "memory_peak": usage.memory_peak,
        "requests": report.requests,
        "log_cut": report.log_cut,
    })
}

fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

/// The same without secrets, wherever they stand.
fn covered(value: Value, transcript: &Transcript) -> Value {
    match value {
        Value::String(text) => transcript.covered(&text).into(),
        Value::Array(values) => values.into_iter().map(|value| covered(value, transcript)).collect(),
        Value::Object(members) => {
            let member = |(name, value): (String, Value)| (transcript.covered(&name), covered(value, transcript));
            members.into_iter().map(member).collect()
        }
        Value::Number(number) => {
            let text = number.to_string();
            let shown = transcript.covered(&text);
            if shown == text { Value::Number(number) } else { shown.into() }
        }
        plain => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capabilities::{Limits, Secret};
    use crate::model::SecretBytes;

    #[test]
    fn no_secret_stands_anywhere_in_the_document() {
        let mut provider = Provider::unconfigured("acme", Limits::default());
        let values = ["hush", "4711"].map(|value| SecretBytes::new(value.into())).to_vec();
        provider.secrets.insert("key".into(), Secret { values, origins: Vec::new() });
        let value = json!({ "hush": ["a hush b", { "n": 14711, "m": 5 }], "t": true });
        let expected = json!({ "[redacted]": ["a [redacted] b", { "n": "1[redacted]", "m": 5 }], "t": true });
        assert_eq!(covered(value, &Transcript::of(&provider)), expected);
    }
}
