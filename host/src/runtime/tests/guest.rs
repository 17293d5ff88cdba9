//! Components for tests, from a few lines of WebAssembly text: a whole plugin whose `pay` does what the test writes.

use bytes::Bytes;

/// A guest; its parts are WebAssembly text.
#[derive(Clone)]
pub(super) struct Guest {
    /// Further functions and data.
    pub(super) more: String,
    /// The body of `describe`, which returns where the description lies.
    pub(super) describe: String,
    /// The body of `pay`, which returns where its result lies.
    pub(super) pay: String,
    /// Pages of memory at the start.
    pub(super) pages: u32,
}

/// Where `pay` puts its result.
pub(super) const RESULT: u32 = 2048;

impl Default for Guest {
    /// Says `unsupported`, with an empty text.
    fn default() -> Self {
        let error = RESULT + 8;
        let pay = format!(
            "(i32.store8 (i32.const {RESULT}) (i32.const 1)) (i32.store8 (i32.const {error}) (i32.const 5))
             (i32.const {RESULT})"
        );
        Self { more: String::new(), describe: "(i32.const 1024)".to_owned(), pay, pages: 1 }
    }
}

impl Guest {
    pub(super) fn paying(pay: &str) -> Self {
        Self { pay: pay.to_owned(), ..Self::default() }
    }

    /// `pay` says that it succeeded, with this text as its metadata.
    pub(super) fn with_metadata(metadata: &str) -> Self {
        let (tag, pointer, length) = (RESULT + 72, RESULT + 76, RESULT + 80);
        let text = metadata.replace('\\', "\\5c").replace('"', "\\22");
        Self {
            more: format!("(data (i32.const 3000) \"{text}\")"),
            ..Self::paying(&format!(
                "(i32.store8 (i32.const {tag}) (i32.const 1)) (i32.store (i32.const {pointer}) (i32.const 3000))
                 (i32.store (i32.const {length}) (i32.const {})) (i32.const {RESULT})",
                metadata.len()
            ))
        }
    }

    /// The component.
    pub(super) fn component(&self) -> Bytes {
        let text = include_str!("guest.wat")
            .replace("{pages}", &self.pages.to_string())
            .replace("{more}", &self.more)
            .replace("{describe}", &self.describe)
            .replace("{pay}", &self.pay);
        wat::parse_str(text).unwrap().into()
    }
}
