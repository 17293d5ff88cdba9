//! What belongs to one instance: the call that it serves, its limits, and its WASI context once it asks for one.

use super::ceiling::Ceiling;
use super::meter::Meter;
use super::wasi::Wasi;
use crate::capabilities::Call;
use crate::model::Failure;
use std::sync::Arc;
use std::time::Duration;
use wasmtime::{Store, UpdateDeadline};

/// What every host function costs beside its arguments: so that a flood of empty ones ends too.
const FUNCTION: u64 = 64;

/// The end of a call, on its way through the guest's stack.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Ended(pub(super) Failure);

/// The store's data.
pub(super) struct State {
    pub(super) call: Call,
    pub(super) meter: Arc<Meter>,
    pub(super) ceiling: Ceiling,
    pub(super) wasi: Option<Box<Wasi>>,
    /// The plugin exports `inquiry`: news that contradicts can be asked about.
    pub(super) can_ask: bool,
    /// The shape of `carry` that the plugin writes.
    pub(super) carry_format: u32,
    /// When the instance was ready, counted from the call's start.
    pub(super) instantiated: Duration,
    handed: u64,
}

impl State {
    /// A store for one call, with its limits in force.
    pub(super) fn store(engine: &wasmtime::Engine, call: Call) -> Store<State> {
        let (cpu, host_bytes, handles) = {
            let limits = call.limits();
            (limits.cpu, limits.host_bytes, limits.handles)
        };
        let state = Self {
            ceiling: Ceiling::new(call.limits().memory),
            call,
            meter: Arc::default(),
            wasi: None,
            can_ask: false,
            carry_format: 0,
            instantiated: Duration::ZERO,
            handed: 0,
        };
        let mut store = Store::new(engine, state);
        store.limiter(|state| &mut state.ceiling);
        store.set_hostcall_fuel(usize::try_from(host_bytes).unwrap_or(usize::MAX));
        store.set_max_component_handles(handles as usize);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |context| {
            if context.data().meter.now() >= cpu {
                return Err(Ended(Failure::Limit("cpu")).into());
            }
            Ok(UpdateDeadline::Yield(1))
        });
        store
    }

    /// Counts what a host function was handed; wasmtime's own count starts anew with each of them.
    pub(super) fn take(&mut self, bytes: usize) -> wasmtime::Result<()> {
        self.handed = self.handed.saturating_add(FUNCTION).saturating_add(bytes as u64);
        if self.handed > self.call.limits().host_bytes {
            return Err(Ended(Failure::Limit("host_bytes")).into());
        }
        Ok(())
    }
}
