//! Operators on regions of interest.

use super::index::positions;
use super::number::{floats, from_floats, integers};
use super::{EvalCall, Evaluated};

/// What the operators on regions share.
struct Images<'a> {
    values: &'a [f64],
    channels: usize,
    height: usize,
    width: usize,
}

impl Images<'_> {
    fn channel(&self, image: usize, channel: usize) -> &[f64] {
        let area = self.height * self.width;
        &self.values[(image * self.channels + channel) * area..][..area]
    }

    /// The four pixels around a point and their weights; none where the point is more than a pixel outside.
    fn neighbours(&self, y: f64, x: f64) -> Option<[(usize, f64); 4]> {
        let axis = |v: f64, size: usize| -> Option<[(usize, f64); 2]> {
            if size == 0 || !(-1.0..=size as f64).contains(&v) {
                return None;
            }
            let low = v.max(0.0) as usize;
            if low + 1 >= size {
                return Some([(size - 1, 1.0), (size - 1, 0.0)]);
            }
            let part = v.max(0.0) - low as f64;
            Some([(low, 1.0 - part), (low + 1, part)])
        };
        let ([top, bottom], [left, right]) = (axis(y, self.height)?, axis(x, self.width)?);
        Some(
            [(top, left), (top, right), (bottom, left), (bottom, right)]
                .map(|(a, b)| (a.0 * self.width + b.0, a.1 * b.1)),
        )
    }
}

pub fn roi_align(call: &EvalCall) -> Evaluated {
    let (input, shape) = (call.operand(0)?, call.shape(0)?);
    let (values, rois, batch) = (floats(input), floats(call.operand(1)?), integers(call.operand(2)?));
    let &[count, channels, height, width] = input.shape() else { return Err("needs an input of rank 4".into()) };
    let images = Images { values: &values, channels, height, width };
    let scale = call.attrs.float("spatial_scale")?;
    let half_pixel = call.attrs.bool("half_pixel")?;
    let ratio = call.attrs.int("sampling_ratio")?;
    let max = call.attrs.str("mode")? == "max";
    let element = |position: Vec<usize>| {
        let (region, channel) = (position[0], position[1]);
        let Some(image) = usize::try_from(batch[region]).ok().filter(|&i| i < count) else { return 0.0 };
        let image = images.channel(image, channel);
        // Start of the bin, size of the bin and number of samples along an axis.
        let axis = |d: usize| {
            let (start, end) = (rois[region * 4 + 1 - d] * scale, rois[region * 4 + 3 - d] * scale);
            let (start, end) = if half_pixel { (start - 0.5, end - 0.5) } else { (start, end) };
            let size = if half_pixel { end - start } else { (end - start).max(1.0) };
            let bin = size / shape[2 + d] as f64;
            let samples = if ratio > 0 { ratio as f64 } else { bin.ceil() };
            (start + position[2 + d] as f64 * bin, bin, samples.max(0.0) as usize)
        };
        let ((top, bin_height, rows), (left, bin_width, columns)) = (axis(0), axis(1));
        let samples = positions(&[rows, columns]).map(|sample| {
            let y = top + (sample[0] as f64 + 0.5) * bin_height / rows as f64;
            let x = left + (sample[1] as f64 + 0.5) * bin_width / columns as f64;
            let weighted = images.neighbours(y, x).map_or([0.0; 4], |n| n.map(|(i, w)| image[i] * w));
            if max { weighted.into_iter().fold(f64::NEG_INFINITY, f64::max) } else { weighted.iter().sum() }
        });
        match (max, rows * columns) {
            (_, 0) => 0.0,
            (true, _) => samples.fold(f64::NEG_INFINITY, f64::max),
            (false, n) => samples.sum::<f64>() / n as f64,
        }
    };
    Ok(vec![from_floats(input.dtype(), &shape, positions(&shape).map(element))?])
}

pub fn max_roi_pool(call: &EvalCall) -> Evaluated {
    let (input, shape) = (call.operand(0)?, call.shape(0)?);
    let (values, rois) = (floats(input), floats(call.operand(1)?));
    let &[count, channels, height, width] = input.shape() else { return Err("needs an input of rank 4".into()) };
    let images = Images { values: &values, channels, height, width };
    let scale = call.attrs.float("spatial_scale")?;
    let element = |position: Vec<usize>| {
        let (region, channel) = (position[0], position[1]);
        let image = rois[region * 5].trunc();
        if !(image >= 0.0 && image < count as f64) {
            return 0.0;
        }
        let image = images.channel(image as usize, channel);
        // The rows or columns of a bin.
        let axis = |d: usize, size: usize| {
            let (start, end) = ((rois[region * 5 + 2 - d] * scale).round(), (rois[region * 5 + 4 - d] * scale).round());
            let bin = (end - start + 1.0).max(1.0) / shape[2 + d] as f64;
            let at = position[2 + d] as f64;
            let bound = |v: f64| v.clamp(0.0, size as f64) as usize;
            bound(start + (at * bin).floor())..bound(start + ((at + 1.0) * bin).ceil())
        };
        let (rows, columns) = (axis(0, height), axis(1, width));
        let pixels = rows.flat_map(|y| columns.clone().map(move |x| image[y * width + x]));
        pixels.reduce(f64::max).unwrap_or(0.0)
    };
    Ok(vec![from_floats(input.dtype(), &shape, positions(&shape).map(element))?])
}

#[cfg(test)]
mod tests {
    use hwc_runtime::Tensor;

    use super::*;
    use crate::attrs;
    use crate::op::Op;
    use crate::reference::evaluate;

    fn image() -> Tensor {
        Tensor::from_vec(vec![1, 1, 4, 4], (0..16).map(|i| i as f32).collect()).unwrap()
    }

    #[test]
    fn samples_are_averaged() {
        let rois = Tensor::from_vec(vec![2, 4], vec![0f32, 0.0, 2.0, 2.0, 0.0, 0.0, 2.0, 2.0]).unwrap();
        let batch = Tensor::from_vec(vec![2], vec![0i64, 7]).unwrap();
        let attrs = attrs! {
            "output_height" => 1i64, "output_width" => 1i64, "sampling_ratio" => 1i64, "half_pixel" => false,
        };
        let y = evaluate(Op::RoiAlign, &attrs, &[Some(&image()), Some(&rois), Some(&batch)]).unwrap();
        // The middle of the first region is pixel (1, 1); the second one names no image.
        assert_eq!(floats(&y[0]), [5.0, 0.0]);
    }

    #[test]
    fn bins_have_a_largest_pixel() {
        let rois = Tensor::from_vec(vec![1, 5], vec![0f32, 1.0, 1.0, 2.0, 2.0]).unwrap();
        let attrs = attrs! { "output_height" => 2i64, "output_width" => 1i64 };
        let y = evaluate(Op::MaxRoiPool, &attrs, &[Some(&image()), Some(&rois)]).unwrap();
        assert_eq!(floats(&y[0]), [6.0, 10.0]);
    }
}
