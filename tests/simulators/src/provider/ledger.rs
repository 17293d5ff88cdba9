//! What the provider has done: the truth that a test compares the host's story with.

use super::fault::is_path;
use crate::server::{Request, Response};
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Everything the provider has done and heard.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    pub(super) charges: Vec<Charge>,
    pub(super) refunds: Vec<Refund>,
    pub(super) keys: BTreeMap<String, KeyUse>,
    pub(super) requests: Vec<Request>,
}

/// A charge that the provider carried out, declined ones included.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Charge {
    /// The provider's id, `ch_1`.
    pub id: String,
    /// Where it stands.
    pub status: Status,
    /// What the provider says was charged, in minor units.
    pub amount: u64,
    /// ISO 4217.
    pub currency: String,
    /// Why it was declined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Where the payer must go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_url: Option<String>,
    /// What the provider says about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The host's name for it.
    pub reference: String,
    /// The shop's name for it.
    pub shop_transaction_id: String,
    /// Where the host wants to be told about it.
    #[serde(skip)]
    pub notify_url: Option<String>,
    /// The idempotency key that it was made with.
    #[serde(skip)]
    pub key: String,
}

/// A refund that the provider carried out, declined ones included.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Refund {
    /// The provider's id, `re_1`.
    pub id: String,
    /// The charge it gives back.
    pub charge_id: String,
    /// Where it stands: succeeded, pending or declined.
    pub status: Status,
    /// In minor units.
    pub amount: u64,
    /// ISO 4217.
    pub currency: String,
    /// Why it was declined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The host's name for it, where it gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The idempotency key that it was made with.
    #[serde(skip)]
    pub key: String,
}

/// Where a charge or a refund stands, in the provider's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The money has moved.
    Succeeded,
    /// The money is reserved.
    Authorized,
    /// It will be known later.
    Pending,
    /// The money has not moved and will not.
    Declined,
    /// The payer must do something first.
    Redirect,
}

/// What was done under one idempotency key.
#[derive(Clone, Debug)]
pub(super) struct KeyUse {
    pub(super) path: String,
    pub(super) body: Value,
    pub(super) answer: Response,
}

impl Ledger {
    /// Every charge, oldest first.
    pub fn charges(&self) -> &[Charge] {
        &self.charges
    }

    /// The charges made for one of the host's references.
    pub fn charges_for(&self, reference: &str) -> Vec<&Charge> {
        let charges = self.charges.iter();
        charges.filter(|charge| charge.reference == reference).collect()
    }

    /// The charges made for one of the shop's transactions.
    pub fn charges_for_shop(&self, shop_transaction_id: &str) -> Vec<&Charge> {
        let charges = self.charges.iter();
        charges.filter(|charge| charge.shop_transaction_id == shop_transaction_id).collect()
    }

    /// The only charge there is.
    ///
    /// # Panics
    /// If there are more or none.
    pub fn only_charge(&self) -> &Charge {
        match self.charges.as_slice() {
            [charge] => charge,
            charges => panic!("there is not one charge but {charges:#?}"),
        }
    }

    /// One charge by the provider's id.
    pub fn charge(&self, id: &str) -> Option<&Charge> {
        self.charges.iter().find(|charge| charge.id == id)
    }

    /// Every refund, oldest first.
    pub fn refunds(&self) -> &[Refund] {
        &self.refunds
    }

    /// The refunds of one charge.
    pub fn refunds_of(&self, charge: &str) -> Vec<&Refund> {
        let refunds = self.refunds.iter();
        refunds.filter(|refund| refund.charge_id == charge).collect()
    }

    /// The refunds made for one of the host's references.
    pub fn refunds_for(&self, reference: &str) -> Vec<&Refund> {
        let refunds = self.refunds.iter();
        refunds.filter(|refund| refund.reference.as_deref() == Some(reference)).collect()
    }

    /// Every request that was read whole, oldest first, those that then failed included.
    pub fn requests(&self) -> &[Request] {
        &self.requests
    }

    /// The requests with this method and path; a `*` stands for any one part of the path.
    pub fn requests_to(&self, method: &Method, path: &str) -> Vec<&Request> {
        let requests = self.requests.iter();
        requests.filter(|request| request.method == *method && is_path(&request.segments(), path)).collect()
    }

    /// How many requests carried this idempotency key, whatever became of them.
    pub fn uses_of(&self, key: &str) -> usize {
        let requests = self.requests.iter();
        requests.filter(|request| request.header("idempotency-key") == Some(key)).count()
    }

    pub(super) fn charge_mut(&mut self, id: &str) -> &mut Charge {
        let mut charges = self.charges.iter_mut();
        let charge = charges.find(|charge| charge.id == id);
        charge.unwrap_or_else(|| panic!("the provider has no charge {id}"))
    }

    pub(super) fn refund_mut(&mut self, id: &str) -> &mut Refund {
        let mut refunds = self.refunds.iter_mut();
        let refund = refunds.find(|refund| refund.id == id);
        refund.unwrap_or_else(|| panic!("the provider has no refund {id}"))
    }

    /// What may still be given back of a charge.
    pub(super) fn refundable(&self, charge: &Charge) -> u64 {
        let refunds = self.refunds_of(&charge.id);
        let given_back: u64 =
            refunds.iter().filter(|refund| refund.status != Status::Declined).map(|refund| refund.amount).sum();
        charge.amount - given_back
    }
}
