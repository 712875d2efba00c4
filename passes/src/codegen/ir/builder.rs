//! Where operations are put, and short ways to make the common ones.
//!
//! `unsafe` for the calls of the MLIR C API that melior does not wrap.
#![allow(unsafe_code)]

use super::*;

/// Builds operations at a place: the end of a block, or before an operation.
#[derive(Clone, Copy)]
pub struct Builder<'c> {
    pub context: &'c Context,
    pub location: Location<'c>,
    block: Blk<'c>,
    before: Option<Op<'c>>,
}

impl<'c> Builder<'c> {
    pub fn at_end(context: &'c Context, location: Location<'c>, block: Blk<'c>) -> Self {
        Self { context, location, block, before: None }
    }

    /// Before `op`, with its location.
    pub fn before(context: &'c Context, op: Op<'c>) -> Option<Self> {
        Some(Self { context, location: op.location(), block: op.block()?, before: Some(op) })
    }

    /// The same context and location, at the end of another block.
    pub fn in_block(&self, block: Blk<'c>) -> Self {
        Self { block, before: None, ..*self }
    }

    /// Inserts a detached operation.
    pub fn insert(&self, op: melior::ir::Operation<'c>) -> Op<'c> {
        match self.before {
            Some(before) => self.block.insert_operation_before(before, op),
            None => self.block.append_operation(op),
        }
    }

    /// Builds an operation with explicit result types, and `regions` empty regions of one block each, whose arguments
    /// have the given types.
    pub fn op_with_regions(
        &self,
        name: &str,
        operands: &[Val<'c>],
        results: &[Type<'c>],
        attributes: &[(&str, Attribute<'c>)],
        regions: &[&[Type<'c>]],
    ) -> Op<'c> {
        let regions = regions
            .iter()
            .map(|types| {
                let region = Region::new();
                let arguments: Vec<_> = types.iter().map(|t| (*t, self.location)).collect();
                region.append_block(melior::ir::Block::new(&arguments));
                region
            })
            .collect();
        self.build(name, operands, results, attributes, regions)
    }

    /// A function without a body.
    pub fn declaration(&self, name: &str, attributes: &[(&str, Attribute<'c>)]) -> Op<'c> {
        self.build(name, &[], &[], attributes, vec![Region::new()])
    }

    fn build(
        &self,
        name: &str,
        operands: &[Val<'c>],
        results: &[Type<'c>],
        attributes: &[(&str, Attribute<'c>)],
        regions: Vec<Region<'c>>,
    ) -> Op<'c> {
        let attributes: Vec<_> = attributes.iter().map(|(n, a)| (Identifier::new(self.context, n), *a)).collect();
        let op = OperationBuilder::new(name, self.location)
            .add_operands(operands)
            .add_results(results)
            .add_attributes(&attributes)
            .add_regions_vec(regions)
            .build()
            .expect("an operation with explicit result types is always built: only type inference can fail");
        self.insert(op)
    }

    pub fn op(
        &self,
        name: &str,
        operands: &[Val<'c>],
        results: &[Type<'c>],
        attributes: &[(&str, Attribute<'c>)],
    ) -> Op<'c> {
        self.op_with_regions(name, operands, results, attributes, &[])
    }

    /// An operation with one result.
    pub fn value(
        &self,
        name: &str,
        operands: &[Val<'c>],
        ty: Type<'c>,
        attributes: &[(&str, Attribute<'c>)],
    ) -> Val<'c> {
        result(self.op(name, operands, &[ty], attributes), 0)
    }

    pub fn index_type(&self) -> Type<'c> {
        Type::index(self.context)
    }

    pub fn integer_type(&self, bits: u32) -> Type<'c> {
        IntegerType::new(self.context, bits).into()
    }

    pub fn integer(&self, ty: Type<'c>, value: i64) -> Attribute<'c> {
        IntegerAttribute::new(ty, value).into()
    }

    pub fn string(&self, text: &str) -> Attribute<'c> {
        StringAttribute::new(self.context, text).into()
    }

    pub fn type_attribute(&self, ty: Type<'c>) -> Attribute<'c> {
        TypeAttribute::new(ty).into()
    }

    pub fn unit(&self) -> Attribute<'c> {
        Attribute::unit(self.context)
    }

    pub fn function_type(&self, inputs: &[Type<'c>], results: &[Type<'c>]) -> Type<'c> {
        FunctionType::new(self.context, inputs, results).into()
    }

    pub fn memref(&self, element: Type<'c>, shape: &[i64]) -> Type<'c> {
        MemRefType::new(element, shape, None, None).into()
    }

    /// A buffer whose elements lie so far apart, in elements along each axis.
    pub fn strided_memref(&self, element: Type<'c>, shape: &[i64], strides: &[i64]) -> Result<Type<'c>> {
        let layout = self.parse_attribute(&format!("strided<{strides:?}>"))?;
        Ok(MemRefType::new(element, shape, Some(layout), None).into())
    }

    pub fn tensor(&self, element: Type<'c>, shape: &[i64]) -> Type<'c> {
        let shape: Vec<u64> = shape.iter().map(|d| d.unsigned_abs()).collect();
        RankedTensorType::new(&shape, element, None).into()
    }

    /// A vector of `lanes` elements.
    pub fn vector(&self, element: Type<'c>, lanes: i64) -> Type<'c> {
        Type::vector(&[lanes as u64], element)
    }

    /// Zero of an integer, float or vector type.
    pub fn zero(&self, ty: Type<'c>) -> Val<'c> {
        // SAFETY: the accessors are called on the kinds of type they are for.
        let attribute = unsafe {
            let element = element_type(ty);
            let zero = if element.is_float() {
                sys::mlirFloatAttrDoubleGet(self.context.to_raw(), element.to_raw(), 0.0)
            } else {
                self.integer(element, 0).to_raw()
            };
            Attribute::from_raw(if sys::mlirTypeIsAShaped(ty.to_raw()) {
                sys::mlirDenseElementsAttrSplatGet(ty.to_raw(), zero)
            } else {
                zero
            })
        };
        self.value("arith.constant", &[], ty, &[("value", attribute)])
    }

    /// The vector `0, 1, 2, ...` of indices. (`vector.step` converts to LLVM only in a pass of its own.)
    pub fn positions(&self, lanes: i64) -> Val<'c> {
        let ty = self.vector(self.index_type(), lanes);
        let each: Vec<Attribute> = (0..lanes).map(|lane| self.integer(self.index_type(), lane)).collect();
        // SAFETY: as many elements as the type has, of its element type.
        let attribute = unsafe {
            let raw: Vec<_> = each.iter().map(|a| a.to_raw()).collect();
            Attribute::from_raw(sys::mlirDenseElementsAttrGet(ty.to_raw(), raw.len() as isize, raw.as_ptr()))
        };
        self.value("arith.constant", &[], ty, &[("value", attribute)])
    }

    /// One vector out of the lanes of two.
    pub fn shuffle(&self, a: Val<'c>, b: Val<'c>, mask: &[i64]) -> Val<'c> {
        let ty = self.vector(element_type(a.r#type()), mask.len() as i64);
        let mask = DenseI64ArrayAttribute::new(self.context, mask).into();
        self.value("vector.shuffle", &[a, b], ty, &[("mask", mask)])
    }

    /// The operation whose body is written.
    pub fn around(&self) -> Option<Op<'c>> {
        self.block.parent_operation()
    }

    /// A counted loop whose iterations may run in any order, and at the same time: none reads what another one writes.
    pub fn parallel_loop<E>(
        &self,
        from: i64,
        to: i64,
        step: i64,
        body: impl FnOnce(Self, Val<'c>) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let mut around = None;
        self.for_loop(from, to, step, &[], |inner, iv, _| {
            around = inner.block.parent_operation();
            body(inner, iv).map(|()| vec![])
        })?;
        if let Some(op) = around {
            set_attribute(op, PARALLEL, self.unit());
        }
        Ok(())
    }

    /// A [`Builder::parallel_loop`] of whose body the same holds: none of its operations reads what another one writes.
    pub fn independent_loop<E>(
        &self,
        from: i64,
        to: i64,
        step: i64,
        body: impl FnOnce(Self, Val<'c>) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        self.parallel_loop(from, to, step, |inner, iv| {
            if let Some(around) = inner.block.parent_operation() {
                set_attribute(around, INDEPENDENT, inner.unit());
            }
            body(inner, iv)
        })
    }

    /// A group of operations and loops of which none reads what another one writes, so that their order is free.
    pub fn independent<E>(&self, body: impl FnOnce(Self) -> std::result::Result<(), E>) -> std::result::Result<(), E> {
        let op = self.op_with_regions("scf.execute_region", &[], &[], &[(INDEPENDENT, self.unit())], &[&[]]);
        if let Some(block) = entry(op) {
            let inner = self.in_block(block);
            body(inner)?;
            inner.op("scf.yield", &[], &[], &[]);
        }
        Ok(())
    }

    /// A counted loop that carries values; `body` gets the index and the values, and returns the next ones.
    pub fn for_loop<E>(
        &self,
        from: i64,
        to: i64,
        step: i64,
        initial: &[Val<'c>],
        body: impl FnOnce(Self, Val<'c>, &[Val<'c>]) -> std::result::Result<Vec<Val<'c>>, E>,
    ) -> std::result::Result<Vec<Val<'c>>, E> {
        let mut operands = vec![self.constant_index(from), self.constant_index(to), self.constant_index(step)];
        operands.extend(initial);
        let types: Vec<Type> = initial.iter().map(|v| v.r#type()).collect();
        let arguments: Vec<Type> = std::iter::once(self.index_type()).chain(types.iter().copied()).collect();
        let op = self.op_with_regions("scf.for", &operands, &types, &[], &[&arguments]);
        if let Some(block) = entry(op) {
            let values = crate::codegen::ir::arguments(block);
            let inner = self.in_block(block);
            let next = body(inner, values[0], &values[1..])?;
            inner.op("scf.yield", &next, &[], &[]);
        }
        Ok(results(op))
    }

    /// An attribute from its text.
    ///
    /// # Errors
    /// An internal error if it does not parse.
    pub fn parse_attribute(&self, text: &str) -> Result<Attribute<'c>> {
        Attribute::parse(self.context, text)
            .ok_or_else(|| CodegenError::internal(format!("attribute {text} does not parse")))
    }

    /// `fastmath` flags of float arithmetic.
    pub fn fast_math(&self, flags: &str) -> Attribute<'c> {
        Attribute::parse(self.context, &format!("#arith.fastmath<{flags}>")).unwrap_or_else(|| self.unit())
    }

    /// A float constant; a vector type takes it in all lanes.
    pub fn constant_float(&self, ty: Type<'c>, value: f64) -> Val<'c> {
        // SAFETY: `ty` is a float type or a vector of one.
        let attribute = unsafe {
            let element = sys::mlirFloatAttrDoubleGet(self.context.to_raw(), element_type(ty).to_raw(), value);
            Attribute::from_raw(if sys::mlirTypeIsAShaped(ty.to_raw()) {
                sys::mlirDenseElementsAttrSplatGet(ty.to_raw(), element)
            } else {
                element
            })
        };
        self.value("arith.constant", &[], ty, &[("value", attribute)])
    }

    /// An integer constant; a vector type takes it in all lanes.
    pub fn constant_integer(&self, ty: Type<'c>, value: i64) -> Val<'c> {
        let element = self.integer(element_type(ty), value);
        // SAFETY: `ty` is an integer type or a vector of one.
        let attribute = unsafe {
            if sys::mlirTypeIsAShaped(ty.to_raw()) {
                Attribute::from_raw(sys::mlirDenseElementsAttrSplatGet(ty.to_raw(), element.to_raw()))
            } else {
                element
            }
        };
        self.value("arith.constant", &[], ty, &[("value", attribute)])
    }

    pub fn constant_index(&self, value: i64) -> Val<'c> {
        let ty = self.index_type();
        self.value("arith.constant", &[], ty, &[("value", self.integer(ty, value))])
    }
}
