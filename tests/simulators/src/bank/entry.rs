//! One entry of the books.

use std::fmt::Write as _;
use std::time::Instant;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Money taken, or reserved.
    Charge,
    /// A page where the payer pays.
    Link,
    /// A charge of a subscription.
    Instalment,
    /// Money given back.
    Refund,
    /// A part taken of what was reserved.
    Capture,
    /// What was reserved, released.
    Void,
    /// What instalments refer to.
    Subscription,
    /// A change of one.
    Update,
    /// The end of one.
    Expiry,
    /// Anything else that the bank can be asked to do.
    Utility,
}

/// How an entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Done.
    Succeeded,
    /// Reserved, to be captured or voided.
    Authorized,
    /// To be decided.
    Pending,
    /// The payer has to go somewhere first.
    Redirect,
    /// The bank said no.
    Declined,
    /// Released again.
    Voided,
    /// Of a subscription.
    Active,
    /// Of a subscription.
    Canceled,
}

/// An entry.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The bank's name for it.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// How it stands.
    pub status: Status,
    /// In minor units; 0 where it has none.
    pub amount: u64,
    /// ISO 4217; empty where it has no amount.
    pub currency: String,
    /// How much of a charge was taken.
    pub captured: u64,
    /// The shop's name for it.
    pub shop: String,
    /// The host's name for it; empty for what the bank did by itself.
    pub reference: String,
    /// The entry that it was done to; empty without one.
    pub of: String,
    /// Where the host wants to hear of it.
    pub notify: String,
    /// How it will stand, from when on.
    pub(super) settles: Option<(Instant, Status)>,
}

impl Kind {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Charge => "charge",
            Self::Link => "link",
            Self::Instalment => "instalment",
            Self::Refund => "refund",
            Self::Capture => "capture",
            Self::Void => "void",
            Self::Subscription => "subscription",
            Self::Update => "update",
            Self::Expiry => "expire",
            Self::Utility => "utility",
        }
    }
}

impl Status {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Authorized => "authorized",
            Self::Pending => "pending",
            Self::Redirect => "redirect",
            Self::Declined => "declined",
            Self::Voided => "voided",
            Self::Active => "active",
            Self::Canceled => "canceled",
        }
    }
}

impl Entry {
    /// Whether it takes or took money, or will.
    pub fn is_alive(&self) -> bool {
        self.status != Status::Declined
    }

    /// Whether the payer is charged by it.
    pub fn charges(&self) -> bool {
        matches!(self.kind, Kind::Charge | Kind::Link | Kind::Instalment)
    }

    /// Whether it is not decided yet.
    pub fn awaits(&self) -> bool {
        matches!(self.status, Status::Pending | Status::Redirect)
    }

    /// Whether it is going to be decided by itself.
    pub fn is_open(&self) -> bool {
        self.settles.is_some()
    }

    /// As the bank writes it: `id=c-7&kind=charge&status=succeeded&…&end`, with more fields where it tells of news.
    pub fn line(&self, more: &[(&str, &str)]) -> String {
        let (amount, captured) = (self.amount.to_string(), self.captured.to_string());
        let money = !self.currency.is_empty();
        let fields = [
            ("kind", self.kind.word()),
            ("status", self.status.word()),
            ("amount", if money { &amount } else { "" }),
            ("currency", &self.currency),
            ("captured", if money && self.charges() { &captured } else { "" }),
            ("reference", &self.reference),
            ("of", &self.of),
        ];
        let mut line = format!("id={}", self.id);
        for (name, value) in fields.iter().chain(more).filter(|(_, value)| !value.is_empty()) {
            let _ = write!(line, "&{name}={value}");
        }
        line + "&end\n"
    }
}
