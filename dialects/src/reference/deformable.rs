//! Convolutions that sample at learned offsets.

use super::convolution::add_bias;
use super::index::positions;
use super::number::{floats, from_floats};
use super::{EvalCall, Evaluated};
use crate::window::Window;

pub fn deform_conv(call: &EvalCall) -> Evaluated {
    let (input, filter, offset, shape) = (call.operand(0)?, call.operand(1)?, call.operand(2)?, call.shape(0)?);
    let windows = Window::with_kernel(call.attrs, &filter.shape()[2..]).map_err(|e| e.to_string())?;
    let (group, offset_group) = (call.attrs.int("group")? as usize, call.attrs.int("offset_group")? as usize);
    let (pixels, weights, offsets) = (floats(input), floats(filter), floats(offset));
    let mask = call.optional(4).map(floats);
    let [_, channels, height, width] = *input.shape() else { return Err("needs an input of rank 4".into()) };
    let [filters, per_filter, rows, columns] = *filter.shape() else { return Err("needs a filter of rank 4".into()) };
    let (filters_per_group, channels_per_offset) = (filters / group, channels / offset_group);
    let taps = rows * columns;
    let area = shape[2] * shape[3];
    let element = |position: Vec<usize>| {
        let (n, m, y, x) = (position[0], position[1], position[2], position[3]);
        let mut sum = 0.0;
        for c in 0..per_filter {
            let channel = m / filters_per_group * per_filter + c;
            let image = &pixels[(n * channels + channel) * height * width..][..height * width];
            for tap in 0..taps {
                // Offsets of one image: [offset group, tap, (dy, dx), output].
                let place = (n * offset_group + channel / channels_per_offset) * taps + tap;
                let delta = |axis: usize| offsets[(place * 2 + axis) * area + y * shape[3] + x];
                let coordinate = |d: usize, output: usize, tap: usize| {
                    (output * windows[d].stride + tap * windows[d].dilation) as f64 - windows[d].before as f64
                        + delta(d)
                };
                let (v, u) = (coordinate(0, y, tap / columns), coordinate(1, x, tap % columns));
                let scale = mask.as_ref().map_or(1.0, |m| m[place * area + y * shape[3] + x]);
                sum += bilinear(image, height, width, v, u) * scale * weights[(m * per_filter + c) * taps + tap];
            }
        }
        sum
    };
    let mut values: Vec<f64> = positions(&shape).map(element).collect();
    add_bias(&mut values, call.optional(3), &shape);
    Ok(vec![from_floats(input.dtype(), &shape, values)?])
}

/// The image at a point between its pixels; zero outside.
fn bilinear(image: &[f64], height: usize, width: usize, y: f64, x: f64) -> f64 {
    let (top, left) = (y.floor(), x.floor());
    let pixel = |y: f64, x: f64| {
        let inside = y >= 0.0 && x >= 0.0 && y < height as f64 && x < width as f64;
        if inside { image[y as usize * width + x as usize] } else { 0.0 }
    };
    let (dy, dx) = (y - top, x - left);
    (1.0 - dy) * ((1.0 - dx) * pixel(top, left) + dx * pixel(top, left + 1.0))
        + dy * ((1.0 - dx) * pixel(top + 1.0, left) + dx * pixel(top + 1.0, left + 1.0))
}

#[cfg(test)]
mod tests {
    use hwc_runtime::Tensor;

    use super::*;
    use crate::attrs;
    use crate::op::Op;
    use crate::reference::evaluate;

    #[test]
    fn without_offsets_it_is_a_convolution() {
        let values = |shape: &[usize]| {
            let count = shape.iter().product::<usize>();
            Tensor::from_vec(shape, (0..count).map(|i| (i * 7 % 11) as f32).collect()).unwrap()
        };
        let (x, w) = (values(&[1, 2, 4, 4]), values(&[2, 1, 2, 2]));
        let attrs = attrs! { "group" => 2i64, "pads" => vec![1i64, 0, 0, 1], "strides" => vec![2i64, 1] };
        let expected = evaluate(Op::Conv, &attrs, &[Some(&x), Some(&w)]).unwrap();
        let offsets = Tensor::from_vec(vec![1, 8, 2, 4], vec![0f32; 64]).unwrap();
        assert_eq!(evaluate(Op::DeformConv, &attrs, &[Some(&x), Some(&w), Some(&offsets)]).unwrap(), expected);
    }

    #[test]
    fn between_pixels_it_interpolates() {
        let image = [1.0, 2.0, 3.0, 5.0];
        assert_eq!(bilinear(&image, 2, 2, 0.5, 0.5), 2.75);
        assert_eq!(bilinear(&image, 2, 2, 1.5, 1.0), 2.5);
        assert_eq!(bilinear(&image, 2, 2, -1.0, 0.0), 0.0);
    }
}
