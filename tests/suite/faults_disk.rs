//! The disk fails under the store: it is full, or broken. A payment that cannot be noted does not leave; what has left
//! stays *sent* and is found out later; nothing is acknowledged that is not on disk (rules 3 and 4).

use crate::harness::{Process, payment, preloaded, program, try_send};
use reqwest::Method;
use serde_json::json;
use simulators::Provider;
use simulators::provider::{Misbehaviour, Rule};
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// What is wrong with the disk, in the words of `faulty-disk`.
const FULL: &str = "full";
const BROKEN: &str = "broken";
const UNSYNCED: &str = "unsynced";

/// How a host ends whose disk is broken.
const DISK_FAILED: i32 = 4;

struct World {
    provider: Provider,
    host: Process,
    files: &'static str,
    folder: TempDir,
}

impl World {
    async fn start() -> Self {
        Self::start_failing("provost.db,provost.db-wal").await
    }

    /// The disk will fail under these files.
    async fn start_failing(files: &'static str) -> Self {
        let provider = Provider::start();
        let host = Process::prepare(&provider, None, &["acme"]).on_a_file();
        let mut world = Self { provider, host, files, folder: tempfile::tempdir().expect("a folder for the test") };
        world.start_again().await;
        world
    }

    async fn start_again(&mut self) {
        let (library, switch) = (preloaded(), self.switch());
        let environment = [
            ("LD_PRELOAD", library.to_str().expect("paths of tests are text")),
            ("FAULTY_DISK_SWITCH", switch.to_str().expect("paths of tests are text")),
            ("FAULTY_DISK_FILES", self.files),
        ];
        self.host.start(&environment).await;
    }

    fn switch(&self) -> PathBuf {
        self.folder.path().join("switch")
    }

    fn disk_is(&self, fault: &str) {
        std::fs::write(self.switch(), fault).expect("the test's own file");
    }

    fn charges(&self, shop: &str) -> usize {
        self.provider.ledger().charges_for_shop(shop).len()
    }

    /// The disk fails while the provider has the request and has not answered. What the caller is told, then.
    async fn pay_while_it_becomes(&self, fault: &str, shop: &str) -> crate::harness::Reply {
        self.provider.fail(Rule::charge(Misbehaviour::StallBeforeHeaders.after()));
        let asked = self.provider.ledger().requests_to(&Method::POST, "/charges").len();
        let body = payment(shop, 500);
        let (answer, ()) = tokio::join!(self.host.post("/v3/acme/pay", &body), async {
            self.provider.wait_until(|ledger| ledger.requests_to(&Method::POST, "/charges").len() > asked).await;
            self.disk_is(fault);
            self.provider.release();
        });
        answer
    }

    /// Started again over a disk that works: the provider is asked, and the truth comes out.
    async fn is_found_out(&mut self, shop: &str) {
        self.disk_is("");
        self.start_again().await;
        let status = self.host.get(&format!("/v3/acme/status?shopTransactionId={shop}")).await;
        assert_eq!(status.json["status"], "ACCEPTED", "{status:?}");
        assert_eq!(self.charges(shop), 1);
    }
}

#[tokio::test]
async fn on_a_full_disk_a_new_payment_is_refused_before_anything_is_sent_and_goes_through_once_there_is_room() {
    let world = World::start().await;
    world.disk_is(FULL);
    for shop in ["s-1", "s-2"] {
        let refused = world.host.post("/v3/acme/pay", &payment(shop, 500)).await;
        assert_eq!(refused.problem(), (503, "store_away".to_owned()), "{refused:?}");
        assert_eq!(refused.json["outcome"], "not_executed", "{refused:?}");
    }
    assert!(world.provider.ledger().requests().is_empty(), "nothing has left");

    world.disk_is("");
    for shop in ["s-1", "s-2"] {
        let paid = world.host.post("/v3/acme/pay", &payment(shop, 500)).await;
        assert_eq!(paid.result(), (200, "OK".to_owned()), "{paid:?}");
        assert_eq!(world.charges(shop), 1);
    }
}

#[tokio::test]
async fn what_was_sent_before_the_disk_was_full_is_pending_and_stays_sent_until_it_is_found_out() {
    let mut world = World::start().await;
    let pending = world.pay_while_it_becomes(FULL, "s-1").await;
    assert_eq!((pending.status, &pending.json["result"]), (200, &json!("PENDING")), "{pending:?}");
    assert_eq!(pending.header("x-payment-outcome"), "unknown");
    assert_eq!(world.host.on_disk().standing("s-1"), [["started", "sent", ""]]);
    world.host.kill().await;
    world.is_found_out("s-1").await;
}

