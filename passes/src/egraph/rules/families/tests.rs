//! Every rule holds; what exporters write is recognised; graphs saturate well before the limits.

use std::collections::HashSet;

use super::*;
use crate::codegen::ir;
use crate::egraph::check::check_all;
use crate::egraph::facts::Graph;
use crate::egraph::graphs::{decoder, with_weights};
use crate::egraph::module::Part;
use crate::egraph::saturate::{Limits, Saturation, Stop, saturate};
use egg::Id;

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

/// The documentation's table: what a family is about is its first line.
#[test]
fn every_family_is_documented() {
    let rows = FILES.iter().map(|(file, text)| {
        let about = text.lines().next().unwrap_or_default().trim_start_matches("# ");
        let count = parse(file, text).unwrap().len();
        format!("| `{}` | {count} | {about} |\n", file.trim_end_matches(".rules"))
    });
    let table = format!("| family | rules | about |\n|---|---|---|\n{}", rows.collect::<String>());
    let documentation = include_str!("../../../../../docs/rules.md");
    assert!(documentation.contains(&table), "docs/rules.md must have the table\n{table}");
}

/// A graph after saturation.
struct Saturated {
    graph: Graph,
    roots: Vec<Id>,
    saturation: Saturation,
}

/// Saturates the function of a text in which `weights<SHAPE>` stands for a constant with elements that differ.
fn saturated(text: &str) -> Saturated {
    let context = crate::codegen::context::new();
    hwc_dialects::mlir::load(&context);
    let text = with_weights(text);
    let module = melior::ir::Module::parse(&context, &text).unwrap_or_else(|| panic!("{text}"));
    let function = ir::functions(ir::module_op(&module))[0];
    let mut graph = Graph::default();
    let imported = Part::whole(ir::entry(function).unwrap()).import(&mut graph).unwrap();
    let saturation = saturate(&mut graph, builtin(), &Limits::default());
    let conflicts: Vec<_> =
        graph.analysis.conflicts.iter().map(|c| (c.rule.map(|r| &builtin()[r as usize].name), &c.message)).collect();
    assert!(conflicts.is_empty(), "{conflicts:?}");
    let roots = imported.roots.iter().map(|id| graph.find(*id)).collect();
    Saturated { graph, roots, saturation }
}

impl Saturated {
    /// Whether one of these e-classes is, by one of its e-nodes, what a pattern says, where conditions hold.
    fn any(&self, pattern: &str, classes: impl Iterator<Item = Id>) -> bool {
        let (pattern, conditions) = pattern.split_once(" if ").unwrap_or((pattern, "1 == 1"));
        let rule = parse("query.rules", &format!("exact query: {pattern} => 0 if {conditions}")).unwrap().remove(0);
        let mut found = false;
        classes.for_each(|id| rule.matches(&self.graph, &[id], &mut |_| found = true));
        found
    }

    /// Whether the result of the function is this.
    fn is(&self, pattern: &str) -> bool {
        self.any(pattern, self.roots.iter().copied())
    }

    /// Whether this is anywhere in the graph.
    fn has(&self, pattern: &str) -> bool {
        self.any(pattern, self.graph.classes().map(|class| class.id))
    }
}

/// Saturates a body of one argument, `%x`, of f32 and a shape, that ends by making `%y` of the same shape. In the text
/// `f OPERANDS` on the right of `=` stands for an elementwise operation on operands of the types that are given.
fn body(shape: &str, lines: &str) -> Saturated {
    let ty = format!("tensor<{shape}xf32>");
    let text = lines.replace("SHAPE", &ty);
    saturated(&format!("func.func @main(%x: {ty}) -> {ty} {{\n{text}\nreturn %y : {ty} }}"))
}

