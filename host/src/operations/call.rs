//! One call of a plugin, for an operation or for a question.

use super::Operations;
use super::records::{CallRecords, Recorded};
use crate::capabilities::{Call, Mode, Report, Scope};
use crate::model::{Failure, Operation, Reference, Request, Response, Write};
use crate::registry::Serving;
use crate::runtime::Finished;
use crate::store::Repeat;
use std::sync::Arc;
use std::time::Duration;

/// What a call brought.
pub(super) struct Called {
    pub(super) response: Result<Response, Failure>,
    pub(super) report: Report,
}

impl Called {
    /// Of a call that there was no room or time for: the plugin has not run.
    pub(super) fn turned_away() -> Self {
        Self { response: Err(Failure::Exhausted), report: Report::default() }
    }
}

impl Operations {
    /// Calls the plugin for an operation: money may move. Where its provider knows a key again, what it is asked is kept.
    pub(super) async fn call(&self, serving: &Serving, operation: &Operation, request: Request) -> Called {
        let knows_keys = serving.plugin.description().idempotency_key_ttl_ms.is_some();
        let kept = knows_keys.then(|| self.0.store.seal(&operation.reference, &request)).flatten();
        let recorded = Recorded { operation: operation.key, fence: operation.fence, request: kept, within: None };
        self.call_in(serving, self.mode(operation, None), Some(recorded), request).await
    }

    /// Makes the call of an operation again: nothing leaves but what was about to leave then, under the same keys, and
    /// nothing later than `within` after its first write.
    pub(super) async fn call_again(&self, serving: &Serving, repeat: Repeat, within: Duration) -> Called {
        let Repeat { operation, request, writes, .. } = repeat;
        let recorded =
            Recorded { operation: operation.key, fence: operation.fence, request: None, within: Some(within) };
        self.call_in(serving, self.mode(&operation, Some(writes)), Some(recorded), request).await
    }

    fn mode(&self, operation: &Operation, again: Option<Vec<Write>>) -> Mode {
        Mode::Operation {
            reference: operation.reference.clone(),
            seed: operation.seed,
            attempt: operation.attempt,
            webhook_url: self.0.addresses.of(&operation.external, &operation.reference.0),
            again,
        }
    }

    /// Asks the plugin something: whatever could move money is denied.
    pub(super) async fn question(&self, serving: &Serving, about: Option<Reference>, request: Request) -> Called {
        self.call_in(serving, Mode::Reading { reference: about }, None, request).await
    }

    async fn call_in(&self, serving: &Serving, mode: Mode, operation: Option<Recorded>, request: Request) -> Called {
        let Some(_place) = self.0.room.enter(&serving.provider) else {
            return Called::turned_away();
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
