//! From a model to native code, phase by phase.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Write;

use bytes::Bytes;
use hwc_cost_model::Work;
use hwc_dialects::TensorType;
use hwc_dialects::onnx::import::{self, Program};
use hwc_passes::codegen::{self, Observer, Summary, ir};
use hwc_passes::{graph, lower, print};
use hwc_runtime::manifest::{Arena, Input, Kernel, Manifest, Output, Target, Weights};
use hwc_runtime::{Digest, abi};
use melior::Context;
use melior::ir::Module;

use crate::options::Phase;
use crate::{Artifact, Diagnostic, Error, Fault, Model, Options, Severity};

/// What [`Compiler::emit`] can give as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The graph in the `hwc` dialect.
    Hwc,
    /// Kernels as linalg on tensors.
    Linalg,
    /// The LLVM dialect.
    LlvmMlir,
    /// LLVM IR after optimization.
    LlvmIr,
    /// Assembly.
    Asm,
}

/// Compiles models by a set of options. Compilations are independent of each other and may run at the same time.
#[derive(Clone, Default)]
pub struct Compiler {
    options: Options,
}

impl Compiler {
    pub fn new(options: Options) -> Compiler {
        Compiler { options }
    }

    /// Compiles a model to code in memory.
    ///
    /// # Errors
    /// Everything that is wrong or not supported, at once; [`Error::fault`] says whose fault it is.
    pub fn compile(&self, model: &Model) -> Result<Artifact, Error> {
        let context = context();
        let (mut module, imported) = self.import(&context, model)?;
        let work = self.to_kernel_form(&context, &module)?;
        let weights = RefCell::new(Vec::new());
        let described = RefCell::new(None);
        let compiled = codegen::compile(
            &context,
            &mut module,
            &self.options.target.options(),
            &mut Sink(&weights),
            |summary| {
                let manifest = manifest(model, &imported.program, summary, &work, &weights.borrow());
                let text = manifest.to_json();
                *described.borrow_mut() = Some(manifest);
                text
            },
            &mut Watch(self),
        )?;
        let manifest = described.into_inner().ok_or_else(|| Error::new(Fault::Defect, "no manifest was made"))?;
        let warning = |message| Diagnostic { severity: Severity::Warning, message };
        Ok(Artifact {
            manifest,
            object: compiled.object,
            weights: Bytes::from(weights.into_inner()),
            diagnostics: imported.warnings.into_iter().map(warning).collect(),
        })
    }

    /// Compiles a model up to a stage and prints it.
    ///
    /// # Errors
    /// As [`Compiler::compile`].
    pub fn emit(&self, model: &Model, stage: Stage) -> Result<String, Error> {
        let context = context();
        let (mut module, _) = self.import(&context, model)?;
        let stage = match stage {
            Stage::Hwc => return Ok(print::text(&module)),
            Stage::Linalg => codegen::Stage::Linalg,
            Stage::LlvmMlir => codegen::Stage::LlvmMlir,
            Stage::LlvmIr => codegen::Stage::LlvmIr,
            Stage::Asm => codegen::Stage::Asm,
        };
        self.to_kernel_form(&context, &module)?;
        Ok(codegen::print_stage(&context, &mut module, &self.options.target.options(), stage)?)
    }

    fn import<'c>(&self, context: &'c Context, model: &Model) -> Result<(Module<'c>, import::Imported), Error> {
        let options = import::Options {
            dims: self.options.dims.iter().map(|(n, v)| (n.clone(), *v)).collect(),
            values: self.options.values.iter().map(|(n, v)| (n.clone(), v.clone())).collect(),
        };
        let imported = import::import(&model.onnx, &options)?;
        let module = import::emit::emit(&imported.program, context).map_err(|e| Error::new(Fault::Defect, e))?;
        self.observe("hwc", &module);
        Ok((module, imported))
    }

    /// From the graph to one function per kernel, on tensors; gives the work of each.
    fn to_kernel_form<'c>(&self, context: &'c Context, module: &Module<'c>) -> Result<BTreeMap<String, Work>, Error> {
        graph::fold_constants(context, ir::module_op(module))?;
        graph::channels_last(context, ir::module_op(module))?;
        // Filters in another order are constants again.
        graph::fold_constants(context, ir::module_op(module))?;
        graph::form_kernels(context, ir::module_op(module))?;
        self.observe("kernels", module);
        let work = graph::kernel_work(ir::module_op(module))?;
        lower::lower(context, ir::module_op(module))?;
        self.observe("lowered", module);
        Ok(work)
    }

    fn observe(&self, name: &str, module: &Module) {
        if let Some(observe) = &self.options.observe {
            observe(Phase { name, text: &|| print::text(module) });
        }
    }
}

/// Tells the observer of the options about the phases of code generation.
struct Watch<'a>(&'a Compiler);

impl Observer for Watch<'_> {
    fn phase(&mut self, name: &'static str, module: &Module) {
        self.0.observe(name, module);
    }
}

/// A writer into memory that others read once the writing is done.
struct Sink<'a>(&'a RefCell<Vec<u8>>);

impl Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn context() -> Context {
    let context = codegen::context::new();
    hwc_dialects::mlir::load(&context);
    context
}

fn manifest(
    model: &Model,
    program: &Program,
    summary: &Summary,
    work: &BTreeMap<String, Work>,
    weights: &[u8],
) -> Manifest {
    // Every dimension is known once a model is imported for compilation.
    let shape = |ty: &TensorType| ty.static_shape().unwrap_or_default();
    Manifest {
        abi: abi::ABI_VERSION,
        producer: concat!("hwc ", env!("CARGO_PKG_VERSION")).into(),
        model: model.name.clone(),
        target: Target {
            triple: summary.target.triple.clone(),
            cpu: summary.target.cpu.clone(),
            features: summary.target.features.clone(),
        },
        inputs: program
            .inputs
            .iter()
            .map(|i| Input {
                name: i.name.clone(),
                dtype: i.ty.dtype,
                shape: shape(&i.ty),
                bound: i.bound.as_ref().map(|t| Digest::of(t.bytes())),
            })
            .collect(),
        outputs: program
            .outputs
            .iter()
            .filter_map(|(name, value)| Some((name, value.ty().ok()?)))
            .map(|(name, ty)| Output { name: name.clone(), dtype: ty.dtype, shape: shape(&ty) })
            .collect(),
        weights: Weights { bytes: summary.weights_bytes, blake3: Digest::of(weights) },
        arena: Arena { bytes: summary.arena_bytes, ..Arena::default() },
        kernels: summary
            .kernels
            .iter()
            .map(|(name, calls)| {
                let work = work.get(name).copied().unwrap_or_default();
                Kernel { name: name.clone(), calls: *calls as u64, flops: work.flops as u64, bytes: work.bytes as u64 }
            })
            .collect(),
        metadata: model.onnx.metadata.iter().cloned().collect::<BTreeMap<_, _>>(),
    }
}
