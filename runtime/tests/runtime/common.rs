//! A small real model, made with the C compiler.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use hwc_runtime::manifest::{Arena, Input, Kernel, Manifest, Output, Target};
use hwc_runtime::{DType, Digest, Tensor, WeightsImage, abi, artifact, cpu};

pub const N: usize = 1000;

/// A directory of this test's own, removed when dropped.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Scratch {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("runtime-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a scratch directory");
        Scratch(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The names of the files in it, sorted.
    pub fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).expect("the scratch directory");
        let mut names: Vec<_> =
            entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The constants of the model: w = 0, 1, 2, ..., b = 0.5.
pub fn weights() -> WeightsImage {
    let mut image = WeightsImage::new();
    let bytes = |values: Vec<f32>| Tensor::from_vec(vec![N], values).expect("sizes agree").bytes().clone();
    assert_eq!(image.push(bytes((0..N).map(|i| i as f32).collect())), 0);
    assert_eq!(image.push(bytes(vec![0.5; N])), 4032);
    image
}

/// The manifest of `tiny.c`: x: f32[10, 100], negate: bool[], mode: i64[1] bound to 7; y, empty, count.
pub fn manifest() -> Manifest {
    let input =
        |name: &str, dtype, shape: &[usize]| Input { name: name.into(), dtype, shape: shape.into(), bound: None };
    let output = |name: &str, dtype, shape: &[usize]| Output { name: name.into(), dtype, shape: shape.into() };
    let mut mode = input("mode", DType::I64, &[1]);
    mode.bound = Some(Digest::of(&7i64.to_le_bytes()));
    Manifest {
        abi: abi::ABI_VERSION,
        producer: "hwc test".into(),
        model: "tiny".into(),
        target: Target {
            triple: format!("{}-unknown-{}-gnu", std::env::consts::ARCH, std::env::consts::OS),
            cpu: "generic".into(),
            features: cpu::host_features().into_iter().take(3).map(str::to_owned).collect(),
        },
        inputs: vec![input("x", DType::F32, &[10, 100]), input("negate", DType::Bool, &[]), mode],
        outputs: vec![
            output("y", DType::F32, &[10, 100]),
            output("empty", DType::F32, &[0, 5]),
            output("count", DType::I64, &[]),
        ],
        weights: weights().describe(),
        arena: Arena { bytes: 4 * N as u64, alignment: 64 },
        kernels: vec![Kernel { name: "scale".into(), calls: 1, flops: 3, bytes: 24 }],
        metadata: [("alphabet".to_owned(), "abc\n\"\\\u{e9}".to_owned())].into(),
    }
}

/// Compiles `tiny.c` to a shared object with this manifest.
pub fn compile(output: &Path, manifest: &str, flags: &[&str]) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/runtime/tiny.c");
    let literal: String = manifest.bytes().map(|byte| format!("\\{byte:03o}")).collect();
    let status = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-nostartfiles"])
        .args(flags)
        .arg(format!("-DMANIFEST=\"{literal}\""))
        .arg("-o")
        .args([output, &source])
        .status()
        .expect("a C compiler");
    assert!(status.success(), "the C compiler failed");
}

/// Writes the model as an artifact and gives its path.
pub fn artifact(scratch: &Scratch) -> PathBuf {
    let (object, path) = (scratch.path("tiny.so"), scratch.path("tiny.hwc"));
    compile(&object, &manifest().to_json(), &[]);
    let code = std::fs::read(object).expect("the object just made");
    artifact::write(&path, &manifest(), &code, &weights()).expect("an artifact");
    path
}

/// x and the y that belongs to it.
pub fn example(start: f32) -> (Tensor, Vec<f32>) {
    let x: Vec<f32> = (0..N).map(|i| start + i as f32 / 8.0).collect();
    let y = x.iter().enumerate().map(|(i, x)| x * i as f32 + 0.5).collect();
    (Tensor::from_vec(vec![10, 100], x).expect("sizes agree"), y)
}
