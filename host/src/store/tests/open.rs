use super::*;
use crate::store::OpenError;

#[test]
fn a_second_host_is_refused_and_told_which_file() {
    let first = opened();
    let refused = Store::open(&Settings { path: first.path.clone() }, NOW).unwrap_err();
    assert!(matches!(&refused, OpenError::Taken(path) if *path == first.path));
    assert!(refused.to_string().contains("provost.db"));
    first.reopened(NOW);
}

#[test]
fn the_file_is_durable_and_private() {
    let opened = opened();
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
    let Opened { store, path, _directory } = opened();
    drop(store);
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let refused = Store::open(&Settings { path }, NOW).unwrap_err();
    assert!(matches!(refused, OpenError::Newer { found: 99, .. }), "{refused}");
}

#[test]
fn a_directory_that_is_missing_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("nowhere").join("provost.db");
    let refused = Store::open(&Settings { path }, NOW).unwrap_err();
    assert!(refused.to_string().contains("nowhere"), "{refused}");
}

#[test]
fn readers_cannot_write() {
    let opened = opened();
    let refused = opened.parts.readers.read(|connection| {
        connection.execute("DELETE FROM payments", [])?;
        Ok(())
    });
    assert!(matches!(refused, Err(StoreError::Away(_))));
}

#[tokio::test]
async fn what_was_answered_is_there_for_the_next_process() {
    let opened = opened();
    opened.accepted("s-1", "p-1").await;
    let reopened = opened.reopened(NOW);
    assert_eq!(reopened.state_of("p-1"), PaymentState::Accepted);
    reopened.ping().await.unwrap();
}
