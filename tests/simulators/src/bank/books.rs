//! The books: every entry, found by its id, by the host's name for it and by the shop's.

use super::entry::{Entry, Kind, Status};
use super::post::{Letter, letter_about};
use crate::server::Response;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The books, shared: a copy is another way to the same.
#[derive(Clone, Debug, Default)]
pub struct Ledger(Arc<Mutex<Books>>);

/// The books, opened.
#[derive(Debug, Default)]
pub struct Books {
    entries: Vec<Entry>,
    by_id: HashMap<String, usize>,
    by_reference: HashMap<String, Vec<usize>>,
    /// What was done to an entry, by its id.
    done: HashMap<String, Vec<usize>>,
    /// What was answered under each idempotency key, and to which request.
    pub(super) answers: HashMap<String, (Vec<u8>, Response)>,
    /// What was asked of the bank that a sound host would never ask.
    pub(super) complaints: Vec<String>,
    open: Vec<usize>,
}

impl Ledger {
    /// Opens the books; the bank waits meanwhile.
    pub fn open(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books {
    /// Every entry, oldest first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry of this id.
    pub fn entry(&self, id: &str) -> Option<&Entry> {
        self.by_id.get(id).map(|position| &self.entries[*position])
    }

    /// Everything that the operation of this name has made, oldest first.
    pub fn made_by(&self, reference: &str) -> impl Iterator<Item = &Entry> {
        self.by_reference.get(reference).into_iter().flatten().map(|position| &self.entries[*position])
    }

    /// Everything that was done to the entry of this id, oldest first.
    pub fn done_entries(&self, id: &str) -> impl Iterator<Item = &Entry> {
        self.done.get(id).into_iter().flatten().map(|position| &self.entries[*position])
    }

    /// What the bank had to refuse because it makes no sense: a key used for another request, a request without a key.
    pub fn complaints(&self) -> &[String] {
        &self.complaints
    }

    /// How many entries are still to be decided.
    pub fn undecided(&self) -> usize {
        self.open.len()
    }

    /// Decides what is due at `now`, and says what is to be told of it.
    pub fn settle(&mut self, now: Instant) -> Vec<Letter> {
        let Self { entries, open, .. } = self;
        let mut letters = Vec::new();
        open.retain(|position| {
            let entry = &mut entries[*position];
            let due = entry.settles.filter(|(due, _)| *due <= now);
            let Some((_, status)) = due else { return true };
            entry.settles = None;
            entry.status = status;
            if status == Status::Succeeded && entry.charges() {
                entry.captured = entry.amount;
            }
            letters.push(letter_about(entry));
            false
        });
        letters
    }

    /// The bank makes up its mind about the charge for this transaction of a shop's, and tells nobody. Says whether there
    /// is such a charge.
    pub fn decide(&mut self, shop: &str, status: Status) -> bool {
        let charge = self.entries.iter_mut().rev().find(|entry| entry.shop == shop && entry.charges());
        let Some(charge) = charge else { return false };
        charge.status = status;
        charge.captured = if status == Status::Succeeded { charge.amount } else { 0 };
        true
    }

    pub(super) fn entry_mut(&mut self, id: &str) -> Option<&mut Entry> {
        let position = *self.by_id.get(id)?;
        self.entries.get_mut(position)
    }

    /// Writes an entry, under a name of its own, and hands it over.
    pub(super) fn write(&mut self, mut entry: Entry) -> &Entry {
        let position = self.entries.len();
        entry.id = format!("{}-{}", entry.kind.word(), position + 1);
        self.by_id.insert(entry.id.clone(), position);
        if !entry.reference.is_empty() {
            self.by_reference.entry(entry.reference.clone()).or_default().push(position);
        }
        if !entry.of.is_empty() {
            self.done.entry(entry.of.clone()).or_default().push(position);
        }
        if entry.is_open() {
            self.open.push(position);
        }
        self.entries.push(entry);
        &self.entries[position]
    }

    /// How much of an entry was taken or given back by entries of a kind that still count.
    pub(super) fn done_to(&self, id: &str, kind: Kind) -> u64 {
        self.done_entries(id).filter(|entry| entry.kind == kind && entry.is_alive()).map(|entry| entry.amount).sum()
    }
}

/// How a new entry stands by the caller's wish, and how it will.
pub(super) fn wished(wish: &str) -> (Status, Option<(Instant, Status)>) {
    let later = |status| Some((Instant::now() + DECIDES_AFTER, status));
    match wish {
        "declined" => (Status::Declined, None),
        "authorized" => (Status::Authorized, None),
        "stuck" => (Status::Pending, None),
        "pending" => (Status::Pending, later(Status::Succeeded)),
        "pending-declined" => (Status::Pending, later(Status::Declined)),
        "redirect" => (Status::Redirect, later(Status::Succeeded)),
        _ => (Status::Succeeded, None),
    }
}

/// Long enough for an answer to arrive first, most of the time.
const DECIDES_AFTER: Duration = Duration::from_millis(150);
