//! `compile --explain`: why kernels were chosen, as JSON.

use std::path::Path;

use hwc::Explanation;
use hwc_runtime::atomic_file;

use crate::failure::Failure;

/// Writes an explanation, whole or not at all.
pub fn write(path: &Path, explanation: Option<&Explanation>) -> Result<(), Failure> {
    let Some(explanation) = explanation else {
        return Err(Failure::input(
            "--explain",
            "there is nothing to explain: the model holds kernels, or --rewrite is not saturate",
        ));
    };
    let json = serde_json::to_string_pretty(explanation).map_err(|e| Failure::input("--explain", e))?;
    atomic_file::write(path, json.as_bytes()).map_err(|e| Failure::file(path, &e))
}
