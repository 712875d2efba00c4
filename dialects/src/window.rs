//! Sliding windows over the spatial dimensions of images, shared by type inference, evaluation and lowering.

use crate::attrs::Attrs;
use crate::infer::Errors;
use crate::types::Dim;

/// Attributes of windows are below this, so that sums and products of two of them fit into 64 bits.
const LIMIT: i64 = 1 << 31;

/// The window along one spatial dimension. All in elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Number of taps.
    pub kernel: usize,
    /// Distance between two windows.
    pub stride: usize,
    /// Distance between two taps of a window.
    pub dilation: usize,
    /// Padding before the first element.
    pub before: usize,
    /// Padding after the last element.
    pub after: usize,
}

impl Window {
    /// The windows of an operation with the attributes `strides`, `dilations` and `pads`, one for each of the `spatial`
    /// dimensions, with a kernel of 1. Reports all that is wrong.
    pub fn of(attrs: &Attrs, spatial: usize) -> Result<Vec<Window>, Errors> {
        let mut errors = Vec::new();
        let mut read = |name: &str, length: usize, least: i64| -> Vec<usize> {
            // Not every operation has all of them.
            let given = match attrs.get(name).map(|_| attrs.ints(name)) {
                None => &[],
                Some(Ok(given)) => given,
                Some(Err(error)) => {
                    errors.push(error);
                    &[]
                }
            };
            if !given.is_empty() && given.len() != length {
                errors.push(format!("attribute `{name}` needs {length} elements, got {}", given.len()));
            }
            if let Some(wrong) = given.iter().find(|v| !(least..LIMIT).contains(v)) {
                errors.push(format!("attribute `{name}` has the element {wrong}, which is not in {least}..{LIMIT}"));
            }
            (0..length).map(|i| given.get(i).and_then(|&v| usize::try_from(v).ok()).unwrap_or(least as usize)).collect()
        };
        let (strides, dilations) = (read("strides", spatial, 1), read("dilations", spatial, 1));
        let pads = read("pads", 2 * spatial, 0);
        if !errors.is_empty() {
            return Err(Errors(errors));
        }
        let window = |i: usize| Window {
            kernel: 1,
            stride: strides[i],
            dilation: dilations[i],
            before: pads[i],
            after: pads[spatial + i],
        };
        Ok((0..spatial).map(window).collect())
    }

    /// The windows of an operation whose kernel has these sizes.
    pub fn with_kernel(attrs: &Attrs, kernel: &[usize]) -> Result<Vec<Window>, Errors> {
        if let Some(wrong) = kernel.iter().find(|&&k| k == 0 || k as u64 >= LIMIT as u64) {
            return Err(format!("has a kernel of size {wrong}, which is not in 1..{LIMIT}").into());
        }
        let mut windows = Window::of(attrs, kernel.len())?;
        windows.iter_mut().zip(kernel).for_each(|(window, &kernel)| window.kernel = kernel);
        Ok(windows)
    }

    /// From the first tap of a window to behind its last one.
    pub fn extent(&self) -> usize {
        (self.kernel - 1) * self.dilation + 1
    }

    /// Number of windows over `input` elements. With `ceil` a window may also begin in the input and end behind the
    /// padding.
    ///
    /// # Errors
    /// Where not one window fits, unless there is no input.
    pub fn outputs(&self, input: usize, ceil: bool) -> Result<usize, String> {
        let padded = input as u128 + self.before as u128 + self.after as u128;
        let Some(room) = padded.checked_sub(self.extent() as u128) else {
            if input == 0 {
                return Ok(0);
            }
            return Err(format!(
                "has a window over {} elements, which does not fit into {input} elements and {} + {} of padding",
                self.extent(),
                self.before,
                self.after
            ));
        };
        let stride = self.stride as u128;
        let mut outputs = if ceil { room.div_ceil(stride) } else { room / stride } + 1;
        if ceil && (outputs - 1) * stride >= input as u128 + self.before as u128 {
            outputs -= 1;
        }
        usize::try_from(outputs).map_err(|_| format!("has {outputs} windows, more than can be addressed"))
    }

