//! The ways to misbehave. Those that do not end the call say how far they came.

use std::hint::black_box;

use provost_sdk::prelude::*;

use crate::{taken, told};

/// Misbehaves in place of a payment.
pub(crate) fn pay(name: &str) -> Result<PaymentOutcome> {
    match name {
        "huge-value" => Ok(taken().description(huge()).succeeded()),
        _ => Ok(Decline::new(name).description(go(name)).into()),
    }
}

/// Misbehaves in place of a status.
pub(crate) fn status(name: &str, status: PaymentStatus) -> Result<PaymentStatus> {
    match name {
        "huge-value" => Ok(status.description(huge())),
        _ => Ok(status.description(go(name))),
    }
}

fn go(name: &str) -> String {
    match name {
        "trap" => std::process::abort(),
        "panic" => panic!("the hostile guest was told to panic"),
        "loop" => spin(),
        "memory" => hoard(),
        "recursion" => recurse(0).to_string(),
        "log-flood" => flood(|line| log::warn(line, &[("escape", "\u{1b}[2J")])),
        "stderr-flood" => flood(|line| eprintln!("{line}")),
        "many-requests" => many_requests(),
        "emit-flood" => emit_flood(),
        "state-flood" => state_flood(),
        _ => "no such attack".to_owned(),
    }
}

/// More than any value that a host takes, and still less than what makes it stop counting.
fn huge() -> String {
    "x".repeat(1 << 20)
}

fn spin() -> ! {
    loop {
        black_box(());
    }
}

fn hoard() -> ! {
    let mut hoard = Vec::new();
    loop {
        hoard.push(black_box(vec![1_u8; 1 << 20]));
    }
}

#[expect(unconditional_recursion, reason = "that is the attack")]
fn recurse(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    recurse(depth + 1) + black_box(frame)[0]
}

/// 2 MiB in lines of 1 KiB.
fn flood(write: impl Fn(&str)) -> String {
    let line = "flood ".repeat(170);
    for _ in 0..2048 {
        write(&line);
    }
    "2048 lines".to_owned()
}

fn many_requests() -> String {
    let base = settings::get("base_url").unwrap_or_default();
    let url = http::url(&base, ["charges", "none"]);
    for sent in 0..64 {
        if let Err(error) = http::get(url.clone()).send() {
            return format!("after {sent}: {}", told(Err(error)));
        }
    }
    "64 requests".to_owned()
}

fn emit_flood() -> String {
    for number in 0..64 {
        let reference = Reference::payment(format!("pay_{number}"));
        callbacks::payment(PaymentStatus::new(reference, PaymentState::Accepted));
    }
    "64 events".to_owned()
}

/// 4 MiB in values of 4 KiB.
fn state_flood() -> String {
    for number in 0..1024 {
        if let Err(error) = state::set(&format!("flood-{number}"), &[1; 4096], None) {
            return format!("after {number}: {error:?}");
        }
    }
    "1024 values".to_owned()
}
