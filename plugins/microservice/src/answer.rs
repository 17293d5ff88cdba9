//! What the service says that it has done: PGM's answer to pay, refund, links and subscriptions, and
//! what it means. An answer that does not say what became of the call is *unknown*, with all the names
//! that it gave.

use provost_sdk::prelude::*;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::text::{object, text};

/// The members that PGM's answers have; any others are the service's own affair.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Answer<'a> {
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    /// What PGM calls `result` in the answer to pay-by-link.
    #[serde(borrow)]
    result_code: Option<&'a RawValue>,
    #[serde(borrow)]
    result_description: Option<&'a RawValue>,
    #[serde(borrow)]
    payment_id: Option<&'a RawValue>,
    #[serde(borrow)]
    refund_id: Option<&'a RawValue>,
    #[serde(borrow)]
    subscription_token: Option<&'a RawValue>,
    #[serde(borrow)]
    redirect_to_url: Option<&'a RawValue>,
    #[serde(borrow)]
    redirect_to_url_mobile: Option<&'a RawValue>,
    #[serde(borrow)]
    link: Option<&'a RawValue>,
    #[serde(borrow)]
    decline_code: Option<&'a RawValue>,
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
    /// The HTTP status that it came with.
    #[serde(skip)]
    status: u16,
}

/// The members of `metadata` that mean something here; all of it goes to the merchant.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Metadata<'a> {
    #[serde(borrow)]
    decline_code: Option<&'a RawValue>,
    /// Where PGM has no word for it: `AUTHORIZED`, `VOIDED`.
    #[serde(borrow)]
    state: Option<&'a RawValue>,
}

/// What became of the call, in PGM's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Ok,
    Ko,
    Pending,
    Redirect,
}

impl<'a> Answer<'a> {
    /// Reads a body; none where it is not a JSON object, or not PGM's.
    pub(crate) fn read(response: &'a http::Response) -> Result<Self, serde_json::Error> {
        let read: Self = serde_json::from_slice(response.body())?;
        Ok(Self { status: response.status(), ..read })
    }

    /// What it says became of the call; none where it says nothing that PGM knows.
    pub(crate) fn verdict(&self) -> Option<Verdict> {
        let word = text(self.result).or_else(|| text(self.result_code))?;
        match word.as_str() {
            "OK" => Some(Verdict::Ok),
            "KO" => Some(Verdict::Ko),
            "PENDING" => Some(Verdict::Pending),
            "REDIRECT_TO_URL" => Some(Verdict::Redirect),
            _ => None,
        }
    }

    fn payment_id(&self) -> Option<String> {
        text(self.payment_id)
    }

    /// A payment, a capture, a void, or a charge of a subscription.
    pub(crate) fn into_payment(self) -> Result<PaymentOutcome> {
        let said = self.acknowledgement();
        match self.verdict() {
            Some(Verdict::Ok) => Ok(said.succeeded()),
            Some(Verdict::Ko) => Ok(self.decline().into()),
            Some(Verdict::Pending) if self.state().as_deref() == Some("AUTHORIZED") => Ok(said.authorized()),
            Some(Verdict::Pending) => Ok(said.pending()),
            Some(Verdict::Redirect) => Ok(said.redirect_to(self.destination()?)),
            None => Err(self.unheard_of()),
        }
    }

    pub(crate) fn into_refund(self) -> Result<RefundOutcome> {
        let refunded = Refunded { refund_id: text(self.refund_id), description: self.description(), carry: None };
        match self.verdict() {
            Some(Verdict::Ok) => Ok(refunded.succeeded()),
            // The payment's id is no name of the refund.
            Some(Verdict::Ko) => Ok(Decline { payment_id: text(self.refund_id), ..self.decline() }.into()),
            Some(Verdict::Pending) => Ok(refunded.pending()),
            Some(Verdict::Redirect) | None => {
                self.keep_names();
                Err(Error::unknown(UNHEARD_OF))
            }
        }
    }

    pub(crate) fn into_link(self) -> Result<LinkOutcome> {
        match (self.verdict(), text(self.link)) {
            (Some(Verdict::Ok), Some(url)) => {
                let (payment_id, description) = (self.payment_id(), self.description());
                Ok(LinkOutcome::Created(Link { url, payment_id, description, carry: None }))
            }
            (Some(Verdict::Ok), None) => Err(self.lost("the service made a link and did not say which")),
            (Some(Verdict::Ko), _) => Ok(LinkOutcome::Declined(self.decline())),
            _ => Err(self.unheard_of()),
        }
    }

