//! Writes a program to an MLIR module.

use std::collections::HashMap;

use bytes::Bytes;
use hwc_runtime::{DType, Tensor};
use melior::Context;
use melior::ir::{Location, Module, Value as MlirValue};

use super::program::Program;
use super::value::Value;
use crate::infer::Errors;
use crate::mlir::GraphBuilder;

/// Constants up to this many bytes are compared by content, larger ones by the place of their data.
const COMPARED: usize = 4096;

/// The program as the function `main` of a module. An error is a defect of the compiler: a program is checked
/// while it is made.
pub fn emit<'c>(program: &Program, context: &'c Context) -> Result<Module<'c>, Errors> {
    let unknown = Location::unknown(context);
    let module = Module::new(unknown);
    {
        let builder = GraphBuilder::new(context, &module, unknown)?;
        let mut emitter =
            Emitter { program, context, builder: &builder, values: HashMap::new(), constants: HashMap::new() };
        for input in &program.inputs {
            let argument = builder.argument(&input.ty, emitter.location(&input.name))?;
            emitter.values.insert(input.var.index(), argument);
        }
        for operation in &program.operations {
            let operands = operation
                .operands
                .iter()
                .map(|operand| operand.as_ref().map(|value| emitter.value(value, &operation.name)).transpose())
                .collect::<Result<Vec<_>, _>>()?;
            let types: Vec<_> = operation.results.iter().map(|var| var.ty().clone()).collect();
            let location = emitter.location(&operation.name);
            let results = builder.op(operation.op, &operation.attrs, &operands, &types, location)?;
            emitter.values.extend(operation.results.iter().map(|var| var.index()).zip(results));
        }
        let outputs = program.outputs.iter();
        let results = outputs.map(|(name, value)| emitter.value(value, name)).collect::<Result<Vec<_>, _>>()?;
        let inputs: Vec<&str> = program.inputs.iter().map(|input| input.name.as_str()).collect();
        let outputs: Vec<&str> = program.outputs.iter().map(|(name, _)| name.as_str()).collect();
        builder.finish(&results, &inputs, &outputs)?;
    }
    Ok(module)
}

struct Emitter<'p, 'c, 'm> {
    program: &'p Program,
    context: &'c Context,
    builder: &'p GraphBuilder<'c, 'm>,
    /// By the index of the variable.
    values: HashMap<usize, MlirValue<'c, 'm>>,
    constants: HashMap<Key, MlirValue<'c, 'm>>,
}

/// Equal for constants that are the same.
#[derive(PartialEq, Eq, Hash)]
struct Key(DType, Vec<usize>, Data);

#[derive(PartialEq, Eq, Hash)]
enum Data {
    Content(Bytes),
    Place(usize),
}

impl<'c, 'm> Emitter<'_, 'c, 'm> {
    fn location(&self, name: &str) -> Location<'c> {
        Location::name(self.context, name, Location::unknown(self.context))
    }

    /// The value in the module; `user` names a constant that has no name.
    fn value(&mut self, value: &Value, user: &str) -> Result<MlirValue<'c, 'm>, Errors> {
        match value {
            Value::Var(var) => self
                .values
                .get(&var.index())
                .copied()
                .ok_or_else(|| format!("{user}: an operand is not defined").into()),
            Value::Const(tensor) => self.constant(tensor, user),
            other => Err(format!("{user}: {other:?} is not a tensor").into()),
        }
    }

    fn constant(&mut self, tensor: &Tensor, user: &str) -> Result<MlirValue<'c, 'm>, Errors> {
        let bytes = tensor.bytes();
        let data =
            if bytes.len() <= COMPARED { Data::Content(bytes.clone()) } else { Data::Place(bytes.as_ptr() as usize) };
        let key = Key(tensor.dtype(), tensor.shape().to_vec(), data);
        if let Some(&value) = self.constants.get(&key) {
            return Ok(value);
        }
        let name = self.program.constant_name(tensor).unwrap_or(user);
        let value = self.builder.constant(tensor, name, self.location(name))?;
        self.constants.insert(key, value);
        Ok(value)
    }
}
