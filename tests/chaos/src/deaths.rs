//! How hosts are to die: each crash point in turn, and random moments in between.

use crate::chance::Chance;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// One death.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Death {
    /// When it passes a crash point for the `nth` time.
    At { point: String, nth: u64, missed: u32 },
    /// So many answers and milliseconds after it is ready.
    After { answers: u64, millis: u64 },
}

/// How often a point may be waited for in vain before that is a fault.
const MISSES: u32 = 3;

/// What is still to come, and what came.
#[derive(Debug, Default)]
pub(crate) struct Deaths {
    to_come: VecDeque<Death>,
    /// How often a host died at each point.
    pub(crate) at: BTreeMap<String, u64>,
    /// How often one was killed at a random moment.
    pub(crate) random: u64,
    /// Points that nobody passed.
    pub(crate) never: BTreeSet<String>,
}

impl Deaths {
    /// Half of them at points, each in turn and at least once, whatever their number; the others at random moments.
    pub(crate) fn plan(seed: u64, kills: u64, points: &BTreeSet<String>) -> Self {
        let mut chance = Chance::of(seed, "deaths", 0);
        let each = (kills / 2 / points.len().max(1) as u64).max(1);
        let mut deaths: Vec<_> = (0..each)
            .flat_map(|_| points.iter().cloned())
            .map(|point| Death::At { point, nth: 1 + chance.below(4), missed: 0 })
            .collect();
        while (deaths.len() as u64) < kills {
            deaths.push(Death::After { answers: chance.below(40), millis: chance.below(40) });
        }
        chance.shuffle(&mut deaths);
        let at = points.iter().map(|point| (point.clone(), 0)).collect();
        Self { to_come: deaths.into(), at, ..Self::default() }
    }

    /// How many there were.
    pub(crate) fn count(&self) -> u64 {
        self.random + self.at.values().sum::<u64>()
    }

    /// How many are to come.
    pub(crate) fn left(&self) -> usize {
        self.to_come.len()
    }

    /// The next one.
    pub(crate) fn next(&mut self) -> Option<Death> {
        self.to_come.pop_front()
    }

    /// It came as planned.
    pub(crate) fn came(&mut self, death: &Death) {
        match death {
            Death::At { point, .. } => *self.at.entry(point.clone()).or_default() += 1,
            Death::After { .. } => self.random += 1,
        }
    }

    /// The point was not passed often enough in time, and the host was killed instead. It gets another turn, easier to
    /// meet.
    pub(crate) fn missed(&mut self, death: Death) {
        self.random += 1;
        if let Death::At { point, missed, .. } = death {
            if missed + 1 < MISSES {
                self.to_come.push_back(Death::At { point, nth: 1, missed: missed + 1 });
            } else if self.at.get(&point).copied().unwrap_or_default() == 0 {
                self.never.insert(point);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_has_its_turn_however_few_deaths_are_wanted() {
        let points: BTreeSet<_> = ["a", "b", "c"].map(str::to_owned).into();
        for kills in [1, 7, 100] {
            let deaths = Deaths::plan(1, kills, &points);
            assert_eq!(deaths.to_come, Deaths::plan(1, kills, &points).to_come, "the seed chooses");
            assert!(deaths.left() as u64 >= kills);
            for wanted in &points {
                let meets = |death: &Death| matches!(death, Death::At { point, .. } if point == wanted);
                assert!(deaths.to_come.iter().any(meets), "{kills} {wanted}");
            }
        }
    }

    #[test]
    fn a_point_that_is_missed_gets_other_turns_and_then_is_named() {
        let mut deaths = Deaths::plan(1, 1, &["a".to_owned()].into());
        for _ in 0..MISSES {
            let death = deaths.next().expect("another turn");
            deaths.missed(death);
        }
        assert_eq!((deaths.next(), deaths.never.len()), (None, 1));
    }
}
