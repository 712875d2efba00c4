//! Pictures as PP-OCR's recognition network wants them.

use crate::error::{Error, Result};
use hwc_runtime::Tensor;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

pub const HEIGHT: usize = 48;
pub const WIDTH: usize = 320;

/// Reads an RGB picture of the network's height: `[1, 3, 48, 320]`, blue first, each value in [-1, 1], zeros to the
/// right of the picture.
pub fn read(path: &Path) -> Result<Tensor> {
    let unusable = |what: String| Error::Environment(format!("{}: {what}", path.display()));
    let file = File::open(path).map_err(Error::io("read", path))?;
    let mut reader = png::Decoder::new(BufReader::new(file)).read_info().map_err(|e| unusable(e.to_string()))?;
    let size = reader.output_buffer_size().ok_or_else(|| unusable("is too large".into()))?;
    let mut pixels = vec![0; size];
    let frame = reader.next_frame(&mut pixels).map_err(|e| unusable(e.to_string()))?;
    let (width, height) = (frame.width as usize, frame.height as usize);
    if height != HEIGHT
        || width > WIDTH
        || frame.color_type != png::ColorType::Rgb
        || frame.bit_depth != png::BitDepth::Eight
    {
        return Err(unusable(format!("expected an 8-bit RGB picture, {HEIGHT} pixels high, at most {WIDTH} wide")));
    }
    let mut values = vec![0f32; 3 * HEIGHT * WIDTH];
    for y in 0..height {
        for x in 0..width {
            for channel in 0..3 {
                let value = f32::from(pixels[y * frame.line_size + x * 3 + (2 - channel)]);
                values[(channel * HEIGHT + y) * WIDTH + x] = (value / 255.0 - 0.5) / 0.5;
            }
        }
    }
    Tensor::from_vec(vec![1, 3, HEIGHT, WIDTH], values).map_err(|e| unusable(e.to_string()))
}
