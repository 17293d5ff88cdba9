//! A plugin that may serve, and one call of it.

use super::Engine;
use super::abi::v0::Entry;
use super::state::{Ended, State};
use crate::capabilities::{Call, Level, Report, Stream};
use crate::model::{Description, Failure, Interface, Interfaces, Request, Response, Version};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use wasmtime::component::{Instance, InstancePre};
use wasmtime::{PoolConcurrencyLimitError, Store};

/// How much of what a guest wrote to stderr goes along with its trap.
const LAST_WORDS: usize = 2 << 10;

/// One version of a plugin, ready to be called. Cheap to clone.
#[derive(Clone)]
pub struct Plugin(Arc<Inner>);

struct Inner {
    engine: Engine,
    version: Version,
    description: Arc<Description>,
    interfaces: Interfaces,
    pre: InstancePre<State>,
    entry: Entry,
}

/// What one call cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// CPU time, the host's functions included, waiting not.
    pub cpu: Duration,
    /// Until the instance was ready.
    pub instantiate: Duration,
    /// From start to end.
    pub wall: Duration,
    /// The most linear memory, in bytes.
    pub memory_peak: u64,
}

/// A call that is over.
#[derive(Debug)]
pub struct Finished {
    /// What the plugin returned, or why it did not.
    pub response: Result<Response, Failure>,
    /// What is known of the call, however it ended.
    pub report: Report,
    /// What it cost.
    pub usage: Usage,
}

impl Plugin {
    pub(super) fn new(
        engine: Engine,
        version: Version,
        description: Description,
        interfaces: Interfaces,
        pre: InstancePre<State>,
        entry: Entry,
    ) -> Self {
        let description = Arc::new(description);
        Self(Arc::new(Inner { engine, version, description, interfaces, pre, entry }))
    }

    /// Which version it is.
    pub fn version(&self) -> &Version {
        &self.0.version
    }

    /// What it says of itself.
    pub fn description(&self) -> &Arc<Description> {
        &self.0.description
    }

    /// What it can do.
    pub fn interfaces(&self) -> &Interfaces {
        &self.0.interfaces
    }

    /// Runs one call in an instance of its own, to its end or its limits. To be awaited in a task that nobody drops:
    /// a call that is dropped tells nobody what has left.
    pub async fn call(&self, call: Call, request: Request) -> Finished {
        let Inner { engine, description, interfaces, pre, entry, .. } = &*self.0;
        let Ok(_permit) = engine.calls().try_acquire() else {
            let response = Err(Failure::Exhausted);
            return Finished { response, report: call.into_report(), usage: Usage::default() };
        };
        let mut runner = Runner::new(engine, pre, call);
        runner.store.data_mut().can_ask = interfaces.has(Interface::Inquiry);
        runner.store.data_mut().carry_format = description.carry_format;
        let answered =
            async |store: &mut Store<State>, instance: Instance| entry.answer(store, &instance, request).await;
        let response = runner.run(answered).await;
        runner.finish(response)
    }
}

/// A store with its limits in force, and whatever runs in it.
pub(super) struct Runner<'a> {
    pre: &'a InstancePre<State>,
    store: Store<State>,
}

impl<'a> Runner<'a> {
    pub(super) fn new(engine: &Engine, pre: &'a InstancePre<State>, call: Call) -> Self {
        Self { pre, store: State::store(engine.wasmtime(), call) }
    }

    /// Instantiates and runs `body`, within the call's deadline and on its meter.
    pub(super) async fn run<T>(
        &mut self,
        body: impl AsyncFnOnce(&mut Store<State>, Instance) -> wasmtime::Result<T>,
    ) -> Result<T, Failure> {
        let (pre, store) = (self.pre, &mut self.store);
        let meter = store.data().meter.clone();
        let deadline = store.data().call.remaining();
        let running = async {
            let instance = pre.instantiate_async(&mut *store).await?;
            store.data_mut().instantiated = store.data().call.elapsed();
            body(&mut *store, instance).await
        };
        let ended = tokio::time::timeout(deadline, meter.measure(pin!(running))).await;
        ended.map_err(|_| Failure::Deadline)?.map_err(|error| self.failure(&error))
    }

    fn failure(&self, error: &wasmtime::Error) -> Failure {
        if let Some(Ended(failure)) = error.downcast_ref() {
            return failure.clone();
        }
        if error.is::<PoolConcurrencyLimitError>() {
            return Failure::Exhausted;
        }
        let state = self.store.data();
        let why = state.call.redacted(&error.root_cause().to_string());
        let stderr =
            state.wasi.as_ref().map(|wasi| wasi.written()).map(|[_, (_, stderr, _)]| stderr).unwrap_or_default();
        let start = stderr.len().saturating_sub(LAST_WORDS);
        match stderr[stderr.ceil_char_boundary(start)..].trim() {
            "" => Failure::Trap(why),
            words => Failure::Trap(format!("{why}: {}", state.call.redacted(words))),
        }
    }

    /// Ends the instance and gives back what is known of its call.
    fn finish(self, mut response: Result<Response, Failure>) -> Finished {
        let state = self.store.into_data();
        let mut call = state.call;
        // Reasons are logged and kept, and providers repeat what they were sent.
        for reason in response.iter_mut().flat_map(Response::reasons_mut) {
            *reason = call.hidden(reason);
        }
        let usage = Usage {
            cpu: state.meter.spent(),
            instantiate: state.instantiated,
            wall: call.elapsed(),
            memory_peak: state.ceiling.peak(),
        };
        for (stream, text, cut) in state.wasi.iter().flat_map(|wasi| wasi.written()) {
            let level = if stream == Stream::Stderr { Level::Warn } else { Level::Info };
            text.lines().for_each(|line| call.log(level, stream, line, &[]));
            call.log_was_cut(cut);
        }
        Finished { response, report: call.into_report(), usage }
    }
}
