//! The provider for trying things out, and for other people's tests: whatever can happen to a payment or
//! a subscription happens on demand, without a network. `providerData.scenario` names what shall happen,
//! else the last two digits of the amount do:
//!
//! | scenario | digits | a payment | a refund, a capture | a link | a subscription |
//! |---|---|---|---|---|---|
//! | `succeed` | any other | succeeds | succeeds | is made; pending until a webhook says more | active, the first payment succeeded |
//! | `decline` | 01 | declined | declined | declined | declined |
//! | `redirect` | 02 | redirect; pending until a webhook says more | succeeds | as `succeed` | pending, with a destination and a pending payment, until a webhook says more |
//! | `pending-accepted` | 03 | pending; the next status says accepted | the same | made; the next status says accepted | pending with its first payment; both good an hour later |
//! | `pending-failed` | 04 | pending; the next status says failed | the same | made; the next status says failed | pending with its first payment; an hour later canceled, the payment failed |
//! | `refuse` | 05 | nothing is done | the same | the same | the same |
//! | `unknown` | 06 | done; the answer gets lost, and a search finds it | the same | the same, pending | the same, active |
//! | `slow` | 07 | succeeds after `delayMs` (1000) | the same | the same | the same |
//! | `trap`, `loop`, `memory` | 08, 09, 10 | the plugin misbehaves | the same | the same | the same |
//! | `authorize` | | authorized, to be captured or voided | as `succeed` | as `succeed` | as `succeed` |
//! | `auto-capture` | | authorized, with the follow-up *capture* | as `succeed` | as `succeed` | as `succeed` |
//! | `continue` | | redirect; see below | as `succeed` | as `succeed` | as `succeed` |
//! | `past-due` | | as `succeed` | as `succeed` | as `succeed` | active; past due for a day after the first period |
//!
//! `providerData.code` is the decline code, `card_declined` where there is none. A charge of a
//! subscription goes as a payment does. What a follow-up or a void does has no `providerData`: for the
//! next step of a payment its amount's digits choose between *decline*, *unknown* and the like, and a void
//! succeeds where something is reserved and nothing is captured.
//!
//! **Continue.** Its webhook says `approved`: the payer has agreed, and the payment is to go on. The news,
//! and every later status until it has gone on, hands back the follow-up *resume*; `continuations.resume`
//! then ends the payment as succeeded.
//!
//! **Subscriptions** live by the clock and by what webhooks say; where both do, the webhooks win, but for
//! the plan's end: a plan that `expiresAfter` n payments has expired when n periods are over. A day is 24 h,
//! a week 7 days, a month 30 days, a year 365 days. An amount of 0 charges nothing at the start. An update
//! shows in the status' metadata; of the scenarios it knows, by name only, `decline`, `pending-accepted`,
//! `pending-failed` (pending, and not changed), and those in which something goes wrong.
//!
//! **Webhooks** are described in `notice` and `signature`, **utilities** in `utilities`.
//!
//! **Where the setting `misbehave` is `false`**, digits choose none of `refuse`, `unknown`, `slow`, `trap`,
//! `loop` and `memory`: what they are for succeeds. By name, `unknown` and `slow` (for a second at most) can
//! still be wished for; the others are the caller's fault.
//!
//! What a later call must know travels in `carry`. The plugin's own store holds only what no answer could
//! carry: payments whose answer was lost, what webhooks have said, captures, changes and cancellations. It
//! is this provider's `ledger` of payments and `register` of subscriptions.

mod billing;
mod captures;
mod continuations;
mod inquiry;
mod ledger;
mod links;
mod misbehaviour;
mod notice;
mod payments;
mod refunds;
mod register;
mod scenario;
mod search;
mod signature;
mod subscriptions;
mod terms;
#[cfg(test)]
mod testing;
mod utilities;
mod webhooks;

use std::time::Duration;

use provost_sdk::prelude::*;

/// The provider.
pub struct Sandbox;

provost_sdk::plugin!(
    Sandbox: payments,
    inquiry,
    search,
    refunds,
    captures,
    continuations,
    links,
    subscriptions,
    scheduled_billing,
    manual_billing,
    webhooks,
    utilities,
);

impl Plugin for Sandbox {
    fn describe() -> Description {
        Description::new("sandbox", env!("CARGO_PKG_VERSION"))
            .interval(Interval::Day)
            .interval(Interval::Week)
            .interval(Interval::Month)
            .interval(Interval::Year)
            .optional_secret(webhooks::SECRET, "the key of `Sandbox-Signature`; without it signed webhooks are put off")
            .optional_setting(misbehaviour::SETTING, misbehaviour::ABOUT)
            .search_is_authoritative()
            .idempotency_keys_live(Duration::from_secs(24 * 60 * 60))
            .carry_format(2, &[1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_the_plugin_asks_for_is_declared_and_nothing_of_it_is_required() {
        let said = Sandbox::describe();
        let needs: Vec<_> = said.secrets.iter().chain(&said.settings).collect();
        assert_eq!(needs.iter().map(|need| need.name.as_str()).collect::<Vec<_>>(), ["webhook", "misbehave"]);
        assert!(needs.iter().all(|need| !need.required && !need.about.is_empty()));
        assert_eq!(said.intervals, [Interval::Day, Interval::Week, Interval::Month, Interval::Year]);
        assert_eq!((said.carry_format, said.reads_carry_formats), (2, vec![1, 2]));
        assert!(said.origins.is_empty() && said.payment_methods.is_empty());
    }
}
