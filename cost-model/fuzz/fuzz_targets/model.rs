//! Files of models. What is read is written again as it was; what is not is refused.
#![no_main]

use hwc_cost_model::model::{Error, Model};
use hwc_cost_model::text::fingerprint;
use libfuzzer_sys::fuzz_target;

/// What stands before the content, whose checksum is behind it.
const HEAD: &[u8] = b"hwc cost model\n\0\x02\0\0\0";

fn read(bytes: &[u8]) {
    match Model::from_bytes(bytes) {
        Ok(model) => assert_eq!(Model::from_bytes(&model.to_bytes()).expect("it was read before"), model),
        Err(Error::File { .. } | Error::Stopped | Error::Examples(_)) => panic!("it is read from memory"),
        Err(error) => assert!(error.to_string().contains("hwc-opt tune train")),
    }
}

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    // The checksum keeps chance away from what is behind it, and so does the fingerprint.
    let tokens = fingerprint().as_bytes();
    let content = [&[tokens.len() as u8][..], tokens, bytes].concat();
    read(&[HEAD, &blake3::hash(&content).as_bytes()[..16], &content].concat());
});
