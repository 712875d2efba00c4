//! `compile --remarks`: an explanation in lines, in the format in which MLIR prints remarks.

use std::fmt;
use std::path::Path;

use hwc::{Diagnostic, Explanation, Severity};

use super::time;
use crate::cli::Category;

/// By what MLIR tells remarks apart.
#[derive(Debug)]
enum Kind {
    /// What was done.
    Passed,
    /// What was not done and is expected to be better, or was not looked for to the end.
    Missed,
    Analysis,
}

struct Remark<'e> {
    /// As MLIR writes it; empty for what is about the whole model.
    location: &'e str,
    kind: Kind,
    name: String,
    category: Category,
    values: Vec<(&'static str, String)>,
}

/// The remarks of these categories about the plan for a model; of kernels, what takes longest first.
pub fn remarks(model: &Path, categories: &[Category], explanation: &Explanation) -> Vec<Diagnostic> {
    let model = model.display().to_string();
    let all = saturation(explanation).chain(plans(explanation)).chain(budgets(explanation)).chain(kernels(explanation));
    let wanted = all.filter(|remark| categories.contains(&remark.category));
    let line = |remark: Remark| format!("{}: remark: {remark}", place(remark.location, &model));
    wanted.map(line).map(|message| Diagnostic { severity: Severity::Remark, message }).collect()
}

fn saturation(explanation: &Explanation) -> impl Iterator<Item = Remark<'_>> {
    explanation.parts.iter().map(|part| {
        let (kind, stop) = match &*part.stop {
            "saturated" => (Kind::Analysis, part.stop.clone()),
            limit => (Kind::Missed, format!("limit of {limit}")),
        };
        let values = vec![
            ("Stop", stop),
            ("Iterations", part.iterations.len().to_string()),
            ("Nodes", part.nodes.to_string()),
            ("Classes", part.classes.to_string()),
            ("Operations", part.operations.to_string()),
            ("Times", part.times.to_string()),
        ];
        Remark { location: &part.location, kind, name: "part".into(), category: Category::Saturation, values }
    })
}

fn plans(explanation: &Explanation) -> impl Iterator<Item = Remark<'_>> {
    let remark =
        |kind, name: &str, values| Remark { location: "", kind, name: name.into(), category: Category::Plan, values };
    let values = vec![
        ("Predicted", time(explanation.predicted)),
        ("Unchanged", time(explanation.unchanged)),
        ("Bound", time(explanation.bound)),
        ("Proved", explanation.proved.to_string()),
    ];
    let measured = explanation.measured.iter().map(move |plan| {
        let kind = if plan.chosen { Kind::Passed } else { Kind::Analysis };
        remark(kind, "measured plan", vec![("Predicted", time(plan.predicted)), ("Measured", time(plan.measured))])
    });
    std::iter::once(remark(Kind::Analysis, "plan", values)).chain(measured)
}

fn budgets(explanation: &Explanation) -> impl Iterator<Item = Remark<'_>> {
    explanation.budgets.iter().map(|budget| {
        // Smaller differences are left to chance by the search.
        let faster = budget.without.filter(|without| *without < explanation.predicted * 0.999);
        let mut values = vec![("Limit", budget.limit.to_string()), ("Used", budget.used.to_string())];
        values.extend(faster.map(|without| ("PredictedWithout", time(without))));
        let kind = if faster.is_some() { Kind::Missed } else { Kind::Analysis };
        Remark { location: "", kind, name: budget.name.clone(), category: Category::Budget, values }
    })
}

fn kernels(explanation: &Explanation) -> impl Iterator<Item = Remark<'_>> {
    explanation.kernels.iter().map(|kernel| {
        let mut values = vec![("Result", kernel.result.clone()), ("Times", kernel.times.to_string())];
        values.push(("Predicted", time(kernel.predicted)));
        values.extend(kernel.measured.map(|measured| ("Measured", time(measured))));
        if let Some(formed) = &kernel.formed {
            values.push(("Kernel", formed.name.clone()));
            if formed.merged > 1 {
                values.extend([("Merged", formed.merged.to_string()), ("Together", time(formed.predicted))]);
            }
            let schedule = (!formed.schedule.is_empty()).then(|| formed.schedule.clone());
            values.extend(schedule.map(|schedule| ("Schedule", schedule)));
            values.extend(formed.learned.map(|learned| ("Learned", time(learned.seconds))));
        }
        if !kernel.rules.is_empty() {
            values.push(("Rules", kernel.rules.join(", ")));
        }
        if let Some(alternative) = &kernel.alternative {
            let operators = alternative.operators.join("+");
            let operators = if operators.is_empty() { "not computed".into() } else { operators };
            values.extend([("Alternative", operators), ("More", time(alternative.more))]);
        }
        let (kind, name) = (Kind::Passed, kernel.operators.join("+"));
        Remark { location: &kernel.location, kind, name, category: Category::Kernel, values }
    })
}

impl fmt::Display for Remark<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let category = format!("{:?}", self.category).to_lowercase();
        write!(f, "[{:?}] {} | Category:{category} | ", self.kind, self.name)?;
        let values = self.values.iter().map(|(key, value)| match value.contains([' ', ',']) {
            true => format!("{key}=\"{value}\""),
            false => format!("{key}={value}"),
        });
        f.write_str(&values.collect::<Vec<_>>().join(", "))
    }
}

/// A location as diagnostics begin with it; the model where there is none.
fn place(location: &str, model: &str) -> String {
    let file = location.strip_prefix("loc(\"").and_then(|rest| rest.strip_suffix(')')?.split_once("\":"));
    match file.filter(|(_, place)| place.bytes().all(|byte| byte.is_ascii_digit() || byte == b':')) {
        // MLIR has no name for text that is read from memory.
        Some(("-", place)) => format!("{model}:{place}"),
        Some((file, place)) => format!("{file}:{place}"),
        None if location.is_empty() || location == "loc(unknown)" => model.into(),
        None => location.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_written_as_in_diagnostics() {
        let locations = [
            (r#"loc("-":3:8)"#, "m.mlir:3:8"),
            (r#"loc("a.py":3:8)"#, "a.py:3:8"),
            (r#"loc("/layer/MatMul")"#, r#"loc("/layer/MatMul")"#),
            (r#"loc("name"("-":3:8))"#, r#"loc("name"("-":3:8))"#),
            ("loc(unknown)", "m.mlir"),
            ("", "m.mlir"),
        ];
        for (location, written) in locations {
            assert_eq!(place(location, "m.mlir"), written);
        }
    }
}
