//! Why kernels were chosen: `compile --explain` as JSON or as a page, `--remarks` in lines; `--dump-egraph` writes what they
//! were chosen from.

mod page;
mod picture;
mod remarks;

use std::path::Path;

use hwc::{Diagnostic, Explanation};
use hwc_runtime::atomic_file;

use crate::cli::Compile;
use crate::failure::Failure;

/// Whether any option wants an explanation.
pub fn is_asked_for(arguments: &Compile) -> bool {
    !arguments.explain.is_empty() || !arguments.dump_egraph.is_empty() || !arguments.remarks.is_empty()
}

/// Writes the files that options ask for, each whole or not at all, in the format that its ending tells; gives the remarks
/// that they ask for.
pub fn tell(arguments: &Compile, explanation: Option<&Explanation>) -> Result<Vec<Diagnostic>, Failure> {
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
    if arguments.remarks.is_empty() {
        return Ok(vec![]);
    }
    Ok(remarks::remarks(&arguments.model, &arguments.remarks, there_is("--remarks")?))
}

/// Seconds in the unit that leaves few digits; infinite ones are written as such.
fn time(seconds: f64) -> String {
    const UNITS: &[(f64, &str)] = &[(1.0, "s"), (1e-3, "ms"), (1e-6, "µs")];
    if !seconds.is_finite() {
        return "∞".into();
    }
    let (unit, name) = UNITS.iter().find(|(unit, _)| seconds >= *unit).copied().unwrap_or((1e-6, "µs"));
    let digits = if seconds / unit < 10.0 { 2 } else { 1 };
    format!("{:.digits$} {name}", seconds / unit)
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|own| own.eq_ignore_ascii_case(ending))
}

fn write_text(path: &Path, text: String) -> Result<(), Failure> {
    atomic_file::write(path, text.as_bytes()).map_err(|e| Failure::file(path, &e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        assert_eq!(
            [2.5, 0.0123, 4.5e-6, 3e-9, f64::INFINITY].map(time),
            ["2.50 s", "12.3 ms", "4.50 µs", "0.00 µs", "∞"]
        );
    }
}