    /// As [`Window::outputs`], for a dimension that need not be known. It keeps its name where its size does not change.
    pub fn output_dim(&self, input: &Dim, ceil: bool) -> Result<Dim, String> {
        match input {
            Dim::Fixed(n) => self.outputs(*n, ceil).map(Dim::Fixed),
            other if self.stride == 1 && self.before + self.after + 1 == self.extent() => Ok(other.clone()),
            _ => Ok(Dim::Unknown),
        }
    }

    /// The element under a tap of a window, `None` where that is padding.
    pub fn input(&self, output: usize, tap: usize, inputs: usize) -> Option<usize> {
        (output * self.stride + tap * self.dilation).checked_sub(self.before).filter(|&i| i < inputs)
    }

    /// Number of elements that the windows of a transposed operation with `inputs` elements make.
    ///
    /// # Errors
    /// Where more is cut off than there is.
    pub fn transposed_outputs(&self, inputs: usize, appended: usize) -> Result<usize, String> {
        if inputs == 0 {
            return Ok(0);
        }
        let full = (inputs as u128 - 1) * self.stride as u128 + self.extent() as u128 + appended as u128;
        let cut = self.before as u128 + self.after as u128;
        let rest = full.checked_sub(cut).ok_or_else(|| format!("cuts {cut} of {full} elements off by `pads`"))?;
        usize::try_from(rest).map_err(|_| format!("makes {rest} elements, more than can be addressed"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attrs;

    fn window(kernel: usize, stride: usize, dilation: usize, before: usize, after: usize) -> Window {
        Window { kernel, stride, dilation, before, after }
    }

    #[test]
    fn windows_are_counted() {
        assert_eq!(window(3, 1, 1, 1, 1).outputs(5, false), Ok(5));
        assert_eq!(window(3, 2, 1, 0, 0).outputs(6, false), Ok(2));
        assert_eq!(window(3, 2, 1, 0, 0).outputs(6, true), Ok(3));
        // The last window would start behind the input.
        assert_eq!(window(1, 2, 1, 0, 0).outputs(2, true), Ok(1));
        assert_eq!(window(2, 3, 1, 1, 1).outputs(3, true), Ok(2));
        assert_eq!(window(3, 1, 2, 0, 0).outputs(5, false), Ok(1));
        assert!(window(3, 1, 2, 0, 0).outputs(4, false).is_err());
        assert_eq!(window(3, 1, 1, 0, 0).outputs(0, false), Ok(0));
    }

    #[test]
    fn taps_read_the_input_or_padding() {
        let w = window(3, 2, 1, 1, 1);
        assert_eq!(
            [w.input(0, 0, 4), w.input(0, 1, 4), w.input(1, 2, 4), w.input(2, 1, 4)],
            [None, Some(0), Some(3), None]
        );
    }

    #[test]
    fn transposed_windows_undo_the_others() {
        let w = window(3, 2, 1, 1, 1);
        assert_eq!(w.transposed_outputs(3, 0), Ok(5));
        assert_eq!(w.outputs(5, false), Ok(3));
        assert!(window(1, 1, 1, 3, 3).transposed_outputs(2, 0).is_err());
    }

    #[test]
    fn a_size_that_stays_keeps_its_name() {
        let n = Dim::Symbol("n".into());
        assert_eq!(window(3, 1, 1, 1, 1).output_dim(&n, false), Ok(n.clone()));
        assert_eq!(window(3, 2, 1, 1, 1).output_dim(&n, false), Ok(Dim::Unknown));
    }

    #[test]
    fn all_that_is_wrong_is_reported() {
        let attrs = attrs! {
            "strides" => vec![0i64, 1], "dilations" => vec![1i64], "pads" => vec![0i64, 0, -1, i64::MAX],
        };
        assert_eq!(Window::of(&attrs, 2).unwrap_err().0.len(), 3);
    }
}
