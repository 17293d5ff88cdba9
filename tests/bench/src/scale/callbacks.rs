//! How many callbacks go out in a second, and whether a backlog, or a merchant that is dead, slows them.

use super::fill::{Copies, fill};
use super::merchant::Merchant;
use super::world::World;
use super::{Report, Settings};
use crate::summary::median;
use anyhow::Result;
use std::time::{Duration, Instant};

/// Callbacks whose delivery is timed.
const TIMED: usize = 20_000;

/// Payments made at each of the two in a round, in turns, whose callbacks are timed.
const PAYMENTS: usize = 1_000;

/// The gap between them.
const GAP: Duration = Duration::from_millis(5);

pub(super) async fn measure(settings: &Settings, report: &mut Report) -> Result<()> {
    let (short, long) = rates(settings).await?;
    report.figure("callbacks a second to a fast merchant", short, "/s");
    report.figure("the same, with the backlog behind them", long, "/s");
    report.at_least("1,000 callbacks a second to a fast merchant", 1_000.0, short);
    report.at_most("with a backlog, a callback takes at most 1.2 times as long", 1.2, short / long);

    let (alone, beside) = beside_a_dead_merchant(settings).await?;
    report.figure("from pay to its callback, p99", alone * 1000.0, "ms");
    report.figure("the same beside a dead merchant's backlog, p99", beside * 1000.0, "ms");
    report.at_most("beside a dead merchant, p99 of delivery stays within 1.1 times", 1.1, beside / alone);
    Ok(())
}

/// Deliveries a second over so many callbacks where no more wait, and over the first as many of a long backlog.
async fn rates(settings: &Settings) -> Result<(f64, f64)> {
    let (mut short, mut long) = (Vec::new(), Vec::new());
    for round in 0..settings.rounds {
        eprintln!("bench: callbacks, round {} of {}", round + 1, settings.rounds);
        short.push(rate(settings, &format!("short-{round}"), 0).await?);
        long.push(rate(settings, &format!("long-{round}"), settings.backlog).await?);
    }
    Ok((median(short), median(long)))
}

async fn rate(settings: &Settings, name: &str, backlog: u64) -> Result<f64> {
    let (busy, other) = (Merchant::fast()?, Merchant::fast()?);
    let mut world = World::with_a_payment(settings, name, [&busy, &other]).await?;
    fill(&world.store()?, TIMED as u64 + backlog, &Copies::Waiting)?;
    let before = busy.taken();
    world.start().await?;
    busy.wait_for(before + TIMED).await?;
    let times = busy.times();
    let (first, last) = (times[before], times[before + TIMED - 1]);
    world.kill().await?;
    Ok((TIMED - 1) as f64 / (last - first).as_secs_f64())
}

/// Seconds from a pay to its callback's arrival, p99, without and with a backlog for somebody who is dead. Payments are
/// made at both in turns, so that whatever else the machine does meets both.
async fn beside_a_dead_merchant(settings: &Settings) -> Result<(f64, f64)> {
    let (dead, fast) = (Merchant::dead()?, Merchant::fast()?);
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    let mut quiet = World::new(settings, "quiet", [dead.address(), fast.address()])?;
    quiet.start().await?;
    let merchant = Merchant::fast()?;
    let mut troubled = World::with_a_payment(settings, "troubled", [&merchant, &fast]).await?;
    fill(&troubled.store()?, settings.backlog, &Copies::Waiting)?;
    troubled.direct(dead.address());
    troubled.start().await?;
    for round in 0..settings.rounds {
        eprintln!("bench: beside a dead merchant, round {} of {}", round + 1, settings.rounds);
        let [of_quiet, of_troubled] = p99([&quiet, &troubled], &fast).await?;
        alone.push(of_quiet);
        beside.push(of_troubled);
    }
    quiet.kill().await?;
    troubled.kill().await?;
    Ok((median(alone), median(beside)))
}

async fn p99(worlds: [&World; 2], merchant: &Merchant) -> Result<[f64; 2]> {
    let mut gaps = tokio::time::interval(GAP);
    let mut taken = [Vec::new(), Vec::new()];
    for _ in 0..PAYMENTS {
        for (world, taken) in std::iter::zip(worlds, &mut taken) {
            gaps.tick().await;
            let (before, begun) = (merchant.taken(), Instant::now());
            world.pay().await?;
            merchant.wait_for(before + 1).await?;
            taken.push((merchant.times()[before] - begun).as_secs_f64());
        }
    }
    Ok(taken.map(|mut taken| {
        taken.sort_by(f64::total_cmp);
        taken[(taken.len() - 1) * 99 / 100]
    }))
}
