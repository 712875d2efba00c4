//! The setting of TENSAT (Yang et al., "Equality Saturation for Tensor Graph Superoptimization", MLSys 2021).

use hwc_passes::egraph::saturate::Limits;

/// Its limits: iterations, e-nodes, and that rules with two results are applied in the first iteration only.
pub const LIMITS: Limits = Limits { iterations: 15, nodes: 50_000, matches: usize::MAX, together: 1 };

/// Those of our rules that are of the kinds that it takes from TASO: commutation, association and distribution,
/// transposition, operators merged that share an operand, and what moves past concatenations and slices. It has none that
/// compute weights, nor any that recognise operators.
const RULES: &[&str] = &[
    "commutes",
    "right-first",
    "left-first",
    "sum-over-one-input",
    "sum-under-one-weight",
    "sum-is-one-product",
    "product-of-concat",
    "product-of-transposed",
    "transposed-product",
    "transpose-twice",
    "unary-of-transposed",
    "binary-of-transposed",
    "merge-products",
    "merge-convs",
    "sum-of-convs",
    "sum-over-one-image",
    "conv-of-concat",
    "larger-filter",
    "slice-of-first",
    "slice-of-others",
    "concat-of-slices",
    "concat-of-slices-in-front",
    "concat-in-front",
    "concat-in-second",
    "unary-of-concat",
    "concat-of-unary",
    "concat-of-transposed",
    "pool-of-concat",
    "concat-of-pools",
    "reshape-twice",
];

/// Whether a rule is of these kinds; one that stands for several operators has their names behind its own.
pub fn is_one(name: &str) -> bool {
    RULES.iter().any(|known| name.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('-')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hwc_passes::egraph::rules::builtin;

    #[test]
    fn every_rule_is_one_of_ours() {
        let is_ours = |known: &&&str| {
            builtin().iter().any(|rule| rule.name == **known || rule.name.starts_with(&format!("{known}-")))
        };
        let unknown: Vec<_> = RULES.iter().filter(|known| !is_ours(known)).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
        // What computes weights is not among them.
        assert!(!is_one("product-of-weights") && !is_one("batch-normalization") && is_one("commutes-add"));
    }
}
