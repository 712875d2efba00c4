//! How ONNX operators are imported: a table of rows, a family a file.
//!
//! An elementwise operator, or one without attributes, that an operator of the dialect names in its `onnx` column
//! needs no row: it is imported with the same operands and, by name, the same attributes. Every other one is a row of its
//! family's `OPS` (which may be `|call| call.direct(Op::Gather)`); as soon as an operator has a row for some version, the
//! column is not looked at.
//!
//! The function of a row translates one node, [`Call`], to operations and returns the values of its outputs. It reports
//! by [`Failure`](super::import::Failure): `Invalid` for a model that breaks the operator's rules, `Unsupported` for what is not
//! done yet, so that nothing is ever compiled wrongly. It need not check what type inference of the operations checks.

mod attention;
mod constant;
mod contraction;
mod contrib;
mod control;
mod convolution;
mod elementwise;
mod gather;
mod label;
mod loss;
mod movement;
mod normalization;
mod pooling;
mod quantization;
mod recurrent;
mod reduction;
mod reshape;
mod sampling;
mod scan;
mod selection;
mod sequence;
mod shape;
mod spectral;
mod suppression;
mod training;
mod windows;

use std::collections::HashMap;
use std::sync::LazyLock;

use super::import::{Call, Outputs};
use crate::op::{CostClass, Op, OpInfo};

/// The families. One line adds a family.
const FAMILIES: &[&[Row]] = &[
    attention::OPS,
    constant::OPS,
    contraction::OPS,
    contrib::OPS,
    control::OPS,
    convolution::OPS,
    elementwise::OPS,
    gather::OPS,
    label::OPS,
    loss::OPS,
    movement::OPS,
    normalization::OPS,
    pooling::OPS,
    quantization::OPS,
    recurrent::OPS,
    reduction::OPS,
    reshape::OPS,
    sampling::OPS,
    scan::OPS,
    selection::OPS,
    sequence::OPS,
    shape::OPS,
    spectral::OPS,
    suppression::OPS,
    training::OPS,
];

/// Translates one node.
pub type Import = for<'e, 'm> fn(&mut Call<'e, 'm>) -> Outputs;

/// One operator in a range of versions of its operator set.
#[derive(Clone, Copy)]
pub struct Row {
    /// Empty for the standard operators.
    domain: &'static str,
    name: &'static str,
    /// First and last version of the operator set that the function understands.
    since: i64,
    until: i64,
    import: Import,
}

/// A row for a standard operator, from a version of the operator set on: `row("Range", 11, range)`.
const fn row(name: &'static str, since: i64, import: Import) -> Row {
    Row { domain: "", name, since, until: i64::MAX, import }
}

impl Row {
    /// Ends the range of versions, where a later one needs another function.
    #[allow(dead_code)] // for the families that need it
    const fn until(self, until: i64) -> Row {
        Row { until, ..self }
    }

    /// Puts the operator into another domain.
    #[allow(dead_code)] // for the families that need it
    const fn domain(self, domain: &'static str) -> Row {
        Row { domain, ..self }
    }
}

static TABLE: LazyLock<HashMap<(&str, &str), Vec<Row>>> = LazyLock::new(|| {
    let mut table: HashMap<_, Vec<Row>> = HashMap::new();
    for row in FAMILIES.iter().copied().flatten() {
        table.entry((row.domain, row.name)).or_default().push(*row);
    }
    table
});

/// What imports an operator: a row, or the operator of the dialect that has the same meaning.
pub enum Rule {
    Row(Import),
    Direct(Op),
}

impl Rule {
    pub fn import(&self, call: &mut Call) -> Outputs {
        match self {
            Rule::Row(import) => import(call),
            Rule::Direct(op) => call.direct(*op),
        }
    }
}

/// The domains and names of all operators that are imported in some version, each once, in no order.
pub fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    let direct =
        Op::all().iter().filter(|info| !TABLE.contains_key(&("", info.onnx)) && find("", info.onnx, 0).is_ok());
    TABLE.keys().copied().chain(direct.map(|info| ("", info.onnx)))
}

/// What imports an operator of a domain (empty: the standard one), or why nothing does.
pub fn find(domain: &str, name: &str, version: i64) -> Result<Rule, String> {
    let Some(rows) = TABLE.get(&(domain, name)) else {
        let regular = |info: &&OpInfo| info.cost == CostClass::Elementwise || info.attributes.is_empty();
        let same = Op::all().iter().filter(|info| !info.onnx.is_empty() && info.onnx == name).find(regular);
        return same
            .filter(|_| domain.is_empty())
            .map(|info| Rule::Direct(info.op))
            .ok_or_else(|| "not implemented".to_owned());
    };
    let row = rows.iter().find(|row| (row.since..=row.until).contains(&version));
    row.map(|row| Rule::Row(row.import)).ok_or_else(|| {
        let ranges = rows.iter().map(|row| match row.until {
            i64::MAX => format!("{} and later", row.since),
            until => format!("{} to {until}", row.since),
        });
        format!("implemented for opset {} only", ranges.collect::<Vec<_>>().join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_do_not_overlap() {
        for ((domain, name), rows) in TABLE.iter() {
            for (i, a) in rows.iter().enumerate() {
                assert!(a.since <= a.until, "{domain}.{name}");
                let clear = |b: &Row| a.until < b.since || b.until < a.since;
                assert!(rows[i + 1..].iter().all(clear), "{domain}.{name} has two rows for one version");
            }
        }
    }

    #[test]
    fn operators_are_found() {
        assert!(matches!(find("", "Relu", 14), Ok(Rule::Direct(Op::Relu))));
        assert!(matches!(find("", "Identity", 14), Ok(Rule::Row(_))));
        assert!(find("", "Nonsense", 14).is_err());
        assert!(find("example", "Relu", 14).is_err());
        assert!(find("", "", 14).is_err());
        let mut names: Vec<_> = names().collect();
        assert!(names.contains(&("", "Relu")) && names.contains(&("", "Loop")));
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
