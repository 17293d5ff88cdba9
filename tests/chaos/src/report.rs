//! What a run says at its end.

use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// The figures of a run, and what was violated.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What chose; the same seed chooses the same again.
    pub seed: u64,
    /// `sqlite` or `postgres`.
    pub store: &'static str,
    /// How many hosts shared it.
    pub hosts: usize,
    /// How often a host was killed.
    pub kills: u64,
    /// How often at each crash point.
    pub at_points: BTreeMap<String, u64>,
    /// How often at a random moment.
    pub at_random: u64,
    /// What shops wanted.
    pub errands: u64,
    /// First answers to what may move money.
    pub answers: u64,
    /// Questions about a status that were answered.
    pub looks: u64,
    /// Refusals that may be, by their code.
    pub refused: BTreeMap<String, u64>,
    /// What the bank has in its books.
    pub entries: u64,
    /// Callbacks on disk.
    pub callbacks: u64,
    /// How often one arrived.
    pub deliveries: u64,
    /// Operations that got no answer, and were found out later.
    pub found_out: u64,
    /// Operations that stay unknown, because they never reached the bank.
    pub unknown: u64,
    /// The median of how long a start took until the host was ready.
    pub ready_ms: u64,
    /// The longest.
    pub ready_ms_most: u64,
    /// The whole run.
    pub seconds: u64,
    /// What does not hold; empty where everything does.
    pub violations: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(to, "seed {}, {} on {}, {} s", self.seed, hosts(self.hosts), self.store, self.seconds)?;
        writeln!(to, "{} kills: {} at random moments, the others at crash points:", self.kills, self.at_random)?;
        for (point, times) in &self.at_points {
            writeln!(to, "  {point:<24} {times}")?;
        }
        writeln!(to, "{} errands, {} answers, {} looks", self.errands, self.answers, self.looks)?;
        for (code, times) in &self.refused {
            writeln!(to, "  refused as {code:<24} {times}")?;
        }
        writeln!(to, "{} entries at the bank", self.entries)?;
        writeln!(to, "{} operations without an answer were found out, {} cannot be", self.found_out, self.unknown)?;
        writeln!(to, "{} callbacks, delivered {} times", self.callbacks, self.deliveries)?;
        writeln!(to, "ready again after {} ms, at most {} ms", self.ready_ms, self.ready_ms_most)?;
        if self.violations.is_empty() {
            return write!(to, "nothing lost, nothing paid twice, nothing backwards");
        }
        write!(to, "{} violations:", self.violations.len())?;
        self.violations.iter().try_for_each(|violation| write!(to, "\n  {violation}"))
    }
}

fn hosts(count: usize) -> String {
    if count == 1 { "one host".to_owned() } else { format!("{count} hosts") }
}
