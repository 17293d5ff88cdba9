//! `provost plugin call`: one operation of a component, without a server, with its exchange shown. The plugin is
//! loaded, admitted, called and judged by the functions that a host uses; only the store is missing.
//!
//! Start at [`run`]; [`operation`] has the list of what can be called.

mod advice;
mod arguments;
mod document;
mod judged;
mod known;
mod memory;
mod operation;
mod payment;
mod people;
mod provider;
mod shape;
mod subscription;
mod utility;
mod webhook;

use super::end::End;
use super::plain::plain;
use super::said::Said;
use crate::api::offline::of_operation;
use crate::capabilities::{Call, Provider, Scope, Transcript};
use crate::clock::Clock;
use crate::config::{Sources, read_file};
use crate::egress::Egress;
use crate::model::{Reference, Request};
use crate::operations::Error;
use crate::registry::lacks;
use crate::runtime::{Engine, Finished, Plugin, Settings};
pub(super) use arguments::Arguments;
use bytes::Bytes;
use judged::{Case, Judged};
use memory::Memory;
use operation::{Asked, Asking, Purpose, Row};
use provider::Chosen;
use serde_json::Value;
use std::sync::Arc;

/// What of the document stands on stdout where the rest is told on stderr.
const TOLD: [&str; 4] = ["verified", "writes", "exchange", "cost"];

/// Calls a plugin once. What cannot be called is said, with the code for it.
pub(super) fn run(arguments: Arguments) -> anyhow::Result<Said> {
    let Some(row) = Row::named(&arguments.operation) else {
        return Ok(Said::unusable(format_args!("there is no operation {}", arguments.operation)));
    };
    let text = match arguments::body(arguments.body, row) {
        Ok(text) => text,
        Err(said) => return Ok(said),
    };
    let file = arguments.file;
    let sources = Sources::of_process(arguments.config, Vec::new());
    let Chosen { provider, warnings } = match provider::choose(&sources, arguments.external, &file) {
        Ok(chosen) => chosen,
        Err(said) => return Ok(said),
    };
    let bytes = match read_file(&file) {
        Ok(bytes) => Bytes::from(bytes),
        Err(error) => return Ok(Said::unreadable(&file, &error)),
    };
    let largest_memory = provider.limits.memory;
    let engine = Engine::new(&Settings { concurrent_calls: 1, largest_memory, ..Settings::default() })?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let said = runtime.block_on(async {
        match engine.load(bytes).await {
            Ok(plugin) => Bench { row, provider: Arc::new(provider), plugin }.call(&text, arguments.json).await,
            Err(refused) => {
                let faults = refused.faults.iter();
                let said = Said::ending(End::Failed);
                faults.fold(said, |said, fault| {
                    said.error(format_args!("a host would refuse {}: {}", file.display(), plain(fault)))
                })
            }
        }
    });
    // What is probably not meant stands above what came of it.
    let talk = warnings.iter().fold(Said::done(), Said::warn).talk;
    Ok(Said { talk: talk + &said.talk, ..said })
}

/// A plugin and what it is called with.
struct Bench {
    row: &'static Row,
    provider: Arc<Provider>,
    plugin: Plugin,
}

impl Bench {
    async fn call(&self, text: &Bytes, json: bool) -> Said {
        let lacks = lacks(&self.provider, self.plugin.description());
        if !lacks.is_empty() {
            return lacks.iter().fold(Said::ending(End::Unusable), |said, lack| said.error(plain(lack)));
        }
        let (clock, reference) = (Clock::system(), Reference::random());
        let transcript = Transcript::of(&self.provider);
        let call = document::Call { row: self.row, provider: &self.provider, plugin: &self.plugin };
        if !self.plugin.interfaces().has(self.row.needs) {
            let error = Error::Unsupported(self.row.needs);
            let said = Said::ending(End::Failed).error(format_args!("{error}: a caller is answered 501"));
            return with_document(said, call.refused(&of_operation(Err(error)), &transcript), json);
        }
        let asking = Asking {
            text,
            description: self.plugin.description(),
            external: &self.provider.external,
            now: clock.now(),
        };
        let Asked { request, purpose } = match self.row.read(&asking) {
            Ok(asked) => asked,
            Err(answer) => {
                let document = call.refused(&answer, &transcript);
                return with_document(wrong(&document["answer"]["body"]), document, json);
            }
        };
        let finished = self.made(&purpose, &reference, &clock, transcript.clone(), request).await;
        let case = Case { external: &self.provider.external, reference: &reference, now: clock.now() };
        let judged = case.judge(&purpose, &finished);
        let operation = matches!(purpose, Purpose::Operation(_));
        let document = call.made(operation.then_some(&reference), &judged, &finished, &transcript);
        with_document(told(&judged, &document, json), document, json)
    }

    async fn made(
        &self,
        purpose: &Purpose,
        reference: &Reference,
        clock: &Clock,
        transcript: Arc<Transcript>,
        request: Request,
    ) -> Finished {
        let scope = Scope {
            provider: self.provider.clone(),
            version: self.plugin.version().clone(),
            description: self.plugin.description().clone(),
            records: Arc::new(Memory::new(clock.clone(), self.provider.limits.state_keys)),
            egress: Arc::new(Egress::new()),
            clock: clock.clone(),
        };
        self.plugin.call(Call::new(scope, purpose.mode(reference)).kept_in(transcript), request).await
    }
}

/// What is wrong with the body, each fault in a line.
fn wrong(problem: &Value) -> Said {
    let said = Said::ending(End::Unusable);
    let text = |value: &Value| plain(value.as_str().unwrap_or_default());
    match problem["errors"].as_array() {
        Some(errors) => errors.iter().fold(said, |said, error| {
            let (pointer, reason) = (text(&error["pointer"]), text(&error["reason"]));
            said.error(format_args!("in the JSON: {pointer}: {reason}"))
        }),
        None => said.error(format_args!("in the JSON: {}", text(&problem["detail"]))),
    }
}

fn told(judged: &Judged, document: &Value, json: bool) -> Said {
    let story = if json { String::new() } else { people::story(document) };
    let said = Said { talk: story, end: judged.end(), ..Said::done() };
    // As it stands in the document: there no secret is in it.
    match document["failed"].as_str() {
        Some(failed) => said.error(plain(failed)),
        None => said,
    }
}

fn with_document(said: Said, mut document: Value, json: bool) -> Said {
    if let Value::Object(members) = &mut document
        && !json
    {
        members.retain(|name, _| !TOLD.contains(&name.as_str()));
    }
    said.with(&document)
}
