//! Rules that hold pass; those that do not, or are too weak, are found; nothing that is written makes a panic.

use super::*;
use crate::egraph::rules::{builtin, parse};

fn fault(rule: &str) -> String {
    let rules = parse("test.rules", rule).unwrap_or_else(|errors| panic!("{errors:?}"));
    check(&rules[0], SEED).err().map(|fault| fault.to_string()).unwrap_or_default()
}

#[test]
fn true_rules_pass() {
    for rule in [
        "exact a: add(x, y) => add(y, x)",
        "reassociates b: add(add(x, y), z) => add(x, add(y, z))",
        "exact c: transpose(transpose(x, permutation=p), permutation=q) => transpose(x, permutation=compose(p, q))",
        "exact d: mul(x, 1) => x if shape(x) == shape(result)",
        "reassociates e: matmul(matmul(x, a), b) => matmul(x, matmul(a, b)) if rank(x) == 2, rank(a) == 2, rank(b) == 2",
        "exact f: concat(xs..., axis=a) => concat(xs..., axis=axis(a, rank(result)))",
        "exact g: relu(concat(xs..., axis=a)) => concat(relu(xs)..., axis=a)",
    ] {
        assert_eq!(fault(rule), "", "{rule}");
    }
}

#[test]
fn false_rules_are_found() {
    for (rule, found) in [
        ("exact a: sub(x, y) => sub(y, x)", "is false"),
        ("exact b: add(add(x, y), z) => add(x, add(y, z))", "is false"),
        ("exact c: add(x, y) => add(y, x) if rank(x) == 77", "never applies"),
        ("exact d: relu(x) => transpose(x, permutation=[1, 0]) if rank(x) == 3", "makes an invalid right side"),
        ("reassociates e: sqrt(mul(x, x)) => x", "is false"),
        (
            "exact f: abs(x) => reduce_max(expand(abs(x), shape=[99999, 99999, 9]), axes=[0, 1, 2], keepdims=false) if rank(x) == 0",
            "never applies",
        ),
    ] {
        let fault = fault(rule);
        assert!(fault.contains(found), "{rule}: {fault}");
    }
}

/// What is easily forgotten or mixed up.
#[test]
fn weak_rules_are_found() {
    let cases = [
        // A scalar with ones as dimensions makes the result larger.
        ("exact a: mul(x, 1) => x", "of another type"),
        ("reassociates b: div(x, x) => 1", "of another type"),
        // Two permutations in the wrong order.
        (
            "exact c: transpose(transpose(x, permutation=p), permutation=q) => transpose(x, permutation=compose(q, p))",
            "type",
        ),
        // The axis is another one after the transpose.
        (
            "exact d: transpose(slice(x, axes=a, starts=b, ends=e, steps=s), permutation=p) \
             => slice(transpose(x, permutation=p), axes=a, starts=b, ends=e, steps=s)",
            "equates",
        ),
        (
            "exact e: softmax(transpose(x, permutation=p), axis=a) => transpose(softmax(x, axis=a), permutation=p)",
            "is false",
        ),
        // The slices of siblings changed places.
        (
            "exact f: matmul(x, a) & matmul(x, b) \
             => slice(matmul(x, concat(b, a, axis=1)), axes=[1], starts=[0], ends=[dim(a, 1)], steps=[1]) \
              & slice(matmul(x, concat(b, a, axis=1)), axes=[1], starts=[dim(a, 1)], ends=[dim(a, 1) + dim(b, 1)], steps=[1]) \
             if rank(a) == 2, rank(b) == 2, rank(x) == 2",
            "is false",
        ),
        // Vectors multiply otherwise.
        ("reassociates g: matmul(matmul(x, a), b) => matmul(x, matmul(a, b)) if rank(x) >= 1", "matmul"),
        // Integers are rounded.
        ("reassociates h: div(add(x, y), z) => add(div(x, z), div(y, z))", "is false"),
        ("reassociates i: reduce_mean(reduce_mean(x, axes=[0]), axes=[1]) => reduce_mean(x, axes=[0, 1])", "is false"),
        // Unsigned integers have no sign.
        ("exact j: abs(neg(x)) => abs(x)", "is false"),
        // What is padded is not shifted.
        (
            "reassociates k: conv(add(x, c), w, ..r) \
             => add(conv(x, w, ..r), reshape(mul(reduce_sum(w, axes=drop(iota(rank(w)), 1)), {splat(c)}), \
                  shape=join([-1], fill(1, rank(w) - 2)))) if elements(c) == 1, rank(c) == 0, dim(w, 1) == dim(x, 1)",
            "is false",
        ),
        // NaN where nothing is reduced; a bound below the other one.
        ("exact l: relu(reduce_max(x, axes=a)) => reduce_max(relu(x), axes=a)", "is false"),
        (
            "exact m: min(max(x, a), b) => clip(x, a, b) if elements(a) == 1, elements(b) == 1, shape(x) == shape(result)",
            "",
        ),
        (
            "exact n: max(min(x, b), a) => clip(x, a, b) if elements(a) == 1, elements(b) == 1, shape(x) == shape(result)",
            "is false",
        ),
        // A cast that loses.
        ("exact o: cast(cast(x, to=t), to=u) => cast(x, to=u)", "is false"),
        // Groups read other channels.
        (
            "reassociates p: add(conv(x, a, ..r), conv(y, b, ..r)) => conv(concat(x, y, axis=1), concat(a, b, axis=1), ..r) \
             if shape(x) == shape(y), shape(a) == shape(b)",
            "conv",
        ),
    ];
    for (rule, found) in cases {
        let fault = fault(rule);
        assert!(fault.contains(found) && fault.is_empty() == found.is_empty(), "{rule}: {fault}");
    }
}

