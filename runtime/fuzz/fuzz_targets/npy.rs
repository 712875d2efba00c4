//! The reader of `npy` files. The first byte chooses the wanted element type.
#![no_main]

use hwc_runtime::{DType, npy};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&choice, file)) = data.split_first() else { return };
    let wanted = DType::ALL.get(usize::from(choice)).copied();
    match npy::decode(file, wanted) {
        Ok(tensor) => {
            assert_eq!(tensor.dtype().first_invalid(tensor.bytes()), None);
            let mut written = Vec::new();
            npy::encode(&mut written, &tensor).expect("a vector takes everything");
            assert_eq!(npy::decode(&written, Some(tensor.dtype())).ok(), Some(tensor));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
