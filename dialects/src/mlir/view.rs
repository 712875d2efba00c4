//! Reading an operation of the dialect.

use melior::ir::attribute::DenseI32ArrayAttribute;
use melior::ir::operation::OperationLike;
use melior::ir::{Value, ValueLike};

use super::attributes::attribute_from_mlir;
use super::types::tensor_type_from_mlir;
use crate::attrs::Attrs;
use crate::infer::Errors;
use crate::op::{Arity, AttributeInfo, AttributeKind, Op};
use crate::types::TensorType;

/// An operation of the dialect, independent of how MLIR holds it.
pub struct OpView<'c, 'a> {
    pub op: Op,
    /// As written: defaults are not filled in unless MLIR did.
    pub attrs: Attrs,
    /// By slot; absent optional operands are `None`, a variadic slot's values stand at the end.
    pub operands: Vec<Option<Value<'c, 'a>>>,
    pub operand_types: Vec<Option<TensorType>>,
    pub result_types: Vec<TensorType>,
}

impl<'c, 'a> OpView<'c, 'a> {
    /// `None` where the operation is of another dialect; errors where it is not well formed.
    pub fn of<O: OperationLike<'c, 'a>>(operation: &O) -> Option<Result<Self, Errors>>
    where
        'c: 'a,
    {
        let name = operation.name();
        let op = Op::from_name(name.as_string_ref().as_str().ok()?)?;
        Some(Self::read(op, operation))
    }

    fn read<O: OperationLike<'c, 'a>>(op: Op, operation: &O) -> Result<Self, Errors>
    where
        'c: 'a,
    {
        let mut errors = Vec::new();
        let mut attrs = Attrs::default();
        for info in op.info().attributes {
            if let Ok(attribute) = operation.attribute(info.name) {
                match attribute_from_mlir(attribute, info.kind) {
                    Some(value) => attrs.set(info.name, value),
                    None => errors.push(unreadable(info)),
                }
            }
        }
        let operands = Self::operands(op, operation, &mut errors);
        let mut read = |value: Value<'c, 'a>| {
            let ty = tensor_type_from_mlir(value.r#type());
            if ty.is_none() {
                errors.push(format!("cannot work on values of type {}", value.r#type()));
            }
            ty
        };
        let operand_types = operands.iter().map(|o| o.and_then(&mut read)).collect();
        let result_types = operation.results().filter_map(|r| read(r.into())).collect();
        if errors.is_empty() {
            Ok(OpView { op, attrs, operands, operand_types, result_types })
        } else {
            Err(Errors(errors))
        }
    }

    /// Operands by slot. With several slots of variable length their lengths stand in an attribute.
    fn operands<O: OperationLike<'c, 'a>>(op: Op, operation: &O, errors: &mut Vec<String>) -> Vec<Option<Value<'c, 'a>>>
    where
        'c: 'a,
    {
        let mut values = operation.operands();
        let count = operation.operand_count();
        let slots = op.info().operands;
        let segments = op.info().has_segments().then(|| {
            let attribute = operation.attribute("operandSegmentSizes").ok()?;
            let array = DenseI32ArrayAttribute::try_from(attribute).ok()?;
            (0..array.len()).map(|i| usize::try_from(array.element(i).ok()?).ok()).collect::<Option<Vec<_>>>()
        });
        let segments = match segments {
            Some(Some(segments)) if segments.len() == slots.len() && segments.iter().sum::<usize>() == count => {
                segments
            }
            Some(_) => {
                errors.push("has operands that do not match `operandSegmentSizes`".to_string());
                return Vec::new();
            }
            None => {
                let fixed = slots.iter().filter(|s| s.arity == Arity::One).count();
                slots.iter().map(|s| if s.arity == Arity::One { 1 } else { count.saturating_sub(fixed) }).collect()
            }
        };
        let mut operands = Vec::with_capacity(count);
        for (slot, &length) in slots.iter().zip(&segments) {
            if slot.arity == Arity::Variadic {
                operands.extend(values.by_ref().take(length).map(Some));
            } else {
                operands.push(if length == 0 { None } else { values.next() });
            }
        }
        operands.extend(values.map(Some));
        operands
    }
}

/// What is wrong with an attribute whose value cannot be read.
fn unreadable(info: &AttributeInfo) -> String {
    match info.kind {
        AttributeKind::Elements => format!(
            "attribute `{}` holds no tensor; a text that leaves out what large constants hold cannot be compiled, but the model that it was made of can",
            info.name
        ),
        kind => format!("attribute `{}` is not a valid value of kind {kind:?}", info.name),
    }
}
