//! What a caller is answered when an operation has ended, or was not done: pure, and the same for the same input,
//! because it is kept and replayed byte for byte (rule 18). The one place where outcomes become status codes.

use super::answers::{ChangeAnswer, PayAnswer, RefundAnswer, SubscriptionAnswer};
use super::problem::{Code, Problem};
use crate::model::{Acknowledgement, Answer, Decline, Destination, Fault, Kind, LinkAnswer, Outcome, Refused};
use crate::operations::{Ended, Error};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// How long to wait for what a restart, a swap or a free place brings back.
const SOON: Duration = Duration::from_secs(5);

/// Makes the answer of an end or an error.
pub(super) fn respond(result: &Result<Ended, Error>) -> Answer {
    match result {
        Ok(Ended { kind, outcome: Outcome::NotExecuted(refused), .. }) => refusal(*kind, refused).answer(),
        Ok(ended) => done(ended),
        Err(error) => problem_of(error).answer(),
    }
}

/// What an outcome looks like from outside.
struct Shown {
    result: &'static str,
    description: String,
    destination: Option<Destination>,
    metadata: Map<String, Value>,
}

fn done(ended: &Ended) -> Answer {
    let unknown = matches!(ended.outcome, Outcome::Unknown { .. });
    if unknown && ended.kind.can_repeat() {
        return Problem::new(Code::OutcomeUnknown, "It moves no money, and may be sent again.").answer();
    }
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    if unknown {
        headers.push(("x-payment-outcome".to_owned(), "unknown".to_owned()));
    }
    let body = body(ended).expect("strings and JSON values serialise");
    Answer { status: 200, headers, body }
}

fn body(ended: &Ended) -> serde_json::Result<Vec<u8>> {
    let shown = show(&ended.outcome);
    let payment_id = ended.payment_id.clone();
    let subscription_token = ended.subscription_token.clone();
    match ended.kind {
        Kind::Pay | Kind::Capture | Kind::Void | Kind::Resume => {
            let (redirect_to_url, redirect_to_url_mobile) = shown.places();
            serde_json::to_vec(&PayAnswer {
                result: shown.result,
                result_description: shown.description,
                payment_id,
                redirect_to_url,
                redirect_to_url_mobile,
                metadata: shown.metadata,
            })
        }
        Kind::Schedule | Kind::Start | Kind::Charge => {
            let (redirect_to_url, redirect_to_url_mobile) = shown.places();
            serde_json::to_vec(&SubscriptionAnswer {
                result: shown.result,
                result_description: shown.description,
                payment_id,
                subscription_token,
                redirect_to_url,
                redirect_to_url_mobile,
                metadata: shown.metadata,
            })
        }
        Kind::Refund => serde_json::to_vec(&RefundAnswer {
            result: shown.without_places(),
            result_description: shown.description,
            refund_id: ended.refund_id.clone(),
            metadata: shown.metadata,
        }),
        Kind::Update | Kind::Expire => serde_json::to_vec(&ChangeAnswer {
            result: shown.without_places(),
            result_description: shown.description,
            subscription_token,
            metadata: shown.metadata,
        }),
        Kind::Link => serde_json::to_vec(&link_answer(shown, &payment_id)),
        Kind::Utility => Ok(utility_answer(&ended.outcome)),
    }
}

/// A link is there, or it is not: what is not known of it is followed up as a payment, and told as such.
fn link_answer(shown: Shown, payment_id: &str) -> LinkAnswer {
    let description = Some(shown.description.as_str());
    match shown.places() {
        (Some(url), _) | (None, Some(url)) => LinkAnswer::created(payment_id, &url, description),
        (None, None) => LinkAnswer::not_created(payment_id, shown.description, shown.metadata),
    }
}

/// What the plugin answered, as it wrote it.
fn utility_answer(outcome: &Outcome) -> Vec<u8> {
    match outcome {
        Outcome::Succeeded(said) => said.metadata.clone().unwrap_or_else(|| "null".to_owned()).into_bytes(),
        _ => b"null".to_vec(),
    }
}

