//! What the end of a call comes to, by the host's own functions: what its caller would be answered, and what is known.

use super::operation::{Purpose, Work};
use super::shape;
use crate::api::offline::{of_operation, of_status, of_webhook};
use crate::capabilities::Report;
use crate::cli::end::End;
use crate::clock::Timestamp;
use crate::model::{
    Answer, Failure, KnownPayment, KnownSubscription, Operation, OperationKey, Origin, Outcome, Payment, PaymentState,
    Phase, PluginError, Reference, Refused, Rejection, Response, Seed, Subscription, SubscriptionState,
    SubscriptionStatus, Version, apply, apply_to_subscription, classify, status_of_payment,
};
use crate::operations::{Error, Returned, WebhookRefused, ended, returned};
use crate::runtime::Finished;
use crate::store::Subject;
use serde_json::Value;

/// The judgement.
#[derive(Debug)]
pub(super) struct Judged {
    /// What the caller would be answered.
    pub(super) answer: Answer,
    /// The name and the value of what became known: `outcome`, `status` or `webhook`.
    pub(super) known: (&'static str, Value),
    /// Why the call counts as failed; none: the plugin answered.
    pub(super) failed: Option<String>,
}

impl Judged {
    /// How the command ends.
    pub(super) fn end(&self) -> End {
        if self.failed.is_none() { End::Done } else { End::Failed }
    }
}

/// Who is judged: the external, the host's name for the operation, and the time.
pub(super) struct Case<'a> {
    pub(super) external: &'a str,
    pub(super) reference: &'a Reference,
    pub(super) now: Timestamp,
}

impl Case<'_> {
    /// Judges the end of a call.
    pub(super) fn judge(&self, purpose: &Purpose, finished: &Finished) -> Judged {
        let response = finished.response.clone();
        match purpose {
            Purpose::Operation(work) | Purpose::Question(work) => self.operation(work, response, &finished.report),
            Purpose::SubscriptionStatus(asked) => self.subscription_status(asked, response),
            Purpose::Status(asked) => self.status(asked, response),
            Purpose::Webhook => webhook(response),
        }
    }

    fn operation(&self, work: &Work, response: Result<Response, Failure>, report: &Report) -> Judged {
        let Returned { ending, subscribed } = returned(response);
        let outcome = classify(report.departures, ending, work.amount.as_ref());
        let failed = match &outcome {
            Outcome::NotExecuted(refused) => Some(format!("nothing was executed: {}", reason(refused))),
            Outcome::Unknown { reason, .. } => Some(format!("nobody knows whether it was executed: {reason}")),
            _ => None,
        };
        let mut known = shape::outcome(&outcome);
        if let Some(subscribed) = &subscribed {
            known["subscription"] = shape::subscribed(subscribed);
        }
        let (operation, subject) = (self.as_kept(work), self.subject(work));
        let ended = ended(&operation, &subject, outcome, &report.learned, subscribed.as_deref());
        Judged { answer: of_operation(Ok(ended)), known: ("outcome", known), failed }
    }

    /// The operation as a store would keep it.
    fn as_kept(&self, work: &Work) -> Operation {
        Operation {
            key: OperationKey(0),
            external: self.external.to_owned(),
            payment: None,
            subscription: None,
            kind: work.kind,
            reference: self.reference.clone(),
            seed: Seed::random(),
            fingerprint: String::new(),
            version: Version(String::new()),
            amount: work.amount.clone(),
            attempt: 1,
            phase: Phase::Started,
            outcome: None,
            fence: 0,
            created_at: self.now,
            answer: None,
        }
    }

    /// What it belongs to: what it is done to, or makes.
    fn subject(&self, work: &Work) -> Subject {
        let payment = Payment {
            ids: work.payment_id.iter().cloned().collect(),
            ..Payment::blank(self.external, Origin::Pay, self.reference.clone(), self.now)
        };
        let subscription = Subscription {
            tokens: work.subscription_token.iter().cloned().collect(),
            ..Subscription::blank(self.external, self.reference.clone(), self.now)
        };
        Subject { payment: Some(payment), subscription: Some(subscription) }
    }

    fn status(&self, asked: &KnownPayment, response: Result<Response, Failure>) -> Judged {
        let (error, reason) = match response {
            Ok(Response::Status(Ok(news))) => {
                let payment = apply(&self.payment(asked), &news, self.now).payment;
                let answer = of_status(&Ok(status_of_payment(&payment, None)));
                return Judged { answer, known: ("status", shape::news(&news)), failed: None };
            }
            Ok(Response::Status(Err(PluginError::NotFound(reason) | PluginError::Unsupported(reason)))) => {
                (Error::PaymentNotFound, reason)
            }
            Ok(Response::Status(Err(error))) => silent(format!("{error:?}")),
            Ok(_) => silent(UNFIT.to_owned()),
            Err(failure) => silent(failure.to_string()),
        };
        untold(error, &reason)
    }

    fn subscription_status(&self, asked: &KnownSubscription, response: Result<Response, Failure>) -> Judged {
        let (error, reason) = match response {
            Ok(Response::SubscriptionStatus(Ok(news))) => {
                let blank = Subscription::blank(self.external, self.reference.clone(), self.now);
                let known = Subscription {
                    tokens: asked.tokens.clone(),
                    carry: asked.carry.clone(),
                    state: SubscriptionState::Unknown,
                    ..blank
                };
                let subscription = apply_to_subscription(&known, &news, self.now).subscription;
                let answer = of_status(&Ok(SubscriptionStatus::of(&subscription, None)));
                return Judged { answer, known: ("status", shape::subscription_news(&news)), failed: None };
            }
            Ok(Response::SubscriptionStatus(Err(PluginError::NotFound(reason) | PluginError::Unsupported(reason)))) => {
                (Error::SubscriptionNotFound, reason)
            }
            Ok(Response::SubscriptionStatus(Err(error))) => silent(format!("{error:?}")),
            Ok(_) => silent(UNFIT.to_owned()),
            Err(failure) => silent(failure.to_string()),
        };
        untold(error, &reason)
    }

    /// The payment that was asked about, of which nothing else is known.
    fn payment(&self, asked: &KnownPayment) -> Payment {
        Payment {
            shop_transaction_id: asked.target.shop_transaction_id.clone(),
            payment_method: asked.payment_method.clone(),
            amount: asked.amount.clone(),
            state: PaymentState::Unknown,
            ids: asked.target.payment_ids.clone(),
            carry: asked.carry.clone(),
            ..Payment::blank(self.external, Origin::Adopted, self.reference.clone(), self.now)
        }
    }
}

