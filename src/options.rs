//! What a compilation is asked to do.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use hwc_passes::codegen::{Cpu, TargetOptions};
use hwc_passes::optimize::space::Budgets;
use hwc_passes::print;
use hwc_runtime::Tensor;
use melior::ir::Module;

use crate::measure::{Measurer, Store};
use crate::{CostModel, KernelCache};

/// The machine that code is made for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    cpu: Option<String>,
}

impl Target {
    /// The machine this process runs on, with all its instruction set extensions.
    pub fn host() -> Target {
        Target::default()
    }

    /// A CPU by LLVM's name for it, as `x86-64-v3` or `znver4`.
    pub fn cpu(name: impl Into<String>) -> Target {
        Target { cpu: Some(name.into()) }
    }

    pub(crate) fn options(&self) -> TargetOptions {
        TargetOptions { cpu: self.cpu.clone().map_or(Cpu::Host, Cpu::Named), ..TargetOptions::default() }
    }
}

/// A step of a compilation, for [`Options::observe`].
#[derive(Clone, Copy)]
pub struct Phase<'a> {
    /// `hwc`, `kernels`, `lowered`, `target`, `linalg`, `buffers`, `hwk`, `loops`, `llvm`, `llvm-ir`, `optimized`, in this
    /// order.
    pub name: &'a str,
    /// What the program is after the step; call it only where it is wanted, it prints all of it.
    pub text: &'a dyn Fn() -> String,
}

/// How the graph is rewritten before kernels are formed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rewriting {
    /// Not at all.
    None,
    /// By one rule after the other, each where it pays by itself.
    Greedy,
    /// By all rules at once, and then by the best choice among all that is equal.
    #[default]
    Saturate,
    /// As TENSAT does (Yang et al., MLSys 2021), to compare with: its kinds of rules, its limits, each operator by itself.
    Tensat,
}

type Observe = Arc<dyn Fn(Phase) + Send + Sync>;

/// The options of a compilation.
#[derive(Clone, Default)]
pub struct Options {
    pub(crate) target: Target,
    pub(crate) dims: BTreeMap<String, usize>,
    pub(crate) values: BTreeMap<String, Tensor>,
    pub(crate) measured: Option<Store>,
    pub(crate) cost_model: Option<CostModel>,
    pub(crate) only_direct_convolutions: bool,
    pub(crate) rewriting: Rewriting,
    pub(crate) approximate: bool,
    pub(crate) exact_only: bool,
    pub(crate) rules: Vec<(String, String)>,
    pub(crate) explain: bool,
    pub(crate) budgets: Budgets,
    pub(crate) measure_top: Option<(usize, Arc<Measurer>)>,
    pub(crate) kernel_cache: Option<KernelCache>,
    pub(crate) one_object: bool,
    /// A kernel alone writes results that are parts of larger tensors as it does in its program.
    pub(crate) in_place: bool,
    pub(crate) observe: Option<Observe>,
}

impl Options {
    pub fn new() -> Options {
        Options::default()
    }

    /// The machine to compile for; the host by default.
    pub fn target(mut self, target: Target) -> Options {
        self.target = target;
        self
    }

    /// Fixes a symbolic dimension, in elements.
    pub fn dim(mut self, name: impl Into<String>, size: usize) -> Options {
        self.dims.insert(name.into(), size);
        self
    }

    /// Fixes the value of an input. The compiled model accepts no other.
    pub fn value(mut self, input: impl Into<String>, value: Tensor) -> Options {
        self.values.insert(input.into(), value);
        self
    }

    /// Whether convolutions may be computed by Winograd's algorithm, where that is expected to be faster; by default they
    /// may. Sums are in another order then: errors are some 2e-6 of the largest result instead of 3e-7, and numbers near
    /// the ends of the range of `f32` may overflow in between.
    pub fn winograd(mut self, may_be_used: bool) -> Options {
        self.only_direct_convolutions = !may_be_used;
        self
    }

    /// How the graph is rewritten before kernels are formed.
    pub fn rewriting(mut self, how: Rewriting) -> Options {
        self.rewriting = how;
        self
    }

    /// Which rules may be used, by what they do to numbers: always those that change none; by default also those that
    /// only round differently; and those that approximate.
    pub fn rule_classes(mut self, reassociates: bool, approximate: bool) -> Options {
        (self.exact_only, self.approximate) = (!reassociates, approximate);
        self
    }

    /// Adds rules to the compiler's own; `file` is the name that messages call them by. They are tested before they are
    /// used, and one that is false is an error.
    pub fn rules(mut self, file: impl Into<String>, text: impl Into<String>) -> Options {
        self.rules.push((file.into(), text.into()));
        self
    }

    /// Whether the artifact says why its kernels were chosen; that takes some time.
    pub fn explain(mut self, explain: bool) -> Options {
        self.explain = explain;
        self
    }

    /// Keeps to plans with so many bytes of weights and so much error at most; infinite is no limit. The error of a plan is
    /// the sum of what its lossy choices add. Where no plan keeps within them, compiling is an error that tells the
    /// nearest one.
    pub fn budgets(mut self, weight_bytes: f64, error: f64) -> Options {
        self.budgets = Budgets { bytes: weight_bytes, error };
        self
    }

    /// Runs the kernels of the best plans by expected time, `count` of them at first, and takes the plan that was
    /// measured to be the fastest, with [`Rewriting::Saturate`]. With a [cost model](Options::cost_model), each of their
    /// kernels runs under up to `count` schedules that the model cannot tell from the best one, and the fastest is taken.
    /// What it takes depends on the machine then, and so may the code. A [store](Options::measured) keeps the times.
    pub fn measure_top(mut self, count: NonZeroUsize, measurer: Measurer) -> Options {
        self.measure_top = Some((count.get(), Arc::new(measurer)));
        self.measured.get_or_insert_with(Store::in_memory);
        self
    }

    /// Takes for each kernel the schedule that was measured to be the fastest, where there is one; with
    /// [`Rewriting::Saturate`] graphs are chosen by what was measured of their kernels, too.
    pub fn measured(mut self, store: Store) -> Options {
        self.measured = Some(store);
        self
    }

    /// Chooses schedules by what a learned model predicts, where it knows kernels like these; estimates choose the others.
    pub fn cost_model(mut self, model: CostModel) -> Options {
        self.cost_model = Some(model);
        self
    }

    /// Takes compiled kernels from a folder, and keeps there what it has to compile.
    pub fn kernel_cache(mut self, cache: KernelCache) -> Options {
        self.kernel_cache = Some(cache);
        self
    }

    /// Makes one object of all kernels instead of one of each; none is taken from a cache then.
    pub fn one_object(mut self) -> Options {
        self.one_object = true;
        self
    }

    /// Tells the observer, if there is one.
    pub(crate) fn tell(&self, name: &str, module: &Module) {
        if let Some(observe) = &self.observe {
            observe(Phase { name, text: &|| print::text(module) });
        }
    }

    /// Calls `observe` after each phase. Kernels that a [cache](Options::kernel_cache) has are no part of what it sees.
    pub fn observe(mut self, observe: impl Fn(Phase) + Send + Sync + 'static) -> Options {
        self.observe = Some(Arc::new(observe));
        self
    }
}
