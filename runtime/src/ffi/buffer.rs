//! Aligned memory whose allocation may fail.
//!
//! `unsafe` because `Vec` can neither align its memory for a type of one byte, nor report that there is none, nor lie in
//! huge pages.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::NonNull;

use bytes::Bytes;
use memmap2::{Advice, MmapMut};

use crate::abi::ALIGNMENT;

/// An owned, zero-initialised block of bytes with the alignment it was asked for.
pub struct AlignedBuffer {
    start: NonNull<u8>,
    layout: Layout,
    /// Where a large block lies; others are allocated.
    map: Option<MmapMut>,
}

/// Bytes of a huge page. A block of some of them lies in such pages where the system has them: touching it for the first
/// time takes half as long, and the processor finds its addresses sooner.
const HUGE: usize = 2 << 20;

/// There is no memory for a block of this many bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no memory for {bytes} bytes aligned to {alignment}")]
pub struct NoMemory {
    pub bytes: usize,
    pub alignment: usize,
}

// SAFETY: the block belongs to the buffer alone, wherever it lies, and is reached through `&self` and `&mut self` only.
unsafe impl Send for AlignedBuffer {}
// SAFETY: as above; `&self` gives shared bytes or a pointer, never exclusive access.
unsafe impl Sync for AlignedBuffer {}

impl AlignedBuffer {
    /// `bytes` zero bytes aligned to [`ALIGNMENT`].
    pub fn zeroed(bytes: usize) -> Result<AlignedBuffer, NoMemory> {
        AlignedBuffer::zeroed_with(bytes, ALIGNMENT)
    }

    /// `bytes` zero bytes aligned to `alignment`, a power of two.
    pub fn zeroed_with(bytes: usize, alignment: usize) -> Result<AlignedBuffer, NoMemory> {
        let failed = NoMemory { bytes, alignment };
        let layout = Layout::from_size_align(bytes, alignment).map_err(|_| failed.clone())?;
        let mut map = None;
        let start = if bytes == 0 {
            layout.dangling_ptr()
        } else if bytes >= 2 * HUGE && alignment <= HUGE {
            let map = map.insert(MmapMut::map_anon(bytes + HUGE).map_err(|_| failed.clone())?);
            // Without huge pages it is as good as any memory.
            _ = map.advise(Advice::HugePage);
            let gap = map.as_ptr().align_offset(HUGE);
            NonNull::new(map[gap..].as_mut_ptr()).ok_or(failed)?
        } else {
            // SAFETY: the layout's size is not zero.
            NonNull::new(unsafe { alloc_zeroed(layout) }).ok_or(failed)?
        };
        Ok(AlignedBuffer { start, layout, map })
    }

    /// A copy of these bytes.
    pub fn copy_of(bytes: &[u8]) -> Result<AlignedBuffer, NoMemory> {
        let mut buffer = AlignedBuffer::zeroed(bytes.len())?;
        buffer.as_mut().copy_from_slice(bytes);
        Ok(buffer)
    }

    /// True if the block has this many bytes or more, and is aligned to `alignment` or more.
    pub(crate) fn fits(&self, bytes: usize, alignment: usize) -> bool {
        self.layout.size() >= bytes && self.layout.align() >= alignment
    }

    /// The block's address; valid and aligned, and dangling where the block is empty.
    pub fn as_ptr(&self) -> *mut u8 {
        self.start.as_ptr()
    }

    /// The block as shared bytes, which keep its alignment.
    pub fn into_bytes(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for AlignedBuffer {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: `start` is valid for `size` initialised bytes, or dangling and aligned where there are none.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.layout.size()) }
    }
}

impl AsMut<[u8]> for AlignedBuffer {
    fn as_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `as_ref`, and `&mut self` makes the access exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.layout.size()) }
    }
}

impl Drop for AlignedBuffer {
    fn drop(&mut self) {
        if self.layout.size() != 0 && self.map.is_none() {
            // SAFETY: `start` came from `alloc_zeroed` with this layout and is freed once.
            unsafe { dealloc(self.start.as_ptr(), self.layout) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_aligned_and_zero() {
        for alignment in [1, 64, 4096] {
            for bytes in [0, 1, 100, 5000, 2 * HUGE, 2 * HUGE + 1] {
                let mut buffer = AlignedBuffer::zeroed_with(bytes, alignment).expect("memory");
                assert_eq!(buffer.as_ptr().addr() % alignment, 0);
                assert!(buffer.as_ref().iter().all(|&b| b == 0) && buffer.as_ref().len() == bytes);
                buffer.as_mut().fill(1);
            }
        }
        let bytes = AlignedBuffer::copy_of(&[1, 2, 3]).expect("memory").into_bytes();
        assert_eq!((bytes.as_ref(), bytes.as_ptr().addr() % ALIGNMENT), (&[1u8, 2, 3][..], 0));
    }

    #[test]
    fn what_cannot_be_had_is_an_error() {
        assert!(AlignedBuffer::zeroed(isize::MAX as usize - 64).is_err());
        assert!(AlignedBuffer::zeroed(isize::MAX as usize / 2).is_err());
        assert!(AlignedBuffer::zeroed(usize::MAX).is_err());
        assert!(AlignedBuffer::zeroed_with(8, 3).is_err());
    }
}
