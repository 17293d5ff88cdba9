//! Who carries out what a person decides: the host that runs on the store, through its admin listener, or, where none
//! runs, this command itself, which has the store for as long.

use crate::api::admin::json;
use crate::clock::Clock;
use crate::config::{AdminFile, Config};
use crate::egress;
use crate::model::SecretBytes;
use crate::operations::{ByHand, Decision, NotByHand, Signed};
use crate::store::{CallbackFilter, OpenError, Store, Which};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;

/// Who carries it out.
pub(super) enum Reach {
    /// Nobody else has the store, or it is one that can be shared.
    Own(ByHand),
    /// The running host, at its admin listener.
    Host {
        /// Where it listens.
        address: SocketAddr,
        /// What it wants to be shown.
        token: SecretBytes,
    },
}

/// Why something was not done, or nobody knows whether it was.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotReached {
    /// It was not done.
    #[error(transparent)]
    NotByHand(#[from] NotByHand),
    /// The store cannot be opened.
    #[error("{0}; see store.url")]
    Store(OpenError),
    /// A host runs, and nothing says where it listens.
    #[error("a host runs on this store, and {file} does not say where it can be told: {why}")]
    Nowhere {
        /// The file beside the store.
        file: String,
        /// What is wrong with it.
        why: String,
    },
    /// It does not answer.
    #[error("the host at {address} does not answer: {error}. Look whether it was done before you do it again")]
    Silent {
        /// Where it should listen.
        address: SocketAddr,
        /// Why.
        error: egress::Error,
    },
    /// It refuses.
    #[error("{detail} ({code})")]
    Refused {
        /// What programs decide by.
        code: String,
        /// What people read.
        detail: String,
    },
}

/// The callbacks that are meant, as a person named them.
pub(super) enum Callbacks {
    One(String),
    All {
        filter: CallbackFilter,
        /// The filter's payment as it was named.
        payment: Option<String>,
    },
}

impl Reach {
    /// Finds out whether a host runs.
    pub(super) fn find(config: &Config) -> Result<Self, NotReached> {
        let clock = Clock::system();
        match Store::open(&config.store, clock.now()) {
            Ok(store) => Ok(Self::Own(ByHand::new(store, clock))),
            Err(OpenError::Taken(path)) => Self::host(config, &path),
            Err(error) => Err(NotReached::Store(error)),
        }
    }

    fn host(config: &Config, store: &Path) -> Result<Self, NotReached> {
        let file = AdminFile::beside(store);
        let nowhere = |why: String| NotReached::Nowhere { file: file.path().display().to_string(), why };
        let door = file.read().map_err(|error| nowhere(error.to_string()))?;
        let door = door.ok_or_else(|| nowhere("there is no such file".to_owned()))?;
        let address = door.address.ok_or_else(|| nowhere("it is starting or stopping; try again".to_owned()))?;
        let token = config.admin.token.clone().or(door.token);
        let token = token.ok_or_else(|| nowhere("admin.token is not set here, and the host has one".to_owned()))?;
        Ok(Self::Host { address, token })
    }

    /// Settles. Gives the payment as it is then.
    pub(super) async fn settle(&self, decision: Decision) -> Result<Value, NotReached> {
        let (address, token) = match self {
            Self::Own(by_hand) => return Ok(json::payment(&by_hand.settle(decision).await?.payment)),
            Self::Host { address, token } => (*address, token),
        };
        let body = json!({
            "outcome": decision.verdict.name(),
            "external": decision.external,
            "captured": decision.captured,
            "correct": decision.correct,
            "who": decision.signed.who,
            "reason": decision.signed.reason,
        });
        let path = format!("/admin/v1/payments/{}/settle", segment(&decision.name));
        command(address, token, &path, &body).await
    }

    /// Replays to the end, and gives the ids.
    pub(super) async fn replay(&self, callbacks: Callbacks, signed: Signed) -> Result<Vec<String>, NotReached> {
        match self {
            Self::Own(by_hand) => replay_here(by_hand, callbacks, signed).await,
            Self::Host { address, token } => replay_there(*address, token, callbacks, signed).await,
        }
    }
}

async fn replay_here(by_hand: &ByHand, callbacks: Callbacks, signed: Signed) -> Result<Vec<String>, NotReached> {
    let mut which = match callbacks {
        Callbacks::One(id) => Which::One(id),
        Callbacks::All { filter, .. } => Which::All { filter, after: None },
    };
    let mut ids = Vec::new();
    loop {
        let mut done = by_hand.replay(which.clone(), signed.clone()).await?;
        ids.append(&mut done.ids);
        match (&mut which, done.more_after) {
            (Which::All { after, .. }, Some(more)) => *after = Some(more),
            _ => return Ok(ids),
        }
    }
}

async fn replay_there(
    address: SocketAddr,
    token: &SecretBytes,
    callbacks: Callbacks,
    signed: Signed,
) -> Result<Vec<String>, NotReached> {
    let mut body = json!({ "who": signed.who, "reason": signed.reason });
    match callbacks {
        Callbacks::One(id) => body["id"] = id.into(),
        Callbacks::All { filter, payment } => {
            body["all"] = json!({
                "external": filter.external,
                "state": filter.state.map(|state| state.name()),
                "payment": payment,
                "since": filter.since.map(|since| since.rfc3339()),
                "until": filter.until.map(|until| until.rfc3339()),
            });
        }
    }
    let mut ids = Vec::new();
    loop {
        let done = command(address, token, "/admin/v1/callbacks/replay", &body).await?;
        let replayed = done["replayed"].as_array().into_iter().flatten();
        ids.extend(replayed.filter_map(|id| id.as_str().map(str::to_owned)));
        if done["next"].is_null() {
            return Ok(ids);
        }
        body["cursor"] = done["next"].clone();
    }
}

async fn command(address: SocketAddr, token: &SecretBytes, path: &str, body: &Value) -> Result<Value, NotReached> {
    let token = String::from_utf8_lossy(token.expose());
    let answer = egress::command(address, path, &token, body.to_string()).await;
    let answer = answer.map_err(|error| NotReached::Silent { address, error })?;
    let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if answer.status == 200 {
        return Ok(said);
    }
    let text = |member: &str| said[member].as_str().map_or_else(|| answer.status.to_string(), str::to_owned);
    Err(NotReached::Refused { code: text("code"), detail: text("detail") })
}

/// A name as one segment of a path: providers choose ids as they like.
fn segment(name: &str) -> String {
    let keeps = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    name.bytes().map(|byte| if keeps(byte) { (byte as char).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::segment;

    #[test]
    fn a_name_is_one_segment_of_a_path() {
        assert_eq!(segment("pay_9f-2.c~"), "pay_9f-2.c~");
        assert_eq!(segment("a/b?c d"), "a%2Fb%3Fc%20d");
        assert_eq!(segment("é"), "%C3%A9");
    }
}
