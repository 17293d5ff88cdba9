//! The plugin's store, for the length of a test.

use super::world::{self, Stored};
use crate::state::Error;

pub(crate) fn get(key: &str) -> Result<Option<Vec<u8>>, Error> {
    Ok(world::with(|world| world.stored(key)))
}

pub(crate) fn set(key: &str, value: &[u8], ttl_ms: Option<u64>) -> Result<(), Error> {
    world::with(|world| {
        let stored = Stored { value: value.to_vec(), until_ms: ttl_ms.map(|ttl| world.now_ms.saturating_add(ttl)) };
        world.state.insert(key.to_owned(), stored);
    });
    Ok(())
}

pub(crate) fn remove(key: &str) -> Result<(), Error> {
    world::with(|world| world.state.remove(key));
    Ok(())
}
