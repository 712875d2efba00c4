//! From what was read to kernels, and what the compiled code will be asked for.

use std::collections::BTreeMap;

use hwc_dialects::TensorType;
use hwc_dialects::mlir::tensor_type_from_mlir;
use hwc_dialects::onnx::import;
use hwc_passes::codegen::ir;
use hwc_passes::optimize::cost::Cost;
use hwc_passes::optimize::explain::Explanation;
use hwc_passes::{graph, hwk};
use hwc_runtime::Digest;
use hwc_runtime::manifest::{Input, Output};
use melior::Context;
use melior::ir::{BlockLike, Module, ValueLike};

use crate::model::Source;
use crate::{Error, Fault, Model, Options, Rewriting, rewrite};

/// Kernels that `main` launches, with names and types of what `main` takes and gives.
pub struct Program<'c> {
    pub kernels: Module<'c>,
    pub inputs: Vec<Input>,
    pub outputs: Vec<Output>,
    pub metadata: BTreeMap<String, String>,
    pub warnings: Vec<String>,
    /// Why the graph was rewritten as it was, if that was asked for.
    pub explanation: Option<Explanation>,
}

impl<'c> Program<'c> {
    /// Reads a model down to kernels.
    pub fn read(context: &'c Context, model: &Model, options: &Options) -> Result<Self, Error> {
        let mut program = Self::graph(context, model, options)?;
        let root = ir::module_op(&program.kernels);
        if ir::hwk_kernels(root).is_empty() {
            program.explanation = form(context, root, options).map_err(|error| match model.source {
                // Written by hand, unlike what is imported.
                Source::Mlir(_) if error.fault() == Fault::Defect => {
                    Error::new(Fault::Input, format!("{}: {error}", model.name))
                }
                _ => error,
            })?;
        }
        Ok(program)
    }

    /// Reads a model as it was written: an ONNX model as a graph.
    pub fn graph(context: &'c Context, model: &Model, options: &Options) -> Result<Self, Error> {
        let program = match &model.source {
            Source::Onnx(onnx) => Self::imported(context, onnx, options)?,
            Source::Mlir(text) => Self::parsed(context, &model.name, text, options.in_place)?,
        };
        options.tell("hwc", &program.kernels);
        Ok(program)
    }

    fn imported(context: &'c Context, onnx: &hwc_dialects::onnx::Model, options: &Options) -> Result<Self, Error> {
        let import = import::Options {
            dims: options.dims.iter().map(|(n, v)| (n.clone(), *v)).collect(),
            values: options.values.iter().map(|(n, v)| (n.clone(), v.clone())).collect(),
        };
        let import::Imported { program, warnings, .. } = import::import(onnx, &import)?;
        let kernels = import::emit::emit(&program, context).map_err(|e| Error::new(Fault::Defect, e))?;
        let inputs = program.inputs.iter().map(|i| Input {
            name: i.name.clone(),
            dtype: i.ty.dtype,
            shape: shape(&i.ty),
            bound: i.bound.as_ref().map(|t| Digest::of(t.bytes())),
        });
        let outputs = program.outputs.iter().filter_map(|(name, value)| Some((name, value.ty().ok()?)));
        let outputs =
            outputs.map(|(name, ty)| Output { name: name.clone(), dtype: ty.dtype, shape: shape(&ty) }).collect();
        let (inputs, metadata) = (inputs.collect(), onnx.metadata.iter().cloned().collect());
        Ok(Self { kernels, inputs, outputs, metadata, warnings, explanation: None })
    }

    /// Kernels that nobody asked for under names.
    pub fn of_kernels(kernels: Module<'c>) -> Self {
        Self {
            kernels,
            inputs: vec![],
            outputs: vec![],
            metadata: BTreeMap::new(),
            warnings: vec![],
            explanation: None,
        }
    }

    fn parsed(context: &'c Context, name: &str, text: &str, in_place: bool) -> Result<Self, Error> {
        let wrong = |errors: Vec<String>| Error::new(Fault::Input, format!("{name}: {}", errors.join("\n  ")));
        let kernels = hwk::parse(context, text).map_err(wrong)?;
        let malformed = |e: hwk::GraphError| wrong(vec![e.to_string()]);
        hwk::main_of_one(context, &kernels, in_place).map_err(malformed)?;
        let main = ir::functions(ir::module_op(&kernels)).into_iter().find(|f| ir::symbol(*f) == Some("main"));
        let block = main.and_then(ir::entry).ok_or_else(|| wrong(vec!["@main has no body".into()]))?;
        let end = block.terminator().map(ir::operands).unwrap_or_default();
        let types = |values: Vec<ir::Val>| -> Result<Vec<TensorType>, Error> {
            let all = values.into_iter().map(|v| {
                let ty = tensor_type_from_mlir(v.r#type()).filter(|ty| ty.static_shape().is_some());
                ty.ok_or_else(|| wrong(vec![format!("@main takes or gives a {}: no static tensor", v.r#type())]))
            });
            all.collect()
        };
        let (inputs, outputs) = (types(ir::arguments(block))?, types(end)?);
        let input = |(i, ty): (usize, TensorType)| Input {
            name: format!("input{i}"),
            dtype: ty.dtype,
            shape: shape(&ty),
            bound: None,
        };
        let output =
            |(i, ty): (usize, TensorType)| Output { name: format!("output{i}"), dtype: ty.dtype, shape: shape(&ty) };
        Ok(Self {
            inputs: inputs.into_iter().enumerate().map(input).collect(),
            outputs: outputs.into_iter().enumerate().map(output).collect(),
            ..Self::of_kernels(kernels)
        })
    }
}

/// From a graph to kernels.
fn form<'c>(context: &'c Context, module: ir::Op<'c>, options: &Options) -> Result<Option<Explanation>, Error> {
    graph::fold_constants(context, module)?;
    let mut explanation = None;
    if options.rewriting != Rewriting::None {
        explanation = rewrite::rewrite(context, module, options)?;
    }
    group(context, module, options)?;
    graph::chosen::forget(module);
    Ok(explanation)
}

/// From a graph that is rewritten to kernels, whose launches tell what of the plan they are for.
pub fn group<'c>(context: &'c Context, module: ir::Op<'c>, options: &Options) -> Result<(), Error> {
    let mut cost = None;
    if options.rewriting != Rewriting::None {
        cost = Some(rewrite::costs(module, options)?);
        // What rules compute of weights.
        graph::fold_constants(context, module)?;
        graph::fold_affine(context, module)?;
    }
    graph::channels_last(context, module)?;
    // Filters in another order are constants again.
    graph::fold_constants(context, module)?;
    if !options.only_direct_convolutions {
        graph::winograd(context, module)?;
    }
    graph::pad_images(context, module)?;
    graph::form_kernels(context, module, cost.as_ref().map(|cost| cost as &dyn Cost))?;
    Ok(())
}

/// Every dimension is known once a model is read for compilation.
fn shape(ty: &TensorType) -> Vec<usize> {
    ty.static_shape().unwrap_or_default()
}
