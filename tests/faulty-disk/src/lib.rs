//! Preloaded into a host (`LD_PRELOAD`), it makes the disk under the host's store fail when a test says so. It stands
//! between the program and libc, for the calls by which SQLite writes: to the files whose path ends as
//! `FAULTY_DISK_FILES` says (comma-separated), and while the file that `FAULTY_DISK_SWITCH` names holds one of these:
//!
//! | | |
//! |---|---|
//! | `full` | nothing can be written: ENOSPC |
//! | `broken` | nothing can be written: EIO |
//! | `unsynced` | what is written cannot be brought to the disk: EIO of fsync and fdatasync |
//!
//! Every other call, and every call while the file is absent or empty, goes through.

#![allow(unsafe_code, reason = "its functions replace those of libc, under libc's contracts")]

use libc::{c_char, c_int, c_void, off_t, off64_t, size_t, ssize_t};
use std::cell::Cell;
use std::ffi::CStr;
use std::os::unix::ffi::OsStrExt;
use std::sync::OnceLock;

const FULL: &str = "full";
const BROKEN: &str = "broken";
const UNSYNCED: &str = "unsynced";

thread_local! {
    /// Reading the switch must not ask for the switch.
    static LOOKING: Cell<bool> = const { Cell::new(false) };
}

struct Arrangement {
    switch: String,
    files: Vec<String>,
}

fn arrangement() -> Option<&'static Arrangement> {
    static READ: OnceLock<Option<Arrangement>> = OnceLock::new();
    let read = || {
        let switch = std::env::var("FAULTY_DISK_SWITCH").ok()?;
        let files = std::env::var("FAULTY_DISK_FILES").ok()?.split(',').map(str::to_owned).collect();
        Some(Arrangement { switch, files })
    };
    READ.get_or_init(read).as_ref()
}

/// What the switch says about this file now; empty where all is well.
fn fault(descriptor: c_int) -> String {
    if LOOKING.replace(true) {
        return String::new();
    }
    let said = look(descriptor).unwrap_or_default();
    LOOKING.set(false);
    said
}

fn look(descriptor: c_int) -> Option<String> {
    let Arrangement { switch, files } = arrangement()?;
    let said = std::fs::read_to_string(switch).ok()?;
    let path = std::fs::read_link(format!("/proc/self/fd/{descriptor}")).ok()?;
    let path = path.as_os_str().as_bytes();
    files.iter().any(|end| path.ends_with(end.as_bytes())).then(|| said.trim().to_owned())
}

/// The error of a write, if it is to fail.
fn write_fault(descriptor: c_int) -> Option<c_int> {
    match fault(descriptor).as_str() {
        FULL => Some(libc::ENOSPC),
        BROKEN => Some(libc::EIO),
        _ => None,
    }
}

fn sync_fault(descriptor: c_int) -> Option<c_int> {
    (fault(descriptor) == UNSYNCED).then_some(libc::EIO)
}

fn fail(error: c_int) {
    // SAFETY: it points to this thread's errno.
    unsafe { *libc::__errno_location() = error };
}

/// The function of libc that has this name.
fn real(name: &CStr) -> *mut c_void {
    // SAFETY: the name ends with NUL; what it finds lives as long as the process.
    let found = unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr().cast::<c_char>()) };
    assert!(!found.is_null(), "libc has no {name:?}");
    found
}

/// Defines a function that fails as the switch says, and else is libc's.
macro_rules! stand_between {
    ($($name:ident, $literal:literal, $fault:ident, ($($argument:ident: $type:ty),*) -> $returned:ty;)*) => {$(
        /// As libc has it.
        ///
        /// # Safety
        /// As libc has it.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(descriptor: c_int $(, $argument: $type)*) -> $returned {
            if let Some(error) = $fault(descriptor) {
                fail(error);
                return -1;
            }
            type Function = unsafe extern "C" fn(c_int $(, $type)*) -> $returned;
            static REAL: OnceLock<usize> = OnceLock::new();
            let address = *REAL.get_or_init(|| real($literal) as usize);
            // SAFETY: libc's function of this name has this type, and the caller keeps its contract.
            unsafe { std::mem::transmute::<usize, Function>(address)(descriptor $(, $argument)*) }
        }
    )*};
}

stand_between! {
    write, c"write", write_fault, (bytes: *const c_void, count: size_t) -> ssize_t;
    pwrite, c"pwrite", write_fault, (bytes: *const c_void, count: size_t, offset: off_t) -> ssize_t;
    pwrite64, c"pwrite64", write_fault, (bytes: *const c_void, count: size_t, offset: off64_t) -> ssize_t;
    fsync, c"fsync", sync_fault, () -> c_int;
    fdatasync, c"fdatasync", sync_fault, () -> c_int;
}
