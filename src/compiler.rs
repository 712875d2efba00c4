//! From a model to native code, phase by phase.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::mpsc::{self, Sender};

use hwc_cost_model::Work;
use hwc_dialects::hwk::{Schedule, Space};
use hwc_passes::codegen::{self, CodegenError, Enumerate, Objects, Observer, Summary, TargetOptions, ir};
use hwc_passes::{graph, hwk, lower, print};
use hwc_runtime::abi;
use hwc_runtime::manifest::{Arena, Kernel, Manifest, Target, Weights};
use hwc_runtime::weights::WeightsWriter;
use melior::Context;
use melior::ir::Module;

use crate::cost_model::Question;
use crate::frontend::Program;
use crate::kernel_cache::Found;
use crate::measure::Store;
use crate::model::Source;
use crate::{Artifact, CostModel, Diagnostic, Error, Explanation, Fault, Model, Options, Severity};

/// What [`Compiler::emit`] can give as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The graph in the `hwc` dialect.
    Hwc,
    /// Kernels with their schedules, in the `hwk` dialect.
    Hwk,
    /// Kernels as linalg on tensors.
    Linalg,
    /// The LLVM dialect.
    LlvmMlir,
    /// LLVM IR after optimization.
    LlvmIr,
    /// Assembly.
    Asm,
}

/// A program as text.
#[derive(Clone, Debug)]
pub struct Emitted {
    pub text: String,
    /// Why its kernels were chosen, with [`Options::explain`] and for stages after that choice.
    pub explanation: Option<Explanation>,
    /// Warnings and remarks of the compilation.
    pub diagnostics: Vec<Diagnostic>,
}

impl Emitted {
    fn new(text: String, program: Program) -> Emitted {
        Emitted { text, explanation: program.explanation, diagnostics: warnings(program.warnings) }
    }

