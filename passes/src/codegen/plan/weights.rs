//! The constants of a model as one block of bytes.

use std::{
    borrow::Cow,
    collections::HashMap,
    io::{self, Write},
};

use super::{
    arena::{ALIGNMENT, align},
    order::Order,
};
use crate::codegen::ffi::Elements;

/// One constant: its size in memory and its elements, borrowed from where the module keeps them.
#[derive(Clone, Debug)]
struct Constant<'c> {
    offset: u64,
    bytes: u64,
    /// How many elements.
    count: u64,
    elements: Elements<'c>,
    /// The order they are stored in, if it is not row-major.
    order: Option<Order>,
}

/// The layout of the weights: constants with equal contents are stored once, each starts at a multiple of
/// [`ALIGNMENT`], and the whole is padded to one.
///
/// Nothing is copied before [`Weights::write_to`].
#[derive(Clone, Debug, Default)]
pub struct Weights<'c> {
    constants: Vec<Constant<'c>>,
    /// Numbers of the constants of equal size and order that begin with the same bytes.
    alike: HashMap<blake3::Hash, Vec<usize>>,
    bytes: u64,
}

impl<'c> Weights<'c> {
    /// Adds a constant of `count` elements, stored in an order of its own if one is given; returns its offset.
    ///
    /// Nothing if the elements held in memory are not as many as `bytes` says.
    pub fn add(&mut self, elements: Elements<'c>, count: u64, bytes: u64, order: Option<&Order>) -> Option<u64> {
        if !fill(elements, count, bytes) {
            return None;
        }
        // Elements that are all the same are in any order at once.
        let order = order.filter(|_| matches!(elements, Elements::All(_) | Elements::Bits(_)));
        let constant = Constant { offset: self.bytes, bytes, count, elements, order: order.cloned() };
        let alike = self.alike.entry(constant.sample()).or_default();
        for other in alike.iter().map(|&i| &self.constants[i]) {
            if other.order == constant.order && other.equals(&constant) {
                return Some(other.offset);
            }
        }
        alike.push(self.constants.len());
        self.bytes = align(self.bytes + bytes);
        let offset = constant.offset;
        self.constants.push(constant);
        Some(offset)
    }

    /// Size of the whole in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Writes all of it, padding included, front to back.
    pub fn write_to(&self, out: &mut dyn Write) -> io::Result<()> {
        const ZEROS: [u8; ALIGNMENT as usize] = [0; ALIGNMENT as usize];
        for constant in &self.constants {
            constant.write_to(out)?;
            out.write_all(&ZEROS[..(align(constant.bytes) - constant.bytes) as usize])?;
        }
        Ok(())
    }
}

/// Whether the elements held in memory are `count` of together `bytes` bytes.
pub fn fill(elements: Elements<'_>, count: u64, bytes: u64) -> bool {
    match elements {
        Elements::All(data) => data.len() as u64 == bytes,
        Elements::Splat(data) => data.len() as u64 * count == bytes,
        Elements::Bits(data) => count == bytes && data.len() as u64 >= count.div_ceil(8),
        Elements::BitSplat(_) => count == bytes,
    }
}

/// Takes what it expects, and fails where something else is written.
struct Expect<'a>(&'a [u8]);

impl Write for Expect<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let rest = self.0.strip_prefix(bytes).ok_or(io::ErrorKind::InvalidData)?;
        self.0 = rest;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'c> Constant<'c> {
    /// The same for all that are equal. Reads no more than the first page, as weights are large and seldom equal.
    fn sample(&self) -> blake3::Hash {
        const BYTES: usize = 4096;
        let mut first = [0; BYTES];
        // Fails where there is more than that.
        _ = self.write_row_major(&mut &mut first[..]);
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.bytes.to_le_bytes()).update(&first).finalize()
    }

    /// Whether another has the same elements.
    fn equals(&self, other: &Self) -> bool {
        self.bytes == other.bytes
            && self.row_major().is_ok_and(|expected| other.write_row_major(&mut Expect(&expected)).is_ok())
    }

    fn row_major(&self) -> io::Result<Cow<'c, [u8]>> {
        if let Elements::All(data) = self.elements {
            return Ok(Cow::Borrowed(data));
        }
        let mut data = Vec::new();
        self.write_row_major(&mut data)?;
        Ok(Cow::Owned(data))
    }

    fn write_to(&self, out: &mut dyn Write) -> io::Result<()> {
        match &self.order {
            Some(order) => order.write(&self.row_major()?, (self.bytes / self.count.max(1)) as usize, out),
            None => self.write_row_major(out),
        }
    }

    fn write_row_major(&self, out: &mut dyn Write) -> io::Result<()> {
        match self.elements {
            Elements::All(data) => out.write_all(data),
            Elements::Splat(data) => repeat(out, data, self.bytes),
            Elements::BitSplat(value) => repeat(out, &[u8::from(value)], self.bytes),
            Elements::Bits(data) => {
                let mut left = self.bytes;
                for byte in data {
                    let ones: [u8; 8] = std::array::from_fn(|i| byte >> i & 1);
                    let take = left.min(8) as usize;
                    out.write_all(&ones[..take])?;
                    left -= take as u64;
                }
                Ok(())
            }
        }
    }
}

