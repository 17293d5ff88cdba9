//! TOML text into the tree.

use super::place::{Fault, Place, SourceFile};
use super::tree::{Entries, Node, Value};
use std::ops::Range;
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

/// The tree that a file spells, or everything that is not TOML in it.
pub(super) fn parse(file: &Arc<SourceFile>) -> Result<Node, Vec<Fault>> {
    let (table, errors) = DeTable::parse_recoverable(&file.text);
    if !errors.is_empty() {
        return Err(errors.iter().map(|error| fault(file, error)).collect());
    }
    let place = at(file, table.span());
    Ok(Node::new(Value::Table(entries(file, table.into_inner())), place))
}

/// The parser's own message, with its carets; its first line repeats the place and is left out.
fn fault(file: &Arc<SourceFile>, error: &toml::de::Error) -> Fault {
    let text = error.to_string();
    let carets = text.split_once('\n').map_or("", |(_, rest)| rest).trim_end();
    Fault::new(at(file, error.span().unwrap_or(0..0)), "", format!("not valid TOML\n{carets}"))
}

fn at(file: &Arc<SourceFile>, span: Range<usize>) -> Place {
    Place::File(Arc::clone(file), span)
}

fn entries(file: &Arc<SourceFile>, table: DeTable<'_>) -> Entries {
    let entry = |(key, value): (Spanned<_>, _)| {
        let mut node = node(file, value);
        node.key = at(file, key.span());
        (String::from(key.into_inner()), node)
    };
    table.into_iter().map(entry).collect()
}

fn node(file: &Arc<SourceFile>, spanned: Spanned<DeValue<'_>>) -> Node {
    let place = at(file, spanned.span());
    let value = match spanned.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(integer) => whole(&integer),
        DeValue::Boolean(boolean) => Value::Boolean(boolean),
        DeValue::Float(_) => Value::Other("a number with a fraction"),
        DeValue::Datetime(_) => Value::Other("a date or time"),
        DeValue::Array(list) => Value::List(list.into_iter().map(|value| node(file, value)).collect()),
        DeValue::Table(table) => Value::Table(entries(file, table)),
    };
    Node::new(value, place)
}

fn whole(integer: &DeInteger<'_>) -> Value {
    match i64::from_str_radix(integer.as_str(), integer.radix()) {
        Ok(integer) => Value::Integer(integer),
        Err(_) => Value::Other("a number that is too large"),
    }
}
