//! The guest's allocator.
//!
//! An instance lives for one call, so speed and size count, fragmentation hardly does. Blocks come from the
//! end of the heap and go back to a free list of their size class; four classes a doubling waste at most a
//! quarter. The last block grows and shrinks in place, which is how an answer's text is built. Unlike
//! std's, it uses the memory that the linker reserved in the module (`--initial-memory`), so that a
//! usual call never grows its memory: each growth costs the host a system call.

use std::alloc::Layout;
use std::ptr;

/// Where blocks come from.
pub(crate) trait Memory {
    /// First free address and first address behind the memory; asked once.
    fn bounds(&mut self) -> (usize, usize);
    /// Moves the end by at least so many bytes, and says where it is then.
    fn grow(&mut self, bytes: usize) -> Option<usize>;
}

const CLASSES: usize = 104;
const GRAIN: usize = 16;

/// Size classes over one growing memory. Never shrinks.
pub(crate) struct Pool<M> {
    memory: M,
    top: usize,
    end: usize,
    free: [usize; CLASSES],
}

impl<M: Memory> Pool<M> {
    pub(crate) const fn new(memory: M) -> Self {
        Self { memory, top: 0, end: 0, free: [0; CLASSES] }
    }

    /// Null where the memory cannot grow.
    pub(crate) fn alloc(&mut self, layout: Layout) -> *mut u8 {
        let Some((class, size)) = class(layout.size()) else { return ptr::null_mut() };
        // The lists' blocks are aligned to the grain, not more.
        if layout.align() <= GRAIN && self.free[class] != 0 {
            let block = self.free[class];
            // SAFETY: a listed block is free, aligned, at least a grain long, and holds the next one's address.
            self.free[class] = unsafe { *(block as *const usize) };
            return block as *mut u8;
        }
        if self.top == 0 {
            let (start, end) = self.memory.bounds();
            (self.top, self.end) = (start.next_multiple_of(GRAIN), end);
        }
        let block = self.top.next_multiple_of(layout.align());
        if self.reserve(block, size) { block as *mut u8 } else { ptr::null_mut() }
    }

    /// # Safety
    ///
    /// `block` came from this pool with this layout and is not used any more.
    pub(crate) unsafe fn dealloc(&mut self, block: *mut u8, layout: Layout) {
        let Some((class, size)) = class(layout.size()) else { return };
        let block = block as usize;
        if block + size == self.top {
            self.top = block;
        } else {
            // SAFETY: the block is ours, aligned, and at least a grain long.
            unsafe { *(block as *mut usize) = self.free[class] };
            self.free[class] = block;
        }
    }

    /// # Safety
    ///
    /// As [`Pool::dealloc`]; the content moves along.
    pub(crate) unsafe fn realloc(&mut self, block: *mut u8, layout: Layout, new: usize) -> *mut u8 {
        let (Some((old_class, old_size)), Some((class, size))) = (class(layout.size()), class(new)) else {
            return ptr::null_mut();
        };
        if class == old_class {
            return block;
        }
        if block as usize + old_size == self.top {
            return if self.reserve(block as usize, size) { block } else { ptr::null_mut() };
        }
        // SAFETY: the alignment is that of a valid layout, and `class` bounded the size.
        let to = self.alloc(unsafe { Layout::from_size_align_unchecked(new, layout.align()) });
        if !to.is_null() {
            // SAFETY: two live blocks of this pool, each at least so long.
            unsafe {
                ptr::copy_nonoverlapping(block, to, layout.size().min(new));
                self.dealloc(block, layout);
            }
        }
        to
    }

    /// Makes `block` the last block, `size` bytes long.
    fn reserve(&mut self, block: usize, size: usize) -> bool {
        let Some(top) = block.checked_add(size) else { return false };
        if top > self.end {
            match self.memory.grow(top - self.end) {
                Some(end) => self.end = end,
                None => return false,
            }
        }
        self.top = top;
        true
    }
}

/// The class of a size and the size of its blocks; none beyond 2 GiB.
fn class(size: usize) -> Option<(usize, usize)> {
    if size <= 4 * GRAIN {
        let size = size.max(1).next_multiple_of(GRAIN);
        return Some((size / GRAIN - 1, size));
    }
    if size > 1 << 31 {
        return None;
    }
    let doubling = (size - 1).ilog2();
    let step = doubling - 2;
    let class = (doubling as usize - 6) * 4 + ((size - 1) >> step & 3) + 4;
    Some((class, size.next_multiple_of(1 << step)))
}

#[cfg(all(target_arch = "wasm32", feature = "allocator"))]
mod guest {
    use std::alloc::{GlobalAlloc, Layout};
    use std::cell::UnsafeCell;

    use super::{Memory, Pool};

