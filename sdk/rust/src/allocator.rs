//! Where a component's memory comes from. An instance serves one call and is dropped, so most of
//! what it allocates need never be freed; what costs is pages that the host does not keep ready, and
//! memory that grows. So: a small arena among the statics, handed out from front to back, of which
//! the last block can be freed or resized; and the ordinary allocator for all that does not fit.
//!
//! The arena is a plain static, not the memory from `__heap_base` on: that belongs to the C library's
//! allocator, which is the ordinary one, and which other parts of a component use directly.
#![allow(unsafe_code, reason = "GlobalAlloc deals in addresses; each block says what it relies on")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, UnsafeCell};
use std::ptr;

/// With a stack of 64 KiB and the constants of an ordinary plugin, 20 KiB, this fills the three pages that
/// a memory then begins with: the host keeps them ready, and wipes all of them after each call.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: Arena<{ 96 * 1024 }> = Arena::new();

#[repr(C, align(16))]
struct Arena<const SIZE: usize> {
    bytes: UnsafeCell<[u8; SIZE]>,
    /// How many of the bytes are handed out.
    used: Cell<usize>,
}

// SAFETY: a component has one thread; with atomics, which mean threads, this does not compile.
#[cfg(all(target_arch = "wasm32", not(target_feature = "atomics")))]
unsafe impl<const SIZE: usize> Sync for Arena<SIZE> {}

impl<const SIZE: usize> Arena<SIZE> {
    const fn new() -> Self {
        Self { bytes: UnsafeCell::new([0; SIZE]), used: Cell::new(0) }
    }

    fn start(&self) -> *mut u8 {
        self.bytes.get().cast()
    }

    /// Where in the arena a block lies; none for one of the ordinary allocator.
    fn offset(&self, block: *mut u8) -> Option<usize> {
        let offset = block.addr().checked_sub(self.start().addr())?;
        (offset < SIZE).then_some(offset)
    }

    fn is_last(&self, offset: usize, size: usize) -> bool {
        offset + size == self.used.get()
    }

    /// Takes the next bytes of the arena, if so many are left.
    fn take(&self, layout: Layout) -> Option<*mut u8> {
        let start = self.start();
        let next = start.wrapping_add(self.used.get());
        let offset = self.used.get() + next.align_offset(layout.align());
        let end = offset.checked_add(layout.size())?;
        if end > SIZE {
            return None;
        }
        self.used.set(end);
        Some(start.wrapping_add(offset))
    }
}

// SAFETY: blocks of the arena do not overlap, because `used` only falls when the block before it is
// freed or shrunk, and lie within it; all others are the ordinary allocator's from beginning to end.
unsafe impl<const SIZE: usize> GlobalAlloc for Arena<SIZE> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.take(layout)
            // SAFETY: the caller's promise about the layout is handed on.
            .unwrap_or_else(|| unsafe { System.alloc(layout) })
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match self.offset(block) {
            Some(offset) if self.is_last(offset, layout.size()) => self.used.set(offset),
            Some(_) => {}
            // SAFETY: a block outside the arena came from there, with this layout.
            None => unsafe { System.dealloc(block, layout) },
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let Some(offset) = self.offset(block) else {
            // SAFETY: a block outside the arena came from there, with this layout.
            return unsafe { System.realloc(block, layout, size) };
        };
        if self.is_last(offset, layout.size()) && size <= SIZE - offset {
            self.used.set(offset + size);
            return block;
        }
        if size <= layout.size() {
            return block;
        }
        // SAFETY: the caller promises that `size` and the alignment make a layout.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        // SAFETY: as above; the new block is larger than the old one and does not overlap it, and is
        // null only if nothing was allocated.
        unsafe {
            let moved = self.alloc(wanted);
            if !moved.is_null() {
                ptr::copy_nonoverlapping(block, moved, layout.size());
                self.dealloc(block, layout);
            }
            moved
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).unwrap()
    }

    #[test]
    fn the_last_block_is_freed_and_grows_in_place() {
        let arena = Arena::<64>::new();
        // SAFETY: each block is used with the layout that it has at that time, and freed once.
        unsafe {
            let first = arena.alloc(layout(8, 1));
            let grown = arena.realloc(first, layout(8, 1), 32);
            assert_eq!(grown, first);
            arena.dealloc(grown, layout(32, 1));
            assert_eq!(arena.used.get(), 0);
        }
    }

    #[test]
    fn a_block_in_the_middle_moves_with_its_bytes() {
        let arena = Arena::<64>::new();
        // SAFETY: as above.
        unsafe {
            let first = arena.alloc(layout(4, 1));
            first.copy_from(b"abcd".as_ptr(), 4);
            arena.alloc(layout(4, 1));
            let moved = arena.realloc(first, layout(4, 1), 8);
            assert_ne!(moved, first);
            assert_eq!(std::slice::from_raw_parts(moved, 4), b"abcd");
        }
    }

    #[test]
    fn what_does_not_fit_comes_from_the_ordinary_allocator_and_goes_back_there() {
        let arena = Arena::<64>::new();
        // SAFETY: as above.
        unsafe {
            let inside = arena.alloc(layout(48, 1));
            let outside = arena.alloc(layout(48, 1));
            assert_eq!(arena.offset(inside), Some(0));
            assert_eq!(arena.offset(outside), None);
            arena.dealloc(outside, layout(48, 1));
            let moved = arena.realloc(inside, layout(48, 1), 1000);
            assert_eq!(arena.offset(moved), None);
            assert_eq!(arena.used.get(), 0);
            arena.dealloc(moved, layout(1000, 1));
        }
    }

    #[test]
    fn blocks_are_aligned_and_do_not_overlap() {
        let arena = Arena::<1024>::new();
        let mut end = 0;
        for align in [1, 16, 2, 64, 8, 1, 128] {
            // SAFETY: nothing is freed.
            let block = unsafe { arena.alloc(layout(3, align)) };
            assert_eq!(block.addr() % align, 0);
            assert!(arena.offset(block).unwrap() >= end);
            end = arena.offset(block).unwrap() + 3;
        }
    }

    #[test]
    fn a_size_that_overflows_is_not_taken_from_the_arena() {
        let arena = Arena::<64>::new();
        arena.used.set(1);
        assert_eq!(arena.take(layout(isize::MAX as usize, 1)), None);
    }
}