/// Numbers are constants `%cNAME`; unary and binary operations on values of the full shape are written short.
fn elementwise(lines: &[&str], constants: &[(&str, &str)]) -> Saturated {
    let constants_text: String = constants
        .iter()
        .map(|(name, value)| format!("%{name} = hwc.constant dense<{value}> : tensor<f32>\n"))
        .collect();
    let is_constant = |operand: &str| constants.iter().any(|(name, _)| operand.strip_prefix('%') == Some(*name));
    let text: String = lines
        .iter()
        .map(|line| {
            let (result, operation) = line.split_once(" = ").unwrap();
            let (name, operands) = operation.split_once(' ').unwrap();
            let types: Vec<&str> = operands
                .split([',', ' '])
                .filter(|word| word.starts_with('%'))
                .map(|operand| if is_constant(operand) { "tensor<f32>" } else { "SHAPE" })
                .collect();
            format!("{result} = hwc.{name} {operands} : ({}) -> SHAPE\n", types.join(", "))
        })
        .collect();
    body("2x8", &(constants_text + &text))
}

#[test]
fn activations_are_recognised() {
    let numbers = [
        ("zero", "0.0"),
        ("one", "1.0"),
        ("two", "2.0"),
        ("three", "3.0"),
        ("six", "6.0"),
        ("half", "0.5"),
        ("root", "1.41421354"),
        ("inverse", "0.707106769"),
        ("cubic", "4.471500e-02"),
        ("factor", "0.797884583"),
        ("sixth", "0.166666672"),
    ];
    let cases: &[(&[&str], &str)] = &[
        (&["%a = sigmoid %x", "%y = mul %x, %a"], "swish(x)"),
        (&["%a = neg %x", "%b = exp %a", "%c = add %one, %b", "%d = div %one, %c", "%y = mul %d, %x"], "swish(x)"),
        (&["%a = exp %x", "%b = add %a, %one", "%c = log %b", "%d = tanh %c", "%y = mul %x, %d"], "mish(x)"),
        (&["%y = max %x, %zero"], "relu(x)"),
        (&["%y = clip %x min %zero"], "relu(x)"),
        (&["%a = max %x, %zero", "%y = min %a, %six"], "clip(x, 0, 6)"),
        (
            &["%a = add %x, %three", "%b = clip %a min %zero max %six", "%c = mul %x, %b", "%y = div %c, %six"],
            "hard_swish(x)",
        ),
        (
            &["%a = add %x, %three", "%b = clip %a min %zero max %six", "%c = div %b, %six", "%y = mul %x, %c"],
            "hard_swish(x)",
        ),
        (
            &["%a = mul %x, %sixth", "%b = add %a, %half", "%c = clip %b min %zero max %one", "%y = mul %c, %x"],
            "hard_swish(x)",
        ),
        (
            &["%a = div %x, %root", "%b = erf %a", "%c = add %b, %one", "%d = mul %x, %c", "%y = mul %d, %half"],
            "gelu(x)",
        ),
        (
            &["%a = mul %x, %inverse", "%b = erf %a", "%c = add %one, %b", "%d = mul %half, %x", "%y = mul %d, %c"],
            "gelu(x)",
        ),
        (
            &["%a = div %x, %root", "%b = erf %a", "%c = add %b, %one", "%d = mul %c, %half", "%y = mul %x, %d"],
            "gelu(x)",
        ),
        (
            &[
                "%a = mul %x, %x",
                "%b = mul %a, %x",
                "%c = mul %cubic, %b",
                "%d = add %x, %c",
                "%e = mul %d, %factor",
                "%f = tanh %e",
                "%g = add %f, %one",
                "%h = mul %x, %half",
                "%y = mul %h, %g",
            ],
            "gelu(x, approximate=\"tanh\")",
        ),
        (
            &[
                "%a = pow %x, %two",
                "%b = mul %cubic, %a",
                "%c = add %one, %b",
                "%d = mul %x, %c",
                "%e = mul %factor, %d",
                "%f = tanh %e",
                "%g = add %one, %f",
                "%h = mul %g, %half",
                "%y = mul %h, %x",
            ],
            "gelu(x, approximate=\"tanh\")",
        ),
    ];
    assert!(!elementwise(&["%a = tanh %x", "%y = mul %x, %a"], &numbers).is("swish(x)"));
    for (lines, pattern) in cases {
        let all = elementwise(lines, &numbers);
        assert!(all.is(pattern), "{lines:?} is not {pattern}");
        assert_eq!(all.saturation.stop, Stop::Saturated, "{lines:?}");
    }
}

