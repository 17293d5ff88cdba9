//! What a Postgres promises beyond a file: hosts share it, and it may go away.

mod front;
mod proxy;

use super::database::{Company, Fate, Trouble};
use super::*;
use crate::clock::Clock;
use crate::store::{Attempt, OpenError, Settlement};
use front::{Front, NAME};
use proxy::{Loss, Proxy};
use std::collections::BTreeSet;
use std::path::Path;
use test_postgres::{Cluster, Database, Durability};

fn settings(url: &str) -> Settings {
    let place = Place::Server(Address::parse(url).unwrap());
    Settings { place, connections: 3, key: None }
}

/// Another host on the same database.
fn beside(store: &Opened) -> Store {
    Store::open(&store.settings, NOW).unwrap()
}

/// Tables with their columns, what stands in them, and whether it must.
fn columns(of_tables: &Opened, sql: &str) -> BTreeSet<String> {
    of_tables.query::<String>(sql).into_iter().collect()
}

#[test]
fn both_databases_have_the_same_migrations_tables_and_columns() {
    let numbers = |folder: &str| -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder);
        let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        files.collect()
    };
    assert_eq!(numbers("sqlite"), numbers("postgres"));

    let sqlite = columns(
        &in_file(),
        "SELECT t.name || '.' || c.name || ' ' || CASE c.type WHEN 'INTEGER' THEN 'bigint' WHEN 'BLOB' THEN 'bytea'
                ELSE lower(c.type) END || CASE WHEN c.[notnull] = 1 OR c.pk > 0 THEN ' NOT NULL' ELSE '' END
         FROM sqlite_schema t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'",
    );
    let postgres = columns(
        &in_server(),
        "SELECT table_name || '.' || column_name || ' ' || data_type
                || CASE is_nullable WHEN 'NO' THEN ' NOT NULL' ELSE '' END
         FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'migrations'",
    );
    assert_eq!(sqlite, postgres);
}

#[test]
fn hosts_that_open_an_empty_database_at_once_do_not_meet() {
    let database = Database::create();
    let settings = settings(database.url());
    std::thread::scope(|scope| {
        let hosts: Vec<_> = (0..4).map(|_| scope.spawn(|| Store::open(&settings, NOW).unwrap())).collect();
        let fences: BTreeSet<u64> = hosts.into_iter().map(|host| host.join().unwrap().next_fence()).collect();
        assert_eq!(fences.len(), 4, "no two hosts share a fence");
    });
}

#[tokio::test]
async fn equal_claims_through_two_hosts_are_one() {
    let store = in_server();
    let other = beside(&store);
    let claims = (0..32).map(|number| {
        let host = if number % 2 == 0 { store.store.clone() } else { other.clone() };
        tokio::spawn(async move { host.claim(keyed("k", pay("s"))).await.unwrap() })
    });
    let claims: Vec<_> = claims.collect();
    let mut new = 0;
    for claim in claims {
        new += usize::from(is_new(&claim.await.unwrap()));
    }
    assert_eq!(new, 1);
    assert_eq!(store.query::<i64>("SELECT count(*) FROM payments"), [1]);
}

#[tokio::test]
async fn what_another_host_runs_is_left_to_it_until_its_lease_has_lapsed() {
    let store = in_server();
    let (operation, _) = store.new_operation(pay("s-1")).await;
    let other = beside(&store);
    assert_eq!(other.lapse_all(NOW).await.unwrap(), [], "it may still run");
    let late = pay("s-1").lease_until.plus(SECOND);
    assert_eq!(other.lapse_all(late).await.unwrap().len(), 1);
    // It was only paused.
    let refused = store.finish(end(&operation, Settled::Succeeded, Some("p-1"))).await.unwrap_err();
    assert_eq!(refused, StoreError::Gone);
}

