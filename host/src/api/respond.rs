//! What a caller is answered when an operation has ended, or was not done: pure, and the same for the same input,
//! because it is kept and replayed byte for byte (rule 18). The one place where outcomes become status codes.

use super::document::{pay_result_schema, refund_result_schema};
use super::problem::{Code, Problem};
use crate::model::{Acknowledgement, Answer, Decline, Destination, Fault, Kind, Outcome, Refused};
use crate::operations::{Ended, Error};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// How long to wait for what a restart, a swap or a free place brings back.
const SOON: Duration = Duration::from_secs(5);

/// The answer to `pay`.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PayAnswer {
    #[schema(schema_with = pay_result_schema)]
    result: &'static str,
    /// What became of it, for people.
    #[schema(examples("Transaction completed"))]
    result_description: String,
    /// The payment's id: the provider's, or the host's own where the provider has not told one yet.
    #[schema(examples("pay_9f2c"))]
    payment_id: String,
    /// Where the payer must go: a web page. With `REDIRECT_TO_URL`, this or the next or both.
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_to_url: Option<String>,
    /// Where the payer must go: a link into an app.
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_to_url_mobile: Option<String>,
    /// The provider's own data, and the host's `state`, `outcome`, `declineCode` and `review`.
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    metadata: Map<String, Value>,
}

/// The answer to `refund`.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RefundAnswer {
    #[schema(schema_with = refund_result_schema)]
    result: &'static str,
    /// What became of it, for people.
    #[schema(examples("Refund completed"))]
    result_description: String,
    /// The refund's id: the provider's, or the host's own where the provider has not told one yet.
    #[schema(examples("ref_41aa"))]
    refund_id: String,
    /// The provider's own data, and the host's `outcome`, `declineCode` and `review`.
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    metadata: Map<String, Value>,
}

/// Makes the answer of an end or an error.
pub(super) fn respond(result: &Result<Ended, Error>) -> Answer {
    match result {
        Ok(Ended { outcome: Outcome::NotExecuted(refused), .. }) => problem_of_refusal(refused).answer(),
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
    let shown = show(&ended.outcome);
    let unknown = matches!(ended.outcome, Outcome::Unknown { .. });
    let body = match ended.kind {
        Kind::Pay => {
            let (web, app) = shown.destination.map_or((None, None), |to| (to.web, to.app));
            serde_json::to_vec(&PayAnswer {
                result: shown.result,
                result_description: shown.description,
                payment_id: ended.payment_id.clone(),
                redirect_to_url: web,
                redirect_to_url_mobile: app,
                metadata: shown.metadata,
            })
        }
        Kind::Refund => serde_json::to_vec(&RefundAnswer {
            // A refund has no page to go to: in PGM's words it is pending until the provider decides.
            result: if shown.destination.is_some() { "PENDING" } else { shown.result },
            result_description: shown.description,
            refund_id: ended.refund_id.clone(),
            metadata: shown.metadata,
        }),
    };
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    if unknown {
        headers.push(("x-payment-outcome".to_owned(), "unknown".to_owned()));
    }
    Answer { status: 200, headers, body: body.expect("strings and JSON values serialise") }
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
        Error::RefundTooLarge { left } => {
            let reason = format!("{left} minor units are left to refund");
            let detail = format!("{left} minor units of this payment are left to refund.");
            Problem::new(Code::RefundTooLarge, detail).because_of(&[Fault::new("/amount", reason)])
        }
        Error::Refused(refused) => problem_of_refusal(refused),
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
fn problem_of_refusal(refused: &Refused) -> Problem {
    match refused {
        Refused::Invalid(faults) => Problem::invalid(faults),
        Refused::NotFound(reason) => {
            Problem::new(Code::PaymentNotFound, text_or(Some(reason), "The provider has no such payment."))
        }
        Refused::Conflict(reason) => Problem::new(
            Code::StateForbids,
            text_or(Some(reason), "The provider says that the state does not allow it."),
        ),
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
