//! From `TensorProto` to [`Tensor`].

use std::path::Path;

use bytes::Bytes;
use hwc_runtime::tensor::byte_len;
use hwc_runtime::{DType, Tensor, TensorError};
use prost::Message;

use super::external::{ExternalError, ExternalFiles};
use super::limits::{Budget, BudgetExceeded, MAX_RANK, MAX_TENSOR_BYTES};
use super::proto::{SparseTensorProto, TensorProto};

/// Why a tensor in a model could not be read. The model's fault, but for [`TensorReadError::External`] where a file
/// cannot be opened and for [`TensorReadError::Unsupported`].
#[derive(Debug, thiserror::Error)]
pub enum TensorReadError {
    #[error("shape {dims:?} {reason}")]
    Shape { dims: Vec<i64>, reason: &'static str },
    #[error("element type {0} does not exist")]
    UnknownType(i32),
    #[error("tensors of {0} are not supported")]
    Unsupported(&'static str),
    #[error("shape {shape:?} of {dtype} needs {expected} values in `{field}`, which has {actual}")]
    Count { dtype: DType, shape: Vec<usize>, field: &'static str, expected: usize, actual: usize },
    #[error("data is in {0:?}, where exactly `{1}` or `raw_data` may be used")]
    Fields(Vec<&'static str>, &'static str),
    #[error("sparse tensor: {0}")]
    Sparse(String),
    #[error(transparent)]
    External(#[from] ExternalError),
    #[error(transparent)]
    Budget(#[from] BudgetExceeded),
    #[error(transparent)]
    Tensor(#[from] TensorError),
}

const TOO_LARGE: &str = "has more elements than can be addressed";

/// What an element type number of ONNX means here.
pub fn element_type(number: i32) -> Result<DType, TensorReadError> {
    match number {
        8 => Err(TensorReadError::Unsupported("strings")),
        14 | 15 => Err(TensorReadError::Unsupported("complex numbers")),
        _ => DType::from_onnx(number).ok_or(TensorReadError::UnknownType(number)),
    }
}

/// Reads the tensors of one model. Data is shared with the file where it is stored as it is kept in memory, moved
/// where it was decoded into a vector of its element type, and copied once otherwise.
#[derive(Debug, Default)]
pub struct TensorReader {
    external: ExternalFiles,
    pub(super) budget: Budget,
}

impl TensorReader {
    /// External data is looked for below `folder`; without one it is an error.
    pub fn new(folder: Option<&Path>) -> Self {
        TensorReader { external: ExternalFiles::new(folder), budget: Budget::default() }
    }

    /// The tensor that `proto` describes.
    pub fn read(&mut self, mut proto: TensorProto) -> Result<Tensor, TensorReadError> {
        let dtype = element_type(proto.data_type)?;
        let shape = shape(dtype, &proto.dims)?;
        if proto.segment.is_some() {
            return Err(TensorReadError::Unsupported("segmented data"));
        }
        if proto.data_location != 0 {
            let (data, opened) = self.external.read(&proto.external_data)?;
            if let Some(bytes) = opened {
                self.budget.add_file(bytes);
            }
            return self.raw(dtype, shape, data, "external data");
        }
        let count = shape.iter().product();
        let field = typed_field(dtype);
        let mut used = filled(&proto);
        if used.is_empty() && count == 0 {
            used.push(field);
        }
        match used[..] {
            ["raw_data"] => self.raw(dtype, shape, proto.raw_data.take().unwrap_or_default(), "raw_data"),
            [one] if one == field => self.typed(dtype, shape, proto),
            [] => Err(TensorReadError::Count { dtype, shape, field: "raw_data", expected: count, actual: 0 }),
            _ => Err(TensorReadError::Fields(used, field)),
        }
    }

    /// The dense tensor that a sparse one stands for.
    pub fn read_sparse(&mut self, proto: SparseTensorProto) -> Result<Tensor, TensorReadError> {
        let (Some(values), Some(indices)) = (proto.values, proto.indices) else {
            return Err(TensorReadError::Sparse("`values` or `indices` is missing".into()));
        };
        let (values, indices) = (self.read(*values)?, self.read(*indices)?);
        let (dtype, size) = (values.dtype(), values.dtype().size());
        let shape = shape(dtype, &proto.dims)?;
        let places = indices.to_vec::<i64>()?;
        let per_value = match indices.shape() {
            [n] if *n == values.len() => 1,
            [n, rank] if *n == values.len() && *rank == shape.len() && *rank > 0 => *rank,
            other => {
                let text =
                    format!("indices of shape {other:?} do not fit {} values of rank {}", values.len(), shape.len());
                return Err(TensorReadError::Sparse(text));
            }
        };
        let bytes = byte_len(dtype, &shape).ok_or(TensorReadError::Shape { dims: proto.dims, reason: TOO_LARGE })?;
        self.budget.charge(bytes as u64)?;
        let mut data = vec![0u8; bytes];
        for (value, place) in values.bytes().chunks_exact(size).zip(places.chunks_exact(per_value)) {
            let linear = match place {
                [linear] => usize::try_from(*linear).ok().filter(|&l| l < bytes / size),
                // The result is below the number of elements, which was checked above, so nothing overflows.
                _ => place.iter().zip(&shape).try_fold(0usize, |at, (&i, &dim)| {
                    usize::try_from(i).ok().filter(|&i| i < dim).map(|i| at * dim + i)
                }),
            };
            let Some(linear) = linear else {
                return Err(TensorReadError::Sparse(format!("index {place:?} is outside of shape {shape:?}")));
            };
            data[linear * size..][..size].copy_from_slice(value);
        }
        Ok(Tensor::from_bytes(dtype, shape, data)?)
    }

    /// Data as it is in the file: little-endian; 4- and 2-bit elements packed, the first one in the lowest bits.
    fn raw(
        &mut self,
        dtype: DType,
        shape: Vec<usize>,
        data: Bytes,
        field: &'static str,
    ) -> Result<Tensor, TensorReadError> {
        let count: usize = shape.iter().product();
        let expected = packed_len(dtype, count);
        if data.len() != expected {
            return Err(TensorReadError::Count { dtype, shape, field, expected, actual: data.len() });
        }
        let data = match dtype.bits() {
            2 | 4 => {
                self.budget.charge(count as u64)?;
                unpack(dtype, &data, count).into()
            }
            // A bool is 0 or 1 wherever it is computed with.
            1 if data.iter().any(|&b| b > 1) => {
                self.budget.charge(count as u64)?;
                data.iter().map(|&b| u8::from(b != 0)).collect::<Vec<u8>>().into()
            }
            _ => data,
        };
        Ok(Tensor::from_bytes(dtype, shape, data)?)
    }

    /// Data in the list of numbers that belongs to the type.
    fn typed(&mut self, dtype: DType, shape: Vec<usize>, proto: TensorProto) -> Result<Tensor, TensorReadError> {
        let count: usize = shape.iter().product();
        let field = typed_field(dtype);
        let (expected, actual) = match field {
            "float_data" => (count, proto.float_data.len()),
            "double_data" => (count, proto.double_data.len()),
            "int64_data" => (count, proto.int64_data.len()),
            "uint64_data" => (count, proto.uint64_data.len()),
            // One number a byte of the packed data for the types narrower than a byte.
            _ => (if dtype.bits() < 8 { packed_len(dtype, count) } else { count }, proto.int32_data.len()),
        };
        if expected != actual {
            return Err(TensorReadError::Count { dtype, shape, field, expected, actual });
        }
        match dtype {
            DType::F32 => return Ok(Tensor::from_vec(shape, proto.float_data)?),
            DType::F64 => return Ok(Tensor::from_vec(shape, proto.double_data)?),
            DType::I64 => return Ok(Tensor::from_vec(shape, proto.int64_data)?),
            DType::U64 => return Ok(Tensor::from_vec(shape, proto.uint64_data)?),
            DType::I32 => return Ok(Tensor::from_vec(shape, proto.int32_data)?),
            _ => {}
        }
        self.budget.charge((count * dtype.size()) as u64)?;
        if dtype == DType::U32 {
            return Ok(Tensor::from_vec(shape, proto.uint64_data.iter().map(|&v| v as u32).collect())?);
        }
        let numbers = proto.int32_data.iter();
        let data: Vec<u8> = match dtype.bits() {
            1 => numbers.map(|&v| u8::from(v != 0)).collect(),
            2 | 4 => unpack(dtype, &numbers.map(|&v| v as u8).collect::<Vec<u8>>(), count),
            8 => numbers.map(|&v| v as u8).collect(),
            _ => numbers.flat_map(|&v| (v as u16).to_le_bytes()).collect(),
        };
        Ok(Tensor::from_bytes(dtype, shape, data)?)
    }
}

/// The tensor in the file of one serialized `TensorProto`, as the ONNX tests keep their inputs and outputs.
pub fn tensor_from_bytes(file: Bytes) -> Result<(String, Tensor), TensorFileError> {
    let mut proto = TensorProto::decode(file).map_err(TensorFileError::Wire)?;
    let name = std::mem::take(&mut proto.name);
    Ok((name, TensorReader::default().read(proto)?))
}

/// Why a file is not a tensor.
#[derive(Debug, thiserror::Error)]
pub enum TensorFileError {
    #[error("not a serialized ONNX tensor: {0}")]
    Wire(prost::DecodeError),
    #[error(transparent)]
    Tensor(#[from] TensorReadError),
}

/// The dimensions as sizes, whose product and whose bytes are known to fit.
fn shape(dtype: DType, dims: &[i64]) -> Result<Vec<usize>, TensorReadError> {
    let wrong = |reason| Err(TensorReadError::Shape { dims: dims[..dims.len().min(MAX_RANK)].to_vec(), reason });
    if dims.len() > MAX_RANK {
        return wrong("has more dimensions than that, more than are supported");
    }
    if dims.iter().any(|&d| d < 0) {
        return wrong("has a negative dimension");
    }
    let shape: Vec<usize> = dims.iter().map(|&d| d as usize).collect();
    match byte_len(dtype, &shape) {
        Some(bytes) if bytes as u64 <= MAX_TENSOR_BYTES => {
            // A zero makes the product zero whatever the rest, which might overflow before the zero is reached.
            Ok(if bytes == 0 && shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d)).is_none() {
                return wrong(TOO_LARGE);
            } else {
                shape
            })
        }
        _ => wrong(TOO_LARGE),
    }
}

/// The data fields that have something in them.
fn filled(proto: &TensorProto) -> Vec<&'static str> {
    let fields = [
        ("raw_data", proto.raw_data.is_some()),
        ("float_data", !proto.float_data.is_empty()),
        ("int32_data", !proto.int32_data.is_empty()),
        ("string_data", !proto.string_data.is_empty()),
        ("int64_data", !proto.int64_data.is_empty()),
        ("double_data", !proto.double_data.is_empty()),
        ("uint64_data", !proto.uint64_data.is_empty()),
    ];
    let mut used: Vec<_> = fields.iter().filter(|(_, used)| *used).map(|(name, _)| *name).collect();
    // Some writers set an empty `raw_data` beside the field that counts.
    if used.len() > 1 && proto.raw_data.as_ref().is_some_and(Bytes::is_empty) {
        used.remove(0);
    }
    used
}

/// The list of numbers that elements of this type are stored in, where not in `raw_data`.
fn typed_field(dtype: DType) -> &'static str {
    match dtype {
        DType::F32 => "float_data",
        DType::F64 => "double_data",
        DType::I64 => "int64_data",
        DType::U32 | DType::U64 => "uint64_data",
        _ => "int32_data",
    }
}

/// Bytes of `count` elements in a file.
fn packed_len(dtype: DType, count: usize) -> usize {
    match dtype.bits() {
        4 => count.div_ceil(2),
        2 => count.div_ceil(4),
        _ => count * dtype.size(),
    }
}

/// One element a byte out of packed ones, signed types sign-extended.
fn unpack(dtype: DType, packed: &[u8], count: usize) -> Vec<u8> {
    let bits = dtype.bits();
    let per_byte = 8 / bits as usize;
    let signed = matches!(dtype, DType::I2 | DType::I4);
    let elements = packed.iter().flat_map(|&byte| {
        (0..per_byte as u32).map(move |i| {
            let low = byte >> (i * bits) << (8 - bits);
            if signed { ((low as i8) >> (8 - bits)) as u8 } else { low >> (8 - bits) }
        })
    });
    let mut data = Vec::with_capacity(count.next_multiple_of(per_byte));
    data.extend(elements);
    data.truncate(count);
    data
}

#[cfg(test)]
mod tests;
