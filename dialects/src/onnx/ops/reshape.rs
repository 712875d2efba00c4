//! Operators that regroup or reorder dimensions: reshapes, transposes, and what is made of the two.

use super::{Row, row};
use crate::attrs;
use crate::infer::{axes, axis};
use crate::onnx::import::call::{Call, Outputs};
use crate::onnx::import::failure::{Failure, invalid};
use crate::op::Op;

pub const OPS: &[Row] = &[
    row("Reshape", 5, reshape),
    row("Flatten", 1, flatten),
    row("Squeeze", 1, squeeze),
    row("Unsqueeze", 1, unsqueeze),
    row("Transpose", 1, transpose),
    row("DepthToSpace", 1, depth_to_space),
    row("SpaceToDepth", 1, space_to_depth),
];

fn reshape(call: &mut Call) -> Outputs {
    let (input, asked) = (call.input(0)?, call.ints(1, "shape")?);
    let from = input.shape()?;
    let allow_zero = call.node.flag_or("allowzero", false)?;
    let mut shape = Vec::with_capacity(asked.len());
    for (i, &entry) in asked.iter().enumerate() {
        shape.push(match entry {
            0 if !allow_zero => match from.get(i) {
                Some(&size) => size as i64,
                None => return invalid(format!("shape {asked:?} copies dimension {i} of an input of shape {from:?}")),
            },
            entry if entry < -1 => return invalid(format!("shape {asked:?} has the entry {entry}")),
            entry => entry,
        });
    }
    if allow_zero && asked.contains(&0) && asked.contains(&-1) {
        return invalid(format!("shape {asked:?} has both 0 and -1, of which allowzero makes no sense"));
    }
    if shape.len() == from.len() && shape.iter().zip(&from).all(|(&a, &b)| a == b as i64) {
        return Ok(vec![input]);
    }
    Ok(vec![call.op(Op::Reshape, attrs! {"shape" => shape}, &[&input])?])
}

fn flatten(call: &mut Call) -> Outputs {
    let input = call.input(0)?;
    let shape = input.shape()?;
    // The axis may also be the rank itself, which leaves one column.
    let given = call.node.int_or("axis", 1)?;
    let at = if given == shape.len() as i64 { shape.len() } else { axis(given, shape.len())? };
    let (rows, columns) = shape.split_at(at);
    Ok(vec![call.reshape(&input, &[rows.iter().product(), columns.iter().product()])?])
}

fn squeeze(call: &mut Call) -> Outputs {
    let input = call.input(0)?;
    let shape = input.shape()?;
    let dropped = match call.attribute_or_input("axes", 1)? {
        Some(list) => axes(&list, shape.len())?,
        None => (0..shape.len()).filter(|&i| shape[i] == 1).collect(),
    };
    if let Some(i) = dropped.iter().find(|&&i| shape[i] != 1) {
        return invalid(format!("squeezes axis {i} of shape {shape:?}, which is not 1"));
    }
    let kept: Vec<usize> = (0..shape.len()).filter(|i| !dropped.contains(i)).map(|i| shape[i]).collect();
    Ok(vec![call.reshape(&input, &kept)?])
}

fn unsqueeze(call: &mut Call) -> Outputs {
    let input = call.input(0)?;
    let mut shape = input.shape()?;
    let Some(list) = call.attribute_or_input("axes", 1)? else { return invalid("`axes` is missing") };
    let mut added = axes(&list, shape.len() + list.len())?;
    added.sort_unstable();
    added.into_iter().for_each(|i| shape.insert(i, 1));
    Ok(vec![call.reshape(&input, &shape)?])
}

fn transpose(call: &mut Call) -> Outputs {
    let input = call.input(0)?;
    let rank = input.rank()?;
    let order = match call.node.ints("perm")? {
        Some(order) if order.len() == rank => axes(order, rank)?,
        Some(order) => return invalid(format!("perm {order:?} does not fit rank {rank}")),
        None => (0..rank).rev().collect(),
    };
    Ok(vec![call.transpose(&input, &order)?])
}

/// The shape of an image, `N x C x H x W`, and the block size.
fn image(call: &Call) -> Result<([usize; 4], usize), Failure> {
    let shape = call.input(0)?.shape()?;
    let Ok(dims) = <[usize; 4]>::try_from(&shape[..]) else {
        return invalid(format!("needs an input of rank 4, got shape {shape:?}"));
    };
    let Some(block) = call.node.int("blocksize")? else { return invalid("`blocksize` is missing") };
    match usize::try_from(block) {
        Ok(block) if block > 0 && block.checked_mul(block).is_some() => Ok((dims, block)),
        _ => invalid(format!("blocksize must be above 0 and fit an image, not {block}")),
    }
}

fn depth_to_space(call: &mut Call) -> Outputs {
    let ([n, c, h, w], b) = image(call)?;
    if c % (b * b) != 0 {
        return invalid(format!("cannot divide {c} channels into blocks of {b} x {b}"));
    }
    let depth = c / (b * b);
    let (split, order) = match call.node.text_or("mode", "DCR")? {
        "DCR" => ([n, b, b, depth, h, w], [0, 3, 4, 1, 5, 2]),
        "CRD" => ([n, depth, b, b, h, w], [0, 1, 4, 2, 5, 3]),
        other => return invalid(format!("mode must be DCR or CRD, not {other}")),
    };
    let input = call.input(0)?;
    let blocks = call.reshape(&input, &split)?;
    let spread = call.transpose(&blocks, &order)?;
    Ok(vec![call.reshape(&spread, &[n, depth, h * b, w * b])?])
}

