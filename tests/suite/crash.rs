//! A short run of the chaos tool: the host dies at every crash point that it has, and at random moments, under load.
//! `crash_points` looks at single steps; `cargo xtask chaos` goes on for longer.

use crate::harness::{Kept, component, program};
use chaos::{Settings, StoreKind};
use std::path::Path;

/// Crash points come round once each; the other half of the deaths is at random moments.
const KILLS: u64 = 30;

/// Times of sixty-four equal requests.
const ROUNDS: u64 = 20;

#[tokio::test]
async fn kills_under_load_and_at_every_crash_point_lose_nothing_and_charge_nobody_twice() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let settings = settings(folder.path());
    let report = chaos::run(&settings, &|line| println!("{line}")).await.unwrap_or_else(|error| panic!("{error:#}"));
    println!("{report}");
    assert_eq!(report.violations, [""; 0], "{report}");
    assert!(report.found_out > 0, "nobody was asked about anything: {report}");
}

/// Rules 15, 17 and 20; `cargo xtask chaos --equal 500` goes on for longer.
#[tokio::test]
async fn sixty_four_equal_requests_at_once_are_one_charge_each_time() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let equals = chaos::equal(&settings(folder.path()), ROUNDS, &|_| ()).await;
    let equals = equals.unwrap_or_else(|error| panic!("{error:#}"));
    assert_eq!(equals.violations, [""; 0], "{equals}");
    assert_eq!((equals.requests, equals.entries), (64 * ROUNDS, ROUNDS), "{equals}");
}

fn settings(folder: &Path) -> Settings {
    let (store, hosts) = match Kept::choose() {
        Kept::File => (StoreKind::Sqlite, 1),
        Kept::Server(_) => (StoreKind::Postgres, 2),
    };
    Settings {
        provost: program(),
        plugin: component("bank"),
        sources: Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/src"),
        folder: folder.to_owned(),
        kills: KILLS,
        store,
        hosts,
        seed: 2026,
    }
}
