//! Operators at work: they send callbacks again and settle payments by hand, through the hosts' admin listeners.

use crate::book::Book;
use crate::chance::Chance;
use crate::doors::Doors;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use simulators::Bank;
use simulators::bank::Status;
use std::sync::Arc;
use std::time::Duration;

/// What the admin listeners want to see.
pub(crate) const TOKEN: &str = "chaos-operators-token-of-the-run";

const PAUSE: Duration = Duration::from_millis(60);
const PATIENCE: Duration = Duration::from_secs(10);

/// A payment that the bank does not decide by itself, and a person does.
#[derive(Clone, Debug)]
pub(crate) struct Stuck {
    /// The shop's name for it.
    pub(crate) shop: String,
    /// What the merchant was answered.
    pub(crate) id: String,
}

/// Works for ever.
pub(crate) async fn work(bank: Arc<Bank>, desks: Arc<Doors>, book: Arc<Book>, mut chance: Chance) {
    let client = Client::builder().no_proxy().timeout(PATIENCE).build().expect("a client can be made");
    loop {
        tokio::time::sleep(PAUSE).await;
        let Some(origin) = desks.any(&mut chance) else { continue };
        let ask = |method, path: &str| client.request(method, format!("{origin}/admin/v1/{path}")).bearer_auth(TOKEN);
        let stuck = book.open().stuck.front().cloned();
        if let Some(stuck) = stuck
            && settle(&bank, &stuck, ask).await
        {
            book.open().stuck.pop_front();
        }
        if book.is_busy() {
            // Nobody is lost by an operator who is not answered: the next beat tries again.
            let _ = replay(&mut chance, ask).await;
        }
    }
}

/// What the person has found out holds at the bank first. Says whether there is nothing more to do about it.
async fn settle(bank: &Bank, stuck: &Stuck, ask: impl Fn(Method, &str) -> RequestBuilder) -> bool {
    let is_there = bank.ledger().open().decide(&stuck.shop, Status::Succeeded);
    if !is_there {
        return true;
    }
    let body = json!({ "outcome": "accepted", "external": "bank", "who": "chaos", "reason": "the bank says so" });
    let sent = ask(Method::POST, &format!("payments/{}/settle", stuck.id)).json(&body).send().await;
    sent.is_ok_and(|answer| !answer.status().is_server_error())
}

/// One of the callbacks that were delivered last goes out again.
async fn replay(chance: &mut Chance, ask: impl Fn(Method, &str) -> RequestBuilder) -> reqwest::Result<()> {
    let page: Value = ask(Method::GET, "callbacks?state=delivered&limit=5").send().await?.json().await?;
    let delivered = page["callbacks"].as_array().cloned().unwrap_or_default();
    if !delivered.is_empty() {
        let id = chance.pick(&delivered)["id"].clone();
        let body = json!({ "id": id, "who": "chaos", "reason": "the merchant lost it" });
        ask(Method::POST, "callbacks/replay").json(&body).send().await?;
    }
    Ok(())
}
