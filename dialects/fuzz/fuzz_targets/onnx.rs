//! ONNX files: loaded and imported, with sizes for whatever dimensions are not fixed.
#![no_main]

use hwc_dialects::onnx::{Options, import, load_bytes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let model = match load_bytes(data.to_vec(), None) {
        Ok(model) => model,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let mut options = Options::default();
    if let Err(report) = import(&model, &options) {
        assert!(!report.is_empty() && !report.to_string().is_empty());
        options.dims = report.dims.keys().map(|name| (name.clone(), 2)).collect();
        if !options.dims.is_empty() {
            let _ = import(&model, &options).map_err(|report| report.to_string());
        }
    }
});
