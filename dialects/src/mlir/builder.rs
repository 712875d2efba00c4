//! Building operations and functions of the dialect.

use hwc_runtime::Tensor;
use melior::Context;
use melior::ir::attribute::{
    ArrayAttribute, DenseI32ArrayAttribute, DictionaryAttribute, StringAttribute, TypeAttribute,
};
use melior::ir::operation::{OperationBuilder, OperationLike, OperationRef};
use melior::ir::r#type::FunctionType;
use melior::ir::{
    Attribute, Block, BlockLike, BlockRef, Identifier, Location, Module, Region, RegionLike, Type, Value, ValueLike,
};

use super::attributes::{attribute_to_mlir, constant_attribute};
use super::ffi;
use super::types::{tensor_type_from_mlir, tensor_type_to_mlir};
use crate::attrs::Attrs;
use crate::infer::{Errors, infer};
use crate::op::{Arity, Op};
use crate::types::TensorType;

/// Appends an operation to a block. Its result types are inferred; where inference does not know a dimension, `known`
/// (one type per result, or empty) may.
pub fn build<'c, 'a>(
    context: &'c Context,
    block: BlockRef<'c, 'a>,
    location: Location<'c>,
    op: Op,
    attrs: &Attrs,
    operands: &[Option<Value<'c, 'a>>],
    known: &[TensorType],
) -> Result<Vec<Value<'c, 'a>>, Errors> {
    let types: Vec<Option<TensorType>> =
        operands.iter().map(|o| o.and_then(|v| tensor_type_from_mlir(v.r#type()))).collect();
    let types: Vec<Option<&TensorType>> = types.iter().map(Option::as_ref).collect();
    let mut results = infer(op, attrs, &types)?;
    for (result, known) in results.iter_mut().zip(known) {
        if !result.compatible(known) {
            return Err(format!("has a result of type {result}, which is declared to be {known}").into());
        }
        for (dim, known) in result.shape.iter_mut().zip(&known.shape) {
            if dim.fixed().is_none() && known.fixed().is_some() {
                *dim = known.clone();
            }
        }
    }
    let results: Vec<Type<'c>> = results
        .iter()
        .map(|t| tensor_type_to_mlir(context, t).ok_or_else(|| format!("has a result of type {t}, which MLIR refuses")))
        .collect::<Result<_, _>>()?;

    let mut attributes = Vec::new();
    for (name, value) in attrs.iter() {
        let value = attribute_to_mlir(context, value)
            .ok_or_else(|| format!("has the attribute `{name}`, which MLIR refuses"))?;
        attributes.push((Identifier::new(context, name), value));
    }
    if op.info().has_segments() {
        let slots = op.info().operands;
        let sizes: Vec<i32> = slots
            .iter()
            .enumerate()
            .map(|(i, slot)| match slot.arity {
                Arity::Variadic => operands.len().saturating_sub(i) as i32,
                _ => i32::from(operands.get(i).copied().flatten().is_some()),
            })
            .collect();
        let sizes = DenseI32ArrayAttribute::new(context, &sizes).into();
        attributes.push((Identifier::new(context, "operandSegmentSizes"), sizes));
    }
    let operands: Vec<Value> = operands.iter().copied().flatten().collect();
    append(block, location, op, &attributes, &operands, &results)
}

fn append<'c, 'a>(
    block: BlockRef<'c, 'a>,
    location: Location<'c>,
    op: Op,
    attributes: &[(Identifier<'c>, Attribute<'c>)],
    operands: &[Value<'c, 'a>],
    results: &[Type<'c>],
) -> Result<Vec<Value<'c, 'a>>, Errors> {
    let operation = OperationBuilder::new(op.info().name, location)
        .add_attributes(attributes)
        .add_operands(operands)
        .add_results(results)
        .build()
        .map_err(|e| e.to_string())?;
    let operation = block.append_operation(operation);
    Ok((0..results.len()).filter_map(|i| operation.result(i).ok()).map(Into::into).collect())
}

/// Builds the function `main` in a module, operation by operation.
pub struct GraphBuilder<'c, 'm> {
    context: &'c Context,
    function: OperationRef<'c, 'm>,
    block: BlockRef<'c, 'm>,
    location: Location<'c>,
}

impl<'c, 'm> GraphBuilder<'c, 'm> {
    /// Appends an empty `main` to the module.
    pub fn new(context: &'c Context, module: &'m Module<'c>, location: Location<'c>) -> Result<Self, Errors> {
        let region = Region::new();
        region.append_block(Block::new(&[]));
        let function = OperationBuilder::new("func.func", location)
            .add_attributes(&[
                (Identifier::new(context, "sym_name"), StringAttribute::new(context, "main").into()),
                (
                    Identifier::new(context, "function_type"),
                    TypeAttribute::new(FunctionType::new(context, &[], &[]).into()).into(),
                ),
            ])
            .add_regions([region])
            .build()
            .map_err(|e| e.to_string())?;
        let function = module.body().append_operation(function);
        let block = function.region(0).ok().and_then(|r| r.first_block()).ok_or("function has no block")?;
        Ok(GraphBuilder { context, function, block, location })
    }

    pub fn context(&self) -> &'c Context {
        self.context
    }

    /// Adds a function argument.
    pub fn argument(&self, ty: &TensorType, location: Location<'c>) -> Result<Value<'c, 'm>, Errors> {
        let mlir = tensor_type_to_mlir(self.context, ty).ok_or_else(|| format!("MLIR refuses the type {ty}"))?;
        Ok(self.block.add_argument(mlir, location))
    }

    /// Appends an operation; see [`build`].
    pub fn op(
        &self,
        op: Op,
        attrs: &Attrs,
        operands: &[Option<Value<'c, 'm>>],
        known: &[TensorType],
        location: Location<'c>,
    ) -> Result<Vec<Value<'c, 'm>>, Errors> {
        build(self.context, self.block, location, op, attrs, operands, known)
    }

    /// Appends a constant; a large one becomes a resource called `name`.
    pub fn constant(&self, value: &Tensor, name: &str, location: Location<'c>) -> Result<Value<'c, 'm>, Errors> {
        let refused = || format!("MLIR refuses a constant of type {}", TensorType::of(value));
        let ty = tensor_type_to_mlir(self.context, &TensorType::of(value)).ok_or_else(refused)?;
        let attribute = constant_attribute(self.context, value, name).ok_or_else(refused)?;
        let attributes = [(Identifier::new(self.context, "value"), attribute)];
        let results = append(self.block, location, Op::Constant, &attributes, &[], &[ty])?;
        Ok(results.first().copied().ok_or("constant has no result")?)
    }

    /// Ends the function: returns `results`, and names arguments and results by the attribute `hwc.name`.
    pub fn finish(self, results: &[Value<'c, 'm>], inputs: &[&str], outputs: &[&str]) -> Result<(), Errors> {
        let end = OperationBuilder::new("func.return", self.location).add_operands(results).build();
        self.block.append_operation(end.map_err(|e| e.to_string())?);
        let arguments: Vec<Type> =
            (0..self.block.argument_count()).filter_map(|i| self.block.argument(i).ok()).map(|a| a.r#type()).collect();
        let results: Vec<Type> = results.iter().map(|r| r.r#type()).collect();
        let ty = FunctionType::new(self.context, &arguments, &results);
        let names = |names: &[&str]| -> Attribute<'c> {
            let dictionaries: Vec<Attribute> = names
                .iter()
                .map(|name| {
                    let name = StringAttribute::new(self.context, name).into();
                    DictionaryAttribute::new(self.context, &[(Identifier::new(self.context, "hwc.name"), name)]).into()
                })
                .collect();
            ArrayAttribute::new(self.context, &dictionaries).into()
        };
        ffi::set_attribute(self.function, "function_type", TypeAttribute::new(ty.into()).into());
        ffi::set_attribute(self.function, "arg_attrs", names(inputs));
        ffi::set_attribute(self.function, "res_attrs", names(outputs));
        Ok(())
    }
}
