//! What the end of a call comes to, by the host's own functions: what its caller would be answered, and what is known.

use super::operation::Purpose;
use super::shape;
use crate::api::offline::{of_operation, of_status, of_webhook};
use crate::capabilities::{Name, Report};
use crate::cli::end::End;
use crate::clock::Timestamp;
use crate::model::{
    Answer, Failure, Kind, KnownPayment, Outcome, Payment, PaymentKey, PaymentState, PluginError, Reference, Refused,
    Rejection, Response, apply, classify, status_of_payment,
};
use crate::operations::{Ended, Error, WebhookRefused, ending};
use crate::runtime::Finished;
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
            Purpose::Operation { kind, amount, payment_id } => {
                let outcome = classify(finished.report.departures, ending(response), amount.as_ref());
                self.operation(*kind, payment_id.as_deref(), outcome, &finished.report)
            }
            Purpose::Status(asked) => self.status(asked, response),
            Purpose::Webhook => webhook(response),
        }
    }

    fn operation(&self, kind: Kind, payment_id: Option<&str>, outcome: Outcome, report: &Report) -> Judged {
        let failed = match &outcome {
            Outcome::NotExecuted(refused) => Some(format!("nothing was executed: {}", reason(refused))),
            Outcome::Unknown { reason, .. } => Some(format!("nobody knows whether it was executed: {reason}")),
            _ => None,
        };
        let known = shape::outcome(&outcome);
        let own = self.own_id(kind, &outcome, &report.learned);
        let (payment_id, refund_id) = match payment_id {
            Some(payment_id) => (payment_id.to_owned(), own),
            None => (own, String::new()),
        };
        let answer = of_operation(Ok(Ended { kind, outcome, payment_id, refund_id }));
        Judged { answer, known: ("outcome", known), failed }
    }

    /// The id of what the operation makes: the provider's where it named one, else the host's own.
    fn own_id(&self, kind: Kind, outcome: &Outcome, learned: &[Name]) -> String {
        let fits = |name: &&Name| match name {
            Name::Payment(_) => kind == Kind::Pay,
            Name::Refund(_) => kind == Kind::Refund,
            Name::Subscription(_) => false,
        };
        let learned = learned.iter().find(fits).map(Name::text);
        outcome.id().or(learned).unwrap_or(&self.reference.0).to_owned()
    }

    fn status(&self, asked: &KnownPayment, response: Result<Response, Failure>) -> Judged {
        let (error, reason) = match response {
            Ok(Response::Status(Ok(news))) => {
                let payment = apply(&self.payment(asked), &news, self.now).payment;
                let answer = of_status(&Ok(status_of_payment(&payment, None)));
                return Judged { answer, known: ("status", shape::news(&news)), failed: None };
            }
            Ok(Response::Status(Err(PluginError::NotFound(reason)))) => (Error::PaymentNotFound, reason),
            Ok(Response::Status(Err(PluginError::Unsupported(reason)))) => (Error::PaymentNotFound, reason),
            Ok(Response::Status(Err(error))) => silent(format!("{error:?}")),
            Ok(_) => silent(UNFIT.to_owned()),
            Err(failure) => silent(failure.to_string()),
        };
        let failed = Some(format!("the plugin told no status: {reason}"));
        Judged { answer: of_status(&Err(error)), known: ("status", Value::Null), failed }
    }

    /// The payment that was asked about, of which nothing else is known.
    fn payment(&self, asked: &KnownPayment) -> Payment {
        Payment {
            key: PaymentKey(0),
            external: self.external.to_owned(),
            reference: self.reference.clone(),
            shop_transaction_id: asked.target.shop_transaction_id.clone(),
            payment_method: asked.payment_method.clone(),
            amount: asked.amount.clone(),
            authorized: None,
            captured: None,
            refunded: 0,
            state: PaymentState::Unknown,
            ids: asked.target.payment_ids.clone(),
            told: None,
            description: None,
            metadata: None,
            decline_code: None,
            carry: asked.carry.clone(),
            review: None,
            sequence: 0,
            observed_at: None,
            expires_at: None,
            ask_at: None,
            checked_at: None,
            created_at: self.now,
            updated_at: self.now,
            refunds: Vec::new(),
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
    use crate::model::{
        Acknowledgement, Action, Amount, Decline, Departures, NewsState, PluginOutcome, Reply, Source, Target, Trust,
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
        Purpose::Operation { kind, amount, payment_id: payment_id.map(str::to_owned) }
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
