//! The exported function `hwc_run`: binds each call of `main` to memory.

use hwc_runtime::abi::ENTRY_SYMBOL;
use melior::{
    Context,
    ir::{
        Attribute, Location, Type,
        attribute::{ArrayAttribute, DenseI32ArrayAttribute, FlatSymbolRefAttribute, IntegerAttribute},
        r#type::IntegerType,
    },
};

use crate::codegen::{
    error::{CodegenError, Result},
    ir::{self, Builder, Op, Val},
    plan::program::{Place, Program, ValueId},
};

/// Parameters of [`ENTRY_SYMBOL`], in order.
enum Parameter {
    Weights,
    Arena,
    Inputs,
    Outputs,
}

/// Appends `llvm.func @hwc_run(weights, arena, inputs, outputs, workers) -> i32` to a module in the LLVM dialect.
///
/// Kernels are private and take their buffers as pointers: inputs, outputs, scratch.
pub fn build<'c>(context: &'c Context, module: Op<'c>, program: &Program) -> Result<()> {
    let body =
        ir::op_blocks(module).first().copied().ok_or_else(|| CodegenError::internal("a module without a body"))?;
    let outer = Builder::at_end(context, Location::name(context, ENTRY_SYMBOL, Location::unknown(context)), body);
    let parse = |text: &str| {
        Attribute::parse(context, text)
            .ok_or_else(|| CodegenError::internal(format!("attribute {text} does not parse")))
    };
    let pointer = Type::parse(context, "!llvm.ptr").ok_or_else(|| CodegenError::internal("no pointer type"))?;
    let alignment = |bytes: u32| format!("{{llvm.align = {bytes} : i64, llvm.noalias, llvm.noundef}}");
    let argument_attributes = [&*alignment(64), &*alignment(64), "{llvm.noalias}", "{llvm.noalias}", "{}"]
        .map(parse)
        .into_iter()
        .collect::<Result<Vec<_>>>()?;
    let function = outer.op_with_regions(
        "llvm.func",
        &[],
        &[],
        &[
            ("sym_name", outer.string(ENTRY_SYMBOL)),
            ("function_type", parse("!llvm.func<i32 (ptr, ptr, ptr, ptr, ptr)>")?),
            ("linkage", parse("#llvm.linkage<external>")?),
            ("arg_attrs", ArrayAttribute::new(context, &argument_attributes).into()),
        ],
        &[&[pointer; 5]],
    );
    let block = ir::entry(function).ok_or_else(|| CodegenError::internal("hwc_run without a body"))?;
    let arguments = ir::arguments(block);
    let entry = Entry { builder: outer.in_block(block), pointer, arguments, program };
    for call in &program.calls {
        let mut operands: Vec<Val> = Vec::new();
        let has_bytes = |v: &&ValueId| program.values[**v].bytes > 0;
        operands.extend(call.arguments.iter().chain(&call.results).filter(has_bytes).map(|&v| entry.address(v)));
        operands.push(entry.offset(Parameter::Arena, call.scratch));
        entry.call(&program.kernels[call.kernel], &operands);
    }
    for copy in &program.copies {
        let (to, from) = (entry.bound(Parameter::Outputs, copy.output), entry.address(copy.from));
        let bytes = entry.constant(copy.bytes as i64);
        let volatile = [("isVolatile", IntegerAttribute::new(IntegerType::new(context, 1).into(), 0).into())];
        entry.builder.op("llvm.intr.memcpy", &[to, from, bytes], &[], &volatile);
    }
    let i32_type = outer.integer_type(32);
    let ok = entry.builder.value("llvm.mlir.constant", &[], i32_type, &[("value", outer.integer(i32_type, 0))]);
    entry.builder.op("llvm.return", &[ok], &[], &[]);
    Ok(())
}

struct Entry<'c, 'p> {
    builder: Builder<'c>,
    pointer: Type<'c>,
    arguments: Vec<Val<'c>>,
    program: &'p Program<'p>,
}

impl<'c> Entry<'c, '_> {
    fn constant(&self, value: i64) -> Val<'c> {
        let ty = self.builder.integer_type(64);
        self.builder.value("llvm.mlir.constant", &[], ty, &[("value", self.builder.integer(ty, value))])
    }

    fn element(&self, base: Val<'c>, element: Type<'c>, index: i64) -> Val<'c> {
        if index == 0 {
            return base;
        }
        let operands = [base, self.constant(index)];
        let dynamic = DenseI32ArrayAttribute::new(self.builder.context, &[i32::MIN]).into();
        let flags = self.builder.integer(self.builder.integer_type(32), 0);
        let attributes = [
            ("rawConstantIndices", dynamic),
            ("elem_type", self.builder.type_attribute(element)),
            ("noWrapFlags", flags),
        ];
        self.builder.value("llvm.getelementptr", &operands, self.pointer, &attributes)
    }

    /// A byte offset into the weights or the arena.
    fn offset(&self, base: Parameter, bytes: u64) -> Val<'c> {
        self.element(self.arguments[base as usize], self.builder.integer_type(8), bytes as i64)
    }

    /// The n-th pointer of the inputs or outputs.
    fn bound(&self, table: Parameter, index: usize) -> Val<'c> {
        let slot = self.element(self.arguments[table as usize], self.pointer, index as i64);
        self.builder.value(
            "llvm.load",
            &[slot],
            self.pointer,
            &[("ordering", self.builder.integer(self.builder.integer_type(64), 0))],
        )
    }

    fn address(&self, value: ValueId) -> Val<'c> {
        match self.program.values[value].place {
            Place::Input(index) => self.bound(Parameter::Inputs, index),
            Place::Output(index) => self.bound(Parameter::Outputs, index),
            Place::Weights(offset) => self.offset(Parameter::Weights, offset),
            Place::Arena(offset) => self.offset(Parameter::Arena, offset),
        }
    }

    fn call(&self, kernel: &str, operands: &[Val<'c>]) {
        let context = self.builder.context;
        let segments = DenseI32ArrayAttribute::new(context, &[operands.len() as i32, 0]).into();
        let attributes = [
            ("callee", FlatSymbolRefAttribute::new(context, kernel).into()),
            ("operandSegmentSizes", segments),
            ("op_bundle_sizes", DenseI32ArrayAttribute::new(context, &[]).into()),
        ];
        self.builder.op("llvm.call", operands, &[], &attributes);
    }
}
