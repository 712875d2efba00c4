//! What tells how busy the machine is.

use std::collections::HashMap;
use std::num::NonZeroUsize;

use crate::measure::{self, Measurer, Outcome};
use crate::{Error, Fault, Model, Options};

/// A kernel that always takes as long, in caches and with vectors: what it takes beside others tells how busy the machine is.
const SENTINEL: &str = "func.func @main(%a: tensor<48x256xf32>, %b: tensor<256x192xf32>) -> tensor<48x192xf32> {
  %0 = hwc.matmul %a, %b : (tensor<48x256xf32>, tensor<256x192xf32>) -> tensor<48x192xf32>
  return %0 : tensor<48x192xf32>
}";

/// A sentinel's drift above which a row is counted as measured on a busy machine.
pub const BUSY: f64 = 1.1;

/// What the sentinel takes at least, for each number of threads.
#[derive(Default)]
pub(super) struct Sentinels {
    kernel: Option<String>,
    least: HashMap<NonZeroUsize, f64>,
}

impl Sentinels {
    /// Measures kernels beside the sentinel; tells how much longer it took than at its best.
    pub fn measure(
        &mut self,
        measurer: &Measurer,
        kernels: &[String],
        threads: NonZeroUsize,
    ) -> Result<(Vec<Outcome>, f64), Error> {
        let sentinel = match &self.kernel {
            Some(kernel) => kernel,
            None => {
                let all = measure::kernels(&Model::from_mlir(SENTINEL), &Options::new())?;
                let one =
                    all.into_iter().next().ok_or_else(|| Error::new(Fault::Defect, "the sentinel has no kernel"))?;
                self.kernel.insert(one)
            }
        };
        let with_sentinel: Vec<String> = kernels.iter().chain([sentinel]).cloned().collect();
        let mut outcomes = measurer.measure(&with_sentinel)?;
        let Some(Outcome::Measured(measurement)) = outcomes.pop() else {
            return Err(Error::new(Fault::Environment, "the kernel that tells how busy the machine is cannot be run"));
        };
        let now = measurement.warm.median;
        let least = self.least.entry(threads).and_modify(|least| *least = least.min(now)).or_insert(now);
        Ok((outcomes, now / *least))
    }
}
