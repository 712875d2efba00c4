//! The block of constants that goes with the code.

use std::io::{self, Write};

use bytes::Bytes;

use crate::abi::ALIGNMENT;
use crate::ffi::buffer::{AlignedBuffer, NoMemory};
use crate::manifest::Weights;

/// The constants of a model, laid out: pieces at multiples of [`ALIGNMENT`] bytes, zero bytes between them.
///
/// Equal pieces share a place. The pieces are shared with whoever made them, not copied.
#[derive(Clone, Default)]
pub struct WeightsImage {
    /// In ascending order of offset, without overlap.
    pieces: Vec<(u64, Bytes)>,
    bytes: u64,
}

impl WeightsImage {
    pub fn new() -> WeightsImage {
        WeightsImage::default()
    }

    /// Adds a constant and gives its offset from the start of the block, in bytes.
    pub fn push(&mut self, data: impl Into<Bytes>) -> u64 {
        let data = data.into();
        if let Some((offset, _)) = self.pieces.iter().find(|(_, piece)| *piece == data) {
            return *offset;
        }
        let offset = self.bytes.next_multiple_of(ALIGNMENT as u64);
        self.bytes = offset + data.len() as u64;
        self.pieces.push((offset, data));
        offset
    }

    /// Length of the block in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What the manifest says about the block. Reads all of it.
    pub fn describe(&self) -> Weights {
        let mut hasher = blake3::Hasher::new();
        self.chunks(|chunk| {
            hasher.update(chunk);
        });
        Weights { bytes: self.bytes, blake3: hasher.finalize().into() }
    }

    /// Writes the block.
    pub fn write_to(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut result = Ok(());
        self.chunks(|chunk| {
            if result.is_ok() {
                result = out.write_all(chunk);
            }
        });
        result
    }

    /// A copy of the block in memory, aligned as generated code expects it.
    pub fn to_bytes(&self) -> Result<Bytes, NoMemory> {
        let too_large = |_| NoMemory { bytes: usize::MAX, alignment: ALIGNMENT };
        let mut buffer = AlignedBuffer::zeroed(usize::try_from(self.bytes).map_err(too_large)?)?;
        let mut rest = buffer.as_mut();
        self.chunks(|chunk| {
            let (head, tail) = std::mem::take(&mut rest).split_at_mut(chunk.len());
            head.copy_from_slice(chunk);
            rest = tail;
        });
        Ok(buffer.into_bytes())
    }

    /// Visits the block from start to end.
    fn chunks(&self, mut visit: impl FnMut(&[u8])) {
        let mut position = 0;
        for (offset, data) in &self.pieces {
            // The gap is shorter than the alignment.
            visit(&[0; ALIGNMENT][..(offset - position) as usize]);
            visit(data);
            position = offset + data.len() as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;

    #[test]
    fn pieces_are_aligned_shared_and_padded_with_zeros() {
        let mut image = WeightsImage::new();
        assert_eq!(image.describe().blake3, Digest::of(&[]));
        assert_eq!(image.push(vec![1u8; 3]), 0);
        assert_eq!(image.push(vec![2u8; 65]), 64);
        assert_eq!(image.push(vec![1u8; 3]), 0);
        assert_eq!(image.push(vec![1u8; 4]), 192);
        assert_eq!(image.push(Bytes::new()), 256);
        assert_eq!(image.push(vec![3u8]), 256);
        let mut expected = vec![0u8; 257];
        expected[..3].fill(1);
        expected[64..129].fill(2);
        expected[192..196].fill(1);
        expected[256] = 3;
        let mut written = Vec::new();
        image.write_to(&mut written).expect("a vector takes everything");
        assert_eq!(written, expected);
        assert_eq!(image.to_bytes().expect("memory"), expected);
        assert_eq!(image.describe(), Weights { bytes: 257, blake3: Digest::of(&expected) });
    }
}
