//! What an HTTP answer of the service proves (rule 2 of the payment rules). A 2xx is what its body says.
//! A 4xx is a *no*: the provider's, where its body is PGM's `KO`, else the service's own. Everything else
//! proves nothing, because something may have been done before the trouble.

use provost_sdk::prelude::*;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::answer::{Answer, Verdict};
use crate::text::text;

/// The most faults of one problem document that are passed on.
const MOST_FAULTS: usize = 32;
/// The longest sentence about trouble, in characters: more is no sentence.
const LONGEST_REASON: usize = 500;

/// The answer to a call that does something.
pub(crate) fn answered(response: &http::Response) -> Result<Answer<'_>> {
    let answer = Answer::read(response);
    match (response.status(), answer) {
        (200..=299, answer) => Ok(answer?),
        (400..=499, Ok(answer)) if answer.verdict() == Some(Verdict::Ko) => Ok(answer),
        (400..=499, _) | (_, Err(_)) => Err(trouble(response)),
        (status, Ok(answer)) => Err(answer.lost(&answered_with(status))),
    }
}

/// The same for a refund: the payment's id, which trouble may name, is none of its names.
pub(crate) fn refunded(response: &http::Response) -> Result<Answer<'_>> {
    answered(response).map_err(|error| match error {
        Error::Unknown(loss) => Error::Unknown(Loss { payment_id: None, ..loss }),
        error => error,
    })
}

/// The same for what makes something new: there is nothing that could not be found but the endpoint itself.
pub(crate) fn made(response: &http::Response) -> Result<Answer<'_>> {
    answered(response).map_err(|error| match error {
        Error::NotFound(reason) => Error::unsupported(format!("the service does not have this: {reason}")),
        error => error,
    })
}

/// The same where a bare 2xx says enough.
pub(crate) fn done(response: &http::Response) -> Result<Answer<'_>> {
    match response.status() {
        200..=299 if response.body().is_empty() => Ok(Answer::default()),
        _ => answered(response),
    }
}

/// The answer to a question: any 2xx.
pub(crate) fn told(response: &http::Response) -> Result<&http::Response> {
    match response.status() {
        200..=299 => Ok(response),
        501 => Err(Error::unsupported("the service does not have this")),
        _ => Err(trouble(response)),
    }
}

/// Why there is no answer.
fn trouble(response: &http::Response) -> Error {
    let status = response.status();
    let document = Trouble::read(response.body());
    let reason = document.message().unwrap_or_else(|| answered_with(status));
    match status {
        400 | 422 => Error::Invalid(document.faults(reason)),
        401 | 403 => Error::refused(format!("the service does not take the credential ({status}): {reason}")),
        404 => Error::not_found(reason),
        405 => Error::unsupported("the service does not have this"),
        409 => Error::conflict(reason),
        // Of these the client reads `Retry-After`.
        400..=499 => response.clone().success().err().unwrap_or_else(|| Error::refused(reason)),
        _ => Error::unknown(answered_with(status)),
    }
}

fn answered_with(status: u16) -> String {
    format!("the service answered {status}")
}

/// What services say about trouble: a problem document (RFC 9457), or what frameworks make of it.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Trouble<'a> {
    #[serde(borrow)]
    detail: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    result_description: Option<&'a RawValue>,
    #[serde(borrow)]
    title: Option<&'a RawValue>,
    #[serde(borrow)]
    errors: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fault<'a> {
    #[serde(borrow)]
    pointer: Option<&'a RawValue>,
    #[serde(borrow)]
    reason: Option<&'a RawValue>,
    #[serde(borrow)]
    detail: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
}

impl<'a> Trouble<'a> {
    fn read(body: &'a [u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }

    fn message(&self) -> Option<String> {
        sentence([self.detail, self.message, self.result_description, self.title])
    }

    /// Every fault that has a place, else one for the whole request. The service was sent the members that
    /// our caller sent, so a pointer into its request is one into ours.
    fn faults(&self, otherwise: String) -> Vec<provost_sdk::Fault> {
        let listed: Vec<Fault> =
            self.errors.and_then(|errors| serde_json::from_str(errors.get()).ok()).unwrap_or_default();
        let read = |fault: &Fault| {
            let pointer = text(fault.pointer)?;
            let reason = sentence([fault.reason, fault.detail, fault.message]);
            // RFC 9457's own example writes it as a URL's fragment.
            let pointer = pointer.trim_start_matches('#').to_owned();
            Some(provost_sdk::Fault { pointer, reason: reason.unwrap_or_else(|| otherwise.clone()) })
        };
        let mut faults: Vec<_> = listed.iter().filter_map(read).take(MOST_FAULTS).collect();
        if faults.is_empty() {
            faults.push(provost_sdk::Fault { pointer: String::new(), reason: otherwise });
        }
        faults
    }
}

/// The first of them that is a text.
fn sentence<const N: usize>(members: [Option<&RawValue>; N]) -> Option<String> {
    let said = members.into_iter().find_map(text)?;
    Some(said.chars().take(LONGEST_REASON).collect())
}

#[cfg(test)]
mod tests;
