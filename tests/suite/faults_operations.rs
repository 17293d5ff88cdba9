//! A provider that stalls, resets or answers garbage, for every operation that there is: what may have reached it is
//! unknown, and by the schedule alone it is found out, or made again with the same keys: done once in either case.

use crate::faults::uncertain;
use crate::harness::{Host, Reply, START, Setup, payment};
use provost::clock::Clock;
use reqwest::Method;
use serde_json::{Value, json};
use simulators::Bank;
use simulators::bank::Kind;
use simulators::provider::{Fault, Rule};
use std::time::Duration;

/// How long the bank may be silent where a test waits for that.
const HASTE: Duration = Duration::from_millis(500);
/// The first question about what is unknown is due by then.
const FIRST_QUESTION: Duration = Duration::from_secs(13);

/// What moves money, with what it is done to and how it ends: the payment's state, and the action's own.
const MONEY: [(&str, &str, &str); 8] = [
    ("pay", "accepted", ""),
    ("pay-by-link", "pending", ""),
    ("subscription/start", "accepted", ""),
    ("subscription/schedule", "accepted", ""),
    ("subscription/pay", "accepted", ""),
    ("refund", "accepted", "accepted"),
    ("capture", "accepted", "accepted"),
    ("void", "voided", "accepted"),
];

/// What moves none, and may be sent again by whoever was not answered.
const NO_MONEY: [&str; 3] = ["subscription/update", "subscription/expire", "utility"];

struct World {
    bank: Bank,
    clock: Clock,
    host: Host,
}

impl World {
    async fn start() -> Self {
        let (bank, clock) = (Bank::start(), Clock::manual(START));
        let setup = Setup::new().clock(&clock).bank(&bank);
        let setup = setup.with(|provider| provider.limits.request_deadline = HASTE);
        Self { host: setup.start().await, bank, clock }
    }

    async fn done(&self, path: &str, body: &Value) -> Reply {
        let reply = self.host.post(&format!("/v3/bank/{path}"), body).await;
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
        reply
    }

    /// Makes what the operation is done to, and gives the operation's path and body.
    async fn prepare(&self, operation: &str, shop: &str) -> (String, Value) {
        let plan = json!({ "interval": "MONTH", "intervalCount": 1 });
        let with = |shop: &str, member: &str, value: Value| {
            let mut body = payment(shop, 500);
            body[member] = value;
            body
        };
        let before = format!("{shop}-before");
        match operation {
            "pay" | "pay-by-link" => (operation.to_owned(), payment(shop, 500)),
            "subscription/start" | "subscription/schedule" => {
                (operation.to_owned(), with(shop, "subscriptionInfo", plan))
            }
            "refund" | "capture" | "void" => {
                let wish = if operation == "refund" { "" } else { "authorized" };
                let paid = self.done("pay", &with(shop, "providerData", json!({ "wish": wish }))).await;
                let id = paid.text("paymentId");
                let body = match operation {
                    "void" => json!({ "paymentId": id }),
                    _ => json!({ "paymentId": id, "amount": 200, "currency": "EUR" }),
                };
                (operation.to_owned(), body)
            }
            "utility" => ("utility/stamp".to_owned(), json!({})),
            _ => {
                let begun = self.done("subscription/start", &with(&before, "subscriptionInfo", plan)).await;
                let token = begun.text("subscriptionToken");
                match operation {
                    "subscription/pay" => {
                        (operation.to_owned(), with(shop, "subscriptionInfo", json!({ "token": token })))
                    }
                    _ => (format!("{operation}/{token}"), json!({})),
                }
            }
        }
    }

    async fn fails(&self, operation: &str, shop: &str, fault: Fault) -> (String, Value, Reply) {
        let (path, body) = self.prepare(operation, shop).await;
        self.bank.heal();
        self.bank.fail(Rule::new(Method::POST, "/entries", fault));
        let reply = self.host.post(&format!("/v3/bank/{path}"), &body).await;
        self.bank.heal();
        (path, body, reply)
    }

