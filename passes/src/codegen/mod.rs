//! From a module of upstream dialects in *kernel form* to machine code.
//!
//! # Kernel form
//! ```mlir
//! func.func private @kernel_0(%a: tensor<128x64xf32>, %b: tensor<64x32xf32>) -> tensor<128x32xf32> { ... }
//! func.func @main(%x: tensor<128x64xf32>) -> tensor<128x32xf32> {
//!   %w = arith.constant dense_resource<w> : tensor<64x32xf32>
//!   %y = call @kernel_0(%x, %w) : (tensor<128x64xf32>, tensor<64x32xf32>) -> tensor<128x32xf32>
//!   return %y : tensor<128x32xf32>
//! }
//! ```
//! Kernels hold linalg, tensor, scf, arith and math operations on static tensors. `main` holds constants (any operation
//! without operands whose attribute `value` holds elements), calls of kernels, `tensor.collapse_shape` and
//! `tensor.expand_shape`, and the return. Elements are `i1` (one byte each, 0 or 1), `i8` to `i64`, `f16`, `bf16`,
//! `f32`, `f64`.
//!
//! # Steps
//! [`compile`] verifies the form, reads `main` into a [`plan`], gives kernels destinations and buffers ([`kernel`]),
//! emits loops, plans memory, and hands the result to LLVM ([`llvm`]).

pub mod context;
pub(crate) mod diagnostics;
pub(crate) mod error;
mod ffi;
pub mod fusion;
pub mod ir;
pub mod kernel;
pub mod llvm;
pub mod math;
mod pipeline;
pub mod plan;
pub mod structured;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
};

use hwc_dialects::hwk::{Schedule, Space};
use hwc_dialects::mlir::hwk::Choice;
use hwc_runtime::Digest;
use melior::{
    Context,
    ir::{Module, TypeLike, ValueLike},
};

use self::{
    diagnostics::Diagnostics,
    error::Result,
    ir::Op,
    llvm::{emit::Unit, target::Machine, tasks},
    plan::program::{self, Kernel, Program},
};
pub use self::{
    error::CodegenError,
    llvm::{
        jit::Loaded,
        link::{LINKER_VARIABLE, shared_library},
        target::{Cpu, TargetInfo, TargetOptions},
    },
    plan::program::KernelCode,
    structured::attribute::Alternatives,
};

/// Stages whose result can be had as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Kernels as linalg on tensors, fused.
    Linalg,
    /// The LLVM dialect, with the entry point.
    LlvmMlir,
    /// LLVM IR after optimization.
    LlvmIr,
    /// Assembly.
    Asm,
}

/// Enumerates the schedules of a kernel; `None` where it has no loops to schedule.
pub type Enumerate<'a> = &'a mut dyn FnMut() -> Result<Option<Alternatives>>;

/// Receives what a compilation makes on its way.
pub trait Observer {
    /// Called after each phase with its name (`linalg`, `buffers`, `loops`, `llvm`, `llvm-ir`, `optimized`) and the module
    /// as it is then. From `llvm` on the module no longer changes.
    fn phase(&mut self, _name: &'static str, _module: &Module) {}

    /// Called for each kernel that has no schedule. Gives one of the [`Alternatives`], which are enumerated where they are
    /// asked for; else the kernel gets the one that estimates prefer.
    fn choose(&mut self, _kernel: &str, _alternatives: Enumerate) -> Result<Option<(Space, Schedule)>> {
        Ok(None)
    }

    /// Called once each kernel's function says, in its attributes, by which schedule it runs.
    fn chosen(&mut self, _module: &Module) {}
}

/// Observes nothing.
pub struct Silent;
impl Observer for Silent {}

/// What is known before machine code is made; enough to write the manifest.
#[derive(Clone, Debug)]
pub struct Summary {
    pub target: TargetInfo,
    /// Bytes of the weights as written to the sink.
    pub weights_bytes: u64,
    /// Bytes of the arena, aligned to [`plan::arena::ALIGNMENT`].
    pub arena_bytes: u64,
    /// Each kernel with how often it is called.
    pub kernels: Vec<(String, usize)>,
}

/// Into how many objects a model is compiled.
pub enum Objects<'a> {
    /// One.
    One,
    /// One for each kernel and one for what calls them.
    Kernels {
        /// Kernels to be taken as they are, by name; they need no body.
        known: BTreeMap<String, KernelCode>,
        /// Finds the object that calls the kernels, if it is known, by a digest of what it is made from.
        entry: &'a mut dyn FnMut(Digest) -> Option<Vec<u8>>,
    },
}

