use half::{bf16, f16};

use super::*;
use crate::onnx::proto::{SegmentProto, StringStringEntryProto};

fn proto(dtype: DType, dims: &[i64]) -> TensorProto {
    TensorProto { dims: dims.to_vec(), data_type: dtype.onnx(), ..Default::default() }
}

fn raw(dtype: DType, dims: &[i64], data: &[u8]) -> TensorProto {
    TensorProto { raw_data: Some(data.to_vec().into()), ..proto(dtype, dims) }
}

fn ints(dtype: DType, dims: &[i64], data: &[i32]) -> TensorProto {
    TensorProto { int32_data: data.to_vec(), ..proto(dtype, dims) }
}

fn read(proto: TensorProto) -> Result<Tensor, TensorReadError> {
    TensorReader::default().read(proto)
}

fn bytes(proto: TensorProto) -> Vec<u8> {
    read(proto).expect("is a tensor").bytes().to_vec()
}

#[test]
fn every_type_is_read_from_raw_data() {
    for &dtype in DType::ALL {
        let file: Vec<u8> =
            (0..packed_len(dtype, 6)).map(|i| if dtype == DType::Bool { i as u8 % 2 } else { i as u8 }).collect();
        let tensor = read(raw(dtype, &[2, 3], &file)).expect("is a tensor");
        assert_eq!((tensor.dtype(), tensor.shape(), tensor.len()), (dtype, &[2, 3][..], 6));
        if dtype.bits() >= 8 || dtype == DType::Bool {
            assert_eq!(tensor.bytes()[..], file);
        }
    }
}

#[test]
fn raw_data_is_shared_where_it_can_be() {
    let data = Bytes::from(vec![1u8; 24]);
    let shared = |dtype, dims: &[i64]| {
        let tensor = read(TensorProto { raw_data: Some(data.clone()), ..proto(dtype, dims) }).expect("is a tensor");
        tensor.bytes().as_ptr() == data.as_ptr()
    };
    assert!(shared(DType::F32, &[6]));
    assert!(shared(DType::Bool, &[24]));
    assert!(!shared(DType::I4, &[48]));
}

#[test]
fn narrow_types_are_unpacked_lowest_bits_first() {
    assert_eq!(bytes(raw(DType::U4, &[3], &[0x21, 0xff])), [1, 2, 15]);
    assert_eq!(bytes(raw(DType::I4, &[3], &[0x8f, 0x07])), [0xff, 0xf8, 7]);
    assert_eq!(bytes(raw(DType::F4E2M1, &[2], &[0xf9])), [9, 15]);
    assert_eq!(bytes(raw(DType::U2, &[5], &[0b1110_0100, 0b10])), [0, 1, 2, 3, 2]);
    assert_eq!(bytes(raw(DType::I2, &[4], &[0b1110_0100])), [0, 1, 0xfe, 0xff]);
    assert_eq!(bytes(ints(DType::I4, &[3], &[0x8f, 0x07])), [0xff, 0xf8, 7]);
    assert_eq!(bytes(ints(DType::U2, &[5], &[0b1110_0100, 0b10])), [0, 1, 2, 3, 2]);
}

#[test]
fn typed_fields_are_read() {
    assert_eq!(bytes(ints(DType::U8, &[2], &[7, 255])), [7, 255]);
    assert_eq!(bytes(ints(DType::I8, &[2], &[-1, 255])), [255, 255]);
    assert_eq!(bytes(ints(DType::Bool, &[3], &[0, 1, -5])), [0, 1, 1]);
    assert_eq!(bytes(raw(DType::Bool, &[3], &[0, 1, 9])), [0, 1, 1]);
    let half = read(ints(DType::F16, &[2], &[0x3c00, 0xc000])).and_then(|t| Ok(t.to_vec::<f16>()?)).expect("reads");
    assert_eq!(half, [f16::from_f32(1.0), f16::from_f32(-2.0)]);
    let half = read(ints(DType::BF16, &[1], &[0x3f80])).and_then(|t| Ok(t.to_vec::<bf16>()?)).expect("reads");
    assert_eq!(half, [bf16::ONE]);
    let u32s = TensorProto { uint64_data: vec![u64::from(u32::MAX)], ..proto(DType::U32, &[1]) };
    assert_eq!(read(u32s).and_then(|t| Ok(t.to_vec::<u32>()?)).expect("reads"), [u32::MAX]);
    let f64s = TensorProto { double_data: vec![0.5], ..proto(DType::F64, &[]) };
    assert_eq!(read(f64s).and_then(|t| Ok(t.to_vec::<f64>()?)).expect("reads"), [0.5]);
    let f32s = TensorProto { float_data: vec![1.5, 2.5], raw_data: Some(Bytes::new()), ..proto(DType::F32, &[2, 1]) };
    assert_eq!(read(f32s).and_then(|t| Ok(t.to_vec::<f32>()?)).expect("reads"), [1.5, 2.5]);
    assert_eq!(read(proto(DType::I64, &[0, 4])).expect("an empty tensor needs no data").shape(), [0, 4]);
}

