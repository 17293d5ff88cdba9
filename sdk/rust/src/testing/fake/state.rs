//! The plugin's store, for the length of a test. Keys and values have the limits that a host has where
//! its operator sets no others.

use super::world::{self, Stored};
use crate::state::Error;

const LONGEST_KEY: usize = 255;
const LARGEST_VALUE: usize = 64 << 10;

pub(crate) fn get(key: &str) -> Result<Option<Vec<u8>>, Error> {
    fits(key.len(), LONGEST_KEY)?;
    Ok(world::with(|world| world.stored(key)))
}

pub(crate) fn set(key: &str, value: &[u8], ttl_ms: Option<u64>) -> Result<(), Error> {
    fits(key.len(), LONGEST_KEY)?;
    fits(value.len(), LARGEST_VALUE)?;
    world::with(|world| {
        let stored = Stored { value: value.to_vec(), until_ms: ttl_ms.map(|ttl| world.now_ms.saturating_add(ttl)) };
        world.state.insert(key.to_owned(), stored);
    });
    Ok(())
}

pub(crate) fn remove(key: &str) -> Result<(), Error> {
    fits(key.len(), LONGEST_KEY)?;
    world::with(|world| world.state.remove(key));
    Ok(())
}

fn fits(length: usize, limit: usize) -> Result<(), Error> {
    if length > limit { Err(Error::TooLarge) } else { Ok(()) }
}
