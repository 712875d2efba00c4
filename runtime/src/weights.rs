//! The block of constants that goes with the code.

use std::io::{self, Write};

use bytes::Bytes;

use crate::abi::ALIGNMENT;
use crate::digest::Digest;
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
    /// Of the whole, where it is known.
    digest: Option<Digest>,
}

/// A block of constants that is laid out already, in the making: it is hashed while it is written, as reading it once
/// more takes as long as writing it.
pub struct WeightsWriter {
    data: AlignedBuffer,
    written: usize,
    hasher: blake3::Hasher,
}

impl WeightsWriter {
    /// Room for so many bytes.
    pub fn new(bytes: u64) -> Result<WeightsWriter, NoMemory> {
        Ok(WeightsWriter { data: room(bytes)?, written: 0, hasher: blake3::Hasher::new() })
    }

    /// What the manifest says about the block as far as it is written.
    pub fn describe(&self) -> Weights {
        Weights { bytes: self.written as u64, blake3: self.hasher.finalize().into() }
    }

    /// The block as far as it is written.
    pub fn finish(self) -> WeightsImage {
        let Weights { bytes, blake3 } = self.describe();
        let data = self.data.into_bytes().slice(..self.written);
        let pieces = if data.is_empty() { vec![] } else { vec![(0, data)] };
        WeightsImage { pieces, bytes, digest: Some(blake3) }
    }
}

fn room(bytes: u64) -> Result<AlignedBuffer, NoMemory> {
    let too_large = |_| NoMemory { bytes: usize::MAX, alignment: ALIGNMENT };
    AlignedBuffer::zeroed(usize::try_from(bytes).map_err(too_large)?)
}

impl Write for WeightsWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        /// What is hashed is still in the cache.
        const CHUNK: usize = 1 << 18;
        let rest = &mut self.data.as_mut()[self.written..];
        let bytes = &bytes[..bytes.len().min(CHUNK).min(rest.len())];
        rest[..bytes.len()].copy_from_slice(bytes);
        self.hasher.update(bytes);
        self.written += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
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
        self.digest = None;
        offset
    }

    /// Length of the block in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What the manifest says about the block. Reads all of it, unless a [`WeightsWriter`] wrote it.
    pub fn describe(&self) -> Weights {
        if let Some(blake3) = self.digest {
            return Weights { bytes: self.bytes, blake3 };
        }
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

    /// The block in memory: a copy that is aligned as generated code expects it, unless it is in one aligned piece.
    pub fn to_bytes(&self) -> Result<Bytes, NoMemory> {
        if let [(_, data)] = &self.pieces[..]
            && data.as_ptr().addr() % ALIGNMENT == 0
        {
            return Ok(data.clone());
        }
        let mut buffer = room(self.bytes)?;
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

    #[test]
    fn what_is_written_is_hashed_on_the_way() {
        let data: Vec<u8> = (0..1u32 << 17).flat_map(u32::to_le_bytes).collect();
        let mut writer = WeightsWriter::new(data.len() as u64).expect("memory");
        writer.write_all(&data[..1000]).expect("there is room");
        writer.write_all(&data[1000..]).expect("there is room");
        assert!(writer.write_all(&[1]).is_err());
        let mut image = writer.finish();
        let expected = Weights { bytes: data.len() as u64, blake3: Digest::of(&data) };
        assert_eq!((image.describe(), image.to_bytes().expect("memory")), (expected, Bytes::from(data.clone())));
        image.push(vec![1u8]);
        assert_eq!(image.describe().blake3, Digest::of(&[&data[..], &[1]].concat()));
        assert_eq!(WeightsWriter::new(9).expect("memory").finish().describe(), WeightsImage::new().describe());
    }
}
