//! What merchants ask of the callbacks to them (rules 31 and 33): time, or no more of it; and what is kept of every
//! attempt.

use crate::harness::{START, Setup, payment};
use provost::clock::Clock;
use simulators::{Merchant, Provider, Response};
use std::time::Duration;

/// A quarter of an hour after [`START`].
const LATER: &str = "Fri, 15 Jan 2027 08:15:00 GMT";

#[tokio::test]
async fn a_merchant_that_says_when_is_asked_then_be_it_seconds_or_a_date() {
    for (value, seconds) in [("600", 600), (LATER, 900)] {
        let (provider, merchant, clock) = (Provider::start(), Merchant::start(), Clock::manual(START));
        let host = Setup::new().clock(&clock).acme(&provider).merchant(&merchant).start().await;
        merchant.reply_next([Response::status(503).header("retry-after", value)]);
        host.post("/v3/acme/pay", &payment("order-1", 500)).await;
        let database = host.on_disk();
        database.attempts(1).await;
        let due = database.column("SELECT due_at FROM callbacks", []);
        assert_eq!(due, [(START.0 + seconds * 1000).to_string()], "{value}");
        clock.advance(Duration::from_secs(seconds));
        merchant.wait_for(2).await;
        database.all_delivered().await;
    }
}

#[tokio::test]
async fn every_attempt_is_kept_with_what_was_wrong_with_it() {
    let (provider, merchant, clock) = (Provider::start(), Merchant::start(), Clock::manual(START));
    let host = Setup::new().clock(&clock).acme(&provider).merchant(&merchant).start().await;
    merchant.reply_next([302, 500]);
    host.post("/v3/acme/pay", &payment("order-1", 500)).await;
    let database = host.on_disk();
    database.attempts(1).await;
    clock.advance(Duration::from_secs(6));
    database.attempts(2).await;
    merchant.go_down();
    clock.advance(Duration::from_secs(360));
    database.attempts(3).await;
    let kept = database.rows("SELECT status, error FROM callback_attempts ORDER BY key", []);
    assert_eq!(kept[..2], [["302", "redirects are not followed"], ["500", "not a 2xx"]]);
    // Refused, or cut off on a connection that was still open.
    let (status, error) = (&kept[2][0], &kept[2][1]);
    let cut_off = error.starts_with("unreachable: ") || error.starts_with("interrupted: ");
    assert!(status.is_empty() && cut_off, "{kept:?}");
}

/// What a person must know of: the gauges say how much waits and how much was given up.
#[tokio::test]
async fn dead_letters_are_counted_for_who_watches() {
    let (provider, merchant) = (Provider::start(), Merchant::start());
    let external = |provider: &mut provost::capabilities::Provider| provider.external = "given-up".to_owned();
    let host = Setup::new().acme(&provider).with(external).merchant(&merchant).start().await;
    merchant.reply_next([410]);
    host.post("/v3/given-up/pay", &payment("order-1", 500)).await;
    host.on_disk().all_delivered().await;
    let labels = [("external", "given-up"), ("result", "dead")];
    assert_eq!(host.counter("provost_callback_attempts_total", &labels).await, 1);
}
