//! What a run says: failures, reasons for refusals, the slowest tests.

use super::worker::{Outcome, Status};
use crate::table;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const SLOWEST: usize = 5;

pub fn text(outcomes: &[Outcome]) -> String {
    let mut text = String::new();
    let reasons = reasons(outcomes);
    if !reasons.is_empty() {
        let rows: Vec<Vec<String>> = reasons
            .iter()
            .map(|(reason, names)| vec![names.len().to_string(), reason.clone(), names[0].clone()])
            .collect();
        text += &table::text(&["count", "unsupported because", "for example"], &rows);
        text += "\n";
    }
    let mut slowest: Vec<&Outcome> = outcomes.iter().collect();
    slowest.sort_by(|a, b| b.total_ms.total_cmp(&a.total_ms));
    let ms = |value: f64| format!("{value:.1}");
    let row = |o: &&Outcome| vec![o.name.clone(), ms(o.total_ms), ms(o.compile_ms), ms(o.run_ms)];
    let rows: Vec<Vec<String>> = slowest.iter().take(SLOWEST).map(row).collect();
    text + &table::text(&["slowest", "total ms", "compile ms", "run ms"], &rows) + "\n"
}

/// Reasons with the tests they hold for, most frequent first.
fn reasons(outcomes: &[Outcome]) -> Vec<(String, Vec<String>)> {
    let mut reasons: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for outcome in outcomes.iter().filter(|o| o.status == Status::Unsupported) {
        reasons.entry(reason(&outcome.detail)).or_default().push(outcome.name.clone());
    }
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, names)| std::cmp::Reverse(names.len()));
    reasons
}

/// What of a refusal can be counted: its first line, up to the names and numbers that differ from model to model.
fn reason(detail: &str) -> String {
    let line = detail.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("no reason given");
    let end = line.find([';', '(']).filter(|end| *end > 0).unwrap_or(line.len());
    line[..end].trim_end_matches([' ', ':']).to_string()
}

pub fn details(outcomes: &[Outcome], elapsed: Duration) -> Value {
    let reasons: Vec<Value> =
        reasons(outcomes).into_iter().map(|(reason, tests)| json!({"reason": reason, "tests": tests})).collect();
    json!({"seconds": elapsed.as_secs_f64(), "unsupported": reasons, "tests": outcomes})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_counted_by_reason() {
        let refuse = |name: &str, detail: &str| Outcome {
            name: name.into(),
            status: Status::Unsupported,
            detail: detail.into(),
            compile_ms: 0.0,
            run_ms: 0.0,
            total_ms: 0.0,
        };
        let outcomes = [
            refuse("a", "type string"),
            refuse("b", "op Foo (node `x`)\nmore"),
            refuse("c", "op Foo (node `y`)"),
            refuse("d", ""),
        ];
        let reasons: Vec<(String, usize)> = reasons(&outcomes).into_iter().map(|(r, n)| (r, n.len())).collect();
        let expected = [("op Foo", 2), ("no reason given", 1), ("type string", 1)].map(|(r, n)| (r.to_string(), n));
        assert_eq!(reasons, expected);
    }
}
