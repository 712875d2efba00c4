//! `compile --explain`: why kernels were chosen, as JSON or as a page.

mod page;
mod picture;

use std::path::Path;

use hwc::Explanation;
use hwc_runtime::atomic_file;

use crate::failure::Failure;

/// Writes an explanation, whole or not at all: a page to a file that is named as one, else JSON.
pub fn write(path: &Path, model: &Path, explanation: Option<&Explanation>) -> Result<(), Failure> {
    let Some(explanation) = explanation else {
        return Err(Failure::input("--explain", "there is nothing to explain: the model holds kernels"));
    };
    let failed = |error: String| Failure::input("--explain", error);
    let is_page = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("html"));
    let text = if is_page {
        page::page(&model.display().to_string(), explanation).map_err(|e| failed(format!("{e:#}")))?
    } else {
        serde_json::to_string_pretty(explanation).map_err(|e| failed(e.to_string()))?
    };
    atomic_file::write(path, text.as_bytes()).map_err(|e| Failure::file(path, &e))
}