#[test]
fn malformed_tensors_are_refused() {
    use TensorReadError as E;
    assert!(matches!(read(raw(DType::F32, &[-1], &[])), Err(E::Shape { reason: "has a negative dimension", .. })));
    for dims in [&[i64::MAX, 2][..], &[1 << 40, 1 << 40], &[1 << 41], &[i64::MAX, 4, 0]] {
        assert!(matches!(read(raw(DType::U8, dims, &[])), Err(E::Shape { reason: TOO_LARGE, .. })), "{dims:?}");
    }
    assert!(matches!(read(raw(DType::U8, &[1; 1000], &[0])), Err(E::Shape { dims, .. }) if dims.len() == MAX_RANK));
    assert!(matches!(read(raw(DType::F32, &[2], &[0; 7])), Err(E::Count { expected: 8, actual: 7, .. })));
    assert!(matches!(read(raw(DType::F32, &[1 << 30], &[0; 7])), Err(E::Count { .. })));
    assert!(matches!(read(raw(DType::I4, &[3], &[0])), Err(E::Count { expected: 2, actual: 1, .. })));
    assert!(matches!(read(ints(DType::U8, &[3], &[1])), Err(E::Count { field: "int32_data", .. })));
    assert!(matches!(read(ints(DType::F32, &[1], &[1])), Err(E::Fields(..))));
    let both = TensorProto { float_data: vec![1.0], ..raw(DType::F32, &[1], &[0; 4]) };
    assert!(matches!(read(both), Err(E::Fields(..))));
    assert!(matches!(read(proto(DType::F32, &[])), Err(E::Count { expected: 1, actual: 0, .. })));
    assert!(matches!(read(TensorProto { data_type: 99, ..Default::default() }), Err(E::UnknownType(99))));
    assert!(matches!(read(TensorProto { data_type: 8, ..Default::default() }), Err(E::Unsupported("strings"))));
    let segment = TensorProto { segment: Some(SegmentProto::default()), ..raw(DType::U8, &[1], &[1]) };
    assert!(matches!(read(segment), Err(E::Unsupported("segmented data"))));
}

#[test]
fn external_data_pays_for_what_is_unpacked() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("w"), [0x21, 0x43]).expect("writes");
    let entry = StringStringEntryProto { key: "location".into(), value: "w".into() };
    let proto = TensorProto { data_location: 1, external_data: vec![entry], ..proto(DType::U4, &[4]) };
    let mut reader = TensorReader::new(Some(folder.path()));
    assert_eq!(reader.read(proto.clone()).expect("reads").bytes()[..], [1, 2, 3, 4]);
    let wrong = TensorProto { dims: vec![5], ..proto };
    assert!(matches!(reader.read(wrong), Err(TensorReadError::Count { field: "external data", .. })));
}

#[test]
fn sparse_tensors_become_dense() {
    let sparse = |indices: TensorProto, dims: &[i64]| SparseTensorProto {
        values: Some(Box::new(TensorProto { float_data: vec![1.0, 2.0], ..proto(DType::F32, &[2]) })),
        indices: Some(Box::new(indices)),
        dims: dims.to_vec(),
    };
    let index = |dims: &[i64], data: &[i64]| TensorProto { int64_data: data.to_vec(), ..proto(DType::I64, dims) };
    let dense = |proto| TensorReader::default().read_sparse(proto);
    for indices in [index(&[2], &[1, 3]), index(&[2, 2], &[0, 1, 1, 1])] {
        let tensor = dense(sparse(indices, &[2, 2])).expect("is a tensor");
        assert_eq!(tensor.to_vec::<f32>(), Ok(vec![0.0, 1.0, 0.0, 2.0]));
    }
    for indices in [index(&[2], &[1, 4]), index(&[2], &[-1, 0]), index(&[2, 2], &[0, 1, 0, 2]), index(&[1], &[0])] {
        assert!(matches!(dense(sparse(indices, &[2, 2])), Err(TensorReadError::Sparse(_))));
    }
    let huge = dense(sparse(index(&[2], &[0, 1]), &[1 << 30]));
    assert!(matches!(huge, Err(TensorReadError::Budget(_))), "{huge:?}");
}
