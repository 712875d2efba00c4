//! Everything that keeps a model from being imported.

use std::collections::BTreeMap;
use std::fmt;

use crate::onnx::error::{Fault, Plain};
use crate::onnx::limits::{MAX_PROBLEMS, shorten};
use crate::onnx::opset;

/// Everything that keeps a model from being imported; at least one list is not empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What breaks the rules of ONNX, or the options that do not fit the model.
    pub invalid: Vec<Finding>,
    /// How many more there are than listed.
    pub invalid_more: usize,
    /// Operators that are not supported, or not as the model uses them.
    pub unsupported: BTreeMap<UnsupportedOp, Vec<String>>,
    /// Inputs, outputs and limits that are not supported.
    pub beyond: Vec<Finding>,
    /// Dimensions of inputs to be fixed, by name, with the axes that have it: `x axis 0`.
    pub dims: BTreeMap<String, Vec<String>>,
    /// Inputs whose values must be known, with the nodes that need them.
    pub values: BTreeMap<String, Vec<String>>,
}

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub place: String,
    pub message: String,
}

/// An operator that is not supported.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnsupportedOp {
    /// Empty for the standard operators.
    pub domain: String,
    pub op_type: String,
    /// The version of the domain's operator set.
    pub version: i64,
    pub reason: String,
}

impl Report {
    pub fn is_empty(&self) -> bool {
        let Report { invalid, invalid_more: _, unsupported, beyond, dims, values } = self;
        invalid.is_empty() && unsupported.is_empty() && beyond.is_empty() && dims.is_empty() && values.is_empty()
    }

    pub fn invalid(&mut self, place: impl Into<String>, message: impl Into<String>) {
        if self.invalid.len() < MAX_PROBLEMS {
            self.invalid.push(Finding { place: shorten(place.into()), message: message.into() });
        } else {
            self.invalid_more += 1;
        }
    }

    pub fn beyond(&mut self, place: impl Into<String>, message: impl Into<String>) {
        if self.beyond.len() < MAX_PROBLEMS {
            self.beyond.push(Finding { place: shorten(place.into()), message: message.into() });
        }
    }

    /// Whose fault it is: the model's if it breaks a rule, else the compiler's that lacks something.
    pub fn fault(&self) -> Fault {
        if self.invalid.is_empty() { Fault::Unsupported } else { Fault::Input }
    }
}

/// Names in a line: the first ten, and how many more.
struct Names<'a>(&'a [String]);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 10;
        let shown: Vec<String> = self.0.iter().take(SHOWN).map(|name| format!("`{}`", Plain(name))).collect();
        f.write_str(&shown.join(", "))?;
        if self.0.len() > SHOWN { write!(f, " and {} more", self.0.len() - SHOWN) } else { Ok(()) }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the model cannot be compiled")?;
        if !self.dims.is_empty() {
            f.write_str("\n  dimensions of inputs must be fixed:")?;
            for (name, axes) in &self.dims {
                write!(f, "\n    --dim {}=N  ({})", Plain(name), Plain(&axes.join(", ")))?;
            }
        }
        if !self.values.is_empty() {
            f.write_str("\n  values of inputs that decide shapes must be given:")?;
            for (name, nodes) in &self.values {
                write!(f, "\n    --value {}=FILE.npy  (for {})", Plain(name), Names(nodes))?;
            }
        }
        if !self.unsupported.is_empty() {
            let count: usize = self.unsupported.values().map(Vec::len).sum();
            write!(f, "\n  {count} node{} cannot be compiled:", if count == 1 { "" } else { "s" })?;
            for (op, nodes) in &self.unsupported {
                let (domain, op_type) = (Plain(opset::display(&op.domain)), Plain(&op.op_type));
                write!(f, "\n    {} x {domain}.{op_type} (opset {}), ", nodes.len(), op.version)?;
                write!(f, "{}: {}", Plain(&op.reason), Names(nodes))?;
            }
        }
        for finding in self.beyond.iter().chain(&self.invalid) {
            write!(f, "\n  {}: {}", Plain(&finding.place), Plain(&finding.message))?;
        }
        if self.invalid_more > 0 { write!(f, "\n  and {} more", self.invalid_more) } else { Ok(()) }
    }
}

impl std::error::Error for Report {}
