//! The passes that can be named on a command line, in one table.

use melior::Context;
use melior::ir::operation::OperationLike;

use crate::codegen::{self, ir::Op, kernel::phases::SMALLEST};
use crate::{graph, hwk, lower};

/// A pass over a module.
pub struct PassInfo {
    /// Its name in a pass pipeline.
    pub name: &'static str,
    /// What it expects and what it leaves, in one sentence.
    pub description: &'static str,
    /// Changes the module in place; an error names what is wrong.
    pub run: for<'c> fn(&'c Context, Op<'c>) -> Result<(), String>,
}

/// Every pass, in the order in which a compilation runs them.
pub const PASSES: &[PassInfo] = &[
    PassInfo {
        name: "hwc-fold-constants",
        description: "Computes what depends on nothing but constants, by the reference evaluator",
        run: |context, module| graph::fold_constants(context, module).map_err(|e| e.to_string()),
    },
    PassInfo {
        name: "hwc-fold-affine",
        description: "Constant scales and shifts of the channels of convolutions become part of their filters and biases",
        run: |context, module| graph::fold_affine(context, module).map_err(|e| e.to_string()),
    },
    PassInfo {
        name: "hwc-channels-last",
        description: "Convolutions and what stands between them work on images whose channels come last",
        run: |context, module| graph::channels_last(context, module).map_err(|e| e.to_string()),
    },
    PassInfo {
        name: "hwc-winograd",
        description: "Convolutions of 3 by 3 taps with constant filters become Winograd's where that is faster",
        run: |context, module| graph::winograd(context, module).map_err(|e| e.to_string()),
    },
    PassInfo {
        name: "hwc-pad-images",
        description: "Images get the border that all convolutions that read them want, right where they are made",
        run: |context, module| graph::pad_images(context, module).map_err(|e| e.to_string()),
    },
    PassInfo {
        name: "hwc-form-kernels",
        description: "Moves groups of hwc operations into kernels (hwk.kernel) that main launches",
        run: |context, module| graph::form_kernels(context, module, None).map_err(|e| e.to_string()),
    },
    PassInfo {
        name: "hwk-to-functions",
        description: "Kernels become private functions that main calls; their schedules become attributes hwk.schedule",
        run: |context, module| hwk::to_functions(context, module, |_| false).map_err(|e| e.to_string()),
    },
    PassInfo {
        name: "hwc-lower",
        description: "Replaces hwc operations by linalg, tensor, scf, arith and math on tensors of storage types",
        run: |context, module| lower::lower(context, module).map_err(|e| e.to_string()),
    },
    PassInfo {
        name: "hwc-fuse-elementwise",
        description: "Computes elementwise producers inside their consumers, where that repeats little work",
        run: |_, module| codegen::fusion::fuse(module).map_err(|e| e.to_string()),
    },
    PassInfo {
        name: "hwc-carry-in-place",
        description: "Tensors that loops carry are written into the memory they came in",
        run: |context, module| each_kernel(module, |k| codegen::kernel::carried::convert(context, k)),
    },
    PassInfo {
        name: "hwc-kernel-starts",
        description: "Every reduction of a kernel starts in memory of its own",
        run: |context, module| {
            each_kernel(module, |k| {
                codegen::kernel::starts::convert(context, k);
                Ok(())
            })
        },
    },
    PassInfo {
        name: "hwc-kernel-destinations",
        description: "Kernels on tensors take buffers for their inputs and results; main stays as it is",
        run: |context, module| each_kernel(module, |k| codegen::kernel::destination::convert(context, k)),
    },
    PassInfo {
        name: "hwc-kernel-placement",
        description: "What is computed only to be copied into a part of a buffer is computed there",
        run: |_, module| {
            each_kernel(module, |k| {
                codegen::kernel::placement::convert(k);
                Ok(())
            })
        },
    },
    PassInfo {
        name: "hwc-kernel-scratch",
        description: "Allocations in bufferized kernels become parts of one scratch argument, shared by lifetime",
        run: |context, module| each_kernel(module, |k| codegen::kernel::scratch::convert(context, k).map(|_| ())),
    },
    PassInfo {
        name: "hwc-structured-to-vector",
        description: "linalg.generic and memref.copy on buffers become loops over vectors, for the CPU that the module's attribute hwc.cpu names, or the host",
        run: |context, module| {
            let machine = machine(module)?;
            let shape = codegen::structured::Shape::of(&machine);
            each_kernel(module, |k| {
                let options =
                    codegen::structured::Options { shape, only_copies: false, split_from: SMALLEST, constants: vec![] };
                codegen::structured::convert(context, k, &options).map(drop)
            })
        },
    },
    PassInfo {
        name: "hwc-kernel-phases",
        description: "Kernels become functions called one after the other, those with large parallel loops for parts of the work",
        run: |context, module| {
            each_kernel(module, |k| codegen::kernel::phases::convert(context, k, SMALLEST).map(|_| ()))
        },
    },
    PassInfo {
        name: "hwc-math-approximations",
        description: "Elementary functions of f32 become polynomials",
        run: |context, module| each_kernel(module, |k| codegen::math::convert(context, k, false)),
    },
];

/// The machine a module is for: its attribute `hwc.cpu` names a CPU, so that a test does not depend on where it runs.
fn machine(module: Op) -> Result<codegen::llvm::target::Machine, String> {
    let name = module.attribute("hwc.cpu").ok().and_then(codegen::ir::string_value);
    let cpu = name.map_or(codegen::Cpu::Host, |name| codegen::Cpu::Named(name.into()));
    codegen::llvm::target::Machine::new(&codegen::TargetOptions { cpu, ..Default::default() })
        .map_err(|e| e.to_string())
}

/// Runs a pass over every kernel, up to the first that fails.
fn each_kernel<'c>(module: Op<'c>, run: impl FnMut(Op<'c>) -> Result<(), codegen::CodegenError>) -> Result<(), String> {
    codegen::kernel::form::kernels(module).into_iter().try_for_each(run).map_err(|e| e.to_string())
}
