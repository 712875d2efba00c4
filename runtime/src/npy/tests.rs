use super::*;

/// A file of version 1 with this dictionary and these elements.
fn file(dictionary: &str, elements: &[u8]) -> Vec<u8> {
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((dictionary.len() as u16).to_le_bytes());
    file.extend(dictionary.as_bytes());
    file.extend(elements);
    file
}

fn dictionary(descr: &str, fortran: bool, shape: &str) -> String {
    let fortran = if fortran { "True" } else { "False" };
    format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}")
}

#[test]
fn every_type_is_written_and_read_back() {
    for &dtype in DType::ALL {
        for shape in [vec![], vec![1], vec![0, 3], vec![2, 1, 3], vec![1; 70]] {
            let bytes = byte_len(dtype, &shape).expect("small");
            let tensor = Tensor::from_bytes(dtype, shape, (0..bytes).map(|i| (i % 2) as u8).collect::<Vec<_>>());
            let tensor = tensor.expect("sizes agree");
            let mut file = Vec::new();
            encode(&mut file, &tensor).expect("a vector takes everything");
            assert_eq!((file.len() - bytes) % 64, 0);
            assert_eq!(decode(&file, Some(dtype)).expect("just written"), tensor);
            if numpy_type(dtype).1 {
                assert_eq!(decode(&file, None).expect("just written"), tensor);
            }
        }
    }
}

#[test]
fn a_long_header_is_of_version_2() {
    let tensor = Tensor::from_bytes(DType::U8, vec![1; 22_000], vec![7]).expect("sizes agree");
    let mut file = Vec::new();
    encode(&mut file, &tensor).expect("a vector takes everything");
    assert_eq!(&file[6..8], [2, 0]);
    let error = decode(&file, None).expect_err("longer than is read").to_string();
    assert!(error.contains("too long"), "{error}");
}

#[test]
fn byte_and_index_order_are_put_right() {
    let big = file(&dictionary(">i2", false, "(2,)"), &[1, 2, 3, 4]);
    assert_eq!(decode(&big, None).expect("sound").to_vec::<i16>(), Ok(vec![0x0102, 0x0304]));
    let fortran = file(&dictionary("|u1", true, "(2, 3)"), &[0, 3, 1, 4, 2, 5]);
    assert_eq!(decode(&fortran, None).expect("sound").to_vec::<u8>(), Ok(vec![0, 1, 2, 3, 4, 5]));
    let fortran = file(&dictionary("|u1", true, "(0, 3, 5)"), &[]);
    assert_eq!(decode(&fortran, None).expect("sound").shape(), [0, 3, 5]);
}

#[test]
fn nameless_bytes_need_a_wanted_type() {
    let bf16 = file(&dictionary("<V2", false, "(1,)"), &[0x80, 0x3f]);
    assert_eq!(decode(&bf16, Some(DType::BF16)).expect("sound").to_vec(), Ok(vec![half::bf16::ONE]));
    assert!(matches!(decode(&bf16, None), Err(NpyError::Descr(_))));
    assert!(matches!(decode(&bf16, Some(DType::F16)), Err(NpyError::Type { .. })));
    let i8 = file(&dictionary("|i1", false, "(1,)"), &[1]);
    assert_eq!(decode(&i8, Some(DType::F32)).expect("sound").dtype(), DType::I8);
    assert_eq!(decode(&i8, Some(DType::I4)).expect("sound").dtype(), DType::I4);
    let f8 = file(&dictionary("<f1", false, "(1,)"), &[1]);
    assert_eq!(decode(&f8, Some(DType::F8E5M2)).expect("sound").dtype(), DType::F8E5M2);
}

#[test]
fn values_outside_the_type_are_refused() {
    let nine = file(&dictionary("|i1", false, "(2,)"), &[7, 9]);
    assert!(matches!(decode(&nine, Some(DType::I4)), Err(NpyError::Value { element: 1, byte: 9, dtype: DType::I4 })));
    assert!(decode(&nine, Some(DType::I8)).is_ok());
    assert!(decode(&file(&dictionary("|b1", false, "()"), &[2]), None).is_err());
}

#[test]
fn what_is_no_tensor_is_refused() {
    let huge = "(99999999999, 99999999999)";
    let cases = [
        (b"".to_vec(), "empty"),
        (b"\x93NUMPY\x01\x00\x10".to_vec(), "not an npy file"),
        (b"PK\x03\x04 an archive of arrays".to_vec(), "zip"),
        (b"\x93NUMPY\x09\x00\x10\x00".to_vec(), "version 9"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\xff".to_vec(), "too long"),
        (b"\x93NUMPY\x01\x00\xff\xff{".to_vec(), "the file ends within it"),
        (file(&dictionary("|O", false, "(1,)"), &[0; 8]), "type `O`"),
        (file(&dictionary("<c8", false, "(1,)"), &[0; 8]), "type `c8`"),
        (file(&dictionary("<U3", false, "(1,)"), &[0; 12]), "type `U3`"),
        (file(&dictionary("", false, "(1,)"), &[0; 8]), "type ``"),
        (file(&dictionary("<f4", false, "(2,)"), &[0; 7]), "does not take 7 bytes"),
        (file(&dictionary("<f4", false, "(2,)"), &[0; 9]), "does not take 9 bytes"),
        (file(&dictionary("<f4", false, huge), &[0; 9]), "does not take 9 bytes"),
    ];
    for (file, expected) in cases {
        let error = decode(&file, None).expect_err(expected).to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn every_truncation_is_refused() {
    let mut whole = Vec::new();
    encode(&mut whole, &Tensor::from_vec(vec![2, 2], vec![1.0f32; 4]).expect("sizes agree")).expect("room");
    for length in 0..whole.len() {
        assert!(decode(&whole[..length], None).is_err(), "{length}");
    }
}

#[test]
fn files_are_named_in_errors() {
    let directory = std::env::temp_dir();
    let error = read(&directory, None).expect_err("a directory");
    assert!(error.is_environment() && error.to_string().contains("not a regular file"), "{error}");
    let missing = directory.join("hwc-no-such-file.npy");
    let error = read(&missing, None).expect_err("missing").to_string();
    assert!(error.starts_with(&missing.display().to_string()), "{error}");
}