    fn with_remarks(mut self, messages: Vec<String>) -> Emitted {
        self.diagnostics.extend(remarks(messages));
        self
    }
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
        match self.compile_by(model, self.options.measured.as_ref()) {
            // A store may have been written by anybody.
            Err(error) if self.options.measured.as_ref().is_some_and(Store::is_a_folder) => {
                let mut artifact = self.compile_by(model, None)?;
                let message = format!("the measured schedules were not used: {error}");
                artifact.diagnostics.push(Diagnostic { severity: Severity::Warning, message });
                Ok(artifact)
            }
            result => result,
        }
    }

    fn compile_by(&self, model: &Model, measured: Option<&Store>) -> Result<Artifact, Error> {
        let context = context();
        let mut program = Program::read(&context, model, &self.options)?;
        if let Some(store) = measured {
            let (_, warnings) = store.choose(&context, &program, &self.target(&program)?)?;
            program.warnings.extend(warnings);
        }
        let target = self.target(&program)?;
        let mut found = self.find_kernels(&context, &program, &target)?;
        let known = std::mem::take(&mut found.known);
        let (mut functions, work) = self.to_kernel_form(&context, &program, |name| known.contains_key(name))?;
        let objects = match self.options.one_object {
            true => Objects::One,
            false => Objects::Kernels { known, entry: &mut |digest| found.entry(digest) },
        };
        let described = RefCell::new(None);
        let mut watch = Watch { chooser: Chooser::new(self, &context, &program.kernels, &target)? };
        let (compiled, weights) = codegen::compile(
            &context,
            &mut functions,
            &target,
            objects,
            |bytes| WeightsWriter::new(bytes).map_err(std::io::Error::other),
            |summary, weights| {
                let manifest = manifest(model, &program, summary, &work, weights.describe());
                let text = manifest.to_json();
                *described.borrow_mut() = Some(manifest);
                text
            },
            &mut watch,
        )
        .map_err(|error| blamed(model, error))?;
        let remarks = remarks(watch.chooser.remarks);
        let manifest = described.into_inner().ok_or_else(|| Error::new(Fault::Defect, "no manifest was made"))?;
        program.warnings.append(&mut found.warnings);
        program.warnings.extend(found.keep(&compiled));
        Ok(Artifact {
            manifest,
            objects: compiled.objects().map(<[u8]>::to_vec).collect(),
            weights: weights.finish(),
            cache: self.options.kernel_cache.clone(),
            explanation: program.explanation,
            diagnostics: warnings(program.warnings).into_iter().chain(remarks).collect(),
        })
    }

    /// Compiles a model up to a stage and prints it.
    ///
    /// # Errors
    /// As [`Compiler::compile`].
    pub fn emit(&self, model: &Model, stage: Stage) -> Result<Emitted, Error> {
        let context = context();
        let code = match stage {
            Stage::Hwc => {
                let program = Program::graph(&context, model, &self.options)?;
                return Ok(Emitted::new(print::text(&program.kernels), program));
            }
            Stage::Hwk => {
                let program = Program::read(&context, model, &self.options)?;
                let remarks = self.schedule(&context, &program, |error| blamed(model, error))?;
                return Ok(Emitted::new(print::text(&program.kernels), program).with_remarks(remarks));
            }
            Stage::Linalg => codegen::Stage::Linalg,
            Stage::LlvmMlir => codegen::Stage::LlvmMlir,
            Stage::LlvmIr => codegen::Stage::LlvmIr,
            Stage::Asm => codegen::Stage::Asm,
        };
        let program = Program::read(&context, model, &self.options)?;
        let target = self.target(&program)?;
        if let Some(store) = &self.options.measured {
            store.choose(&context, &program, &target)?;
        }
        let (mut functions, _) = self.to_kernel_form(&context, &program, |_| false)?;
        let mut chooser = Chooser::new(self, &context, &program.kernels, &target)?;
        let text = codegen::print_stage(&context, &mut functions, &target, code, &mut chooser);
        let text = text.map_err(|error| blamed(model, error))?;
        let remarks = chooser.remarks;
        Ok(Emitted::new(text, program).with_remarks(remarks))
    }

    /// Kernels that were compiled before.
    fn find_kernels<'c>(
        &self,
        context: &'c Context,
        program: &Program<'c>,
        target: &TargetOptions,
    ) -> Result<Found, Error> {
        let cache = self.options.kernel_cache.as_ref().filter(|_| !self.options.one_object);
        let Some(cache) = cache else { return Ok(Found::default()) };
        let root = ir::module_op(&program.kernels);
        // Part of a kernel's text, and possibly written by hand.
        hwk::mark_constants(context, root);
        let kernels = ir::hwk_kernels(root).into_iter();
        let named = kernels.map(|kernel| (ir::symbol(kernel).unwrap_or_default().to_string(), hwk::digest(kernel)));
        let model = self.options.cost_model.as_ref().map_or("", CostModel::digest);
        Ok(cache.find(&format!("{} {model}", hwk::identity(target)?), named))
    }

    /// Kernels with the schedules that are chosen for them.
    pub(crate) fn scheduled<'c>(&self, context: &'c Context, model: &Model) -> Result<Program<'c>, Error> {
        let program = Program::read(context, model, &self.options)?;
        self.schedule(context, &program, |error| blamed(model, error))?;
        Ok(program)
    }

    /// Gives kernels the schedules that are chosen for them; tells what the cost model does not know.
    pub(crate) fn schedule<'c>(
        &self,
        context: &'c Context,
        program: &Program<'c>,
        blamed: impl Fn(CodegenError) -> Error,
    ) -> Result<Vec<String>, Error> {
        let target = self.target(program)?;
        if let Some(store) = &self.options.measured {
            store.choose(context, program, &target)?;
        }
        let (mut functions, _) = self.to_kernel_form(context, program, |_| false)?;
        let mut chooser = Chooser::new(self, context, &program.kernels, &target)?;
        codegen::choose_schedules(context, &mut functions, &target, &mut chooser).map_err(blamed)?;
        hwk::write_back(context, ir::module_op(&program.kernels), ir::module_op(&functions))?;
        Ok(chooser.remarks)
    }

    /// Asks a cost model about the kernels of a program that it has no answer for yet. It answers one while the alternatives
    /// of the next are enumerated.
    pub(crate) fn ask<'c>(&self, context: &'c Context, program: &Program<'c>, model: &CostModel) -> Result<(), Error> {
        let target = self.target(program)?;
        let machine = hwk::target_of(&target)?;
        if ir::hwk_kernels(ir::module_op(&program.kernels)).iter().all(|kernel| model.is_done(*kernel, &machine)) {
            return Ok(());
        }
        let (mut functions, _) = self.to_kernel_form(context, program, |_| false)?;
        std::thread::scope(|scope| {
            let (questions, asked) = mpsc::channel();
            scope.spawn(|| asked.into_iter().for_each(|question| model.answer(question)));
            let mut asker = Asker { model, context, kernels: &program.kernels, target: machine, questions };
            codegen::offer_schedules(context, &mut functions, &target, &mut asker)
        })?;
        Ok(())
    }

    /// The machine to compile for: what the options say, else what the kernels say, else the host.
    pub(crate) fn target(&self, program: &Program) -> Result<TargetOptions, Error> {
        let named = hwk::target(&program.kernels).map_err(|e| Error::new(Fault::Input, e))?;
        Ok(match named {
            Some(target) if self.options.target == crate::Target::host() => hwk::machine_for(&target)?,
            _ => self.options.target.options(),
        })
    }

    /// A function per kernel, on tensors, beside the kernels themselves; gives the work of each. Functions of kernels that
    /// are `known` have no body.
    pub(crate) fn to_kernel_form<'c>(
        &self,
        context: &'c Context,
        program: &Program<'c>,
        known: impl Fn(&str) -> bool,
    ) -> Result<(Module<'c>, BTreeMap<String, Work>), Error> {
        self.observe("kernels", &program.kernels);
        let work = graph::kernel_work(ir::module_op(&program.kernels))?;
        let functions = hwk::copy(&program.kernels).ok_or_else(|| Error::new(Fault::Defect, "no module to copy"))?;
        hwk::to_functions(context, ir::module_op(&functions), known)?;
        lower::lower(context, ir::module_op(&functions))?;
        self.observe("lowered", &functions);
        Ok((functions, work))
    }

    fn observe(&self, name: &str, module: &Module) {
        self.options.tell(name, module);
    }
}

