//! Walks the tree, and collects every fault on the way. A key that nobody asks for is unknown.

use super::kinds::{self, Read};
use super::place::{Fault, Place};
use super::sources::Sources;
use super::tree::{Entries, Node, Value};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What a whole reading shares.
pub(super) struct Reading<'t> {
    /// Where secrets are looked up.
    pub(super) sources: &'t Sources,
    /// What relative paths in the file begin at.
    folder: PathBuf,
    faults: RefCell<Vec<Fault>>,
    asked: RefCell<BTreeSet<Vec<String>>>,
}

impl<'t> Reading<'t> {
    pub(super) fn new(sources: &'t Sources, folder: PathBuf) -> Self {
        Self { sources, folder, faults: RefCell::default(), asked: RefCell::default() }
    }

    /// The whole tree as an item.
    pub(super) fn root(&'t self, node: &'t Node) -> Item<'t> {
        Item { node, path: Vec::new(), reading: self }
    }

    /// Every key that was asked for.
    #[cfg(test)]
    pub(super) fn asked(&self) -> Vec<Vec<String>> {
        self.asked.borrow().iter().cloned().collect()
    }

    /// Every fault, and every key of `root` that nobody asked for.
    pub(super) fn finish(self, root: &Node) -> Vec<Fault> {
        self.note_unknown(root, &mut Vec::new());
        self.faults.into_inner()
    }

    fn note_unknown(&self, node: &Node, path: &mut Vec<String>) {
        let Value::Table(entries) = &node.value else { return };
        let asked = self.asked.borrow();
        let known: Vec<&str> = asked
            .iter()
            .filter(|asked| asked.len() == path.len() + 1 && asked.starts_with(path))
            .filter_map(|asked| asked.last().map(String::as_str))
            .collect();
        // Nobody looked into this table: it stands where another kind of value belongs, and that is a fault already.
        if known.is_empty() {
            return;
        }
        for (key, entry) in entries {
            path.push(key.clone());
            match known.contains(&key.as_str()) {
                true => self.note_unknown(entry, path),
                false => {
                    let fault = Fault::new(entry.key.clone(), path.join("."), unknown(key, &known));
                    self.faults.borrow_mut().push(fault);
                }
            }
            path.pop();
        }
    }
}

fn unknown(key: &str, known: &[&str]) -> String {
    let runs_on = |table: &&&str| key.strip_prefix(**table).is_some_and(|rest| rest.starts_with('_'));
    if let Some(table) = known.iter().find(runs_on) {
        return format!("is not a setting; in a variable, two underscores stand behind {table:?}");
    }
    let likeness = |known: &&&str| (strsim::normalized_damerau_levenshtein(key, known) * 1000.0) as u32;
    match known.iter().max_by_key(likeness).filter(|known| likeness(known) >= 500) {
        Some(known) => format!("is not a setting; is {known:?} meant?"),
        None => format!("is not a setting; known here: {}", known.join(", ")),
    }
}

/// One value, and its path.
#[derive(Clone)]
pub(super) struct Item<'t> {
    pub(super) node: &'t Node,
    path: Vec<String>,
    reading: &'t Reading<'t>,
}

impl<'t> Item<'t> {
    /// Where secrets are looked up.
    pub(super) fn sources(&self) -> &'t Sources {
        self.reading.sources
    }

    /// Notes that something is wrong with this value.
    pub(super) fn fault(&self, message: impl Into<String>) {
        let fault = Fault::new(self.node.place.clone(), self.path.join("."), message);
        self.reading.faults.borrow_mut().push(fault);
    }

    /// The value, or a fault noted.
    pub(super) fn read<T>(&self, read: impl FnOnce(&'t Node) -> Read<T>) -> Option<T> {
        read(self.node).map_err(|message| self.fault(message)).ok()
    }

    /// The path of a file or folder.
    pub(super) fn file_path(&self) -> Option<PathBuf> {
        self.read(kinds::text).map(|path| self.located(Path::new(path)))
    }

    /// `path` as it stands in this value: in the file from the file's own folder, elsewhere from the working directory.
    /// The defaults count as the file's, so that copying one into it changes nothing.
    pub(super) fn located(&self, path: &Path) -> PathBuf {
        match self.node.place {
            Place::Default | Place::File(..) => self.reading.folder.join(path),
            Place::Variable(_) | Place::Flag(_) => path.to_owned(),
        }
    }

    /// The table that this is, or a fault noted.
    pub(super) fn table(&self) -> Option<Table<'t>> {
        match &self.node.value {
            Value::Table(entries) => Some(Table { item: self.clone(), entries: Some(entries) }),
            Value::Plain(_) => self.read(|_| Err("must be a table, here as JSON: {\"key\": …}".to_owned())),
            _ => self.read(|node| Err(kinds::instead_of("a table", node))),
        }
    }

    /// The elements of the list that this is, or a fault noted.
    pub(super) fn list(&self) -> Option<Vec<Item<'t>>> {
        match &self.node.value {
            Value::List(nodes) => {
                Some(nodes.iter().enumerate().map(|(at, node)| self.below(at.to_string(), node)).collect())
            }
            Value::Plain(_) => self.read(|_| Err("must be a list, here as JSON: [\"…\", \"…\"]".to_owned())),
            _ => self.read(|node| Err(kinds::instead_of("a list", node))),
        }
    }

    fn below(&self, key: String, node: &'t Node) -> Self {
        let path = self.path.iter().cloned().chain([key]).collect();
        Self { node, path, reading: self.reading }
    }
}

/// A table that is read key by key.
pub(super) struct Table<'t> {
    /// The table itself; where it is missing, what it would be in.
    item: Item<'t>,
    entries: Option<&'t Entries>,
}

impl<'t> Table<'t> {
    /// The value at `key`, if there is one.
    pub(super) fn item(&self, key: &str) -> Option<Item<'t>> {
        let path: Vec<String> = self.item.path.iter().cloned().chain([key.to_owned()]).collect();
        self.item.reading.asked.borrow_mut().insert(path);
        Some(self.item.below(key.to_owned(), self.entries?.get(key)?))
    }

    /// The value at `key`; none where it is missing, or a fault noted.
    pub(super) fn read<T>(&self, key: &str, read: impl FnOnce(&'t Node) -> Read<T>) -> Option<T> {
        self.item(key)?.read(read)
    }

    /// The table at `key`; an empty one where it is missing, or a fault noted.
    pub(super) fn table(&self, key: &str) -> Table<'t> {
        let present = self.item(key).and_then(|item| item.table());
        present.unwrap_or_else(|| {
            let path = self.item.path.iter().cloned().chain([key.to_owned()]).collect();
            Table { item: Item { path, ..self.item.clone() }, entries: None }
        })
    }

    /// Every key with its value, where the keys are names that the operator gives.
    pub(super) fn named(&self) -> Vec<(&'t str, Item<'t>)> {
        let names = self.entries.into_iter().flat_map(|entries| entries.keys());
        names.filter_map(|name| Some((name.as_str(), self.item(name)?))).collect()
    }

    /// The values of the list at `key`, each read; none where it is missing. Faults are noted.
    pub(super) fn list<T>(&self, key: &str, read: impl Fn(&Item<'t>) -> Option<T>) -> Option<Vec<T>> {
        Some(self.item(key)?.list()?.iter().filter_map(read).collect())
    }

    /// Notes that something is wrong with the table itself.
    pub(super) fn fault(&self, message: impl Into<String>) {
        self.item.fault(message);
    }
}
