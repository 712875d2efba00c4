//! Tensors in NumPy's `npy` files.
//!
//! Element types that NumPy has no name for are kept as what they are stored as: `bf16` as `u2`, the floats of eight bits
//! and fewer as `u1`, integers narrower than a byte as `i1` or `u1`, one element each.

mod header;

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::artifact::describe;
use crate::atomic_file::AtomicFile;
use crate::dtype::DType;
use crate::ffi::buffer::{AlignedBuffer, NoMemory};
use crate::tensor::{Tensor, byte_len};

/// Why a tensor cannot be read from or written to an `npy` file.
#[derive(Debug, thiserror::Error)]
pub enum NpyError {
    /// The file cannot be opened, read or written. The environment's fault.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// There is no memory for the elements. The environment's fault.
    #[error(transparent)]
    Memory(#[from] NoMemory),
    #[error("not an npy file: {0}")]
    Foreign(&'static str),
    #[error("npy version {0}, but versions 1 to 3 are known")]
    Version(u8),
    #[error("its header is wrong: {0}")]
    Header(String),
    /// The element type is not one of a tensor.
    #[error("elements of NumPy's type `{0}` are not supported: convert them with `astype`, for instance to float32")]
    Descr(String),
    /// The element type is not one of a tensor, nor can it stand for the wanted one.
    #[error("elements of NumPy's type `{actual}` are no {wanted}: convert them with `astype`")]
    Type { wanted: DType, actual: String },
    #[error("{dtype} {shape:?} does not take {actual} bytes, which is what follows the header")]
    Size { dtype: DType, shape: Vec<usize>, actual: u64 },
    #[error("element {element} is stored as {byte:#04x}, which is no {dtype}")]
    Value { element: usize, byte: u8, dtype: DType },
    /// What is wrong with this file.
    #[error("{}: {source}", path.display())]
    At { path: PathBuf, source: Box<NpyError> },
}

impl NpyError {
    /// True where the environment is at fault and not the file.
    pub fn is_environment(&self) -> bool {
        match self {
            NpyError::Io(error) => error.kind() != io::ErrorKind::UnexpectedEof,
            NpyError::Memory(_) => true,
            NpyError::At { source, .. } => source.is_environment(),
            _ => false,
        }
    }
}

/// Reads a tensor.
///
/// Elements that are what the wanted type is stored as are taken for it; others keep their own type, so that whoever
/// binds the tensor can list everything that does not fit.
pub fn read(path: impl AsRef<Path>, wanted: Option<DType>) -> Result<Tensor, NpyError> {
    let path = path.as_ref();
    let open = || {
        // Opening a pipe would wait for its writer, and a device may never end.
        let metadata = std::fs::metadata(path)?;
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        Ok((File::open(path)?, metadata.len()))
    };
    let read = || {
        let (mut file, length) = open()?;
        decode_from(&mut file, length, wanted)
    };
    read().map_err(|source| NpyError::At { path: path.to_path_buf(), source: Box::new(source) })
}

/// Reads a tensor from the contents of a file; see [`read`].
pub fn decode(mut contents: &[u8], wanted: Option<DType>) -> Result<Tensor, NpyError> {
    let length = contents.len() as u64;
    decode_from(&mut contents, length, wanted)
}

/// Writes a tensor; the file appears whole or not at all.
pub fn write(path: impl AsRef<Path>, tensor: &Tensor) -> Result<(), NpyError> {
    let path = path.as_ref();
    let write = || {
        let mut file = AtomicFile::create(path)?;
        encode(&mut file, tensor)?;
        file.commit()
    };
    write().map_err(|error| NpyError::At { path: path.to_path_buf(), source: Box::new(error.into()) })
}

/// Writes the contents of a file that holds this tensor.
pub fn encode(out: &mut dyn Write, tensor: &Tensor) -> io::Result<()> {
    let order = if tensor.dtype().size() == 1 { '|' } else { '<' };
    let (code, _) = numpy_type(tensor.dtype());
    let extents: Vec<String> = tensor.shape().iter().map(usize::to_string).collect();
    // One extent keeps a comma, without which it would be no tuple.
    let shape = extents.join(", ") + if extents.len() == 1 { "," } else { "" };
    let mut text = format!("{{'descr': '{order}{code}', 'fortran_order': False, 'shape': ({shape}), }}");
    // The elements begin at a multiple of 64 bytes.
    let version: u8 = if text.len() + 64 < usize::from(u16::MAX) { 1 } else { 2 };
    let prelude = if version == 1 { 10 } else { 12 };
    let padding = 63 - (prelude + text.len()) % 64;
    text.extend(std::iter::repeat_n(' ', padding));
    text.push('\n');
    out.write_all(MAGIC)?;
    out.write_all(&[version, 0])?;
    match version {
        1 => out.write_all(&(text.len() as u16).to_le_bytes())?,
        _ => out.write_all(&(text.len() as u32).to_le_bytes())?,
    }
    out.write_all(text.as_bytes())?;
    out.write_all(tensor.bytes())
}

const MAGIC: &[u8] = b"\x93NUMPY";
/// The longest header that is read, in bytes; a tensor's has about a hundred.
const LONGEST_HEADER: u32 = 1 << 16;

/// NumPy's code for elements of this type, and whether it is a type of NumPy's own rather than what it is stored as.
const fn numpy_type(dtype: DType) -> (&'static str, bool) {
    match dtype {
        DType::Bool => ("b1", true),
        DType::I2 | DType::I4 => ("i1", false),
        DType::I8 => ("i1", true),
        DType::I16 => ("i2", true),
        DType::I32 => ("i4", true),
        DType::I64 => ("i8", true),
        DType::U2 | DType::U4 => ("u1", false),
        DType::U8 => ("u1", true),
        DType::U16 => ("u2", true),
        DType::U32 => ("u4", true),
        DType::U64 => ("u8", true),
        DType::F16 => ("f2", true),
        DType::BF16 => ("u2", false),
        DType::F32 => ("f4", true),
        DType::F64 => ("f8", true),
        DType::F8E4M3FN | DType::F8E4M3FNUZ | DType::F8E5M2 | DType::F8E5M2FNUZ => ("u1", false),
        DType::F8E8M0 | DType::F4E2M1 => ("u1", false),
    }
}

/// The type of elements that NumPy calls `descr`, without its byte order.
fn dtype_of(descr: &str, wanted: Option<DType>) -> Result<DType, NpyError> {
    if let Some(wanted) = wanted {
        let (code, own) = numpy_type(wanted);
        // The package ml_dtypes has types of its own, which are saved as nameless bytes or, one of them, as `f1`.
        let nameless = !own && if wanted.size() == 1 { matches!(descr, "V1" | "f1") } else { descr == "V2" };
        if descr == code || nameless {
            return Ok(wanted);
        }
    }
    let known = DType::ALL.iter().copied().find(|&dtype| numpy_type(dtype) == (descr, true));
    known.ok_or_else(|| match wanted {
        Some(wanted) => NpyError::Type { wanted, actual: descr.to_owned() },
        None => NpyError::Descr(descr.to_owned()),
    })
}

fn decode_from(input: &mut dyn Read, length: u64, wanted: Option<DType>) -> Result<Tensor, NpyError> {
    let mut start = Vec::new();
    Read::take(&mut *input, 10).read_to_end(&mut start)?;
    let Some(&[major, _, low, high]) = start.strip_prefix(MAGIC) else {
        return Err(NpyError::Foreign(describe(&start)));
    };
    let (prelude, header_length) = match major {
        1 => (10, u32::from(u16::from_le_bytes([low, high]))),
        2 | 3 => {
            let mut rest = [0; 2];
            input.read_exact(&mut rest)?;
            (12, u32::from_le_bytes([low, high, rest[0], rest[1]]))
        }
        _ => return Err(NpyError::Version(major)),
    };
    if header_length > LONGEST_HEADER {
        return Err(NpyError::Header(format!("{header_length} bytes are too long")));
    }
    let mut text = vec![0; header_length as usize];
    input.read_exact(&mut text).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => NpyError::Header("the file ends within it".to_owned()),
        _ => NpyError::Io(error),
    })?;
    let header = header::parse(&text).map_err(NpyError::Header)?;
    let (order, descr) = match header.descr.split_at_checked(1) {
        Some((order @ ("<" | ">" | "=" | "|"), descr)) => (order, descr),
        _ => ("=", header.descr.as_str()),
    };
    let dtype = dtype_of(descr, wanted)?;
    // The length is compared before memory is taken for it.
    let actual = length.saturating_sub(prelude + u64::from(header_length));
    let shape = header.shape;
    let Some(bytes) = byte_len(dtype, &shape).filter(|&bytes| bytes as u64 == actual) else {
        return Err(NpyError::Size { dtype, shape, actual });
    };
    let mut elements = AlignedBuffer::zeroed(bytes)?;
    input.read_exact(elements.as_mut())?;
    if order == ">" {
        elements.as_mut().chunks_exact_mut(dtype.size()).for_each(<[u8]>::reverse);
    }
    if header.fortran_order && shape.len() > 1 {
        elements = row_major(&shape, dtype.size(), elements.as_ref())?;
    }
    if let Some(element) = dtype.first_invalid(elements.as_ref()) {
        let byte = elements.as_ref().get(element).copied().unwrap_or_default();
        return Err(NpyError::Value { element, byte, dtype });
    }
    Tensor::from_bytes(dtype, shape.clone(), elements.into_bytes()).map_err(|_| NpyError::Size { dtype, shape, actual })
}

/// Reorders elements of `size` bytes so that the last index runs fastest; in `data` it is the first.
fn row_major(shape: &[usize], size: usize, data: &[u8]) -> Result<AlignedBuffer, NoMemory> {
    let mut result = AlignedBuffer::zeroed(data.len())?;
    let mut strides = Vec::with_capacity(shape.len());
    let mut stride = size;
    for &extent in shape {
        strides.push(stride);
        stride = stride.saturating_mul(extent);
    }
    let mut index = vec![0; shape.len()];
    let mut offset = 0;
    for target in result.as_mut().chunks_exact_mut(size) {
        target.copy_from_slice(&data[offset..offset + size]);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            offset += strides[axis];
            if index[axis] < shape[axis] {
                break;
            }
            offset -= strides[axis] * shape[axis];
            index[axis] = 0;
        }
    }
    Ok(result)
}

#[cfg(test)]
mod tests;