    /// A subscription that was to be made. A payment that it names is the one that starts it.
    pub(crate) fn into_subscription(self) -> Result<SubscriptionOutcome> {
        let (state, destination) = match self.verdict() {
            Some(Verdict::Ok) => (SubscriptionState::Active, None),
            Some(Verdict::Pending) => (SubscriptionState::Pending, None),
            Some(Verdict::Redirect) => (SubscriptionState::Pending, Some(self.destination()?)),
            Some(Verdict::Ko) => return Ok(self.decline().into()),
            None => return Err(self.unheard_of()),
        };
        let (subscription_token, description) = (text(self.subscription_token), self.description());
        let metadata = self.metadata().map(str::to_owned);
        let first_payment = self.payment_id().is_some().then(|| self.into_payment()).transpose()?;
        Ok(SubscriptionOutcome::Subscribed(Subscribed {
            subscription_token,
            state,
            first_payment,
            destination,
            description,
            metadata,
            carry: None,
        }))
    }

    /// Whether it has no word on what became of the call, not even an odd one.
    pub(crate) fn is_silent(&self) -> bool {
        self.result.is_none() && self.result_code.is_none()
    }

    /// A change of a subscription.
    pub(crate) fn into_change(self) -> Result<ChangeOutcome> {
        match self.verdict() {
            Some(Verdict::Ok) => Ok(ChangeOutcome::Done),
            Some(Verdict::Pending) => Ok(ChangeOutcome::Pending),
            Some(Verdict::Ko) => Ok(ChangeOutcome::Declined(self.decline())),
            Some(Verdict::Redirect) | None => Err(Error::unknown(UNHEARD_OF)),
        }
    }

    fn acknowledgement(&self) -> Acknowledgement {
        Acknowledgement {
            payment_id: self.payment_id(),
            description: self.description(),
            metadata: self.metadata().map(str::to_owned),
            ..Acknowledgement::unnamed()
        }
    }

    fn decline(&self) -> Decline {
        let code = text(self.meaning().decline_code).or_else(|| text(self.decline_code));
        let otherwise = if self.status == 402 { "card_declined" } else { "processing_error" };
        Decline {
            payment_id: self.payment_id(),
            code: code.unwrap_or_else(|| otherwise.to_owned()),
            description: self.description(),
            metadata: self.metadata().map(str::to_owned),
        }
    }

    /// Where the payer must go; an answer that sends them nowhere says nothing.
    fn destination(&self) -> Result<Destination> {
        match (text(self.redirect_to_url), text(self.redirect_to_url_mobile)) {
            (Some(web), Some(app)) => Ok(Destination::WebOrApp((web, app))),
            (Some(web), None) => Ok(Destination::Web(web)),
            (None, Some(app)) => Ok(Destination::App(app)),
            (None, None) => Err(self.lost("the service redirects the payer and does not say where to")),
        }
    }

    fn description(&self) -> Option<String> {
        text(self.result_description)
    }

    fn metadata(&self) -> Option<&'a str> {
        object(self.metadata)
    }

    fn meaning(&self) -> Metadata<'a> {
        Metadata::read(self.metadata())
    }

    fn state(&self) -> Option<String> {
        self.meaning().state()
    }

    fn unheard_of(&self) -> Error {
        self.lost(UNHEARD_OF)
    }

    /// Nobody can tell what became of it; whatever it has named can be asked for.
    pub(crate) fn lost(&self, reason: &str) -> Error {
        self.keep_names();
        Error::Unknown(Loss { reason: reason.to_owned(), payment_id: self.payment_id() })
    }

    /// What was made goes by these names, whatever became of the call.
    fn keep_names(&self) {
        text(self.subscription_token).into_iter().for_each(operation::learned_subscription);
        text(self.refund_id).into_iter().for_each(operation::learned_refund);
    }
}

const UNHEARD_OF: &str = "the service's answer has no result that this call can have";

impl<'a> Metadata<'a> {
    /// Reads an object; what is odd in it is no concern of ours.
    pub(crate) fn read(object: Option<&'a str>) -> Self {
        object.and_then(|object| serde_json::from_str(object).ok()).unwrap_or_default()
    }

    pub(crate) fn state(&self) -> Option<String> {
        text(self.state)
    }
}
