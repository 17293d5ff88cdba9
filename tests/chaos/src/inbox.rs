//! The recording merchant: it keeps what arrived under which id and when first, and now and then has trouble of its own.

use simulators::backend::{Backend, Works};
use simulators::{Request, Response, Secret};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// What callbacks are signed with.
pub(crate) const CALLBACK_SECRET: &str = "whsec_dGhlIGNoYW9zIHRvb2wgc2lnbnMgaXRzIG1haWwh";

/// Every so manieth delivery meets an error.
const TROUBLE: u64 = 17;

/// A merchant on loopback.
pub(crate) type Merchant = Backend<Inbox>;

/// What arrived, shared: a copy is another way to the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inbox(Arc<Mutex<Mail>>);

/// What arrived.
#[derive(Debug, Default)]
pub(crate) struct Mail {
    /// By the callback's id.
    pub(crate) arrived: HashMap<String, Arrival>,
    /// How often anything arrived.
    pub(crate) deliveries: u64,
    /// What no sound host sends.
    pub(crate) wrongs: Vec<String>,
}

/// The first arrival of a callback.
#[derive(Debug)]
pub(crate) struct Arrival {
    /// In the order of first arrivals.
    pub(crate) position: u64,
    /// Its bytes.
    pub(crate) body: Vec<u8>,
}

impl Inbox {
    /// Opens it.
    pub(crate) fn open(&self) -> MutexGuard<'_, Mail> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Works for Inbox {
    fn carry_out(&mut self, request: &Request) -> Response {
        let mut mail = self.open();
        mail.deliveries += 1;
        let id = request.header("webhook-id").unwrap_or_default().to_owned();
        if let Err(wrong) = verified(request) {
            mail.wrongs.push(format!("callback {id:?}: {wrong}"));
        }
        let position = mail.deliveries;
        let first = mail.arrived.entry(id.clone());
        let first = first.or_insert_with(|| Arrival { position, body: request.body.clone() });
        if first.body != request.body {
            mail.wrongs.push(format!("callback {id} came with two bodies"));
        }
        Response::status(if position.is_multiple_of(TROUBLE) { 500 } else { 200 })
    }

    fn note(&mut self, _request: Request) {}
}

fn verified(request: &Request) -> Result<(), simulators::Unverified> {
    let secret = Secret::parse(CALLBACK_SECRET).expect("the secret is well formed");
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    secret.verify(&request.headers, &request.body, since.as_secs().cast_signed())
}
