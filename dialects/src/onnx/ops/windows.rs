//! Attributes of sliding windows, with automatic padding worked out.

use crate::attrs::Attrs;
use crate::onnx::import::call::Call;
use crate::onnx::import::failure::{Failure, invalid};
use crate::window::Window;

/// Where automatic padding puts what cannot be divided evenly.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Same {
    Upper,
    Lower,
}

impl Same {
    /// `total` in two parts: before and after.
    fn split(self, total: usize) -> (usize, usize) {
        let half = total / 2;
        if self == Same::Upper { (half, total - half) } else { (total - half, half) }
    }
}

/// What the attribute `auto_pad` says.
enum Padding {
    Explicit,
    Valid,
    Same(Same),
}

fn padding(call: &Call) -> Result<Padding, Failure> {
    let padding = match call.node.text_or("auto_pad", "NOTSET")? {
        "NOTSET" | "" => Padding::Explicit,
        "VALID" => Padding::Valid,
        "SAME_UPPER" => Padding::Same(Same::Upper),
        "SAME_LOWER" => Padding::Same(Same::Lower),
        other => return invalid(format!("attribute `auto_pad` must not be `{other}`")),
    };
    if !matches!(padding, Padding::Explicit) && call.node.ints("pads")?.is_some_and(|p| p.iter().any(|&p| p != 0)) {
        return invalid("has both `auto_pad` and `pads`");
    }
    Ok(padding)
}

/// The attributes `strides`, `dilations` and `pads` of the node as they stand.
fn given(call: &Call) -> Result<Attrs, Failure> {
    let mut attrs = Attrs::default();
    for name in ["strides", "dilations", "pads"] {
        attrs.set_some(name, call.node.ints(name)?.map(<[i64]>::to_vec));
    }
    Ok(attrs)
}

fn set_pads(attrs: &mut Attrs, pads: &[(usize, usize)]) {
    let sizes = pads.iter().map(|p| p.0).chain(pads.iter().map(|p| p.1));
    attrs.set("pads", sizes.map(|n| n as i64).collect::<Vec<i64>>());
}

/// The size of the kernel: the attribute `kernel_shape`, which must not contradict the filter's.
pub fn filter_kernel(call: &Call, filter: &[usize]) -> Result<Vec<usize>, Failure> {
    let Some(kernel) = filter.get(2..).filter(|kernel| !kernel.is_empty()) else {
        return invalid(format!("needs a filter with spatial dimensions, got shape {filter:?}"));
    };
    if let Some(given) = call.node.ints("kernel_shape")?
        && !given.iter().map(|&n| usize::try_from(n).ok()).eq(kernel.iter().map(|&n| Some(n)))
    {
        return invalid(format!("attribute `kernel_shape` is {given:?}, but the filter's kernel is {kernel:?}"));
    }
    Ok(kernel.to_vec())
}

/// The attributes `strides`, `dilations`, `pads` and, where it is true, `ceil_mode` of windows that slide over images.
pub fn sliding(call: &Call, image: &[usize], kernel: &[usize]) -> Result<Attrs, Failure> {
    let mut attrs = given(call)?;
    let padding = padding(call)?;
    if image.len() != kernel.len() {
        return invalid(format!("has a kernel of {} dimensions for images of {}", kernel.len(), image.len()));
    }
    if let Padding::Explicit = padding {
        if call.node.flag_or("ceil_mode", false)? {
            attrs.set("ceil_mode", true);
        }
        return Ok(attrs);
    }
    attrs.set("pads", Vec::<i64>::new());
    if let Padding::Same(same) = padding {
        let windows = Window::with_kernel(&complete(&attrs), kernel)?;
        let pads: Vec<_> = (windows.iter().zip(image))
            .map(|(window, &size)| {
                let outputs = size.div_ceil(window.stride);
                let covered = outputs.saturating_sub(1).saturating_mul(window.stride).saturating_add(window.extent());
                same.split(covered.saturating_sub(size))
            })
            .collect();
        set_pads(&mut attrs, &pads);
    }
    Ok(attrs)
}

/// The attributes `strides`, `dilations`, `pads` and `output_padding` of windows that are added into an image.
pub fn adding(call: &Call, image: &[usize], kernel: &[usize]) -> Result<Attrs, Failure> {
    let mut attrs = given(call)?;
    let padding = padding(call)?;
    if image.len() != kernel.len() {
        return invalid(format!("has a kernel of {} dimensions for images of {}", kernel.len(), image.len()));
    }
    let sizes = |name: &'static str| -> Result<Option<Vec<usize>>, Failure> {
        let Some(given) = call.node.ints(name)? else { return Ok(None) };
        let sizes: Option<Vec<usize>> = given.iter().map(|&n| usize::try_from(n).ok()).collect();
        match sizes {
            Some(sizes) if sizes.len() == image.len() => Ok(Some(sizes)),
            _ => invalid(format!("attribute `{name}` must be {} sizes, not {given:?}", image.len())),
        }
    };
    let mut appended = sizes("output_padding")?.unwrap_or_else(|| vec![0; image.len()]);
    let same = match padding {
        Padding::Same(same) => Some(same),
        _ => None,
    };
    let wanted = sizes("output_shape")?;
    if wanted.is_some() || same.is_some() {
        attrs.set("pads", Vec::<i64>::new());
        let windows = Window::with_kernel(&complete(&attrs), kernel)?;
        let mut pads = Vec::new();
        for (i, window) in windows.iter().enumerate() {
            let full = window.transposed_outputs(image[i], appended[i])?;
            let target = wanted.as_ref().map_or_else(|| image[i].saturating_mul(window.stride), |shape| shape[i]);
            // Without automatic padding the larger part is before.
            pads.push(same.unwrap_or(Same::Lower).split(full.saturating_sub(target)));
            appended[i] += target.saturating_sub(full);
        }
        set_pads(&mut attrs, &pads);
    } else if let Padding::Valid = padding {
        attrs.set("pads", Vec::<i64>::new());
    }
    attrs.set("output_padding", appended.iter().map(|&n| n as i64).collect::<Vec<i64>>());
    Ok(attrs)
}

/// The attributes with those that are not given empty.
fn complete(attrs: &Attrs) -> Attrs {
    let mut attrs = attrs.clone();
    for name in ["strides", "dilations", "pads"] {
        if attrs.get(name).is_none() {
            attrs.set(name, Vec::<i64>::new());
        }
    }
    attrs
}
