//! The store of the native handler, given the same to do: what the host's is compared with.

use crate::store::{Command, Store};
use anyhow::{Context, Result};
use std::path::Path;
use std::sync::OnceLock;
use uuid::Uuid;

pub(super) struct NativeStore {
    store: Store,
    /// The first payment that was made here.
    first: OnceLock<String>,
}

impl NativeStore {
    pub(super) fn create(folder: &Path) -> Result<Self> {
        Ok(Self { store: Store::create(folder)?, first: OnceLock::new() })
    }

    /// Claim and end: one wait for the disk.
    pub(super) async fn pay(&self) -> Result<()> {
        let reference = Uuid::new_v4().to_string();
        let payment_id = format!("pay_{reference}");
        self.store.send(Command::Claim {
            reference: reference.clone(),
            shop_transaction_id: reference.clone(),
            amount: 1200,
            currency: "EUR".to_owned(),
            request: r#"{"amount":1200,"currency":"EUR"}"#.to_owned(),
        })?;
        let answer = r#"{"result":"OK"}"#.to_owned();
        let finish = Command::Finish { reference, payment_id: payment_id.clone(), status: "ACCEPTED", answer };
        self.store.send(finish)?.durable().await?;
        self.first.get_or_init(|| payment_id);
        Ok(())
    }

    /// Looks a payment up.
    pub(super) fn read(&self) -> Result<()> {
        let id = self.first.get().context("no payment was made here")?;
        self.store.payment(id)?.context("the payment was made a moment ago")?;
        Ok(())
    }
}
