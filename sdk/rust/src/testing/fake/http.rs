//! The scripted provider.

use super::world::{self, World};
use crate::bindings::provost::provider::http as wire;
use crate::http::Error;
use crate::testing::Sent;

pub(crate) fn send(request: &wire::Request) -> Result<wire::Response, Error> {
    world::with(|world| {
        if world.reading && !world.only_reads(request) {
            return Err(Error::Denied("this call may only read".to_owned()));
        }
        let sent = as_sent(world, request)?;
        let line = sent.line();
        world.sent.push(sent);
        match world.script.pop_front() {
            Some(answer) => answer,
            None => panic!("no answer is scripted for `{line}`"),
        }
    })
}

/// The request with the secrets in it.
fn as_sent(world: &World, request: &wire::Request) -> Result<Sent, Error> {
    let expand = |text: &str| world.vault.expand(text);
    let headers = request.headers.iter().map(|(name, value)| (name.clone(), expand(value))).collect();
    let body = request.body.as_deref().unwrap_or_default();
    let body = match str::from_utf8(body) {
        Ok(text) => expand(text).into_bytes(),
        Err(_) => body.to_vec(),
    };
    if !request.url.starts_with("https://") && !request.url.starts_with("http://") {
        return Err(Error::Invalid(format!("`{}` is no URL", request.url)));
    }
    Ok(Sent { method: request.method.clone(), url: expand(&request.url), headers, body })
}
