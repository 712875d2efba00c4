//! What a file seems to be that is no artifact.

/// Says what a file seems to be, by its first bytes, and what to do with it.
pub(crate) fn describe(file: &[u8]) -> &'static str {
    if file.is_empty() {
        return "the file is empty";
    }
    if let Some(row) = KNOWN.iter().find(|row| file.get(row.0..).is_some_and(|rest| rest.starts_with(row.1))) {
        return row.2;
    }
    if file.iter().take(SAMPLE).all(|&byte| byte == 0) {
        return "it begins with zero bytes: probably a download or copy that was not finished";
    }
    if is_onnx(file) {
        return "it seems to be an ONNX model: compile it first, with `hwc-opt compile MODEL.onnx -o MODEL.hwc`";
    }
    if is_safetensors(file) {
        return "it seems to be a safetensors file: it holds weights and no model";
    }
    if is_text(file) {
        return "it seems to be a text file";
    }
    "nothing in it is known"
}

/// How much of a file is looked at to tell text, in bytes.
const SAMPLE: usize = 512;

/// Offset, first bytes, message.
const KNOWN: &[(usize, &[u8], &str)] = &[
    (
        0,
        b"\x89HWC",
        "it is an artifact that was transferred as text, which changed its line ends: copy it in binary mode",
    ),
    (0, b"HWC\r\n", "it is an artifact that was transferred as text, which dropped a byte: copy it in binary mode"),
    (0, b"\x7fELF", "it seems to be a program or library (ELF)"),
    (
        0,
        b"PK\x03\x04",
        "it seems to be a zip archive (perhaps a PyTorch checkpoint): unpack it, or export the model to ONNX",
    ),
    (0, b"\x1f\x8b", "it seems to be compressed (gzip): unpack it first"),
    (0, b"\x28\xb5\x2f\xfd", "it seems to be compressed (zstd): unpack it first"),
    (0, b"\xfd7zXZ", "it seems to be compressed (xz): unpack it first"),
    (0, b"BZh", "it seems to be compressed (bzip2): unpack it first"),
    (257, b"ustar", "it seems to be a tar archive: unpack it first"),
    (0, b"\x93NUMPY", "it seems to be a NumPy array: give it as an input, not as the model"),
    (0, b"ML\xefR", "it seems to be MLIR bytecode: give it to hwc-opt"),
    (0, b"BC\xc0\xde", "it seems to be LLVM bitcode"),
    (0, b"GGUF", "it seems to be a GGUF file, which hwc does not read"),
    (0, b"\x89HDF", "it seems to be an HDF5 file (perhaps a Keras model): export the model to ONNX"),
    (4, b"TFL3", "it seems to be a TensorFlow Lite model: export the model to ONNX"),
    (4, b"ORTM", "it seems to be a model in ONNX Runtime's own format: use the ONNX file it was made from"),
    (0, b"\x80\x02", "it seems to be a Python pickle: export the model to ONNX"),
    (0, b"version https://git-lfs", "it is a pointer of Git LFS and not the file itself: fetch it with `git lfs pull`"),
    (0, b"!<arch>\n", "it seems to be a static library"),
    (0, b"%PDF", "it seems to be a PDF document"),
];

/// A protobuf message whose field 1 is a small number (`ir_version`), followed by another field of `ModelProto`.
fn is_onnx(file: &[u8]) -> bool {
    matches!(file, [0x08, 1..=64, 0x12 | 0x1a | 0x22 | 0x28 | 0x32 | 0x3a | 0x42, ..])
}

/// The length of a JSON header, then the header.
fn is_safetensors(file: &[u8]) -> bool {
    file.split_first_chunk::<8>()
        .is_some_and(|(length, rest)| rest.starts_with(b"{") && u64::from_le_bytes(*length) < 1 << 27)
}

fn is_text(file: &[u8]) -> bool {
    let sample = &file[..file.len().min(SAMPLE)];
    let valid = match std::str::from_utf8(sample) {
        Ok(text) => text,
        // The sample may end within a character.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&sample[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !valid.is_empty() && valid.chars().all(|c| !c.is_control() || c.is_ascii_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_files_are_recognised() {
        let cases: &[(&[u8], &str)] = &[
            (b"", "empty"),
            (&[0; 600], "zero bytes"),
            (b"\x89HWC\n\x1a\n", "as text"),
            (b"\x7fELF\x02\x01", "ELF"),
            (b"PK\x03\x04\x14", "zip"),
            (b"\x08\x08\x12\x07pytorch", "ONNX"),
            (b"\x08\x0a:\x10", "ONNX"),
            (b"\x40\0\0\0\0\0\0\0{\"x\":", "safetensors"),
            ("module { } // \u{e9}".as_bytes(), "text"),
            (b"\xff\xfe\x01\x02", "nothing"),
        ];
        for (file, expected) in cases {
            assert!(describe(file).contains(expected), "{file:?}: {}", describe(file));
        }
        let mut tar = vec![b'a'; 300];
        tar[257..262].copy_from_slice(b"ustar");
        assert!(describe(&tar).contains("tar"));
    }

    #[test]
    fn text_may_be_cut_within_a_character() {
        let mut text = vec![b'a'; SAMPLE - 1];
        text.extend("\u{e9}".as_bytes());
        assert!(describe(&text).contains("text"));
    }
}
