//! Checks an operation by the operator table.

use melior::ir::operation::OperationRef;

use super::view::OpView;
use crate::infer::infer;

/// Everything that is wrong with an operation, one sentence each.
pub fn verify(operation: &OperationRef) -> Vec<String> {
    let view = match OpView::of(operation) {
        None if super::hwk::is_kernel(operation) => return super::hwk::verify_kernel(operation),
        None => return vec!["is not in the operator table".to_string()],
        Some(Err(errors)) => return errors.0,
        Some(Ok(view)) => view,
    };
    let operand_types: Vec<_> = view.operand_types.iter().map(Option::as_ref).collect();
    let inferred = match infer(view.op, &view.attrs, &operand_types) {
        Ok(inferred) => inferred,
        Err(errors) => return errors.0,
    };
    if inferred.len() != view.result_types.len() {
        return vec![format!("has {} results, expected {}", view.result_types.len(), inferred.len())];
    }
    inferred
        .iter()
        .zip(&view.result_types)
        .filter(|(inferred, actual)| !inferred.compatible(actual))
        .map(|(inferred, actual)| format!("has a result of type {actual}, expected {inferred}"))
        .collect()
}