#[tokio::test]
async fn each_callback_is_sent_by_one_host_at_a_time() {
    let store = in_server();
    let other = beside(&store);
    for number in 0..20 {
        store.accepted(&format!("s-{number}"), &format!("p-{number}")).await;
    }
    let until = NOW.plus(MINUTE);
    let lease = |host: &Store| {
        let host = host.clone();
        async move { host.lease_callbacks("acme", due_by(NOW), until, 15).await.unwrap() }
    };
    let (one, two) = tokio::join!(lease(&store), lease(&other));
    let ids: BTreeSet<_> = one.iter().chain(&two).map(|delivery| &delivery.id).collect();
    assert_eq!(ids.len(), one.len() + two.len(), "none is with both");
    assert!(lease(&store).await.len() + ids.len() == 20, "and none is with neither");

    // Its host was paused for so long that another has sent it.
    let attempt = || Attempt { status: Some(200), error: None, duration: SECOND };
    let again = other.lease_callbacks("acme", due_by(until), until.plus(MINUTE), 20).await.unwrap();
    let mine = &one[0];
    let taken = again.iter().find(|delivery| delivery.id == mine.id).unwrap();
    let late = store.settle_callback(mine.key, mine.fence, until, Settlement::Dead, attempt()).await;
    assert_eq!(late, Err(StoreError::Gone));
    other.settle_callback(taken.key, taken.fence, until, Settlement::Delivered, attempt()).await.unwrap();
}

#[tokio::test]
async fn a_server_elsewhere_is_spoken_to_by_tls_and_only_where_its_certificate_proves_it() {
    let database = Database::create();
    let (name, rest) = database.url().trim_start_matches("postgres:///").split_once("?host=").unwrap();
    let folder = Path::new(rest.split('&').next().unwrap());
    let (front, plain) = (Front::start(folder, false), Front::start(folder, true));
    let opened = |url: &str| Store::open(&settings(url), NOW);
    for url in [front.url(NAME, name), front.proven_url("127.0.0.1", name), plain.proven_url(NAME, name)] {
        let refused = opened(&url);
        assert!(matches!(refused, Err(OpenError::Server { .. })), "{url}: {refused:?}");
    }
    let store = opened(&front.proven_url(NAME, name)).unwrap();
    let claimed = store.claim(pay("s-1")).await.unwrap();
    assert!(is_new(&claimed));
    assert_eq!(database.rows("SELECT shop_transaction_id FROM payments").unwrap(), [["s-1"]]);
}

/// A COMMIT whose answer is lost is read back, not guessed.
#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_read_back() {
    let database = Database::create();
    let folder = database.url().split_once("host=").unwrap().1.split('&').next().unwrap();
    let proxy = Proxy::start(Path::new(folder));
    let url = database.url().replace(folder, proxy.folder().to_str().unwrap());
    let settings = Settings { connections: 1, ..settings(&url) };
    let store = Opened::at(settings, PathBuf::new(), Kept::Database { _database: database }, NOW);
    for (shop, id, loss) in [("s-1", "p-1", Loss::OfTheAnswer), ("s-2", "p-2", Loss::OfTheQuestion)] {
        let (operation, _) = store.new_operation(pay(shop)).await;
        proxy.lose(loss);
        let finished = store.finish(end(&operation, Settled::Succeeded, Some(id))).await.unwrap();
        assert!(proxy.has_lost());
        assert_eq!(finished.changed.unwrap().payment.state, PaymentState::Accepted);
        assert_eq!(store.state_of(id), PaymentState::Accepted);
    }
    assert_eq!(store.told(), ["payment.accepted"; 2], "neither twice nor not at all");
}

/// After a crash or a failover, the name of a transaction that was lost may be that of another.
#[test]
fn another_life_of_the_server_vouches_for_no_transaction() {
    let mut cluster = Cluster::start(Durability::Process).unwrap();
    let database = Database::create_in(&cluster).unwrap();
    drop(Store::open(&settings(database.url()), NOW).unwrap());
    let address = Address::parse(database.url()).unwrap();
    let connection = address.connect().unwrap();
    let name = connection.begin(Company::Any).unwrap().unwrap();
    connection.commit().unwrap();
    assert_eq!(address.connect().unwrap().fate(&name).unwrap(), Fate::Committed);
    cluster.kill().unwrap();
    cluster.start_again().unwrap();
    assert_eq!(address.connect().unwrap().fate(&name).unwrap(), Fate::Forgotten);
}