/// Chooses schedules by the cost model of the options, if there is one.
struct Chooser<'a, 'c> {
    compiler: &'a Compiler,
    context: &'c Context,
    kernels: &'a Module<'c>,
    target: hwc_dialects::hwk::Target,
    /// Which kernels the model does not know.
    remarks: Vec<String>,
}

impl<'a, 'c> Chooser<'a, 'c> {
    fn new(
        compiler: &'a Compiler,
        context: &'c Context,
        kernels: &'a Module<'c>,
        target: &TargetOptions,
    ) -> Result<Self, Error> {
        Ok(Chooser { compiler, context, kernels, target: hwk::target_of(target)?, remarks: vec![] })
    }
}

impl Observer for Chooser<'_, '_> {
    fn choose(&mut self, name: &str, alternatives: Enumerate) -> Result<Option<(Space, Schedule)>, CodegenError> {
        let Some(model) = &self.compiler.options.cost_model else { return Ok(None) };
        let Some(kernel) = kernel_of(self.kernels, name) else { return Ok(None) };
        Ok(model.choose(self.context, kernel, &self.target, alternatives)?.unwrap_or_else(|why| {
            // What keeps the model from being used at all is told once.
            if !self.remarks.contains(&why) {
                self.remarks.push(why);
            }
            None
        }))
    }
}

