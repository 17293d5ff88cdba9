//! A short run of the chaos tool: the host dies at every crash point that it has, and at random moments, under load.
//! `crash_points` looks at single steps; `cargo xtask chaos` goes on for longer.

use crate::harness::{component, program};
use chaos::{Settings, StoreKind};
use std::path::Path;

/// Crash points come round once each; the other half of the deaths is at random moments.
const KILLS: u64 = 30;

#[tokio::test]
async fn kills_under_load_and_at_every_crash_point_lose_nothing_and_charge_nobody_twice() {
    run(StoreKind::Sqlite, 1).await;
}

async fn run(store: StoreKind, hosts: usize) {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let settings = Settings {
        provost: program(),
        plugin: component("bank"),
        sources: Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/src"),
        folder: folder.path().to_owned(),
        kills: KILLS,
        store,
        hosts,
        seed: 2026,
    };
    let report = chaos::run(&settings, &|line| println!("{line}")).await.unwrap_or_else(|error| panic!("{error:#}"));
    println!("{report}");
    assert_eq!(report.violations, [""; 0], "{report}");
    assert!(report.found_out > 0, "nobody was asked about anything: {report}");
}