#[test]
fn a_host_that_is_paused_while_it_is_alone_does_not_hold_up_the_others_for_long() {
    let database = Database::create();
    drop(Store::open(&settings(database.url()), NOW).unwrap());
    let address = Address::parse(database.url()).unwrap();
    let (paused, other) = (address.connect().unwrap(), address.connect().unwrap());
    paused.begin(Company::Alone).unwrap();
    other.begin(Company::Any).expect("within the patience of one statement");
    paused.commit().unwrap_err();
    assert_eq!(paused.trouble(), Some(Trouble::Gone));
}

/// After a failover, what was the primary may still answer.
#[test]
fn a_server_that_only_reads_is_not_the_store() {
    let database = Database::create();
    let address = Address::parse(database.url()).unwrap();
    let connection = address.connect().unwrap();
    let only_read = "EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database())";
    connection.execute_batch(&format!("DO $$ BEGIN {only_read}; END $$")).unwrap();
    let refused = address.connect().err().unwrap().to_string();
    assert!(refused.contains("does not allow writes"), "{refused}");
    // Who is there already finds out when it writes, and looks for the primary.
    connection.step("BEGIN READ ONLY").unwrap();
    connection.step("CREATE TABLE late (key BIGINT)").unwrap_err();
    assert_eq!(connection.trouble(), Some(Trouble::Gone));
}

/// "Nothing leaves, and it is told at once": what cannot be written is not begun.
#[tokio::test]
async fn a_database_that_goes_away_is_told_within_seconds_and_comes_back_by_itself() {
    let mut cluster = Cluster::start(Durability::Process).unwrap();
    let database = Database::create_in(&cluster).unwrap();
    let store = Store::open(&settings(database.url()), NOW).unwrap();
    store.ping().await.unwrap();
    cluster.kill().unwrap();
    // Twice what is promised: tests run where much else does.
    let patience = Duration::from_secs(6);
    let claimed = tokio::time::timeout(patience, store.claim(pay("s-1"))).await.unwrap();
    assert!(matches!(claimed, Err(StoreError::Away(_))), "{claimed:?}");
    tokio::time::timeout(patience, store.ping()).await.unwrap().unwrap_err();
    cluster.start_again().unwrap();
    let back = async {
        while store.ping().await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), back).await.unwrap();
    assert!(is_new(&store.claim(pay("s-1")).await.unwrap()));

    // It does not refuse: it says nothing at all.
    cluster.pause().unwrap();
    tokio::time::timeout(patience, store.ping()).await.unwrap().unwrap_err();
    cluster.resume().unwrap();
}

#[tokio::test]
async fn hosts_hear_of_each_other_and_go_by_one_clock() {
    let store = in_server();
    let other = beside(&store);
    let mut others = other.others();
    let heard = async {
        // A host that is only beginning to listen has heard of nothing yet.
        loop {
            store.announce();
            if tokio::time::timeout(Duration::from_millis(100), others.wrote()).await.is_ok() {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), heard).await.unwrap();
    let (one, two) = (Clock::system(), Clock::system());
    two.steer(Timestamp(5));
    store.lead(&one).await.unwrap();
    other.lead(&two).await.unwrap();
    let apart = one.now().since(two.now()).max(two.now().since(one.now()));
    assert!(apart < Duration::from_secs(2), "{apart:?}");
}

/// Postgres has no text with a NUL in it; a provider's word must not be what fails a payment.
#[tokio::test]
async fn a_name_with_a_nul_in_it_is_kept_and_found() {
    let store = in_server();
    store.accepted("s-1", "p\0-1").await;
    assert_eq!(store.state_of("p\0-1"), PaymentState::Accepted);
}

/// Those who wait on another host ask often: they must not disturb the one that runs.
#[tokio::test]
async fn an_equal_request_without_a_key_writes_nothing_to_the_operation_that_runs() {
    let store = in_server();
    store.new_operation(pay("s-1")).await;
    let version = || store.query::<String>("SELECT xmin::text || ctid::text FROM operations");
    let before = version();
    let again = beside(&store).claim(pay("s-1")).await.unwrap();
    assert!(matches!(again, Claimed::Running { .. }), "{again:?}");
    assert_eq!(version(), before);
}