/// Reductions along the last axis of `%x`, 2x8.
fn rows(lines: &str) -> Saturated {
    let lines =
        lines.replace("ROWS", "tensor<2x1xf32>").replace("SCALAR", "tensor<f32>").replace("ROW", "tensor<8xf32>");
    body("2x8", &lines)
}

#[test]
fn normalizations_are_recognised() {
    let mean = "%e = hwc.constant dense<1.0e-5> : SCALAR
        %g = weights<8>
        %b = weights<8>
        %two = hwc.constant dense<2.0> : SCALAR
        %m = hwc.reduce_mean %x over [-1] : (SHAPE) -> ROWS
        %d = hwc.sub %x, %m : (SHAPE, ROWS) -> SHAPE\n";
    let squares = ["hwc.pow %d, %two : (SHAPE, SCALAR) -> SHAPE", "hwc.mul %d, %d : (SHAPE, SHAPE) -> SHAPE"];
    let quotients = [
        "%r = hwc.sqrt %w : (ROWS) -> ROWS
         %n = hwc.div %d, %r : (SHAPE, ROWS) -> SHAPE",
        "%r = hwc.sqrt %w : (ROWS) -> ROWS
         %i = hwc.reciprocal %r : (ROWS) -> ROWS
         %n = hwc.mul %d, %i : (SHAPE, ROWS) -> SHAPE",
        "%p = hwc.constant dense<-0.5> : SCALAR
         %i = hwc.pow %w, %p : (ROWS, SCALAR) -> ROWS
         %n = hwc.mul %i, %d : (ROWS, SHAPE) -> SHAPE",
    ];
    for square in squares {
        for quotient in quotients {
            let all = rows(&format!(
                "{mean} %q = {square}
                %v = hwc.reduce_mean %q over [-1] : (SHAPE) -> ROWS
                %w = hwc.add %v, %e : (ROWS, SCALAR) -> ROWS
                {quotient}
                %z = hwc.mul %n, %g : (SHAPE, ROW) -> SHAPE
                %y = hwc.add %z, %b : (SHAPE, ROW) -> SHAPE"
            ));
            assert!(
                all.is("layer_normalization(x, g, b, axis=1, epsilon=0.00001) if given(g), given(b)"),
                "{square} {quotient}"
            );
            assert_eq!(all.saturation.stop, Stop::Saturated);
        }
    }
    let all = rows(
        "%e = hwc.constant dense<1.0e-6> : SCALAR
        %g = weights<8>
        %q = hwc.mul %x, %x : (SHAPE, SHAPE) -> SHAPE
        %v = hwc.reduce_mean %q over [1] : (SHAPE) -> ROWS
        %w = hwc.add %v, %e : (ROWS, SCALAR) -> ROWS
        %r = hwc.sqrt %w : (ROWS) -> ROWS
        %n = hwc.div %x, %r : (SHAPE, ROWS) -> SHAPE
        %y = hwc.mul %g, %n : (ROW, SHAPE) -> SHAPE",
    );
    assert!(all.is("rms_normalization(x, g, axis=1, epsilon=0.000001) if given(g)"));
}

