//! The rules of the compiler, a file for each family.

use std::sync::LazyLock;

use super::{Rule, parse};

/// The files, by name.
const FILES: &[(&str, &str)] = &[
    ("algebra.rules", include_str!("families/algebra.rules")),
    ("movement.rules", include_str!("families/movement.rules")),
    ("contraction.rules", include_str!("families/contraction.rules")),
    ("reduction.rules", include_str!("families/reduction.rules")),
    ("fold.rules", include_str!("families/fold.rules")),
    ("recognition.rules", include_str!("families/recognition.rules")),
];

/// All rules of the compiler.
pub fn builtin() -> &'static [Rule] {
    // A test parses and checks every file.
    static RULES: LazyLock<Vec<Rule>> =
        LazyLock::new(|| FILES.iter().flat_map(|(file, text)| parse(file, text).unwrap_or_default()).collect());
    &RULES
}

#[cfg(test)]
mod tests;