fn reason(refused: &Refused) -> String {
    match refused {
        Refused::Invalid(faults) => {
            let faults = faults.iter().map(|fault| format!("{}: {}", fault.pointer, fault.reason));
            faults.collect::<Vec<_>>().join("; ")
        }
        Refused::NotFound(reason)
        | Refused::Conflict(reason)
        | Refused::Provider { reason, .. }
        | Refused::Unsupported(reason)
        | Refused::Broke(reason) => reason.clone(),
    }
}

const UNFIT: &str = "the answer does not fit the request";

fn untold(error: Error, reason: &str) -> Judged {
    let failed = Some(format!("the plugin told no status: {reason}"));
    Judged { answer: of_status(&Err::<(), _>(error)), known: ("status", Value::Null), failed }
}

fn silent(reason: String) -> (Error, String) {
    (Error::ProviderSilent(reason.clone()), reason)
}

fn webhook(response: Result<Response, Failure>) -> Judged {
    let (refused, known, reason) = match response {
        Ok(Response::Received(Ok(receipt))) => {
            let known = ("webhook", shape::receipt(&receipt));
            return Judged { answer: of_webhook(Ok(receipt.reply)), known, failed: None };
        }
        Ok(Response::Received(Err(rejection))) => {
            let known = shape::rejection(&rejection);
            match rejection {
                Rejection::Forged(reason) => (WebhookRefused::Forged, known, reason),
                Rejection::Later(reason) => (WebhookRefused::Later, known, reason),
            }
        }
        Ok(_) => (WebhookRefused::Later, Value::Null, UNFIT.to_owned()),
        Err(failure) => (WebhookRefused::Later, Value::Null, failure.to_string()),
    };
    let failed = Some(format!("the webhook was not taken: {reason}"));
    Judged { answer: of_webhook(Err(refused)), known: ("webhook", known), failed }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capabilities::Name;
    use crate::model::{
        Acknowledgement, Action, Amount, Decline, Departures, Kind, NewsState, PluginOutcome, Reply, Source, Target,
        Trust,
    };
    use crate::model::{News, Receipt};
    use serde_json::json;

    fn judge(purpose: &Purpose, response: Result<Response, Failure>, report: Report) -> (Judged, Value) {
        let reference = Reference("ours".into());
        let case = Case { external: "acme", reference: &reference, now: Timestamp(0) };
        let judged = case.judge(purpose, &Finished { response, report, usage: Default::default() });
        let body = serde_json::from_slice(&judged.answer.body).unwrap_or_default();
        (judged, body)
    }

    fn operation(payment_id: Option<&str>) -> Purpose {
        let kind = if payment_id.is_some() { Kind::Refund } else { Kind::Pay };
        let amount = Some(Amount { minor: 500, currency: "EUR".into() });
        let payment_id = payment_id.map(str::to_owned);
        Purpose::Operation(Work { payment_id, ..Work::of(kind, amount) })
    }

    #[test]
    fn a_decline_is_an_answer() {
        let declined = Decline { code: "no_funds".into(), ..Decline::default() };
        let response = Ok(Response::Outcome(Ok(PluginOutcome::Declined(declined))));
        let (judged, body) = judge(&operation(None), response, Report::default());
        assert_eq!(
            (judged.end(), body["result"].as_str(), body["paymentId"].as_str()),
            (End::Done, Some("KO"), Some("ours"))
        );
        assert_eq!(judged.known.1["code"], "no_funds");
    }

    #[test]
    fn the_caller_is_told_the_name_that_the_provider_gave() {
        let said = |id: Option<&str>| {
            let said = Acknowledgement { id: id.map(str::to_owned), ..Acknowledgement::default() };
            Ok(Response::Outcome(Ok(PluginOutcome::Succeeded(said))))
        };
        let learned = |name| Report { learned: vec![name], ..Report::default() };
        let (_, body) = judge(&operation(None), said(None), learned(Name::Payment("p".into())));
        assert_eq!(body["paymentId"], "p");
        let (_, body) = judge(&operation(Some("p")), said(None), learned(Name::Payment("p".into())));
        assert_eq!(body["refundId"], "ours");
        let (_, body) = judge(&operation(Some("p")), said(Some("r")), Report::default());
        assert_eq!(body["refundId"], "r");
    }

    #[test]
    fn what_is_not_executed_or_not_known_has_failed_and_says_why() {
        let trap = || Err(Failure::Trap("unreachable".into()));
        let (judged, body) = judge(&operation(None), trap(), Report::default());
        assert_eq!(
            (judged.end(), judged.answer.status, body["code"].as_str()),
            (End::Failed, 502, Some("not_executed"))
        );
        assert!(judged.failed.unwrap().contains("nothing was executed: the plugin trapped: unreachable"));
        let left = Report { departures: Departures { left: 1, answered: 0 }, ..Report::default() };
        let (judged, body) = judge(&operation(None), trap(), left);
        assert_eq!((judged.end(), judged.answer.status, body["result"].as_str()), (End::Failed, 200, Some("PENDING")));
        assert!(judged.failed.unwrap().contains("nobody knows"));
    }

    #[test]
    fn a_status_is_answered_as_of_the_payment_that_was_asked_about() {
        let known = KnownPayment {
            target: Target { payment_ids: vec!["p".into()], ..Target::default() },
            amount: Some(Amount { minor: 500, currency: "EUR".into() }),
            payment_method: None,
            carry: None,
        };
        let purpose = Purpose::Status(known);
        let news = News::new(Source::Inquiry, Target::default(), Action::Payment, NewsState::Accepted);
        let (judged, body) = judge(&purpose, Ok(Response::Status(Ok(Box::new(news)))), Report::default());
        assert_eq!((judged.end(), &body["status"], &body["amount"]), (End::Done, &json!("ACCEPTED"), &json!(500)));
        let not_found = Ok(Response::Status(Err(PluginError::NotFound("no p".into()))));
        let (judged, _) = judge(&purpose, not_found, Report::default());
        assert_eq!((judged.end(), judged.answer.status), (End::Failed, 404));
        let (judged, _) = judge(&purpose, Err(Failure::Deadline), Report::default());
        assert_eq!((judged.end(), judged.answer.status), (End::Failed, 502));
    }

    #[test]
    fn a_webhook_is_answered_as_its_sender_would_be() {
        let reply = Reply { status: 202, headers: Vec::new(), body: Vec::new() };
        let receipt = Receipt { trust: Trust::Hint, events: Vec::new(), reply };
        let (judged, _) = judge(&Purpose::Webhook, Ok(Response::Received(Ok(receipt))), Report::default());
        assert_eq!((judged.end(), judged.answer.status, &judged.known.1["trust"]), (End::Done, 202, &json!("hint")));
        let forged = Ok(Response::Received(Err(Rejection::Forged("signed by nobody".into()))));
        let (judged, _) = judge(&Purpose::Webhook, forged, Report::default());
        assert_eq!((judged.end(), judged.answer.status), (End::Failed, 401));
        assert!(judged.failed.unwrap().contains("signed by nobody"));
    }
}
