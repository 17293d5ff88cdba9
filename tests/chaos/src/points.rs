//! The crash points that the host has: every `crash_point!("name");` of its sources.

use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::path::Path;

/// The names under a folder of sources; a point is a statement of its own line.
pub(crate) fn all(sources: &Path) -> Result<BTreeSet<String>> {
    let mut points = BTreeSet::new();
    collect(sources, &mut points).with_context(|| format!("cannot read the sources in {}", sources.display()))?;
    Ok(points)
}

fn collect(folder: &Path, points: &mut BTreeSet<String>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, points)?;
        } else {
            let text = std::fs::read_to_string(&path)?;
            let statements = text.lines().filter_map(|line| line.trim().strip_prefix("crash_point!(\""));
            points.extend(statements.filter_map(|rest| rest.split_once('"')).map(|(name, _)| name.to_owned()));
        }
    }
    Ok(())
}