/// SQLite keeps payments beside its file at first, and would say nothing when it fails to bring them into it.
#[tokio::test]
async fn an_error_while_the_file_takes_in_what_stands_beside_it_ends_the_host() {
    let mut world = World::start_failing("provost.db").await;
    world.disk_is(UNSYNCED);
    for number in 0..1_000 {
        // A host that ends hangs up.
        let paid =
            try_send(world.host.request(Method::POST, "/v3/acme/pay").json(&payment(&format!("s-{number}"), 500)));
        if paid.await.is_err() {
            break;
        }
    }
    assert_eq!(world.host.ended().await, Some(DISK_FAILED));
    world.is_found_out("s-0").await;
}

#[tokio::test]
async fn after_an_error_of_the_disk_itself_the_host_answers_and_ends_and_nothing_new_has_left() {
    for fault in [UNSYNCED, BROKEN] {
        let mut world = World::start().await;
        world.disk_is(fault);
        let refused = world.host.post("/v3/acme/pay", &payment("s-1", 500)).await;
        assert_eq!(refused.problem(), (503, "store_away".to_owned()), "{fault}: {refused:?}");
        // It does not try its luck a second time: the system may have forgotten what it could not write.
        assert_eq!(world.host.ended().await, Some(DISK_FAILED), "{fault}");
        assert!(world.provider.ledger().requests().is_empty(), "{fault}: nothing has left");

        world.disk_is("");
        world.start_again().await;
        let paid = world.host.post("/v3/acme/pay", &payment("s-1", 500)).await;
        assert_eq!(paid.result(), (200, "OK".to_owned()), "{fault}: {paid:?}");
        assert_eq!(world.charges("s-1"), 1, "{fault}");
    }
}

#[tokio::test]
async fn an_outcome_that_the_disk_does_not_take_is_pending_and_found_out_after_the_host_has_ended() {
    for fault in [UNSYNCED, BROKEN] {
        let mut world = World::start().await;
        let pending = world.pay_while_it_becomes(fault, "s-1").await;
        assert_eq!((pending.status, &pending.json["result"]), (200, &json!("PENDING")), "{fault}: {pending:?}");
        assert_eq!(world.host.ended().await, Some(DISK_FAILED), "{fault}");
        world.is_found_out("s-1").await;
    }
}

#[tokio::test]
async fn a_second_host_on_the_same_file_refuses_to_start_and_the_first_goes_on() {
    let world = World::start().await;
    let (code, said) = start_beside(&world);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("provost.db is held by another process: one file belongs to one host"), "{said}");
    let paid = world.host.post("/v3/acme/pay", &payment("s-1", 500)).await;
    assert_eq!(paid.result(), (200, "OK".to_owned()), "{paid:?}");
}

/// Runs the program over the first host's configuration, and says how it ended.
fn start_beside(world: &World) -> (Option<i32>, String) {
    let mut second = Command::new(program());
    second.args(["serve", "--listen", "127.0.0.1:0", "--config"]).arg(world.host.configuration_file());
    second.envs(world.host.secrets()).env("PROVOST_LOG__FORMAT", "text");
    let output = second.output().expect("the program can be started");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&said).into_owned())
}

#[tokio::test]
async fn a_damaged_database_is_named_at_start_with_what_to_do() {
    let mut world = World::start().await;
    for shop in 0..50 {
        world.host.post("/v3/acme/pay", &payment(&format!("s-{shop}"), 500)).await;
    }
    world.host.kill().await;
    let file = world.host.database_file();
    // Without its log the file has only what was moved into it; so this is done first, by whoever opens and closes it.
    rusqlite::Connection::open(&file).and_then(|file| file.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")).unwrap();
    let whole = std::fs::read(&file).expect("the host made the file");
    let mut overwritten = whole.clone();
    overwritten[4096..].fill(0xA5);
    let no_database = b"This is no database, and never was one. ".repeat(200);
    for damaged in [&whole[..whole.len() / 2], &overwritten, &no_database] {
        std::fs::write(&file, damaged).expect("the test's own file");
        let (code, said) = start_beside(&world);
        assert_eq!(code, Some(1), "{said}");
        for wanted in ["provost.db is damaged", "copy", "backup", ".recover"] {
            assert!(said.contains(wanted), "{wanted}: {said}");
        }
    }
}
