//! A host that is started again after a crash over many operations, and what they cost its callers.

use super::fill::{Copies, fill};
use super::merchant::Merchant;
use super::world::World;
use super::{Report, Settings};
use crate::summary::median;
use anyhow::Result;
use std::time::{Duration, Instant};

/// Operations under way when the host died.
const CUT_OFF: u64 = 1_000;

/// Callbacks that wait since.
const OVERDUE: u64 = 1_000;

/// How long each is loaded in a round.
const LOADED: Duration = Duration::from_secs(1);

pub(super) async fn measure(settings: &Settings, report: &mut Report) -> Result<()> {
    let merchants = [Merchant::fast()?, Merchant::fast()?];
    let [busy, other] = &merchants;
    let mut full = World::with_a_payment(settings, "full", [busy, other]).await?;
    let store = full.store()?;
    fill(&store, settings.operations, &Copies::Finished)?;
    fill(&store, CUT_OFF, &Copies::CutOff)?;
    fill(&store, OVERDUE, &Copies::Waiting)?;
    drop(store);

    let before = busy.taken();
    let begun = Instant::now();
    let ready = full.start().await?;
    busy.wait_for(before + 1).await?;
    let first = busy.times()[before] - begun;
    busy.wait_for(before + OVERDUE as usize).await?;
    report.figure("started again over what a crash left: ready after", ready.as_secs_f64() * 1000.0, "ms");
    report.figure("the same: the first overdue callback after", first.as_secs_f64() * 1000.0, "ms");
    report.at_most("ready within 2 s after a crash", 2.0, ready.as_secs_f64());
    report.at_most("the first overdue callback within 5 s", 5.0, first.as_secs_f64());

    let mut empty = World::with_a_payment(settings, "empty", [busy, other]).await?;
    empty.start().await?;
    let ratios = compare(settings, &full, &empty).await?;
    for ((promise, wanted), ratios) in std::iter::zip(
        [
            ("status takes at most 1.2 times as long as in an empty store", 1.2),
            ("pay takes at most 1.2 times as long", 1.2),
        ],
        ratios,
    ) {
        report.at_most(promise, wanted, median(ratios));
    }
    full.kill().await?;
    empty.kill().await
}

/// How many times as long a request takes in the first, for status and for pay, in each round.
async fn compare(settings: &Settings, full: &World, empty: &World) -> Result<[Vec<f64>; 2]> {
    let (of_full, of_empty) = (full.endpoints().await?, empty.endpoints().await?);
    let mut ratios = [Vec::new(), Vec::new()];
    for round in 0..settings.rounds {
        eprintln!("bench: round {} of {}", round + 1, settings.rounds);
        for (kind, ratios) in ratios.iter_mut().enumerate() {
            let mut taken = [0.0; 2];
            // Nobody profits from always being the first.
            for turn in [round % 2, 1 - round % 2] {
                let (world, endpoints) = [(full, &of_full), (empty, &of_empty)][turn];
                let answered = world.load(&endpoints[kind], LOADED).await?;
                taken[turn] = answered.elapsed.as_secs_f64() / answered.latencies.len() as f64;
            }
            ratios.push(taken[0] / taken[1]);
        }
    }
    Ok(ratios)
}
