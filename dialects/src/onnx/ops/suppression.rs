//! Choosing boxes that do not overlap much. How many there are depends on the boxes, so these must be known.

use hwc_runtime::Tensor;

use super::{Row, row};
use crate::onnx::import::call::{Call, Outputs};
use crate::onnx::import::failure::{Failure, invalid};
use crate::reference::number::floats;

pub const OPS: &[Row] = &[row("NonMaxSuppression", 10, non_max_suppression)];

/// Low and high corner, `y` before `x`.
type Corners = [[f64; 2]; 2];

/// The corners of a box given by two opposite ones, or by its center and extents, `x` first.
fn corners(numbers: &[f64], center: bool) -> Corners {
    let (a, b, c, d) = (numbers[0], numbers[1], numbers[2], numbers[3]);
    if center {
        [[b - d / 2.0, a - c / 2.0], [b + d / 2.0, a + c / 2.0]]
    } else {
        [[a.min(c), b.min(d)], [a.max(c), b.max(d)]]
    }
}

/// The common part of two boxes as a part of what they cover together.
fn overlap(a: &Corners, b: &Corners) -> f64 {
    let extent = |i: usize| (a[1][i].min(b[1][i]) - a[0][i].max(b[0][i])).max(0.0);
    let area = |c: &Corners| (c[1][0] - c[0][0]) * (c[1][1] - c[0][1]);
    let common = extent(0) * extent(1);
    let covered = area(a) + area(b) - common;
    if common > 0.0 && covered > 0.0 { common / covered } else { 0.0 }
}

/// Triples of batch, class and box, the best scores of each class first.
fn non_max_suppression(call: &mut Call) -> Outputs {
    let (boxes, scores) = (call.constant(0, "boxes")?, call.constant(1, "scores")?);
    let (&[batches, count, 4], &[batches_too, classes, count_too]) = (boxes.shape(), scores.shape()) else {
        return invalid(format!("needs boxes B x N x 4 and scores B x C x N, got {boxes:?} and {scores:?}"));
    };
    if (batches, count) != (batches_too, count_too) {
        return invalid(format!("has boxes of shape {:?} and scores of shape {:?}", boxes.shape(), scores.shape()));
    }
    let limit = call.optional_int(2, "max_output_boxes_per_class")?.unwrap_or(0).max(0);
    let number = |index, what| -> Result<Option<f64>, Failure> {
        match call.optional_floats(index, what)?.as_deref() {
            None | Some([]) => Ok(None),
            Some(&[value]) => Ok(Some(value)),
            Some(values) => invalid(format!("`{what}` must be one number, not {}", values.len())),
        }
    };
    let threshold = number(3, "iou_threshold")?.unwrap_or(0.0);
    let least = number(4, "score_threshold")?;
    let center = call.node.flag_or("center_point_box", false)?;
    let corners: Vec<Corners> = floats(&boxes).chunks_exact(4).map(|numbers| corners(numbers, center)).collect();
    let scores = floats(&scores);
    let mut selected: Vec<i64> = Vec::new();
    for (row, scores) in scores.chunks_exact(count.max(1)).enumerate().take(batches * classes) {
        let (batch, class) = (row / classes, row % classes);
        let mut order: Vec<usize> = (0..count).filter(|&i| least.is_none_or(|least| scores[i] > least)).collect();
        // Of equal scores the first stays in front.
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        let mut kept: Vec<usize> = Vec::new();
        for candidate in order {
            if kept.len() as i64 >= limit {
                break;
            }
            let of = |i: usize| &corners[batch * count + i];
            if kept.iter().all(|&other| overlap(of(candidate), of(other)) <= threshold) {
                kept.push(candidate);
            }
        }
        selected.extend(kept.iter().flat_map(|&kept| [batch as i64, class as i64, kept as i64]));
    }
    Ok(vec![Tensor::from_vec(vec![selected.len() / 3, 3], selected)?.into()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::testing::*;

    fn selected(boxes: &[[f32; 4]], scores: &[f32], limit: i64, attribute: i64) -> Vec<i64> {
        let n = boxes.len();
        let inputs = [
            Tensor::from_vec(vec![1, n, 4], boxes.concat()).unwrap(),
            Tensor::from_vec(vec![1, scores.len() / n, n], scores.to_vec()).unwrap(),
            Tensor::scalar(limit),
            Tensor::scalar(0.5f32),
            Tensor::scalar(0.1f32),
        ];
        let names = ["0", "1", "2", "3", "4"];
        let node = with(node("NonMaxSuppression", &names, &["a"]), [int("center_point_box", attribute)]);
        let mut graph = graph([], [untyped("a")], [node]);
        graph.initializer = inputs.iter().zip(names).map(|(tensor, name)| constant(name, tensor)).collect();
        run(model(graph), &[]).remove(0).to_vec().unwrap()
    }

    const UNIT: [f32; 4] = [0.0, 0.0, 1.0, 1.0];
    /// The unit box, corners swapped and moved by a tenth: they share nine parts of eleven.
    const NEAR: [f32; 4] = [1.0, 1.1, 0.0, 0.1];
    const FAR: [f32; 4] = [0.0, 5.0, 1.0, 6.0];

    #[test]
    fn the_best_of_overlapping_boxes_stays() {
        assert_eq!(selected(&[UNIT, NEAR, FAR], &[0.5, 0.9, 0.7], 9, 0), [0, 0, 1, 0, 0, 2]);
        assert_eq!(selected(&[UNIT, NEAR, FAR], &[0.5, 0.9, 0.7], 1, 0), [0, 0, 1]);
        assert_eq!(selected(&[UNIT, NEAR, FAR], &[0.5, 0.05, 0.05], 9, 0), [0, 0, 0]);
        assert_eq!(selected(&[UNIT, FAR], &[0.5, 0.5, 0.2, 0.9], 9, 0), [0, 0, 0, 0, 0, 1, 0, 1, 1, 0, 1, 0]);
        assert!(selected(&[UNIT], &[0.5], 0, 0).is_empty());
    }

    #[test]
    fn boxes_may_be_given_by_their_center() {
        let boxes = [[0.5, 0.5, 1.0, 1.0], [0.6, 0.5, 1.0, 1.0], [5.5, 0.5, 1.0, 1.0]];
        assert_eq!(selected(&boxes, &[0.5, 0.9, 0.7], 9, 1), [0, 0, 1, 0, 0, 2]);
    }
}