/// Writes `pattern` over and over until `bytes` bytes are written.
fn repeat(out: &mut dyn Write, pattern: &[u8], bytes: u64) -> io::Result<()> {
    const CHUNK: usize = 4096;
    let chunk: Vec<u8> = pattern.iter().copied().cycle().take(CHUNK / pattern.len().max(1) * pattern.len()).collect();
    let mut left = bytes;
    while left > 0 && !chunk.is_empty() {
        let take = left.min(chunk.len() as u64);
        out.write_all(&chunk[..take as usize])?;
        left -= take;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_contents_are_stored_once_and_aligned() {
        let mut weights = Weights::default();
        let (a, b) = ([1u8, 2, 3, 4], [1u8, 2, 3, 5]);
        assert_eq!(weights.add(Elements::All(&a), 4, 4, None), Some(0));
        assert_eq!(weights.add(Elements::All(&b), 4, 4, None), Some(64));
        assert_eq!(weights.add(Elements::All(&a), 2, 4, None), Some(0));
        let (long, other) = ([3; 5000], [&[3; 4999][..], &[4]].concat());
        assert_eq!(weights.add(Elements::All(&long), 1250, 5000, None), Some(128));
        assert_eq!(weights.add(Elements::All(&other), 1250, 5000, None), Some(128 + 5056), "they begin alike");
        assert_eq!(weights.add(Elements::Splat(&[3]), 5000, 5000, None), Some(128));
        assert_eq!(weights.bytes(), 128 + 2 * 5056);
        let mut blob = Vec::new();
        weights.write_to(&mut blob).unwrap();
        assert_eq!(blob.len() as u64, weights.bytes());
        assert_eq!((&blob[..5], &blob[64..69]), (&[1, 2, 3, 4, 0][..], &[1, 2, 3, 5, 0][..]));
    }

    #[test]
    fn splats_and_bits_are_expanded() {
        let mut weights = Weights::default();
        assert_eq!(weights.add(Elements::Splat(&[7, 8]), 3, 6, None), Some(0));
        assert_eq!(
            weights.add(Elements::All(&[7, 8, 7, 8, 7, 8]), 3, 6, None),
            Some(0),
            "a splat equals its expansion"
        );
        assert_eq!(weights.add(Elements::Bits(&[0b101, 0b1]), 9, 9, None), Some(64));
        assert_eq!(weights.add(Elements::BitSplat(true), 2, 2, None), Some(128));
        let mut blob = Vec::new();
        weights.write_to(&mut blob).unwrap();
        assert_eq!(&blob[..6], &[7, 8, 7, 8, 7, 8]);
        assert_eq!(&blob[64..73], &[1, 0, 1, 0, 0, 0, 0, 0, 1]);
        assert_eq!(&blob[128..130], &[1, 1]);
        assert_eq!(blob.len() as u64, weights.bytes());
    }

    #[test]
    fn elements_that_do_not_fill_the_type_are_refused() {
        let mut weights = Weights::default();
        assert_eq!(weights.add(Elements::All(&[1, 2, 3]), 1, 4, None), None);
        assert_eq!(weights.add(Elements::Bits(&[1]), 9, 9, None), None);
        assert_eq!(weights.add(Elements::Splat(&[]), 0, 0, None), Some(0), "an empty constant has no bytes");
    }
}
