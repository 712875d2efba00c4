//! Activations of recurrent operators.

use crate::attrs::Attrs;
use crate::infer::Errors;

/// What an activation computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `alpha * x + beta`
    Affine,
    /// `x` where positive, else `alpha * (exp(x) - 1)`
    Elu,
    /// `alpha * x + beta` within 0 and 1
    HardSigmoid,
    /// `x` where positive, else `alpha * x`
    LeakyRelu,
    Relu,
    /// `alpha * tanh(beta * x)`
    ScaledTanh,
    Sigmoid,
    /// `ln(1 + exp(x))`
    Softplus,
    /// `x / (1 + |x|)`
    Softsign,
    Tanh,
    /// `x` where greater than `alpha`, else 0
    ThresholdedRelu,
}

/// An activation with its parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Activation {
    pub kind: Kind,
    pub alpha: f64,
    pub beta: f64,
}

/// Name, kind, and the parameters where none are given.
pub const TABLE: &[(&str, Kind, f64, f64)] = &[
    ("Affine", Kind::Affine, 1.0, 0.0),
    ("Elu", Kind::Elu, 1.0, 0.0),
    ("HardSigmoid", Kind::HardSigmoid, 0.2, 0.5),
    ("LeakyRelu", Kind::LeakyRelu, 0.01, 0.0),
    ("Relu", Kind::Relu, 0.0, 0.0),
    ("ScaledTanh", Kind::ScaledTanh, 1.0, 1.0),
    ("Sigmoid", Kind::Sigmoid, 0.0, 0.0),
    ("Softplus", Kind::Softplus, 0.0, 0.0),
    ("Softsign", Kind::Softsign, 0.0, 0.0),
    ("Tanh", Kind::Tanh, 0.0, 0.0),
    ("ThresholdedRelu", Kind::ThresholdedRelu, 1.0, 0.0),
];

impl Activation {
    /// The activations of an operation, from its attributes `activations`, `alpha` and `beta`.
    pub fn of(attrs: &Attrs) -> Result<Vec<Activation>, Errors> {
        let (names, alpha, beta) = (attrs.strs("activations")?, attrs.floats("alpha")?, attrs.floats("beta")?);
        let mut errors = Vec::new();
        if alpha.len() != names.len() || beta.len() != names.len() {
            let (n, a, b) = (names.len(), alpha.len(), beta.len());
            errors.push(format!("needs an `alpha` and a `beta` for each of {n} activations, got {a} and {b}"));
        }
        let mut activations = Vec::new();
        for ((name, &alpha), &beta) in names.iter().zip(alpha).zip(beta) {
            match TABLE.iter().find(|row| row.0 == name) {
                Some(row) => activations.push(Activation { kind: row.1, alpha, beta }),
                None => errors.push(format!("has the unknown activation `{name}`")),
            }
        }
        if errors.is_empty() { Ok(activations) } else { Err(Errors(errors)) }
    }

    /// The value at `x`.
    pub fn apply(&self, x: f64) -> f64 {
        let (alpha, beta) = (self.alpha, self.beta);
        match self.kind {
            Kind::Affine => alpha * x + beta,
            Kind::Elu => {
                if x > 0.0 {
                    x
                } else {
                    alpha * x.exp_m1()
                }
            }
            Kind::HardSigmoid => (alpha * x + beta).clamp(0.0, 1.0),
            Kind::LeakyRelu => {
                if x > 0.0 {
                    x
                } else {
                    alpha * x
                }
            }
            Kind::Relu => {
                if x < 0.0 {
                    0.0
                } else {
                    x
                }
            }
            Kind::ScaledTanh => alpha * (beta * x).tanh(),
            Kind::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Kind::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
            Kind::Softsign => x / (1.0 + x.abs()),
            Kind::Tanh => x.tanh(),
            Kind::ThresholdedRelu => {
                if x > alpha {
                    x
                } else {
                    0.0
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_at_a_point_on_either_side() {
        let at = |name: &str, x: f64| {
            let row = TABLE.iter().find(|r| r.0 == name).unwrap();
            Activation { kind: row.1, alpha: row.2, beta: row.3 }.apply(x)
        };
        for (name, below, above) in [
            ("Affine", -2.0, 2.0),
            ("Elu", (-2f64).exp() - 1.0, 2.0),
            ("HardSigmoid", 0.1, 0.9),
            ("LeakyRelu", -0.02, 2.0),
            ("Relu", 0.0, 2.0),
            ("ScaledTanh", -0.9640275800758169, 0.9640275800758169),
            ("Sigmoid", 0.11920292202211755, 0.8807970779778823),
            ("Softplus", 0.12692801104297263, 2.1269280110429727),
            ("Softsign", -2.0 / 3.0, 2.0 / 3.0),
            ("Tanh", -0.9640275800758169, 0.9640275800758169),
            ("ThresholdedRelu", 0.0, 2.0),
        ] {
            assert!((at(name, -2.0) - below).abs() < 1e-12, "{name}");
            assert!((at(name, 2.0) - above).abs() < 1e-12, "{name}");
        }
    }
}
