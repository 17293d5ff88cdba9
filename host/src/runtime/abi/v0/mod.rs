//! Version 0.1 of the contract. [`Entry`] is the way into a component, [`imports`] what it can call.

mod description;
mod entry;
mod imports;
mod lawful;
mod news;
mod outcome;
mod request;

pub(in crate::runtime) use entry::{Entry, describe};

use super::super::state::State;
use wasmtime::component::{HasSelf, Linker};

/// What wasmtime makes of the contract's text.
mod wit {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "complete",
        imports: {
            "provost:provider/http.send": async | trappable,
            "provost:provider/operation.learned": async | trappable,
            "provost:provider/state": async | trappable,
            default: trappable,
        },
        exports: { default: async },
    });
}

use wit::exports::provost::provider as exports;
use wit::provost::provider as imported;
use wit::provost::provider::types;

/// Defines everything that a plugin may import of the contract.
pub(in crate::runtime) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    imported::types::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    imported::operation::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    imported::http::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    imported::secrets::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    imported::callbacks::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    imported::settings::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    imported::state::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    imported::money::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    imported::log::add_to_linker::<_, HasSelf<State>>(linker, |state| state)
}
