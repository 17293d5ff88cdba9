//! Whatever else a plugin offers. What only reads is a question; anything else an operation that belongs to nothing, so
//! that its key works as everywhere.

use super::ending::{Returned, returned};
use super::perform::{Plan, refused};
use super::{Answered, Caller, Ended, Operations, Respond};
use crate::model::{Kind, Reference, Request, UtilityRequest, classify};
use crate::task;

impl Operations {
    /// Answers a request to `/v3/{external}/utility/{name…}`.
    pub async fn utility(&self, external: &str, caller: Caller, request: UtilityRequest, respond: Respond) -> Answered {
        let serving = match self.serving_for(external, Kind::Utility) {
            Ok(serving) => serving,
            Err(error) => return refused(respond, error),
        };
        if !matches!(request.method.as_str(), "GET" | "HEAD") {
            let request = Box::new(|_: &_, _: &_| Request::Utility(request));
            let what = crate::store::What::Utility;
            return self.perform(Plan { serving, caller, amount: None, what, request, respond }).await;
        }
        let operations = self.clone();
        let asked = async move { operations.question(&serving, None, Request::Utility(request)).await };
        let Some(called) = task::to_its_end("utility", asked).await else {
            return refused(respond, super::Error::ProviderSilent("the host failed".into()));
        };
        let Returned { ending, .. } = returned(called.response);
        let outcome = classify(called.report.departures, ending, None);
        let name = Reference(String::new()).0;
        let ended = Ended {
            kind: Kind::Utility,
            outcome,
            payment_id: name.clone(),
            refund_id: name.clone(),
            subscription_token: name,
        };
        Answered { answer: respond(&Ok(ended)), replayed: false }
    }
}