/// A compiled model. The weights went to the sink.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The code of each kernel that is called and has an object of its own, by name.
    pub kernels: BTreeMap<String, KernelCode>,
    /// ELF relocatable object; exports `hwc_run` and `hwc_manifest`, and needs the objects of `kernels`.
    pub entry: Vec<u8>,
    pub summary: Summary,
}

impl Compiled {
    /// All that is linked together.
    pub fn objects(&self) -> impl Iterator<Item = &[u8]> {
        self.kernels.values().map(|kernel| &kernel.object[..]).chain([&self.entry[..]])
    }
}

/// Compiles a module in kernel form.
///
/// `module` is consumed step by step. `weights` is asked for where the weights go, by their size in bytes; there they are
/// written once, front to back, by a thread of their own. `manifest` is asked for the text of `hwc_manifest` after that.
/// Gives back what was written to.
///
/// # Errors
/// See [`CodegenError`].
pub fn compile<'c, W: Write + Send>(
    context: &'c Context,
    module: &mut Module<'c>,
    options: &TargetOptions,
    objects: Objects,
    weights: impl FnOnce(u64) -> io::Result<W>,
    manifest: impl FnOnce(&Summary, &W) -> String,
    observer: &mut dyn Observer,
) -> Result<(Compiled, W)> {
    let machine = Machine::new(options)?;
    observer.phase("target", module);
    let diagnostics = Diagnostics::collect(context);
    let (mut kernels, known_entry) = match objects {
        Objects::One => (BTreeMap::new(), None),
        Objects::Kernels { known, entry } => (known, Some(entry)),
    };
    let program = lower(context, module, &machine, &kernels, &diagnostics, observer)?;
    let summary = Summary {
        target: machine.info.clone(),
        weights_bytes: program.weights.bytes(),
        arena_bytes: program.arena_bytes,
        kernels: program.called().map(|(kernel, calls)| (kernel.name.clone(), calls)).collect(),
    };
    let llvm = inkwell::context::Context::create();
    let (shared, constants) = (shared(&program), &program.weights);
    let not_written = |source| CodegenError::Io { path: "weights".into(), source };
    let mut weights = weights(summary.weights_bytes).map_err(not_written)?;
    let (units, written) = std::thread::scope(|scope| {
        let writer = scope.spawn(|| constants.write_to(&mut weights));
        (Units::translate(context, module, &program, &shared, &llvm, &machine, &diagnostics), writer.join())
    });
    let units = units?;
    let written = written.map_err(|_| CodegenError::internal("writing the weights panicked"))?;
    written.map_err(not_written)?;
    let manifest = manifest(&summary, &weights);
    observer.phase("llvm-ir", module);
    units.optimize()?;
    observer.phase("optimized", module);
    kernels.retain(|name, _| summary.kernels.iter().any(|(called, _)| called == name));
    let entry = || {
        let entry = Unit::translate(module, &shared, &llvm, &machine, &diagnostics)?;
        entry.add_manifest(&manifest, &llvm);
        entry.optimize()?;
        Ok(entry)
    };
    let entry = match known_entry {
        None => units.merge(entry()?)?.object()?,
        Some(find) => {
            for (kernel, unit) in &units.kernels {
                let code = KernelCode { interface: kernel.interface.clone(), object: unit.object()? };
                kernels.insert(kernel.name.clone(), code);
            }
            match find(Digest::of([&manifest, "\n", &llvm::split::rest(ir::module_op(module))].concat().as_bytes())) {
                Some(object) => object,
                None => entry()?.object()?,
            }
        }
    };
    Ok((Compiled { kernels, entry, summary }, weights))
}

/// The kernels that have no code yet, as LLVM compiles them. What calls them is left in the module.
struct Units<'l, 'm, 'p> {
    kernels: Vec<(&'p Kernel, Unit<'l, 'm>)>,
}

