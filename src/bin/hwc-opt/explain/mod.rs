//! `compile --explain`: why kernels were chosen, as JSON or as a page; `--dump-egraph`: what they were chosen from.

mod page;
mod picture;

use std::path::Path;

use hwc::Explanation;
use hwc_runtime::atomic_file;

use crate::cli::Compile;
use crate::failure::Failure;

/// Whether any option wants an explanation.
pub fn is_asked_for(arguments: &Compile) -> bool {
    !arguments.explain.is_empty() || !arguments.dump_egraph.is_empty()
}

/// Writes the files that options ask for, each whole or not at all, in the format that its ending tells.
pub fn write(arguments: &Compile, explanation: Option<&Explanation>) -> Result<(), Failure> {
    let there_is = |option: &str| {
        explanation.ok_or_else(|| Failure::input(option, "there is nothing to explain: no graph was rewritten"))
    };
    for path in &arguments.explain {
        let explanation = there_is("--explain")?;
        let text = match has_ending(path, "html") {
            true => page::page(&arguments.model.display().to_string(), explanation).map_err(|e| format!("{e:#}")),
            false => serde_json::to_string_pretty(explanation).map_err(|e| e.to_string()),
        };
        write_text(path, text.map_err(|e| Failure::input("--explain", e))?)?;
    }
    for path in &arguments.dump_egraph {
        let egraph = &there_is("--dump-egraph")?.egraph;
        let text = match has_ending(path, "dot") {
            true => egraph.dot(),
            false => serde_json::to_string_pretty(egraph).map_err(|e| Failure::input("--dump-egraph", e))?,
        };
        write_text(path, text)?;
    }
    Ok(())
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|own| own.eq_ignore_ascii_case(ending))
}

fn write_text(path: &Path, text: String) -> Result<(), Failure> {
    atomic_file::write(path, text.as_bytes()).map_err(|e| Failure::file(path, &e))
}