fn show(outcome: &Outcome) -> Shown {
    match outcome {
        Outcome::Succeeded(said) => acknowledged("OK", said, "Completed."),
        Outcome::Authorized(said) => {
            let shown = acknowledged("PENDING", said, "The amount is reserved.");
            shown.with("state", "AUTHORIZED")
        }
        Outcome::Pending { acknowledgement, review: None } => {
            acknowledged("PENDING", acknowledgement, "The provider decides later.")
        }
        Outcome::Pending { acknowledgement, review: Some(review) } => {
            // The provider's text would say that all is well.
            let silent = Acknowledgement { description: None, ..acknowledgement.clone() };
            acknowledged("PENDING", &silent, "The amount must be looked at by a person.").with("review", review)
        }
        Outcome::ActionRequired(said, destination) => Shown {
            destination: Some(destination.clone()),
            ..acknowledged("REDIRECT_TO_URL", said, "The payer must go on at the provider.")
        },
        Outcome::Declined(decline) => declined(decline),
        Outcome::NotExecuted(_) | Outcome::Unknown { .. } => Shown {
            result: "PENDING",
            description: "The provider has not confirmed it yet; a callback follows when it has.".to_owned(),
            destination: None,
            metadata: Map::new(),
        }
        .with("outcome", "unknown"),
    }
}

fn acknowledged(result: &'static str, said: &Acknowledgement, otherwise: &str) -> Shown {
    Shown {
        result,
        description: text_or(said.description.as_deref(), otherwise),
        destination: None,
        metadata: object(said.metadata.as_deref()),
    }
}

fn declined(decline: &Decline) -> Shown {
    Shown {
        result: "KO",
        description: text_or(decline.description.as_deref(), "The provider declined."),
        destination: None,
        metadata: object(decline.metadata.as_deref()),
    }
    .with("declineCode", &decline.code)
}

impl Shown {
    /// Where the payer must go: a page, a link into an app.
    fn places(&self) -> (Option<String>, Option<String>) {
        self.destination.clone().map_or((None, None), |to| (to.web, to.app))
    }

    /// What has no page to go to is, in PGM's words, pending until the provider decides.
    fn without_places(&self) -> &'static str {
        if self.destination.is_some() { "PENDING" } else { self.result }
    }

    /// The host's word stands above a plugin's of the same name.
    fn with(mut self, key: &str, value: &str) -> Self {
        self.metadata.insert(key.to_owned(), json!(value));
        self
    }
}