impl<'l, 'm, 'p> Units<'l, 'm, 'p> {
    /// Takes kernels out of a module in the LLVM dialect.
    fn translate<'c>(
        context: &'c Context,
        module: &Module<'c>,
        program: &'p Program<'c>,
        shared: &BTreeSet<String>,
        llvm: &'l inkwell::context::Context,
        machine: &'m Machine,
        diagnostics: &Diagnostics,
    ) -> Result<Self> {
        let mut kernels = vec![];
        for (kernel, _) in program.called() {
            if let Some(code) = llvm::split::take(context, ir::module_op(module), kernel)? {
                kernels.push((kernel, Unit::translate(&code, shared, llvm, machine, diagnostics)?));
            }
        }
        Ok(Self { kernels })
    }

    fn optimize(&self) -> Result<()> {
        self.kernels.iter().try_for_each(|(_, unit)| unit.optimize())
    }

    /// All of it as one, with what calls it.
    fn merge(self, entry: Unit<'l, 'm>) -> Result<Unit<'l, 'm>> {
        let mut kernels = self.kernels.into_iter().map(|(_, unit)| unit);
        let Some(all) = kernels.next() else { return Ok(entry) };
        kernels.chain([entry]).try_for_each(|unit| all.link(unit))?;
        all.hide();
        Ok(all)
    }
}

/// Functions by which kernels are called.
fn shared(program: &Program) -> BTreeSet<String> {
    program.called().flat_map(|(kernel, _)| tasks::entries(kernel)).collect()
}

/// Compiles a module in kernel form up to a stage, and prints it.
///
/// # Errors
/// See [`CodegenError`].
pub fn print_stage<'c>(
    context: &'c Context,
    module: &mut Module<'c>,
    options: &TargetOptions,
    stage: Stage,
    observer: &mut dyn Observer,
) -> Result<String> {
    let machine = Machine::new(options)?;
    let diagnostics = Diagnostics::collect(context);
    if stage == Stage::Linalg {
        linalg(context, module, &diagnostics)?;
        return Ok(module.as_operation().to_string());
    }
    let program = lower(context, module, &machine, &BTreeMap::new(), &diagnostics, observer)?;
    if stage == Stage::LlvmMlir {
        return Ok(module.as_operation().to_string());
    }
    let llvm = inkwell::context::Context::create();
    let shared = shared(&program);
    let units = Units::translate(context, module, &program, &shared, &llvm, &machine, &diagnostics)?;
    units.optimize()?;
    let entry = Unit::translate(module, &shared, &llvm, &machine, &diagnostics)?;
    entry.optimize()?;
    let unit = units.merge(entry)?;
    if stage == Stage::LlvmIr { Ok(unit.ir_text()) } else { unit.assembly() }
}

/// Takes a module in kernel form to loops over vectors. Each kernel's function says afterwards, in its attributes
/// `hwk.space`, `hwk.schedule` and `hwk.target`, how its most expensive loops run and on what.
///
/// # Errors
/// See [`CodegenError`].
pub fn choose_schedules<'c>(
    context: &'c Context,
    module: &mut Module<'c>,
    options: &TargetOptions,
    observer: &mut dyn Observer,
) -> Result<()> {
    let machine = Machine::new(options)?;
    to_scheduled(context, module, &machine, &BTreeMap::new(), &Diagnostics::collect(context), observer).map(drop)
}

/// Has an observer choose for the kernels of a module, as [`choose_schedules`] does, but for what it learns from it: nothing
/// is done with what it says.
///
/// # Errors
/// See [`CodegenError`].
pub fn offer_schedules<'c>(
    context: &'c Context,
    module: &mut Module<'c>,
    options: &TargetOptions,
    observer: &mut dyn Observer,
) -> Result<()> {
    let machine = Machine::new(options)?;
    let diagnostics = Diagnostics::collect(context);
    let program = to_structured(context, module, &machine, &BTreeMap::new(), &diagnostics, observer)?;
    for kernel in kernel::form::kernels(ir::module_op(module)) {
        ask(kernel, &structured_options(&program, kernel, &machine), observer)?;
    }
    Ok(())
}

/// Schedules that a module's one kernel may have; none where it has no loops to schedule.
///
/// # Errors
/// See [`CodegenError`].
pub fn alternatives<'c>(
    context: &'c Context,
    module: &mut Module<'c>,
    options: &TargetOptions,
) -> Result<Option<Alternatives>> {
    let machine = Machine::new(options)?;
    let program =
        to_structured(context, module, &machine, &BTreeMap::new(), &Diagnostics::collect(context), &mut Silent)?;
    match kernel::form::kernels(ir::module_op(module))[..] {
        [kernel] => structured::attribute::alternatives(kernel, &structured_options(&program, kernel, &machine)),
        _ => Ok(None),
    }
}

