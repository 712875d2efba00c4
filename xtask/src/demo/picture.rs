//! Pictures as the text recognition model wants them.

use crate::error::{Error, Result};
use hwc_runtime::Tensor;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// Reads a PNG of `height` pixels into a tensor of shape `[1, 3, height, width]`: blue, green, red planes of values
/// from -1 to 1, filled up with 0 on the right. That is how the model was trained (PP-OCR's `resize_norm_img`).
pub fn load(path: &Path, height: usize, width: usize) -> Result<Tensor> {
    let (rgb, size) = pixels(path)?;
    if size.1 != height || size.0 > width {
        let text = format!("{} is {}x{}; the model takes at most {width}x{height}", path.display(), size.0, size.1);
        return Err(Error::Usage(text));
    }
    Tensor::from_vec(vec![1, 3, height, width], planes(&rgb, size, width))
        .map_err(|e| Error::Environment(e.to_string()))
}

fn planes(rgb: &[u8], (picture_width, height): (usize, usize), width: usize) -> Vec<f32> {
    let mut planes = vec![0.0; 3 * height * width];
    for (index, pixel) in rgb.chunks_exact(3).enumerate() {
        let (y, x) = (index / picture_width, index % picture_width);
        for (channel, value) in pixel.iter().rev().enumerate() {
            planes[(channel * height + y) * width + x] = (f32::from(*value) / 255.0 - 0.5) / 0.5;
        }
    }
    planes
}

/// Red, green, blue of each pixel, and width and height.
fn pixels(path: &Path) -> Result<(Vec<u8>, (usize, usize))> {
    let bad = |detail: String| Error::Answer { program: path.display().to_string(), detail };
    let file = File::open(path).map_err(Error::io("read", path))?;
    let mut reader = png::Decoder::new(BufReader::new(file)).read_info().map_err(|e| bad(e.to_string()))?;
    let info = reader.info();
    if info.color_type != png::ColorType::Rgb || info.bit_depth != png::BitDepth::Eight {
        return Err(bad("not a picture of red, green and blue with 8 bits each".to_string()));
    }
    let size = (info.width as usize, info.height as usize);
    let mut bytes = vec![0; size.0 * size.1 * 3];
    reader.next_frame(&mut bytes).map_err(|e| bad(e.to_string()))?;
    Ok((bytes, size))
}

#[cfg(test)]
mod tests {
    use super::planes;

    #[test]
    fn blue_comes_first_and_the_right_is_filled_with_zero() {
        // One row of two pixels: red and white, into a width of three.
        let planes = planes(&[255, 0, 0, 255, 255, 255], (2, 1), 3);
        assert_eq!(planes, [-1.0, 1.0, 0.0, -1.0, 1.0, 0.0, 1.0, 1.0, 0.0]);
    }
}
