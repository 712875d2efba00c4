//! The list of tests that pass; what is on it must go on passing.

use super::worker::{Outcome, Status};
use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::report::write_whole;
use std::collections::BTreeSet;
use std::fs;

/// Relative to the workspace: one name a line, sorted.
pub const FILE: &str = "xtask/conformance-passing.txt";

pub struct Baseline(BTreeSet<String>);

impl Baseline {
    pub fn empty() -> Baseline {
        Baseline(BTreeSet::new())
    }

    pub fn read(layout: &Layout) -> Result<Baseline> {
        let path = layout.root.join(FILE);
        let text = fs::read_to_string(&path).map_err(Error::io("read", &path))?;
        Ok(Baseline(text.lines().map(str::to_string).collect()))
    }

    pub fn write(&self, layout: &Layout) -> Result<()> {
        let text: String = self.0.iter().map(|name| format!("{name}\n")).collect();
        write_whole(&layout.root.join(FILE), &text)
    }

    /// Listed tests that were run and do not pass.
    pub fn regressions(&self, outcomes: &[Outcome]) -> Vec<String> {
        let regressed = |o: &&Outcome| o.status != Status::Passed && self.0.contains(&o.name);
        outcomes.iter().filter(regressed).map(|o| o.name.clone()).collect()
    }

    pub fn newly_passing(&self, outcomes: &[Outcome]) -> usize {
        outcomes.iter().filter(|o| o.status == Status::Passed && !self.0.contains(&o.name)).count()
    }

    /// Takes over what was run; what was filtered out stays as it is.
    pub fn bless(&mut self, outcomes: &[Outcome]) {
        for outcome in outcomes {
            if outcome.status == Status::Passed {
                self.0.insert(outcome.name.clone());
            } else {
                self.0.remove(&outcome.name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(name: &str, status: Status) -> Outcome {
        Outcome { name: name.into(), status, detail: String::new(), compile_ms: 0.0, run_ms: 0.0, total_ms: 0.0 }
    }

    #[test]
    fn a_listed_test_must_pass_and_blessing_takes_over_only_what_ran() {
        let mut baseline = Baseline(["test_abs", "test_add", "test_xor"].map(String::from).into());
        let outcomes = [
            outcome("test_abs", Status::Passed),
            outcome("test_add", Status::Unsupported),
            outcome("test_cos", Status::Passed),
        ];
        assert_eq!(baseline.regressions(&outcomes), ["test_add"]);
        assert_eq!(baseline.newly_passing(&outcomes), 1);
        baseline.bless(&outcomes);
        assert_eq!(baseline.0, ["test_abs", "test_cos", "test_xor"].map(String::from).into());
    }
}
