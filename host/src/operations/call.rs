//! One call of a plugin, for an operation or for a question.

use super::Operations;
use super::records::CallRecords;
use crate::capabilities::{Call, Mode, Report, Scope};
use crate::model::{Failure, Operation, OperationKey, Reference, Request, Response};
use crate::registry::Serving;
use crate::runtime::Finished;
use std::sync::Arc;

/// What a call brought.
pub(super) struct Called {
    pub(super) response: Result<Response, Failure>,
    pub(super) report: Report,
}

impl Operations {
    /// Calls the plugin for an operation: money may move.
    pub(super) async fn call(&self, serving: &Serving, operation: &Operation, request: Request) -> Called {
        let external = &serving.provider.external;
        let mode = Mode::Operation {
            reference: operation.reference.clone(),
            seed: operation.seed,
            attempt: operation.attempt,
            webhook_url: self.0.addresses.of(external, &operation.reference.0),
        };
        self.call_in(serving, mode, Some((operation.key, operation.fence)), request).await
    }

    /// Asks the plugin something: whatever could move money is denied.
    pub(super) async fn question(&self, serving: &Serving, about: Option<Reference>, request: Request) -> Called {
        self.call_in(serving, Mode::Reading { reference: about }, None, request).await
    }

    async fn call_in(
        &self,
        serving: &Serving,
        mode: Mode,
        operation: Option<(OperationKey, u64)>,
        request: Request,
    ) -> Called {
        let Some(_place) = self.0.room.enter(&serving.provider) else {
            return Called { response: Err(Failure::Exhausted), report: Report::default() };
        };
        let records = CallRecords {
            store: self.0.store.clone(),
            clock: self.0.clock.clone(),
            external: serving.provider.external.clone(),
            operation,
            most_keys: serving.provider.limits.state_keys,
        };
        let scope = Scope {
            provider: serving.provider.clone(),
            version: serving.plugin.version().clone(),
            description: serving.plugin.description().clone(),
            records: Arc::new(records),
            egress: self.0.egress.clone(),
            clock: self.0.clock.clone(),
        };
        // Kilobytes, which every future around it would hold, and move whenever it is moved.
        let finished = Box::pin(serving.plugin.call(Call::new(scope, mode), request)).await;
        measure(serving, &finished);
        Called { response: finished.response, report: finished.report }
    }
}

fn measure(serving: &Serving, finished: &Finished) {
    let meters = &serving.meters;
    match &finished.response {
        Ok(_) => meters.returned(),
        Err(Failure::Trap(_)) => meters.broke("trap"),
        Err(Failure::Limit(name)) => meters.broke(name),
        Err(Failure::Deadline) => meters.broke("deadline"),
        Err(Failure::Exhausted) => meters.broke("exhausted"),
    }
    let usage = &finished.usage;
    meters.wall.record(usage.wall.as_secs_f64());
    meters.cpu.record(usage.cpu.as_secs_f64());
    meters.instantiate.record(usage.instantiate.as_secs_f64());
}
