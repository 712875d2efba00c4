//! What a run says: failures, reasons for refusals, the slowest tests.

use super::worker::{Outcome, Status};
use crate::table;
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
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

/// Reasons with the tests they hold for, most frequent first. A test that is refused for several reasons counts for each.
fn reasons(outcomes: &[Outcome]) -> Vec<(String, Vec<String>)> {
    let mut reasons: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for outcome in outcomes.iter().filter(|o| o.status == Status::Unsupported) {
        for reason in reasons_of(&outcome.detail) {
            reasons.entry(reason).or_default().push(outcome.name.clone());
        }
    }
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, names)| Reverse(names.len()));
    reasons
}

/// A refusal is a tree of lines by indentation; its leaves are the reasons.
fn reasons_of(detail: &str) -> BTreeSet<String> {
    let lines: Vec<&str> = detail.lines().filter(|line| !line.trim().is_empty()).collect();
    let depth = |line: &str| line.len() - line.trim_start().len();
    let is_leaf = |index: usize| lines.get(index + 1).is_none_or(|next| depth(next) <= depth(lines[index]));
    let reasons: BTreeSet<String> = (0..lines.len()).filter(|i| is_leaf(*i)).map(|i| reason(lines[i])).collect();
    if reasons.is_empty() { BTreeSet::from(["no reason given".to_string()]) } else { reasons }
}

/// What of a line can be counted: without the node, the number of nodes, names, and what stands in brackets.
fn reason(line: &str) -> String {
    let line = line.trim();
    let line = line.strip_prefix("node `").and_then(|rest| rest.split_once("`: ")).map_or(line, |(_, rest)| rest);
    let line = match line.split_once(" x ") {
        Some((count, rest)) if count.bytes().all(|byte| byte.is_ascii_digit()) => rest,
        _ => line,
    };
    let mut depth = 0_usize;
    let mut text = String::new();
    for c in line.split(": `").next().unwrap_or(line).chars() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ if depth == 0 => text.push(c),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace(" ,", ",")
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
            refuse("a", "type strings[2]"),
            refuse(
                "b",
                "2 nodes cannot be compiled:\n  2 x ai.onnx.Foo (opset 5), not implemented: `x`, `y` and 3 more",
            ),
            refuse("c", "no native code:\n  node `n`: hwc.bar: is new\n  node `m`: hwc.bar: is new\n"),
            refuse("d", "no native code:\n  node `x`: hwc.bar: is new\n  node `y`: hwc.baz: is old"),
            refuse("e", ""),
        ];
        let reasons: Vec<(String, usize)> = reasons(&outcomes).into_iter().map(|(r, n)| (r, n.len())).collect();
        let expected = [
            ("hwc.bar: is new", 2),
            ("ai.onnx.Foo, not implemented", 1),
            ("hwc.baz: is old", 1),
            ("no reason given", 1),
            ("type strings", 1),
        ];
        assert_eq!(reasons, expected.map(|(r, n)| (r.to_string(), n)));
    }
}
