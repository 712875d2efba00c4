//! Choosing elements of an axis by a list that is known at compile time.

use hwc_dialects::infer::movement::Stride;
use hwc_runtime::Tensor;

use super::movement::{joined, repeated, strided};
use super::{Emitter, Loop};
use crate::codegen::ir::Val;

/// Parts in which a list is copied piece by piece; one with more is looked up.
const MAX_RUNS: usize = 8;

/// Cuts a list into parts of constant distance from one entry to the next.
fn runs(list: &[usize]) -> Vec<Stride> {
    let mut runs: Vec<Stride> = Vec::new();
    for &at in list {
        if let Some(run) = runs.last_mut() {
            let distance = at as i64 - (run.start as i64 + (run.count as i64 - 1) * run.step);
            if run.count == 1 {
                (run.step, run.count) = (distance, 2);
                continue;
            }
            if distance == run.step {
                run.count += 1;
                continue;
            }
        }
        runs.push(Stride { start: at, step: 1, count: 1 });
    }
    runs
}

/// Elements `list` of an axis that has one at least.
pub fn picked<'c>(emit: &Emitter<'c>, tensor: Val<'c>, axis: usize, list: &[usize]) -> Result<Val<'c>, String> {
    let shape = emit.shape_of(tensor);
    let size = shape[axis];
    let each = list.len() / size.max(1);
    if each > 1 && list.len() == size * each && list.iter().enumerate().all(|(i, &at)| at == i / each) {
        let mut times = vec![1; shape.len()];
        times[axis] = each;
        return Ok(repeated(emit, tensor, &vec![1; shape.len()], &times));
    }
    let runs = runs(list);
    if runs.len() > MAX_RUNS {
        return looked_up(emit, tensor, axis, list);
    }
    let parts: Vec<Val> = runs
        .into_iter()
        .map(|run| {
            let mut taken: Vec<Stride> = shape.iter().map(|&count| Stride { start: 0, step: 1, count }).collect();
            taken[axis] = run;
            strided(emit, tensor, &taken)
        })
        .collect();
    if let [whole] = parts[..] {
        return Ok(whole);
    }
    let mut result = shape;
    result[axis] = list.len();
    Ok(joined(emit, &parts, axis, emit.empty(emit.element_of(tensor), &result)))
}

/// A table inside of a kernel.
pub fn table<'c>(emit: &Emitter<'c>, values: &Tensor) -> Result<Val<'c>, String> {
    let attribute = super::constant::storage_attribute(emit, values)?;
    let ty = emit.tensor(emit.storage(values.dtype()), values.shape());
    Ok(emit.value("arith.constant", &[], ty, &[("value", attribute)]))
}

/// A table of places on an axis.
pub fn places<'c>(emit: &Emitter<'c>, shape: &[usize], list: &[usize]) -> Result<Val<'c>, String> {
    let values: Vec<i64> = list.iter().map(|&i| i as i64).collect();
    table(emit, &Tensor::from_vec(shape, values).map_err(|e| e.to_string())?)
}

fn looked_up<'c>(emit: &Emitter<'c>, tensor: Val<'c>, axis: usize, list: &[usize]) -> Result<Val<'c>, String> {
    let mut shape = emit.shape_of(tensor);
    shape[axis] = list.len();
    let places = places(emit, &[list.len()], list)?;
    let out = emit.empty(emit.element_of(tensor), &shape);
    let inputs = [(places, emit.map(shape.len(), &[format!("d{axis}")]))];
    let loops = vec![Loop::Parallel; shape.len()];
    let results = emit.generic(&inputs, &[(out, emit.identity(shape.len()))], &loops, |e, v| {
        let mut position: Vec<_> = (0..shape.len()).map(|i| e.loop_index(i)).collect();
        position[axis] = e.cast("arith.index_cast", v[0], e.index_type());
        vec![e.extract(tensor, &position)]
    });
    Ok(results[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_cut_where_the_distance_changes() {
        let parts = |list: &[usize]| runs(list).iter().map(|r| (r.start, r.step, r.count)).collect::<Vec<_>>();
        assert_eq!(parts(&[2, 1, 0, 1, 2]), [(2, -1, 3), (1, 1, 2)]);
        assert_eq!(parts(&[0, 0, 0, 1, 2]), [(0, 0, 3), (1, 1, 2)]);
        assert_eq!(parts(&[5]), [(5, 1, 1)]);
        assert_eq!(parts(&[0, 2, 4]), [(0, 2, 3)]);
        assert!(parts(&[]).is_empty());
    }
}
