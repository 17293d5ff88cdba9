//! The bank: the provider of the chaos tool, with everything that a provider can be asked for. It speaks lines, see
//! [`Entry::line`], takes each idempotency key once, and keeps books that can be read at any moment without stopping it.
//! Start at [`Bank::start`](crate::backend::Backend::start).
//!
//! | | |
//! |---|---|
//! | `POST /entries`, a form | makes an entry of a `kind`; 402 is a decline, 409 what the books forbid |
//! | `GET /entries/{id}` | the entry |
//! | `GET /entries?reference=` | every entry that carries this name, a line each |
//!
//! What becomes of an entry is the caller's `wish`: `pending` and `redirect` settle by themselves a moment later, and are
//! told by webhook; `pending-declined` is declined then; `declined` and `authorized` are at once; `stuck` is decided by
//! nobody but the test.

mod books;
mod desk;
mod entry;
mod post;

pub use books::{Books, Ledger};
pub use entry::{Entry, Kind, Status};
pub use post::{Letter, SIGNED_WITH, try_letter};

use crate::backend::{Backend, Works};
use crate::server::{Request, Response};

/// A bank on loopback; it ends when this is dropped.
pub type Bank = Backend<Ledger>;

/// What the bank knows the host by: a bearer key.
pub const API_KEY: &str = "bank-api-key";

impl Works for Ledger {
    fn carry_out(&mut self, request: &Request) -> Response {
        desk::answer(&mut self.open(), request)
    }

    fn note(&mut self, _request: Request) {}
}

#[cfg(test)]
mod tests;