/// Hands on what there is to ask a cost model.
struct Asker<'a, 'c> {
    model: &'a CostModel,
    context: &'c Context,
    kernels: &'a Module<'c>,
    target: hwc_dialects::hwk::Target,
    questions: Sender<Question>,
}

impl Observer for Asker<'_, '_> {
    fn choose(&mut self, name: &str, alternatives: Enumerate) -> Result<Option<(Space, Schedule)>, CodegenError> {
        if let Some(kernel) = kernel_of(self.kernels, name)
            && let Some(question) = self.model.question(self.context, kernel, &self.target, alternatives)?
        {
            // Whoever answers is there as long as there are questions.
            let _ = self.questions.send(question);
        }
        Ok(None)
    }
}

/// The kernel of this name.
fn kernel_of<'c>(kernels: &Module<'c>, name: &str) -> Option<ir::Op<'c>> {
    ir::hwk_kernels(ir::module_op(kernels)).into_iter().find(|op| ir::symbol(*op) == Some(name))
}

/// Tells the observer of the options about the phases of code generation, and the kernels what was chosen for them.
struct Watch<'a, 'c> {
    chooser: Chooser<'a, 'c>,
}

impl Observer for Watch<'_, '_> {
    fn phase(&mut self, name: &'static str, module: &Module) {
        self.chooser.compiler.observe(name, module);
    }

    fn choose(&mut self, kernel: &str, alternatives: Enumerate) -> Result<Option<(Space, Schedule)>, CodegenError> {
        self.chooser.choose(kernel, alternatives)
    }

    fn chosen(&mut self, module: &Module) {
        let Chooser { compiler, context, kernels, .. } = self.chooser;
        // What code generation wrote to its functions, it can read again.
        if hwk::write_back(context, ir::module_op(kernels), ir::module_op(module)).is_ok() {
            compiler.observe("hwk", kernels);
        }
    }
}

fn warnings(messages: Vec<String>) -> Vec<Diagnostic> {
    messages.into_iter().map(|message| Diagnostic { severity: Severity::Warning, message }).collect()
}

fn remarks(messages: Vec<String>) -> impl Iterator<Item = Diagnostic> {
    messages.into_iter().map(|message| Diagnostic { severity: Severity::Remark, message: format!("remark: {message}") })
}

/// What is wrong with kernels is a defect of ours, unless they were written by hand.
fn blamed(model: &Model, error: CodegenError) -> Error {
    match (&model.source, &error) {
        (Source::Mlir(_), CodegenError::KernelForm(_)) => Error::new(Fault::Input, format!("{}: {error}", model.name)),
        _ => error.into(),
    }
}

pub(crate) fn context() -> Context {
    let context = codegen::context::new();
    hwc_dialects::mlir::load(&context);
    context
}

fn manifest(
    model: &Model,
    program: &Program,
    summary: &Summary,
    work: &BTreeMap<String, Work>,
    weights: Weights,
) -> Manifest {
    Manifest {
        abi: abi::ABI_VERSION,
        producer: concat!("hwc ", env!("CARGO_PKG_VERSION")).into(),
        model: model.name.clone(),
        target: Target {
            triple: summary.target.triple.clone(),
            cpu: summary.target.cpu.clone(),
            features: summary.target.features.clone(),
        },
        inputs: program.inputs.clone(),
        outputs: program.outputs.clone(),
        weights,
        arena: Arena { bytes: summary.arena_bytes, ..Arena::default() },
        kernels: summary
            .kernels
            .iter()
            .map(|(name, calls)| {
                let work = work.get(name).copied().unwrap_or_default();
                Kernel { name: name.clone(), calls: *calls as u64, flops: work.flops as u64, bytes: work.bytes as u64 }
            })
            .collect(),
        metadata: program.metadata.clone(),
    }
}
