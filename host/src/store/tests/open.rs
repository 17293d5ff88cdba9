use super::*;
use crate::store::OpenError;

#[test]
fn a_second_host_is_refused_and_told_which_file() {
    let first = in_file();
    let refused = Store::open(&Settings::file(&first.path), NOW).unwrap_err();
    assert!(matches!(&refused, OpenError::Taken(path) if *path == first.path));
    assert!(refused.to_string().contains("provost.db"));
    first.reopened(NOW);
}

#[test]
fn the_file_is_durable_and_private() {
    let opened = in_file();
    assert_eq!(opened.query::<String>("PRAGMA journal_mode"), ["wal"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        for name in ["provost.db", "provost.db-wal", "provost.db.lock"] {
            let mode = std::fs::metadata(opened.path.with_file_name(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{name}");
        }
    }
}

#[test]
fn a_file_of_a_newer_host_is_refused() {
    let Opened { store, path, _place, .. } = in_file();
    drop(store);
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let refused = Store::open(&Settings::file(path), NOW).unwrap_err();
    assert!(matches!(refused, OpenError::Newer { found: 99, .. }), "{refused}");
}

#[test]
fn a_directory_that_is_missing_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("nowhere").join("provost.db");
    let refused = Store::open(&Settings::file(path), NOW).unwrap_err();
    assert!(refused.to_string().contains("nowhere"), "{refused}");
}

#[test]
fn readers_cannot_write() {
    let opened = in_file();
    let delete = |connection: &Connection| Ok(connection.execute("DELETE FROM payments", [])?);
    let refused = wait(opened.parts.readers.read(delete));
    assert!(matches!(refused, Err(StoreError::Away(_))));
}

#[tokio::test]
async fn what_was_answered_is_there_for_the_next_process() {
    let opened = in_file();
    opened.accepted("s-1", "p-1").await;
    let reopened = opened.reopened(NOW);
    assert_eq!(reopened.state_of("p-1"), PaymentState::Accepted);
    reopened.ping().await.unwrap();
}

/// A file of the schema before, with a payment, its refund and a callback that waits: nothing of it is lost.
#[tokio::test]
async fn a_file_of_an_older_host_is_brought_up_to_date() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("provost.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute_batch(include_str!("../../../migrations/sqlite/0001_spine.sql")).unwrap();
    connection
        .execute_batch(
            "INSERT INTO payments (key, external, kind, reference, shop_transaction_id, business_key, business_key_held,
                                   amount, currency, captured, refunded, state, ids, told, sequence, created_at, updated_at)
             VALUES (1, 'acme', 'pay', 'r-1', 's-1', 's-1', 1, 1000, 'EUR', 1000, 200, 'accepted', '[\"p-1\"]', 'p-1', 2, 1, 1);
             INSERT INTO operations (key, payment, external, kind, reference, caller, fingerprint, seed, version, amount,
                                     currency, attempt, phase, outcome, fence, lease_until, created_at, refund_state, ids)
             VALUES (1, 1, 'acme', 'pay', 'r-1', '', 'f', zeroblob(16), 'v', 1000, 'EUR', 1, 'finished', 'succeeded', 1, 1, 1, NULL, NULL),
                    (2, 1, 'acme', 'refund', 'r-2', '', 'g', zeroblob(16), 'v', 200, 'EUR', 1, 'finished', 'succeeded', 2, 1, 1, 'accepted', '[\"re-1\"]');
             INSERT INTO names VALUES ('acme', 'payment', 'p-1', 1), ('acme', 'refund', 're-1', 1);
             INSERT INTO callbacks (payment, external, id, type, sequence, body, state, attempts, due_at, created_at)
             VALUES (1, 'acme', 'msg_1', 'refund.accepted', 2, x'7b7d', 'waiting', 0, 1, 1);
             PRAGMA user_version = 1;",
        )
        .unwrap();
    drop(connection);
    let store = Store::open(&Settings::file(path), NOW).unwrap();
    let payment = store.payment("acme", Name::Refund("re-1")).await.unwrap().unwrap().payment;
    assert_eq!((payment.state, payment.origin, payment.refunded), (PaymentState::Accepted, Origin::Pay, 200));
    assert_eq!((payment.refunds[0].state, payment.refundable()), (ActionState::Accepted, Some(800)));
    assert!(matches!(store.claim(pay("s-1")).await.unwrap(), Claimed::BusinessKeyUsed { .. }));
    assert_eq!(store.lease_callbacks("acme", due_by(NOW), NOW.plus(MINUTE), 10).await.unwrap()[0].id, "msg_1");
    let keys = |connection: &Connection| -> Result<(bool, bool), StoreError> {
        let on = connection.query_row("PRAGMA foreign_keys", [], |row| row.get(0))?;
        Ok((on, connection.prepare_cached("PRAGMA foreign_key_check")?.exists([])?))
    };
    assert_eq!(store.parts.writer.durable(keys).await.unwrap(), (true, false));
}