/// Kernels stay on tensors; their elementwise operations are fused.
fn linalg<'c>(context: &'c Context, module: &mut Module<'c>, diagnostics: &Diagnostics) -> Result<()> {
    pipeline::verify(module, "verification", diagnostics)?;
    kernel::form::verify(ir::module_op(module))?;
    pipeline::run(context, module, "normalization", NORMALIZE, diagnostics)?;
    fusion::fuse(ir::module_op(module))?;
    pipeline::run(context, module, "cleaning", CLEAN, diagnostics)
}

/// From kernel form to structured operations on buffers.
fn to_structured<'c>(
    context: &'c Context,
    module: &mut Module<'c>,
    machine: &Machine,
    known: &BTreeMap<String, KernelCode>,
    diagnostics: &Diagnostics,
    observer: &mut dyn Observer,
) -> Result<Program<'c>> {
    linalg(context, module, diagnostics)?;
    observer.phase("linalg", module);

    let root = ir::module_op(module);
    let mut program = program::read(root, known)?;
    program.drop_dead_calls();
    remove_all_but_kernels_to_compile(root, &program);
    for kernel in kernel::form::kernels(root) {
        kernel::carried::convert(context, kernel)?;
        kernel::starts::convert(context, kernel);
        kernel::destination::convert(context, kernel)?;
    }
    pipeline::run(context, module, "bufferization", BUFFERIZE, diagnostics)?;
    kernel::form::kernels(root).into_iter().for_each(kernel::placement::convert);
    observer.phase("buffers", module);

    pipeline::run(context, module, "generalization", GENERALIZE, diagnostics)?;
    let target = crate::hwk::cpu(machine);
    for kernel in kernel::form::kernels(root) {
        structured::attribute::write(context, kernel, &Choice { target: Some(target.clone()), ..Choice::default() });
    }
    Ok(program)
}

/// How the structured operations of a kernel are converted.
fn structured_options<'c>(program: &Program<'c>, kernel: Op<'c>, machine: &Machine) -> structured::Options<'c> {
    let number = program.number_of(kernel);
    let arguments = ir::entry(kernel).map(ir::arguments).unwrap_or_default();
    let constant = number.map(|n| program.constant_arguments(n)).unwrap_or_default();
    let constants = arguments.into_iter().zip(constant).filter_map(|(a, is)| is.then_some(a)).collect();
    structured::Options {
        shape: structured::Shape::of(machine),
        only_copies: machine.plain_loops,
        split_from: machine.split_from,
        constants,
    }
}

/// What an observer chooses for a kernel that has no schedule.
fn ask<'c>(
    kernel: Op<'c>,
    options: &structured::Options<'c>,
    observer: &mut dyn Observer,
) -> Result<Option<(Space, Schedule)>> {
    if structured::attribute::read(kernel)?.schedule.is_some() {
        return Ok(None);
    }
    let mut alternatives = || structured::attribute::alternatives(kernel, options);
    observer.choose(ir::symbol(kernel).unwrap_or_default(), &mut alternatives)
}

/// From kernel form to loops over vectors, with temporaries that have no place yet.
fn to_scheduled<'c>(
    context: &'c Context,
    module: &mut Module<'c>,
    machine: &Machine,
    known: &BTreeMap<String, KernelCode>,
    diagnostics: &Diagnostics,
    observer: &mut dyn Observer,
) -> Result<Program<'c>> {
    let mut program = to_structured(context, module, machine, known, diagnostics, observer)?;
    let root = ir::module_op(module);
    // Merging operations changes how long temporaries live, so their memory is planned afterwards.
    for kernel in kernel::form::kernels(root) {
        let number = program.number_of(kernel);
        let arguments = ir::entry(kernel).map(ir::arguments).unwrap_or_default();
        let options = structured_options(&program, kernel, machine);
        if let Some((space, schedule)) = ask(kernel, &options, observer)? {
            let choice = Choice { space: Some(space), schedule: Some(schedule), ..Choice::default() };
            structured::attribute::write(context, kernel, &choice);
        }
        for (argument, order) in structured::convert(context, kernel, &options)? {
            let position = arguments.iter().position(|a| *a == argument);
            let (kernel, argument) = number.zip(position).ok_or_else(|| CodegenError::internal("a lost argument"))?;
            program.kernels[kernel].interface.orders.push((argument, order));
        }
    }
    observer.chosen(module);
    Ok(program)
}

