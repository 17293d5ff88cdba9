//! A shop at work: it carries errands out, one after the other, and writes down what it was answered.

use crate::book::{Answer, Step};
use crate::caller::{Ask, Caller, Reply};
use crate::desk::Stuck;
use crate::errand::{Errand, Story};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::watch;

/// What every payment asks for.
const AMOUNT: u64 = 1000;
/// How often a shop looks whether something is decided, and how long it waits in between.
const LOOKS: u32 = 40;
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// Carries errands out until it is told to stop.
pub(crate) async fn work(mut caller: Caller, seed: u64, stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let number = {
            let mut pages = caller.book.open();
            pages.errands += 1;
            pages.errands
        };
        // What could not be done is in the book.
        let _ = Shop { caller: &mut caller, errand: Errand::of(seed, number) }.carry_out().await;
    }
}

struct Shop<'a> {
    caller: &'a mut Caller,
    errand: Errand,
}

impl Shop<'_> {
    /// None: the story could not go on, lawfully or not.
    async fn carry_out(&mut self) -> Option<()> {
        match self.errand.story {
            Story::Pay => {
                let id = self.pay("pay", "", json!({})).await?;
                self.decided(&id, "").await?;
            }
            Story::Refund => self.pay_and_refund().await?,
            Story::Capture => self.capture_in_parts().await?,
            Story::Void => {
                let id = self.pay("pay", "", json!({})).await?;
                self.awaits(&id, "AUTHORIZED").await?;
                self.act("void", &id, json!({ "paymentId": id }), "void").await?;
                self.look(&id, "").await?;
            }
            Story::Subscription => self.subscribe().await?,
            Story::Link => {
                let id = self.pay("pay-by-link", "", json!({})).await?;
                self.decided(&id, "").await?;
            }
            Story::Settled => {
                let id = self.pay("pay", "", json!({})).await?;
                let stuck = Stuck { shop: self.errand.shop(""), id: id.clone() };
                self.caller.book.open().stuck.push_back(stuck);
                self.decided(&id, "").await?;
            }
            Story::Utility => {
                let ask = Ask::post("utility/stamp", json!({}), Some(self.errand.shop("-utility")));
                self.answered(&ask).await?;
            }
        }
        Some(())
    }

    async fn pay_and_refund(&mut self) -> Option<()> {
        let id = self.pay("pay", "", json!({})).await?;
        self.awaits(&id, "ACCEPTED").await?;
        for (part, amount) in [(0, 100), (1, 250)] {
            let wish = self.errand.refunds[part];
            let body = json!({
                "paymentId": id, "amount": amount, "currency": "EUR", "providerData": { "wish": wish },
            });
            let key = self.key(&format!("-refund-{part}"));
            let reply = self.answered(&Ask::post("refund", body, key)).await?;
            self.note(Step::Refund, &self.errand.shop(""), &reply, reply.text("refundId"), amount);
            let asked = format!("status?refundId={}", reply.text("refundId"));
            self.caller.ask(&Ask::get(&asked)).await?;
        }
        self.look(&id, "").await?;
        Some(())
    }

    async fn capture_in_parts(&mut self) -> Option<()> {
        let id = self.pay("pay", "", json!({})).await?;
        self.awaits(&id, "AUTHORIZED").await?;
        for (amount, last) in [(300, false), (450, true)] {
            let body = json!({ "paymentId": id, "amount": amount, "currency": "EUR", "final": last });
            self.act("capture", &id, body, &format!("capture-{amount}")).await?;
        }
        self.decided(&id, "").await?;
        let body = json!({ "paymentId": id, "amount": 120, "currency": "EUR" });
        let reply = self.answered(&Ask::post("refund", body, self.key("-refund"))).await?;
        self.note(Step::Refund, &self.errand.shop(""), &reply, reply.text("refundId"), 120);
        Some(())
    }

    async fn subscribe(&mut self) -> Option<()> {
        let plan = json!({ "subscriptionInfo": { "interval": "MONTH", "intervalCount": 1 } });
        let id = self.pay("subscription/start", "", plan).await?;
        self.decided(&id, "").await?;
        let token = self.caller.book.open().tokens.get(&self.errand.shop("")).cloned()?;
        for part in ["-1", "-2"] {
            let of = json!({ "subscriptionInfo": { "token": token } });
            let id = self.pay("subscription/pay", part, of).await?;
            self.decided(&id, part).await?;
        }
        self.caller.ask(&Ask::get(&format!("subscription/status/{token}"))).await?;
        let change = json!({ "amount": 700, "currency": "EUR" });
        let key = Some(self.errand.shop("-update"));
        self.answered(&Ask::post(&format!("subscription/update/{token}"), change, key)).await?;
        let key = Some(self.errand.shop("-expire"));
        self.answered(&Ask::post(&format!("subscription/expire/{token}"), json!({}), key)).await?;
        Some(())
    }

    /// Makes a payment of any kind; its id, where it has one.
    async fn pay(&mut self, path: &str, part: &str, more: Value) -> Option<String> {
        let shop = self.errand.shop(part);
        let mut body = json!({
            "amount": AMOUNT, "currency": "EUR", "shopTransactionId": shop,
            "providerData": { "wish": self.errand.wish },
        });
        if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
            body.extend(more);
        }
        let reply = self.answered(&Ask::post(path, body, self.key(part))).await?;
        let id = reply.text("paymentId").to_owned();
        let step = if path == "pay-by-link" { Step::Link } else { Step::Pay };
        self.note(step, &shop, &reply, &id, AMOUNT);
        let mut pages = self.caller.book.open();
        if !reply.replayed && step == Step::Pay {
            pages.see(&shop, word_of_answer(&reply));
        }
        if let Some(token) = reply.json["subscriptionToken"].as_str() {
            pages.tokens.insert(shop, token.to_owned());
        }
        (!id.is_empty()).then_some(id)
    }

    /// A capture or a void.
    async fn act(&mut self, path: &str, id: &str, body: Value, name: &str) -> Option<()> {
        let key = self.key(&format!("-{name}"));
        let reply = self.answered(&Ask::post(path, body, key)).await?;
        let amount = if path == "capture" { AMOUNT } else { 0 };
        self.note(Step::Act, &self.errand.shop(""), &reply, id, amount);
        Some(())
    }

    /// Asks until there is an answer; some ask again and compare. A refusal is noted, and ends the story.
    async fn answered(&mut self, ask: &Ask) -> Option<Reply> {
        let reply = self.caller.ask(ask).await?;
        if reply.status != 200 {
            let code = reply.text("code").to_owned();
            let mut pages = self.caller.book.open();
            if is_lawful_refusal(&code, ask) {
                *pages.refused.entry(code).or_default() += 1;
            } else {
                pages.wrongs.push(format!("{ask:?} was refused: {} {}", reply.status, reply.json));
            }
            return None;
        }
        // What was declined, or is by the time that a host answers again, may be tried again by who has no key.
        let may_fail = reply.text("result") == "KO" || self.errand.wish == "pending-declined";
        let is_kept = ask.key.is_some()
            || !may_fail && ask.body.as_ref().is_some_and(|body| !body["shopTransactionId"].is_null());
        if self.errand.repeats && is_kept {
            let again = self.caller.ask(ask).await?;
            if again.bytes != reply.bytes || !again.replayed {
                let wrong = format!("{ask:?} was answered {} and then {} {}", reply.json, again.status, again.json);
                self.caller.book.open().wrongs.push(wrong);
            }
        }
        Some(reply)
    }

    /// Looks until the payment is decided.
    async fn decided(&mut self, id: &str, part: &str) -> Option<String> {
        for _ in 0..LOOKS {
            let word = self.look(id, part).await?;
            if word != "PENDING" {
                return Some(word);
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        None
    }

    async fn awaits(&mut self, id: &str, wanted: &str) -> Option<()> {
        (self.decided(id, "").await? == wanted).then_some(())
    }

    /// How a payment stands now, by the name that a merchant has for it.
    async fn look(&mut self, id: &str, part: &str) -> Option<String> {
        let ask = Ask::get(&format!("status?paymentId={id}"));
        let reply = self.caller.ask(&ask).await?;
        let mut pages = self.caller.book.open();
        pages.looks += 1;
        if reply.status != 200 {
            pages.wrongs.push(format!("{id} was answered, and its status is {} {}", reply.status, reply.json));
            return None;
        }
        let word = word_of_status(&reply.json);
        pages.see(&self.errand.shop(part), &word);
        Some(word)
    }

    fn key(&self, part: &str) -> Option<String> {
        self.errand.keyed.then(|| self.errand.shop(part))
    }

    fn note(&self, step: Step, shop: &str, reply: &Reply, id: &str, amount: u64) {
        let result = reply.text("result").to_owned();
        let answer = Answer { step, shop: shop.to_owned(), result, id: id.to_owned(), amount };
        self.caller.book.open().answers.push(answer);
    }
}

/// What a lost answer leaves to the caller who has no key, or whose payment is not decided.
fn is_lawful_refusal(code: &str, ask: &Ask) -> bool {
    match code {
        "refund_repeated" | "capture_repeated" => ask.key.is_none(),
        "state_forbids" | "subscription_forbids" => !ask.path.ends_with("/bank/pay"),
        // One without a key was carried out, and its answer was lost.
        "capture_too_large" | "refund_too_large" => ask.key.is_none(),
        // What moves no money is to be sent again; here nobody waits for it.
        "outcome_unknown" => true,
        _ => false,
    }
}

fn word_of_answer(reply: &Reply) -> &'static str {
    match (reply.text("result"), reply.json["metadata"]["state"].as_str()) {
        ("OK", _) => "ACCEPTED",
        ("KO", _) => "FAILED",
        (_, Some("AUTHORIZED")) => "AUTHORIZED",
        _ => "PENDING",
    }
}

/// In one word what PGM says in two.
pub(crate) fn word_of_status(status: &Value) -> String {
    let metadata = &status["metadata"];
    if metadata["outcome"] == "not_executed" {
        return "NOT_EXECUTED".to_owned();
    }
    let state = metadata["state"].as_str().filter(|state| matches!(*state, "AUTHORIZED" | "VOIDED"));
    state.or_else(|| status["status"].as_str()).unwrap_or_default().to_owned()
}
