//! What Acme answers about a charge or a refund, and what it means.

use provost_sdk::prelude::*;
use serde::Deserialize;

/// A charge or a refund.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Answer {
    id: Option<String>,
    status: Status,
    /// Minor units.
    amount: Option<u64>,
    currency: Option<String>,
    /// Why it was declined.
    code: Option<String>,
    /// Where the payer must go.
    redirect_url: Option<String>,
    description: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Succeeded,
    Authorized,
    Pending,
    Redirect,
    #[serde(alias = "failed")]
    Declined,
}

/// The body of a 402.
#[derive(Debug, Deserialize)]
pub(crate) struct PaymentRequired {
    id: Option<String>,
    code: String,
    description: Option<String>,
}

impl From<Status> for PaymentState {
    fn from(status: Status) -> Self {
        match status {
            Status::Succeeded => Self::Accepted,
            Status::Authorized => Self::Authorized,
            Status::Pending | Status::Redirect => Self::Pending,
            Status::Declined => Self::Failed,
        }
    }
}

impl From<PaymentRequired> for Answer {
    fn from(body: PaymentRequired) -> Self {
        Self {
            id: body.id,
            status: Status::Declined,
            amount: None,
            currency: None,
            code: Some(body.code),
            redirect_url: None,
            description: body.description,
        }
    }
}

impl Answer {
    /// An answer that takes something on and does not name it says nothing certain.
    pub(crate) fn id(&self) -> Result<&str> {
        let id = self.id.as_deref();
        id.ok_or_else(|| Error::unknown("Acme did not say what it is called"))
    }

    pub(crate) fn state(&self) -> PaymentState {
        self.status.into()
    }

    fn money(&self) -> Option<Amount> {
        Some(Amount::new(self.amount?, self.currency.clone()?))
    }

    /// A status with all that the answer says.
    pub(crate) fn describe(self, mut status: PaymentStatus) -> PaymentStatus {
        status.amount = self.money();
        status.description = self.description;
        status
    }

    pub(crate) fn into_payment(self) -> Result<PaymentOutcome> {
        if self.status == Status::Declined {
            return Ok(self.into_decline().into());
        }
        let mut taken = Acknowledgement::new(self.id()?);
        taken.amount = self.money();
        taken.description = self.description;
        match (self.status, self.redirect_url) {
            (Status::Succeeded, _) => Ok(taken.succeeded()),
            (Status::Authorized, _) => Ok(taken.authorized()),
            (Status::Redirect, Some(url)) => Ok(taken.redirect(url)),
            _ => Ok(taken.pending()),
        }
    }

    pub(crate) fn into_refund(self) -> Result<RefundOutcome> {
        match self.status {
            Status::Declined => Ok(self.into_decline().into()),
            Status::Succeeded => Ok(Refunded::new(self.id()?).succeeded()),
            _ => Ok(Refunded::new(self.id()?).pending()),
        }
    }

    fn into_decline(self) -> Decline {
        Decline {
            payment_id: self.id,
            code: self.code.unwrap_or_else(|| "card_declined".to_owned()),
            description: self.description,
            metadata: None,
        }
    }
}
