//! Machine code that this program's compiler made: the only thing that is ever executed, and the only `unsafe`.

use bytes::Bytes;
use wasmtime::component::Component;

/// Code of a component. Who makes one says with it where it comes from: there are two ways, and a plugin folder is none.
pub(super) struct Code(Bytes);

impl Code {
    /// What the compiler has just answered.
    pub(super) fn of_compiler(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }

    /// What the cache has found to be what it once wrote, by its MAC over these very bytes.
    pub(super) fn verified(bytes: Bytes) -> Self {
        Self(bytes)
    }

    /// The bytes, to be kept.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The component, in memory of its own.
    ///
    /// # Errors
    ///
    /// It is for an engine with other settings, another version or another machine.
    pub(super) fn component(&self, engine: &wasmtime::Engine) -> wasmtime::Result<Component> {
        // SAFETY: `deserialize` executes what it is given, so that must be the unchanged output of
        // `precompile_component`. It is: `of_compiler` gets it from a process that runs this program and has handed it
        // over through a pipe of ours, with success; `verified` got it so once, and has proven since, with a key that only
        // this user can read, that not one bit is another. `Bytes` cannot change, and wasmtime takes a copy, so nobody can
        // change it after the proof either. Code for other settings or another version is an error and no danger.
        #[expect(unsafe_code, reason = "the one place where machine code is taken over; proven above")]
        unsafe {
            Component::deserialize(engine, &self.0)
        }
    }
}
