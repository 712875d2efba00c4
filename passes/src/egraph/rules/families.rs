//! The rules of the compiler, a file for each family.

use std::sync::LazyLock;

use super::{Rule, parse};

/// The files, by name.
const FILES: &[(&str, &str)] = &[
    ("algebra.rules", include_str!("families/algebra.rules")),
    ("movement.rules", include_str!("families/movement.rules")),
    ("contraction.rules", include_str!("families/contraction.rules")),
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
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::egraph::check::check_all;

    #[test]
    fn every_rule_holds() {
        let mut names = HashSet::new();
        let mut wrong = vec![];
        for (file, text) in FILES {
            let rules = parse(file, text).unwrap_or_else(|errors| panic!("{errors:?}"));
            for rule in &rules {
                assert!(names.insert(rule.name.clone()), "two rules are called {}", rule.name);
            }
            wrong.extend(check_all(&rules, file).err().unwrap_or_default());
        }
        let wrong: Vec<String> = wrong.iter().map(ToString::to_string).collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert_eq!(names.len(), builtin().len());
    }
}
