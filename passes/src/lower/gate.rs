//! Activations of recurrent operators on scalars.

use hwc_dialects::activation::{Activation, Kind};
use hwc_runtime::DType;

use super::Emitter;
use super::activation::{elu, hard_sigmoid, leaky_relu, sigmoid, softplus, softsign, thresholded_relu};
use super::scalar::{at_least, at_most, relu, tanh};
use crate::codegen::ir::Val;

/// The activation at `x`, a compute value of `dtype`.
pub fn activate<'c>(e: &Emitter<'c>, dtype: DType, activation: &Activation, x: Val<'c>) -> Val<'c> {
    let Activation { kind, alpha, beta } = *activation;
    match kind {
        Kind::Affine => e.addf(e.mulf(e.like(x, alpha), x), e.like(x, beta)),
        Kind::Elu => elu(e, dtype, x, [alpha]),
        Kind::HardSigmoid => hard_sigmoid(e, dtype, x, [alpha, beta]),
        Kind::LeakyRelu => leaky_relu(e, dtype, x, [alpha]),
        Kind::Relu => relu(e, dtype, x),
        Kind::ScaledTanh => e.mulf(e.like(x, alpha), tanh(e, dtype, e.mulf(e.like(x, beta), x))),
        Kind::Sigmoid => sigmoid(e, dtype, x),
        Kind::Softplus => softplus(e, dtype, x),
        Kind::Softsign => softsign(e, dtype, x),
        Kind::Tanh => tanh(e, dtype, x),
        Kind::ThresholdedRelu => thresholded_relu(e, dtype, x, [alpha]),
    }
}

/// The activation of an argument bounded to `-clip..clip`, if that is positive.
pub fn clipped<'c>(e: &Emitter<'c>, dtype: DType, activation: &Activation, clip: f64, x: Val<'c>) -> Val<'c> {
    let bounded = match clip > 0.0 {
        true => at_least(e, dtype, at_most(e, dtype, x, e.like(x, clip)), e.like(x, -clip)),
        false => x,
    };
    activate(e, dtype, activation, bounded)
}