    const PAGE: usize = 65536;
    /// At least so much at once.
    const STEP: usize = 4 * PAGE;

    struct Linear;

    impl Memory for Linear {
        fn bounds(&mut self) -> (usize, usize) {
            unsafe extern "C" {
                static __heap_base: u8;
            }
            (&raw const __heap_base as usize, core::arch::wasm32::memory_size(0) * PAGE)
        }

        fn grow(&mut self, bytes: usize) -> Option<usize> {
            let exact = bytes.div_ceil(PAGE);
            [exact.max(STEP / PAGE), exact].into_iter().find_map(|pages| {
                let before = core::arch::wasm32::memory_grow(0, pages);
                // The last page of 4 GiB stays unused: its end is not a 32-bit number.
                (before != usize::MAX).then(|| (before + pages).min(PAGE - 1) * PAGE)
            })
        }
    }

    struct Global(UnsafeCell<Pool<Linear>>);

    // SAFETY: a guest has one thread.
    unsafe impl Sync for Global {}

    #[global_allocator]
    static GLOBAL: Global = Global(UnsafeCell::new(Pool::new(Linear)));

    // SAFETY: the pool hands out disjoint, aligned blocks; with one thread no two calls overlap.
    unsafe impl GlobalAlloc for Global {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            unsafe { (*self.0.get()).alloc(layout) }
        }

        unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
            unsafe { (*self.0.get()).dealloc(block, layout) }
        }

        unsafe fn realloc(&self, block: *mut u8, layout: Layout, new: usize) -> *mut u8 {
            unsafe { (*self.0.get()).realloc(block, layout, new) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A fixed arena that "grows" in steps of 4 KiB.
    struct Arena(Vec<u128>, usize);

    impl Memory for Arena {
        fn bounds(&mut self) -> (usize, usize) {
            let start = self.0.as_ptr() as usize;
            (start, start + self.1)
        }

        fn grow(&mut self, bytes: usize) -> Option<usize> {
            self.1 += bytes.next_multiple_of(4096);
            (self.1 <= self.0.len() * 16).then(|| self.0.as_ptr() as usize + self.1)
        }
    }

    #[test]
    fn classes_are_tight_and_distinct() {
        let mut last = (0, 0);
        for size in 0..100_000 {
            let (class, block) = class(size).unwrap();
            assert!(block >= size && block % GRAIN == 0 && block <= GRAIN.max(size + size / 4 + GRAIN));
            assert!(class == last.0 && block == last.1 || class > last.0 || size == 0, "{size}");
            last = (class, block);
        }
        assert!(class(1 << 31).unwrap().0 < CLASSES);
        assert_eq!(class((1 << 31) + 1), None);
    }

    /// Random traffic: no two live blocks overlap, contents stay, alignment holds.
    #[test]
    fn blocks_keep_their_content() {
        let mut pool = Pool::new(Arena(vec![0; 1 << 18], 256));
        let mut live: Vec<(*mut u8, Layout, u8)> = Vec::new();
        let mut seed = 42_u64;
        let mut random = |below: usize| {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (seed >> 33) as usize % below
        };
        for round in 0..20_000 {
            let fill = round as u8;
            let longest = if random(10) == 0 { 5_000 } else { 100 };
            let size = 1 + random(longest);
            match random(3) {
                0 if live.len() < 200 => {
                    let layout = Layout::from_size_align(size, 1 << random(7)).unwrap();
                    let block = pool.alloc(layout);
                    assert!(!block.is_null() && (block as usize).is_multiple_of(layout.align()));
                    unsafe { ptr::write_bytes(block, fill, size) };
                    live.push((block, layout, fill));
                }
                1 if !live.is_empty() => {
                    let (block, layout, fill) = live.swap_remove(random(live.len()));
                    let content = unsafe { std::slice::from_raw_parts(block, layout.size()) };
                    assert!(content.iter().all(|b| *b == fill));
                    unsafe { pool.dealloc(block, layout) };
                }
                2 if !live.is_empty() => {
                    let at = random(live.len());
                    let (block, layout, old) = live[at];
                    let block = unsafe { pool.realloc(block, layout, size) };
                    let kept = unsafe { std::slice::from_raw_parts(block, layout.size().min(size)) };
                    assert!(kept.iter().all(|b| *b == old) && (block as usize).is_multiple_of(layout.align()));
                    unsafe { ptr::write_bytes(block, fill, size) };
                    live[at] = (block, Layout::from_size_align(size, layout.align()).unwrap(), fill);
                }
                _ => {}
            }
        }
    }

    #[test]
    fn a_memory_that_cannot_grow_gives_null() {
        let mut pool = Pool::new(Arena(vec![0; 64], 1024));
        assert!(pool.alloc(Layout::new::<[u8; 4096]>()).is_null());
    }
}
