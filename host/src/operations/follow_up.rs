//! What a plugin asks to be done next about a payment, carried out as an operation of its own, once (rule 14).

use super::perform::{MakeRequest, Plan};
use super::{Caller, Ended, Error, Operations, ask, capture};
use crate::model::{Answer, FollowUp, Kind, Operation, Request};
use crate::store::{DueFollowUp, Subject, What};
use crate::telemetry;

impl Operations {
    /// Carries a follow-up out. What is not executed waits for its next time; what nobody can do is dropped.
    pub(super) async fn carry_out(self, due: DueFollowUp) {
        let external = due.payment.external.clone();
        let (kind, key) = (kind_of(&due.follow_up), due.key);
        if due.payment.state.is_terminal() {
            // What it asked for has happened meanwhile, or never will.
            if let Err(error) = self.0.store.drop_follow_up(key).await {
                tracing::warn!(%error, "a follow-up is looked at once more: the store is not available");
            }
            return;
        }
        let serving = match self.serving_for(&external, kind) {
            Ok(serving) => serving,
            // It waits for the plugin.
            Err(Error::Absent) => return,
            Err(_) => {
                self.drop_follow_up(&external, kind, key).await;
                return;
            }
        };
        let (what, request): (What, MakeRequest) = match due.follow_up {
            FollowUp::Capture => {
                let window = self.0.settings.refund_repeat_window;
                (capture::what(&due.payment, true, window, Some(key)), capture::request(true, None))
            }
            FollowUp::Resume(data) => {
                let resume = |_: &_, subject: &Subject| Request::Resume(ask::known_of(subject), data);
                (What::Resume(due.payment.key, key), Box::new(resume))
            }
        };
        let caller = Caller { name: String::new(), idempotency_key: None, fingerprint: format!("follow-up {}", key.0) };
        let plan = Plan { serving, caller, amount: None, what, request, respond: told_to_nobody };
        if self.perform(plan).await.answer.status == REFUSED {
            self.drop_follow_up(&external, kind, key).await;
        }
    }

    async fn drop_follow_up(&self, external: &str, kind: Kind, key: crate::store::FollowUpKey) {
        tracing::warn!(
            external,
            kind = kind.name(),
            "what the plugin asked for is not carried out: it can not be done"
        );
        if let Err(error) = self.0.store.drop_follow_up(key).await {
            tracing::warn!(%error, "a follow-up is looked at once more: the store is not available");
        }
    }

    /// It was tried often enough: a person must look.
    pub(super) fn give_up(&self, operation: &Operation) {
        let (external, kind, reference) = (&operation.external, operation.kind.name(), &operation.reference);
        tracing::error!(external, kind, %reference, alert = "follow_up_given_up", "what the plugin asked for was refused too often");
        metrics::counter!(telemetry::ALERTS, "external" => external.clone(), "alert" => "follow_up_given_up")
            .increment(1);
    }
}

fn kind_of(follow_up: &FollowUp) -> Kind {
    match follow_up {
        FollowUp::Capture => Kind::Capture,
        FollowUp::Resume(_) => Kind::Resume,
    }
}

/// No time makes it possible.
const REFUSED: u16 = 409;

/// No caller waits for the answer: all that counts is whether to try again.
pub(super) fn told_to_nobody(result: &Result<Ended, Error>) -> Answer {
    let status = match result {
        Ok(_) => 200,
        Err(Error::StoreAway | Error::Busy | Error::StillRunning { .. }) => 503,
        Err(_) => REFUSED,
    };
    Answer { status, headers: Vec::new(), body: Vec::new() }
}
