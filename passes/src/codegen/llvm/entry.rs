//! The exported function `hwc_run`: binds each call of `main` to memory.

use hwc_runtime::abi::ENTRY_SYMBOL;
use melior::{
    Context,
    ir::{attribute::IntegerAttribute, r#type::IntegerType},
};

use super::{
    tasks::{self, DISPATCH},
    write::Writer,
};
use crate::codegen::{
    error::{CodegenError, Result},
    ir::{self, Op, Val},
    plan::program::{Call, Place, Program, ValueId},
};

/// Parameters of [`ENTRY_SYMBOL`], in order.
enum Parameter {
    Weights,
    Arena,
    Inputs,
    Outputs,
    Workers,
}

/// Appends `llvm.func @hwc_run(weights, arena, inputs, outputs, workers) -> i32` to a module in the LLVM dialect.
///
/// Kernels take their buffers as pointers: inputs, outputs, scratch. Those whose code is known are declared. Phases that are split run as
/// [`tasks`] on a frame that holds these pointers; there is one frame, since nothing else runs meanwhile.
pub fn build<'c>(context: &'c Context, module: Op<'c>, program: &Program) -> Result<()> {
    let body =
        ir::op_blocks(module).first().copied().ok_or_else(|| CodegenError::internal("a module without a body"))?;
    let frame = tasks::build(context, body, program)?;
    let outer = Writer::new(context, ENTRY_SYMBOL, body)?;
    let aligned = "{llvm.align = 64 : i64, llvm.noalias, llvm.noundef}";
    let arguments = [aligned, aligned, "{llvm.noalias}", "{llvm.noalias}", "{}"].map(|text| (outer.pointer, text));
    let function_type = "!llvm.func<i32 (ptr, ptr, ptr, ptr, ptr)>";
    let (writer, arguments) = outer.function(ENTRY_SYMBOL, function_type, "external", &arguments)?;
    let entry = Entry { writer, arguments, program, frame: frame.map(|pointers| writer.room(pointers)) };
    program.calls.iter().for_each(|call| entry.call(call));
    for copy in &program.copies {
        let (to, from) = (entry.bound(Parameter::Outputs, copy.output), entry.address(copy.from));
        let bytes = writer.constant(64, copy.bytes as i64);
        let volatile = [("isVolatile", IntegerAttribute::new(IntegerType::new(context, 1).into(), 0).into())];
        writer.builder.op("llvm.intr.memcpy", &[to, from, bytes], &[], &volatile);
    }
    writer.end(&[writer.constant(32, 0)]);
    Ok(())
}

struct Entry<'c, 'p> {
    writer: Writer<'c>,
    arguments: Vec<Val<'c>>,
    program: &'p Program<'p>,
    /// Room for the pointers of any split kernel.
    frame: Option<Val<'c>>,
}

impl<'c> Entry<'c, '_> {
    /// Runs the phases of a kernel.
    fn call(&self, call: &Call) {
        let mut operands: Vec<Val> = self.program.addressed(call).map(|v| self.address(v)).collect();
        operands.push(self.offset(Parameter::Arena, call.scratch));
        let phases = &self.program.kernels[call.kernel].interface.phases;
        if let Some(frame) = self.frame.filter(|_| phases.iter().any(|phase| phase.is_split)) {
            operands.iter().enumerate().for_each(|(i, operand)| self.writer.store_pointer(*operand, frame, i));
        }
        for phase in phases {
            match self.frame.filter(|_| phase.is_split) {
                None => self.writer.call(&phase.function, &operands),
                Some(frame) => {
                    let task = self.writer.address_of(&tasks::entry(phase));
                    self.writer.call(DISPATCH, &[self.arguments[Parameter::Workers as usize], task, frame]);
                }
            }
        }
    }

    /// A byte offset into the weights or the arena.
    fn offset(&self, base: Parameter, bytes: u64) -> Val<'c> {
        self.writer.element(self.arguments[base as usize], self.writer.builder.integer_type(8), bytes as i64)
    }

    /// The n-th pointer of the inputs or outputs.
    fn bound(&self, table: Parameter, index: usize) -> Val<'c> {
        self.writer.load_pointer(self.arguments[table as usize], index)
    }

    fn address(&self, value: ValueId) -> Val<'c> {
        match self.program.values[value].place {
            Place::Input(index) => self.bound(Parameter::Inputs, index),
            Place::Output(index) => self.bound(Parameter::Outputs, index),
            Place::Weights(offset) => self.offset(Parameter::Weights, offset),
            Place::Arena(offset) => self.offset(Parameter::Arena, offset),
            Place::Part(whole, offset) => {
                self.writer.element(self.address(whole), self.writer.builder.integer_type(8), offset as i64)
            }
        }
    }
}