fn space_to_depth(call: &mut Call) -> Outputs {
    let ([n, c, h, w], b) = image(call)?;
    if h % b != 0 || w % b != 0 {
        return invalid(format!("cannot divide an image of {h} x {w} into blocks of {b} x {b}"));
    }
    let input = call.input(0)?;
    let blocks = call.reshape(&input, &[n, c, h / b, b, w / b, b])?;
    let stacked = call.transpose(&blocks, &[0, 3, 5, 1, 2, 4])?;
    Ok(vec![call.reshape(&stacked, &[n, c * b * b, h / b, w / b])?])
}

#[cfg(test)]
mod tests {
    use hwc_runtime::Tensor;

    use crate::onnx::proto::{AttributeProto, NodeProto};
    use crate::onnx::testing::*;

    fn iota(shape: &[usize]) -> Tensor {
        Tensor::from_vec(shape, (0..shape.iter().product::<usize>()).map(|i| i as f32).collect()).unwrap()
    }

    /// The shape of the output of a node for an input of this shape, its second input being known.
    fn shape(name: &str, attributes: &[AttributeProto], input: &[usize], second: Option<&[i64]>) -> Vec<usize> {
        let names: &[&str] = if second.is_some() { &["0", "s"] } else { &["0"] };
        let node = with(node(name, names, &["a"]), attributes.to_vec());
        let dims = input.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
        let mut graph = graph([value("0", &dims)], [untyped("a")], [node]);
        if let Some(second) = second {
            graph.initializer = vec![constant("s", &Tensor::from_vec(vec![second.len()], second.to_vec()).unwrap())];
        }
        let x = iota(input);
        let y = run(model(graph), std::slice::from_ref(&x)).remove(0);
        assert_eq!(y.bytes(), x.bytes());
        y.shape().to_vec()
    }

    #[test]
    fn reshapes() {
        assert_eq!(shape("Reshape", &[], &[2, 3, 4], Some(&[0, -1])), [2, 12]);
        assert_eq!(shape("Reshape", &[], &[1], Some(&[])), [0usize; 0]);
        assert_eq!(shape("Reshape", &[int("allowzero", 1)], &[0, 3], Some(&[3, 0])), [3, 0]);
        assert_eq!(shape("Flatten", &[], &[2, 3, 4], None), [2, 12]);
        assert_eq!(shape("Flatten", &[int("axis", 3)], &[2, 3, 4], None), [24, 1]);
        assert_eq!(shape("Flatten", &[int("axis", -1)], &[2, 3, 4], None), [6, 4]);
        assert_eq!(shape("Flatten", &[int("axis", 0)], &[], None), [1, 1]);
        assert_eq!(shape("Squeeze", &[], &[1, 3, 1], None), [3]);
        assert_eq!(shape("Squeeze", &[], &[1, 3, 1], Some(&[-1])), [1, 3]);
        assert_eq!(shape("Unsqueeze", &[], &[3], Some(&[-1, 0])), [1, 3, 1]);
        assert_eq!(shape("Unsqueeze", &[ints("axes", &[1])], &[3], None), [3, 1]);
    }

    #[test]
    fn shapes_that_do_not_fit_are_refused() {
        let refused = |node: NodeProto| {
            let graph = graph([value("x", "2,3")], [untyped("a")], [node]);
            try_import(model(graph), &Default::default()).expect_err("must be refused").invalid.len()
        };
        assert_eq!(refused(with(node("Squeeze", &["x"], &["a"]), [ints("axes", &[0])])), 1);
        assert_eq!(refused(with(node("Unsqueeze", &["x"], &["a"]), [ints("axes", &[0, 0])])), 1);
        assert_eq!(refused(with(node("Flatten", &["x"], &["a"]), [int("axis", 3)])), 1);
        assert_eq!(refused(with(node("Transpose", &["x"], &["a"]), [ints("perm", &[0])])), 1);
        assert_eq!(refused(with(node("DepthToSpace", &["x"], &["a"]), [int("blocksize", 2)])), 1);
    }

    #[test]
    fn space_and_depth_are_inverse() {
        let x = iota(&[2, 8, 2, 3]);
        for mode in ["DCR", "CRD"] {
            let node = with(node("DepthToSpace", &["0"], &["a"]), [int("blocksize", 2), text("mode", mode)]);
            let wide = run_node(node, 13, std::slice::from_ref(&x)).remove(0);
            assert_eq!(wide.shape(), [2, 2, 4, 6]);
            // Depth 0 of a DCR image takes its blocks from channels 0, 2, 4 and 6, of a CRD image from 0 to 3.
            let second = wide.to_vec::<f32>().unwrap()[1];
            assert_eq!(second, if mode == "DCR" { 12.0 } else { 6.0 });
            if mode == "DCR" {
                let back = with(super::tests::node("SpaceToDepth", &["0"], &["a"]), [int("blocksize", 2)]);
                assert_eq!(run_node(back, 13, &[wide]), std::slice::from_ref(&x));
            }
        }
    }

    #[test]
    fn transposes_reverse_by_default() {
        assert_eq!(run_node(node("Transpose", &["0"], &["a"]), 21, &[iota(&[2, 3])])[0].shape(), [3, 2]);
    }
}
