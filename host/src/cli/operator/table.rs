//! A table for people: columns as wide as what stands in them, and a line for each thing.

use super::super::plain::plain;
use super::super::said::Said;

/// The rows below their heads. What others wrote is shown so that it does nothing to a terminal.
pub(super) fn table<const N: usize>(said: Said, heads: [&str; N], rows: &[[String; N]]) -> Said {
    let rows: Vec<[String; N]> = rows.iter().map(|row| row.each_ref().map(|cell| plain(cell))).collect();
    let mut widths = heads.map(str::len);
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: [&str; N]| {
        let cells = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let said = said.line(&line(heads));
    rows.iter().fold(said, |said, row| said.line(&line(row.each_ref().map(String::as_str))))
}
