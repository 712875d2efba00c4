//! Operations of the LLVM dialect, as the entry and the tasks need them.

use melior::{
    Context,
    ir::{
        Attribute, Location, Type,
        attribute::{ArrayAttribute, DenseI32ArrayAttribute, FlatSymbolRefAttribute},
    },
};

use crate::codegen::{
    error::{CodegenError, Result},
    ir::{self, Blk, Builder, Val},
};

/// Writes operations at the end of a block.
#[derive(Clone, Copy)]
pub struct Writer<'c> {
    pub builder: Builder<'c>,
    pub pointer: Type<'c>,
}

impl<'c> Writer<'c> {
    /// Writes functions into a module's body, with locations of this name.
    pub fn new(context: &'c Context, name: &str, body: Blk<'c>) -> Result<Self> {
        let pointer = Type::parse(context, "!llvm.ptr").ok_or_else(|| CodegenError::internal("no pointer type"))?;
        let location = Location::name(context, name, Location::unknown(context));
        Ok(Self { builder: Builder::at_end(context, location, body), pointer })
    }

    /// A function with C linkage; `text` is its type, `arguments` the types and attributes of its arguments. Gives what
    /// writes its body.
    pub fn function(
        &self,
        name: &str,
        text: &str,
        linkage: &str,
        arguments: &[(Type<'c>, &str)],
    ) -> Result<(Self, Vec<Val<'c>>)> {
        let b = &self.builder;
        let attributes: Vec<Attribute> =
            arguments.iter().map(|(_, text)| b.parse_attribute(text)).collect::<Result<_>>()?;
        let types: Vec<Type> = arguments.iter().map(|(ty, _)| *ty).collect();
        let function = b.op_with_regions(
            "llvm.func",
            &[],
            &[],
            &[
                ("sym_name", b.string(name)),
                ("function_type", b.parse_attribute(text)?),
                ("linkage", b.parse_attribute(&format!("#llvm.linkage<{linkage}>"))?),
                ("arg_attrs", ArrayAttribute::new(b.context, &attributes).into()),
            ],
            &[&types],
        );
        let block = ir::entry(function).ok_or_else(|| CodegenError::internal("a function without a body"))?;
        Ok((Self { builder: b.in_block(block), ..*self }, ir::arguments(block)))
    }

    /// Declares a function that is defined elsewhere; `text` is its type.
    pub fn declare(&self, name: &str, text: &str) -> Result<()> {
        let b = &self.builder;
        let (ty, linkage) = (b.parse_attribute(text)?, b.parse_attribute("#llvm.linkage<external>")?);
        b.declaration("llvm.func", &[("sym_name", b.string(name)), ("function_type", ty), ("linkage", linkage)]);
        Ok(())
    }

    pub fn constant(&self, bits: u32, value: i64) -> Val<'c> {
        let ty = self.builder.integer_type(bits);
        self.builder.value("llvm.mlir.constant", &[], ty, &[("value", self.builder.integer(ty, value))])
    }

    /// The address of an element of an array.
    pub fn element(&self, base: Val<'c>, element: Type<'c>, index: i64) -> Val<'c> {
        if index == 0 {
            return base;
        }
        let operands = [base, self.constant(64, index)];
        let dynamic = DenseI32ArrayAttribute::new(self.builder.context, &[i32::MIN]).into();
        let flags = self.builder.integer(self.builder.integer_type(32), 0);
        let attributes = [
            ("rawConstantIndices", dynamic),
            ("elem_type", self.builder.type_attribute(element)),
            ("noWrapFlags", flags),
        ];
        self.builder.value("llvm.getelementptr", &operands, self.pointer, &attributes)
    }

    /// The n-th pointer of an array.
    pub fn load_pointer(&self, array: Val<'c>, index: usize) -> Val<'c> {
        let slot = self.element(array, self.pointer, index as i64);
        self.builder.value("llvm.load", &[slot], self.pointer, &[("ordering", self.not_atomic())])
    }

    pub fn store_pointer(&self, value: Val<'c>, array: Val<'c>, index: usize) {
        let slot = self.element(array, self.pointer, index as i64);
        self.builder.op("llvm.store", &[value, slot], &[], &[("ordering", self.not_atomic())]);
    }

    fn not_atomic(&self) -> Attribute<'c> {
        self.builder.integer(self.builder.integer_type(64), 0)
    }

    /// Room for so many pointers on the stack.
    pub fn room(&self, pointers: usize) -> Val<'c> {
        let attributes = [("elem_type", self.builder.type_attribute(self.pointer))];
        self.builder.value("llvm.alloca", &[self.constant(64, pointers as i64)], self.pointer, &attributes)
    }

    pub fn address_of(&self, function: &str) -> Val<'c> {
        let name = FlatSymbolRefAttribute::new(self.builder.context, function).into();
        self.builder.value("llvm.mlir.addressof", &[], self.pointer, &[("global_name", name)])
    }

    /// Calls a function that gives nothing.
    pub fn call(&self, function: &str, operands: &[Val<'c>]) {
        let context = self.builder.context;
        let segments = DenseI32ArrayAttribute::new(context, &[operands.len() as i32, 0]).into();
        let attributes = [
            ("callee", FlatSymbolRefAttribute::new(context, function).into()),
            ("operandSegmentSizes", segments),
            ("op_bundle_sizes", DenseI32ArrayAttribute::new(context, &[]).into()),
        ];
        self.builder.op("llvm.call", operands, &[], &attributes);
    }

    pub fn end(&self, values: &[Val<'c>]) {
        self.builder.op("llvm.return", values, &[], &[]);
    }
}
