//! The host's store, given the commands of a pay and nothing else to do.

use anyhow::{Result, bail};
use provost::clock::Clock;
use provost::model::{
    Action, Amount, Answer, AskAt, News, NewsState, Operation, Reference, Seed, Settled, Source, Target, Version, Write,
};
use provost::store::{Claim, Claimed, Finish, NewPayment, Sending, Settings, Store, Told, What};
use std::path::Path;
use std::time::Duration;

/// As in the host's own settings.
const KEYS_LIVE: Duration = Duration::from_secs(7 * 24 * 60 * 60);
const LEASE: Duration = Duration::from_secs(60);

pub(super) struct HostStore {
    store: Store,
    clock: Clock,
}

impl HostStore {
    pub(super) fn create(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let clock = Clock::system();
        let store = Store::open(&Settings::file(folder.join("provost.db")), clock.now())?;
        Ok(Self { store, clock })
    }

    /// Claim and end: one wait for the disk.
    pub(super) async fn pay(&self) -> Result<()> {
        let operation = self.claim().await?;
        self.finish(&operation).await
    }

    /// The same with a request that leaves in between: two waits.
    pub(super) async fn pay_that_leaves(&self) -> Result<()> {
        let operation = self.claim().await?;
        let write = Write {
            method: "POST".to_owned(),
            url: "http://127.0.0.1:40123/charges".to_owned(),
            digest: Version::of(operation.reference.0.as_bytes()).0,
        };
        let sending =
            Sending { operation: operation.key, fence: operation.fence, now: self.clock.now(), request: None };
        self.store.sent(sending, &[write]).await?;
        self.finish(&operation).await
    }

    async fn claim(&self) -> Result<Operation> {
        let (now, reference) = (self.clock.now(), Reference::random());
        let claim = Claim {
            now,
            external: "sandbox".to_owned(),
            caller: String::new(),
            idempotency_key: None,
            keys_live: KEYS_LIVE,
            fingerprint: Version::of(reference.0.as_bytes()).0,
            seed: Seed::random(),
            version: Version::of(b"sandbox"),
            amount: Some(amount()),
            lease_until: now.plus(LEASE),
            what: What::Pay(NewPayment {
                shop_transaction_id: format!("order-{reference}"),
                payment_method: None,
                business_key: true,
            }),
            reference,
        };
        match self.store.claim(claim).await? {
            Claimed::New { operation, .. } => Ok(operation),
            other => bail!("a new claim was answered {other:?}"),
        }
    }

    async fn finish(&self, operation: &Operation) -> Result<()> {
        let payment_id = format!("pay_{}", operation.reference);
        let target = Target {
            payment_ids: vec![payment_id.clone()],
            host_reference: Some(operation.reference.0.clone()),
            ..Target::default()
        };
        let news = News::new(Source::Answer, target, Action::Payment, NewsState::Accepted);
        let body = format!(r#"{{"result":"OK","resultDescription":"Completed.","paymentId":"{payment_id}"}}"#);
        let finish = Finish {
            now: self.clock.now(),
            operation: operation.key,
            fence: operation.fence,
            settled: Settled::Succeeded,
            news: Some(News { amount: Some(amount()), ..news }),
            subscription_news: None,
            changes: None,
            emitted: Vec::new(),
            told: Told { payment_id: Some(payment_id), ..Told::default() },
            answer: Some(Answer { status: 200, headers: Vec::new(), body: body.into_bytes() }),
            answer_if_contradicted: None,
            ask_at: AskAt::once(self.clock.now()),
            again: false,
            parked_until: self.clock.now(),
        };
        self.store.finish(finish).await?;
        Ok(())
    }
}

fn amount() -> Amount {
    Amount { minor: 1200, currency: "EUR".to_owned() }
}