#[test]
fn every_wrong_rule_of_a_file_is_told_with_its_line() {
    let text = "# mine\nexact fine: add(x, y) => add(y, x)\nexact wrong: sub(x, y)\n  => sub(y, x)\n\n\
                exact idle: add(x, y) => add(y, x) if rank(x) == 77\n";
    let errors = check_all(&parse("mine.rules", text).unwrap(), "mine.rules").unwrap_err();
    let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(errors[0].starts_with("mine.rules:3: the rule `wrong` is false: sub("), "{errors:?}");
    assert!(errors[1].starts_with("mine.rules:6: the rule `idle` never applies"), "{errors:?}");
}

/// Rules of the compiler with some of their words left out, doubled or exchanged, and texts of any such words.
#[test]
fn no_text_makes_a_panic() {
    let mut rng = Rng::with_seed(7);
    let split = |text: &str| -> Vec<String> {
        let mut words: Vec<String> = vec![];
        for c in text.chars() {
            match words.last_mut() {
                Some(last) if c.is_alphanumeric() && last.ends_with(char::is_alphanumeric) => last.push(c),
                _ => words.push(c.to_string()),
            }
        }
        words
    };
    let texts: Vec<Vec<String>> = builtin().iter().map(|rule| split(&rule.text)).collect();
    let vocabulary: Vec<String> =
        texts.iter().flatten().cloned().chain(["\"", "é", "9".repeat(40).as_str(), "-1"].map(String::from)).collect();
    let mut parsed = 0;
    for round in 0..4_000 {
        let mut words = rng.choice(&texts).unwrap().clone();
        if round % 8 == 0 {
            words = (0..rng.usize(..40)).map(|_| rng.choice(&vocabulary).unwrap().clone()).collect();
        }
        for _ in 0..rng.usize(1..3) {
            let place = rng.usize(..words.len().max(1)).min(words.len().saturating_sub(1));
            match rng.u8(..3) {
                _ if words.is_empty() => {}
                0 => drop(words.remove(place)),
                1 => words.insert(place, rng.choice(&vocabulary).unwrap().clone()),
                _ => words[place] = rng.choice(&vocabulary).unwrap().clone(),
            }
        }
        if let Ok(rules) = parse("random.rules", &words.concat()) {
            for rule in rules.iter().take(2) {
                parsed += 1;
                // Whatever it says: most are false.
                let _ = check_within(rule, round, 40);
            }
        }
    }
    assert!(parsed > 200, "{parsed} of the texts are rules");
}