/// What a plugin gave as metadata, where it is a JSON object.
fn object(text: Option<&str>) -> Map<String, Value> {
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

fn text_or(text: Option<&str>, otherwise: &str) -> String {
    text.filter(|text| !text.is_empty()).unwrap_or(otherwise).to_owned()
}

/// The problem document of an error.
pub(super) fn problem_of(error: &Error) -> Problem {
    match error {
        Error::UnknownExternal => {
            Problem::new(Code::UnknownExternal, "The path names an external that is not configured.")
        }
        Error::Absent => {
            Problem::new(Code::ExternalAbsent, "No plugin serves this external at the moment.").retry_after(SOON)
        }
        Error::Unsupported(interface) => {
            let detail = format!("The plugin of this external does not export {}.", interface.name());
            Problem::new(Code::NotSupported, detail)
        }
        Error::Invalid(faults) => Problem::invalid(faults),
        Error::PaymentNotFound => {
            Problem::new(Code::PaymentNotFound, "Neither the host nor the provider knows a payment by this id.")
        }
        Error::StillRunning { retry_after } => {
            Problem::new(Code::StillRunning, "Send it again later to get its answer.").retry_after(*retry_after)
        }
        Error::KeyReused => Problem::new(
            Code::KeyReused,
            "Another method, path or body was sent with this key before. Use a new key for a new request.",
        ),
        Error::BusinessKeyUsed { payment_id, state } => {
            let detail =
                format!("It belongs to payment {payment_id}, which is {state}, and was made by another request.");
            Problem::new(Code::ShopTransactionIdUsed, detail).about_payment(payment_id, state)
        }
        Error::RefundRepeated { refund_id } => {
            let detail =
                format!("Refund {refund_id} is equal. Send an Idempotency-Key to say that this is another one.");
            Problem::new(Code::RefundRepeated, detail).about_refund(refund_id)
        }
        Error::StateForbids { payment_id, state } => {
            let detail = format!("Payment {payment_id} is {state}.");
            Problem::new(Code::StateForbids, detail).about_payment(payment_id, state)
        }
        Error::SubscriptionNotFound => Problem::new(
            Code::SubscriptionNotFound,
            "Neither the host nor the provider knows a subscription by this token.",
        ),
        Error::SubscriptionForbids { subscription_token, state } => {
            let detail = format!("Subscription {subscription_token} is {state}.");
            Problem::new(Code::SubscriptionForbids, detail).about_subscription(subscription_token, state)
        }
        Error::CaptureRepeated { payment_id } => {
            let detail = "An equal capture of this payment was made a moment ago. Send an Idempotency-Key to say that this is another one.";
            Problem::new(Code::CaptureRepeated, detail).about(payment_id)
        }
        Error::CaptureTooLarge { left } => {
            let reason = format!("{left} minor units are left to capture");
            let detail = format!("{left} minor units of what was reserved are left to capture.");
            Problem::new(Code::CaptureTooLarge, detail).because_of(&[Fault::new("/amount", reason)])
        }
        Error::RefundTooLarge { left } => {
            let reason = format!("{left} minor units are left to refund");
            let detail = format!("{left} minor units of this payment are left to refund.");
            Problem::new(Code::RefundTooLarge, detail).because_of(&[Fault::new("/amount", reason)])
        }
        Error::Refused(refused) => refusal(Kind::Pay, refused),
        Error::ProviderSilent(_) => {
            Problem::new(Code::ProviderSilent, "The provider did not answer, and nothing is known here yet.")
        }
        Error::Busy => {
            Problem::new(Code::Busy, "Nothing was sent to the provider.").retry_after(Duration::from_secs(1))
        }
        Error::StoreAway => Problem::new(Code::StoreAway, "Nothing was sent to the provider.").retry_after(SOON),
    }
}

/// The problem document of a refusal. Why a plugin broke, or what it said of its provider's troubles, is for the log.
fn refusal(kind: Kind, refused: &Refused) -> Problem {
    let subscription = matches!(kind, Kind::Charge | Kind::Update | Kind::Expire);
    match refused {
        Refused::Invalid(faults) => Problem::invalid(faults),
        Refused::NotFound(reason) => match kind {
            Kind::Utility => {
                Problem::new(Code::UtilityNotFound, text_or(Some(reason), "The plugin has no such utility."))
            }
            _ if subscription => {
                let otherwise = "The provider has no such subscription.";
                Problem::new(Code::SubscriptionNotFound, text_or(Some(reason), otherwise))
            }
            _ => Problem::new(Code::PaymentNotFound, text_or(Some(reason), "The provider has no such payment.")),
        },
        Refused::Conflict(reason) => {
            let code = if subscription { Code::SubscriptionForbids } else { Code::StateForbids };
            Problem::new(code, text_or(Some(reason), "The provider says that the state does not allow it."))
        }
        Refused::Unsupported(reason) => {
            Problem::new(Code::NotSupported, text_or(Some(reason), "The plugin cannot do what the request asks for."))
        }
        Refused::Provider { retry_after: Some(wait), .. } => {
            Problem::new(Code::ProviderRefused, "Nothing was executed.").retry_after(*wait)
        }
        Refused::Provider { retry_after: None, .. } | Refused::Broke(_) => {
            Problem::new(Code::NotExecuted, "Nothing was executed; the same request may be sent again.")
        }
    }
}

#[cfg(test)]
mod tests;