#[test]
fn softmax_is_recognised() {
    let shifted = rows(
        "%m = hwc.reduce_max %x over [-1] : (SHAPE) -> ROWS
        %d = hwc.sub %x, %m : (SHAPE, ROWS) -> SHAPE
        %p = hwc.exp %d : (SHAPE) -> SHAPE
        %s = hwc.reduce_sum %p over [-1] : (SHAPE) -> ROWS
        %y = hwc.div %p, %s : (SHAPE, ROWS) -> SHAPE",
    );
    assert!(shifted.any("softmax(x, axis=1) if !weights(x)", shifted.roots.iter().copied()));
    assert!(shifted.has("softmax(x, axis=1)"));
    let logarithm = rows(
        "%p = hwc.exp %x : (SHAPE) -> SHAPE
        %s = hwc.reduce_sum %p over [1] : (SHAPE) -> ROWS
        %l = hwc.log %s : (ROWS) -> ROWS
        %y = hwc.sub %x, %l : (SHAPE, ROWS) -> SHAPE",
    );
    assert!(logarithm.is("log_softmax(x, axis=1)"));
}

/// As PaddleOCR and BERT have it: normalization and GELU from primitives, one product for each of Q, K and V, scaled
/// scores with a mask.
const LAYER: &str = include_str!("layer.mlir");

#[test]
fn a_transformer_layer_saturates() {
    let all = saturated(LAYER);
    let nodes = all.saturation.iterations.last().unwrap().nodes;
    assert_eq!(all.saturation.stop, Stop::Saturated, "{:?}", all.saturation);
    assert!(nodes < 2_000, "{nodes}");
    assert!(all.is("layer_normalization(x, g, b, axis=2, epsilon=e) if given(g), given(b)"));
    assert!(all.has("gelu(x)"));
    assert!(all.has("attention(q, k, v, m, scale=0.5)"));
    // Q, K and V by one product.
    assert!(all.has("matmul(x, w) if weights(w), dim(w, 1) == 48, len(parts(w)) == 3"));
    assert!(all.has("add(matmul(x, w), b) if dim(w, 1) == 48, shape(b) == [48]"));
    // What is attended to is not transposed but once for each head, as a slice of all three.
    assert!(all.has(
        "slice(transpose(reshape(x, shape=s), permutation=p), axes=a, starts=b, ends=e, steps=t) if dim(x, -1) == 48"
    ));
}

/// As MobileNet has it: batch normalization after each convolution, hard swish from primitives, squeeze and excitation.
const BLOCK: &str = include_str!("block.mlir");

#[test]
fn a_residual_block_saturates() {
    let all = saturated(BLOCK);
    let nodes = all.saturation.iterations.last().unwrap().nodes;
    assert_eq!(all.saturation.stop, Stop::Saturated, "{:?}", all.saturation);
    assert!(nodes < 2_000, "{nodes}");
    assert!(all.has("hard_swish(conv(x, w, b, ..r)) if weights(w), weights(b)"), "a normalization became part");
    assert!(all.is("add(conv(x, w, b, ..r), y) if weights(w), weights(b)"));
    assert!(all.has("matmul(x, w) if weights(w), rank(x) == 2"), "squeezed images are rows");
}

/// Where saturation ends, every rule has been applied everywhere, however little each iteration looked at.
#[test]
fn nothing_is_left_at_the_fix_point() {
    for text in [LAYER.to_string(), BLOCK.to_string(), decoder(2)] {
        let Saturated { mut graph, saturation, .. } = saturated(&text);
        assert_eq!(saturation.stop, Stop::Saturated);
        let size = |graph: &Graph| (graph.total_number_of_nodes(), graph.number_of_classes());
        let before = size(&graph);
        for rule in builtin() {
            let classes = |part| {
                let classes = rule.family_of(part).and_then(|family| graph.classes_for_op(&family));
                classes.map(Iterator::collect::<Vec<Id>>).unwrap_or_default()
            };
            let mut matches = vec![];
            rule.search(&graph, &classes(0), &classes(1), usize::MAX, &mut |binding| matches.push(binding));
            for binding in &matches {
                rule.apply(&mut graph, binding);
            }
            graph.rebuild();
            assert_eq!(size(&graph), before, "{}", rule.name);
        }
    }
}