/// From kernel form to loops over vectors.
fn to_loops<'c>(
    context: &'c Context,
    module: &mut Module<'c>,
    machine: &Machine,
    known: &BTreeMap<String, KernelCode>,
    diagnostics: &Diagnostics,
    observer: &mut dyn Observer,
) -> Result<Program<'c>> {
    let mut program = to_scheduled(context, module, machine, known, diagnostics, observer)?;
    let root = ir::module_op(module);
    for kernel in kernel::form::kernels(root) {
        let bytes = kernel::scratch::convert(context, kernel)?;
        if let Some(i) = program.number_of(kernel) {
            program.kernels[i].interface.scratch = bytes;
        }
    }
    program.place()?;
    pipeline::run(context, module, "loops", LOOPS, diagnostics)?;
    for kernel in kernel::form::kernels(root) {
        let number = program.number_of(kernel);
        let phases = kernel::phases::convert(context, kernel, machine.split_from)?;
        if let Some(i) = number {
            program.kernels[i].interface.phases = phases;
        }
    }
    for kernel in kernel::form::kernels(root) {
        math::convert(context, kernel, machine.info.has("avx512f"))?;
    }
    observer.phase("loops", module);
    Ok(program)
}

/// From kernel form to the LLVM dialect.
fn lower<'c>(
    context: &'c Context,
    module: &mut Module<'c>,
    machine: &Machine,
    known: &BTreeMap<String, KernelCode>,
    diagnostics: &Diagnostics,
    observer: &mut dyn Observer,
) -> Result<Program<'c>> {
    let program = to_loops(context, module, machine, known, diagnostics, observer)?;
    let root = ir::module_op(module);
    if ir::walk(root).into_iter().flat_map(ir::results).any(|v| ir::element_type(v.r#type()).is_bf16()) {
        pipeline::run(context, module, "emulation of bf16", EMULATE_BF16, diagnostics)?;
        if !machine.info.has("avx512bf16") {
            pipeline::run(context, module, "conversion of bf16", EXPAND_BF16, diagnostics)?;
        }
    }
    pipeline::run(context, module, "conversion to the LLVM dialect", TO_LLVM, diagnostics)?;
    llvm::entry::build(context, ir::module_op(module), &program)?;
    pipeline::verify(module, "verification of the LLVM dialect", diagnostics)?;
    observer.phase("llvm", module);
    Ok(program)
}

/// Removes `main`, which lives on in the program, and all but the kernels it calls that have a body.
fn remove_all_but_kernels_to_compile(root: Op<'_>, program: &Program) {
    let called = |name: &str| program.calls.iter().any(|call| program.kernels[call.kernel].name == name);
    for function in ir::functions(root) {
        if !ir::symbol(function).is_some_and(called) || ir::entry(function).is_none() {
            ir::erase(function);
        }
    }
}

const NORMALIZE: &str =
    "builtin.module(func.func(convert-elementwise-to-linalg,linalg-generalize-named-ops,canonicalize,cse))";

const CLEAN: &str = "builtin.module(func.func(canonicalize,cse))";

const BUFFERIZE: &str = "builtin.module(func.func(eliminate-empty-tensors,empty-tensor-to-alloc-tensor),one-shot-bufferize,func.func(canonicalize,cse))";

const GENERALIZE: &str = "builtin.module(func.func(linalg-generalize-named-ops))";

const LOOPS: &str = "builtin.module(func.func(convert-linalg-to-loops))";

/// No x86-64 computes in bf16: values are widened, computed in f32 and rounded after each operation.
const EMULATE_BF16: &str =
    "builtin.module(func.func(arith-emulate-unsupported-floats{source-types=bf16 target-type=f32}))";

/// Without instructions for it, LLVM would call a function of newer libgcc to round to bf16.
const EXPAND_BF16: &str = "builtin.module(func.func(arith-expand{include-bf16=true}))";

const TO_LLVM: &str = "builtin.module(func.func(lower-affine,expand-strided-metadata,lower-affine,canonicalize,cse,convert-scf-to-cf,arith-expand,convert-math-to-llvm),convert-math-to-libm,convert-to-llvm,reconcile-unrealized-casts)";

#[cfg(test)]
pub(crate) mod tests;
