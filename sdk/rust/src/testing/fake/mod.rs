//! The contract's functions, answered by the test's host. Names and signatures are those that
//! `wit-bindgen` generates, because [`crate::host`] puts the one in the place of the other.

pub(crate) mod clock;
pub(crate) mod http;
pub(crate) mod money;
pub(crate) mod secrets;
pub(crate) mod state;
pub(crate) mod world;

pub(crate) mod callbacks {
    use crate::callbacks::Event;

    pub(crate) fn emit(event: &Event) {
        super::world::with(|world| world.emitted.push(event.clone()));
    }
}

pub(crate) mod log {
    use crate::log::Level;
    use crate::testing::Line;

    pub(crate) fn write(level: Level, message: &str, fields: &[(String, String)]) {
        let line = Line { level, message: message.to_owned(), fields: fields.to_vec() };
        super::world::with(|world| world.lines.push(line));
    }
}

pub(crate) mod operation {
    use super::world;
    use crate::operation::Name;

    pub(crate) fn idempotency_key(step: Option<&str>) -> String {
        world::with(|world| world.idempotency_key(step))
    }

    pub(crate) fn reference() -> String {
        world::with(|world| world.reference())
    }

    pub(crate) fn attempt() -> u32 {
        world::with(|world| world.attempt)
    }

    pub(crate) fn webhook_url() -> Option<String> {
        world::with(|world| world.webhook_url.clone())
    }

    pub(crate) fn remaining_ms() -> u32 {
        25_000
    }

    pub(crate) fn learned(name: &Name) {
        world::with(|world| world.learned.push(name.clone()));
    }
}

pub(crate) mod settings {
    pub(crate) fn get(name: &str) -> Option<String> {
        super::world::with(|world| world.settings.get(name).cloned())
    }
}