    /// State of the payment, and of the action on it that came last.
    fn standing(&self, shop: &str) -> (String, String) {
        let rows = self.host.on_disk().rows(
            "SELECT p.state, o.action_state FROM payments p JOIN operations o ON o.payment = p.key
             WHERE p.shop_transaction_id = ? ORDER BY o.key DESC LIMIT 1",
            [shop],
        );
        let row = rows.first().unwrap_or_else(|| panic!("nothing is known of {shop}"));
        (row[0].clone(), row[1].clone())
    }

    /// Where a question was not answered in time, because the machine had much else to do, it is asked again.
    fn go_on(&self, shop: &str) {
        let due = "SELECT ask_at FROM payments WHERE shop_transaction_id = ? AND asking = 0 AND asks > 0";
        let due = self.host.on_disk().column(due, [shop]);
        let ahead = due.iter().filter_map(|due| due.parse::<u64>().ok()?.checked_sub(self.clock.now().0)).min();
        if let Some(ahead) = ahead {
            self.clock.advance(Duration::from_millis(ahead));
        }
    }

    /// What the bank has done for the operation that came last for a shop.
    fn entries(&self, shop: &str) -> usize {
        let references = self.host.on_disk().column(
            "SELECT o.reference FROM payments p JOIN operations o ON o.payment = p.key
             WHERE p.shop_transaction_id = ? ORDER BY o.key DESC LIMIT 1",
            [shop],
        );
        let ledger = self.bank.ledger();
        let books = ledger.open();
        books.made_by(&references[0]).filter(|entry| entry.kind != Kind::Subscription).count()
    }
}

#[tokio::test]
async fn whatever_fails_at_the_provider_is_found_out_or_made_again_and_done_once() {
    let world = World::start().await;
    for (operation, state, action) in MONEY {
        for (name, _, fault) in uncertain() {
            let shop = format!("{}-{name}", operation.replace('/', "-"));
            let executed = fault.executes;
            let (_, _, reply) = world.fails(operation, &shop, fault).await;
            // A link that may not have been made is not handed out; its payment is followed up like any other.
            let result = if operation == "pay-by-link" { "KO" } else { "PENDING" };
            assert_eq!((reply.status, &reply.json["result"]), (200, &json!(result)), "{shop}: {reply:?}");
            assert_eq!(reply.header("x-payment-outcome"), "unknown", "{shop}: {reply:?}");
            assert_eq!(world.entries(&shop), usize::from(executed), "{shop}");

            world.clock.advance(FIRST_QUESTION);
            // A link is waited for by whoever made it, and by whoever was told of it, each in their own word.
            let waits = |standing: &str| state == "pending" && standing == "action_required";
            let found_out = |_: &_| {
                let (standing, done) = world.standing(&shop);
                let found_out = (standing == state || waits(&standing)) && done == action;
                if !found_out {
                    world.go_on(&shop);
                }
                found_out
            };
            world.host.on_disk().until(&format!("{shop} is {state} {action}"), found_out).await;
            assert_eq!(world.entries(&shop), 1, "{shop}: once, whether it was executed at first or not");
        }
    }
    assert_eq!(world.bank.ledger().open().complaints(), [""; 0]);
}

#[tokio::test]
async fn what_moves_no_money_is_told_as_unknown_and_may_be_sent_again() {
    let world = World::start().await;
    for operation in NO_MONEY {
        for (name, _, fault) in uncertain() {
            let shop = format!("{}-{name}", operation.replace('/', "-"));
            let (path, body, reply) = world.fails(operation, &shop, fault).await;
            assert_eq!(reply.problem(), (502, "outcome_unknown".to_owned()), "{shop}: {reply:?}");
            assert_eq!(reply.json["retryable"], true, "{shop}: {reply:?}");
            world.done(&path, &body).await;
        }
    }
}
