//! The tree of values that all sources are merged into, each value with its place. `config show` prints it, and the
//! reader reads it. It holds where secrets are found, never a secret.

use super::place::Place;
use std::collections::BTreeMap;

/// A table's keys and values.
pub(super) type Entries = BTreeMap<String, Node>;

/// A value, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) value: Value,
    /// Where the value stands.
    pub(super) place: Place,
    /// Where its key stands; the value's place where it has none.
    pub(super) key: Place,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// A text.
    Text(String),
    /// A text from the environment or the command line, which may stand for a number or a boolean.
    Plain(String),
    /// A whole number.
    Integer(i64),
    /// Yes or no.
    Boolean(bool),
    /// A kind that no setting has, by its name.
    Other(&'static str),
    /// Several values.
    List(Vec<Node>),
    /// Values by key.
    Table(Entries),
}

impl Node {
    pub(super) fn new(value: Value, place: Place) -> Self {
        Self { value, key: place.clone(), place }
    }

    /// An empty table.
    pub(super) fn empty() -> Self {
        Self::new(Value::Table(Entries::new()), Place::Default)
    }

    /// This value at the end of `path`, inside of tables.
    pub(super) fn under(self, path: &[String]) -> Self {
        path.iter().rev().fold(self, |node, key| {
            let place = node.key.clone();
            Self::new(Value::Table(Entries::from([(key.clone(), node)])), place)
        })
    }

    /// Says of every value that it stands at `place`.
    pub(super) fn stand_at(&mut self, place: &Place) {
        self.place = place.clone();
        self.key = place.clone();
        match &mut self.value {
            Value::List(nodes) => nodes.iter_mut().for_each(|node| node.stand_at(place)),
            Value::Table(entries) => entries.values_mut().for_each(|node| node.stand_at(place)),
            _ => {}
        }
    }

    /// The value at `path`.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| match &node.value {
            Value::Table(entries) => entries.get(*key),
            _ => None,
        })
    }

    /// Puts `over` on top: tables are merged, everything else is replaced.
    pub(super) fn merge(&mut self, over: Node) {
        self.merge_at(over, &mut Vec::new());
    }

    fn merge_at(&mut self, over: Node, path: &mut Vec<String>) {
        match (&mut self.value, over) {
            (Value::Table(base), Node { value: Value::Table(entries), .. }) if !is_secret(path) => {
                for (key, node) in entries {
                    path.push(key.clone());
                    match base.get_mut(&key) {
                        Some(below) => below.merge_at(node, path),
                        None => drop(base.insert(key, node)),
                    }
                    path.pop();
                }
            }
            (_, over) => *self = over,
        }
    }
}

/// Whether the table at `path` says where one secret is found. Such a table is replaced as a whole: half of one source
/// and half of another are no secret that anybody meant.
pub(super) fn is_secret<S: AsRef<str>>(path: &[S]) -> bool {
    let path: Vec<&str> = path.iter().map(AsRef::as_ref).collect();
    matches!(
        path[..],
        ["callbacks", "secret"] | ["providers", _, "callbacks", "secret"] | ["providers", _, "secrets", _]
    )
}
