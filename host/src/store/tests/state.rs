use super::*;

async fn set(store: &Store, external: &str, key: &str, expires_at: Option<Timestamp>) -> Result<(), StoreError> {
    store.state_set(external.into(), key.into(), key.into(), expires_at, 2, NOW).await
}

#[tokio::test]
async fn state_belongs_to_its_external_and_expires() {
    let store = opened();
    set(&store, "acme", "token", Some(NOW.plus(SECOND))).await.unwrap();
    assert_eq!(store.state_get("acme", "token", NOW).await.unwrap(), Some(b"token".to_vec()));
    assert_eq!(store.state_get("other", "token", NOW).await.unwrap(), None);
    assert_eq!(store.state_get("acme", "token", NOW.plus(SECOND)).await.unwrap(), None);
    store.state_remove("acme".into(), "token".into()).await.unwrap();
    store.state_remove("acme".into(), "token".into()).await.unwrap();
    assert_eq!(store.state_get("acme", "token", NOW).await.unwrap(), None);
}

#[tokio::test]
async fn an_external_has_room_for_so_many_keys() {
    let store = opened();
    set(&store, "acme", "a", None).await.unwrap();
    set(&store, "acme", "b", None).await.unwrap();
    assert_eq!(set(&store, "acme", "c", None).await, Err(StoreError::Full));
    set(&store, "acme", "b", Some(NOW)).await.unwrap();
    set(&store, "other", "c", None).await.unwrap();
    set(&store, "acme", "c", None).await.expect("what has expired makes room");
    assert_eq!(set(&store, "acme", "d", None).await, Err(StoreError::Full));
    store.state_remove("acme".into(), "a".into()).await.unwrap();
    set(&store, "acme", "d", None).await.unwrap();
}
