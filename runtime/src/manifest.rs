//! What a compiled model says about itself: its target, inputs, outputs, memory needs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::abi::{ABI_VERSION, ALIGNMENT, PAGE};
use crate::digest::Digest;
use crate::dtype::DType;
use crate::problem::Problems;
use crate::tensor::byte_len;

/// The manifest of a compiled model. Its JSON is a section of an artifact and the symbol `hwc_manifest` of a library.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the calling convention, [`crate::abi::ABI_VERSION`].
    pub abi: u32,
    /// Name and version of the compiler: `hwc 0.1.0`.
    pub producer: String,
    /// Name of the model.
    pub model: String,
    pub target: Target,
    /// In the order of the entry's `inputs`.
    pub inputs: Vec<Input>,
    /// In the order of the entry's `outputs`.
    pub outputs: Vec<Output>,
    pub weights: Weights,
    pub arena: Arena,
    /// The generated kernels and how often the model calls each.
    pub kernels: Vec<Kernel>,
    /// The model's own metadata (`metadata_props` in ONNX), sorted by key.
    pub metadata: BTreeMap<String, String>,
}

/// The machine the code is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// As LLVM spells it: `x86_64-unknown-linux-gnu`.
    pub triple: String,
    /// As LLVM spells it: `znver4`. For information; what is checked are the features.
    pub cpu: String,
    /// Instruction set extensions that the code may use, as LLVM spells them and without a sign: `avx512f`.
    /// [`crate::cpu::known_features`] are the ones that can be checked; loading refuses others.
    pub features: Vec<String>,
}

/// An input of the model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    pub name: String,
    pub dtype: DType,
    /// Extents, outermost first; empty for a scalar.
    pub shape: Vec<usize>,
    /// Digest of the bytes of the value this input was given when compiling ([`Digest::of`] of [`crate::Tensor::bytes`]).
    /// Such an input may be left out at run time; where it is given, it must have this value.
    pub bound: Option<Digest>,
}

/// An output of the model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    pub name: String,
    pub dtype: DType,
    /// Extents, outermost first; empty for a scalar.
    pub shape: Vec<usize>,
}

/// The block of constants the code reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weights {
    pub bytes: u64,
    /// Digest of all of it.
    pub blake3: Digest,
}

/// The scratch memory one call needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arena {
    pub bytes: u64,
    /// In bytes; a power of two from 1 to [`crate::abi::PAGE`].
    pub alignment: u32,
}

impl Default for Arena {
    fn default() -> Arena {
        Arena { bytes: 0, alignment: ALIGNMENT as u32 }
    }
}

/// A generated kernel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kernel {
    pub name: String,
    /// Calls in one run of the model.
    pub calls: u64,
    /// Arithmetic operations of one call; a multiplication and an addition count as two.
    pub flops: u64,
    /// Bytes that one call reads and writes, each operand and result counted once.
    pub bytes: u64,
}

impl Manifest {
    /// The manifest as JSON on one line. The same manifest always gives the same bytes.
    pub fn to_json(&self) -> String {
        // Every field is a string, number, list or map with string keys, none of which serde_json refuses.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads a manifest and checks it with [`Manifest::check`]. What this returns is consistent.
    pub fn from_json(text: &[u8]) -> Result<Manifest, Problems> {
        let mut problems = Problems::new();
        // A manifest of another version may have other fields, so the version is looked at first.
        #[derive(Deserialize)]
        struct Version {
            abi: u32,
        }
        if let Ok(Version { abi }) = serde_json::from_slice(text)
            && abi != ABI_VERSION
        {
            problems.push("manifest", wrong_version(abi));
            return Err(problems);
        }
        match serde_json::from_slice::<Manifest>(text) {
            Err(error) => {
                problems.push("manifest", error.to_string());
                Err(problems)
            }
            Ok(manifest) => manifest.check().map(|()| manifest),
        }
    }

    /// Checks what holds for every manifest on every machine: version, names, sizes, alignments.
    pub fn check(&self) -> Result<(), Problems> {
        let mut problems = Problems::new();
        if self.abi != ABI_VERSION {
            problems.push("manifest", wrong_version(self.abi));
        }
        let inputs = self.inputs.iter().map(|t| (t.name.as_str(), t.dtype, t.shape.as_slice()));
        check_tensors("input", inputs, &mut problems);
        let outputs = self.outputs.iter().map(|t| (t.name.as_str(), t.dtype, t.shape.as_slice()));
        check_tensors("output", outputs, &mut problems);
        let alignment = self.arena.alignment as usize;
        if !alignment.is_power_of_two() || alignment > PAGE {
            problems.push("arena", format!("an alignment of {alignment} is not a power of two from 1 to {PAGE}"));
        }
        for (place, bytes) in [("arena", self.arena.bytes), ("weights", self.weights.bytes)] {
            if bytes > isize::MAX as u64 - PAGE as u64 {
                problems.push(place, format!("{bytes} bytes are more than can be addressed"));
            }
        }
        problems.into_result()
    }
}

fn wrong_version(abi: u32) -> String {
    let remedy = if abi > ABI_VERSION { "update the runtime" } else { "compile the model again" };
    format!("ABI version {abi}, but this runtime runs version {ABI_VERSION}: {remedy}")
}

fn check_tensors<'a>(
    role: &str,
    tensors: impl Iterator<Item = (&'a str, DType, &'a [usize])>,
    problems: &mut Problems,
) {
    let mut seen = std::collections::HashSet::new();
    for (index, (name, dtype, shape)) in tensors.enumerate() {
        if name.is_empty() {
            problems.push(format!("{role} {index}"), "has no name");
        } else if !seen.insert(name) {
            problems.push(format!("{role} `{name}`"), "the name is used twice");
        }
        if name.contains('\0') {
            // Names are strings of C as well.
            problems.push(format!("{role} {index}"), "its name has a NUL character");
        }
        if byte_len(dtype, shape).is_none() {
            problems.push(format!("{role} `{name}`"), format!("{dtype} {shape:?} is larger than can be addressed"));
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A manifest with one input and one output of three floats.
    pub(crate) fn tiny() -> Manifest {
        Manifest {
            abi: ABI_VERSION,
            producer: "hwc test".into(),
            model: "tiny".into(),
            target: Target {
                triple: "x86_64-unknown-linux-gnu".into(),
                cpu: "x86-64".into(),
                features: vec!["sse2".into()],
            },
            inputs: vec![Input { name: "x".into(), dtype: DType::F32, shape: vec![3], bound: None }],
            outputs: vec![Output { name: "y".into(), dtype: DType::F32, shape: vec![3] }],
            weights: Weights { bytes: 0, blake3: Digest::of(&[]) },
            arena: Arena::default(),
            kernels: vec![Kernel { name: "k".into(), calls: 2, flops: 8, bytes: 16 }],
            metadata: BTreeMap::from([("author".into(), "nobody".into())]),
        }
    }

    #[test]
    fn the_json_is_stable_and_reads_back() {
        let digest = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";
        let expected = format!(
            r#"{{"abi":2,"producer":"hwc test","model":"tiny","target":{{"triple":"x86_64-unknown-linux-gnu","cpu":"x86-64","features":["sse2"]}},"inputs":[{{"name":"x","dtype":"f32","shape":[3],"bound":null}}],"outputs":[{{"name":"y","dtype":"f32","shape":[3]}}],"weights":{{"bytes":0,"blake3":"{digest}"}},"arena":{{"bytes":0,"alignment":64}},"kernels":[{{"name":"k","calls":2,"flops":8,"bytes":16}}],"metadata":{{"author":"nobody"}}}}"#
        );
        assert_eq!(tiny().to_json(), expected);
        assert_eq!(Manifest::from_json(expected.as_bytes()), Ok(tiny()));
    }

    #[test]
    fn everything_inconsistent_is_listed() {
        let mut manifest = tiny();
        manifest.inputs.push(manifest.inputs[0].clone());
        manifest.outputs[0].name.clear();
        manifest.outputs[0].shape = vec![usize::MAX, 2];
        manifest.outputs.push(Output { name: "a\0b".into(), dtype: DType::I8, shape: vec![] });
        manifest.arena = Arena { bytes: u64::MAX, alignment: 48 };
        let report = Manifest::from_json(manifest.to_json().as_bytes()).expect_err("inconsistent").to_string();
        for part in [
            "input `x`: the name is used twice",
            "output 0: has no name",
            "output 1: its name has a NUL",
            "larger than",
            "48",
            "arena: 1844",
        ] {
            assert!(report.contains(part), "{part}: {report}");
        }
    }

    #[test]
    fn another_version_is_named_before_its_fields_are_read() {
        let report = Manifest::from_json(br#"{"abi": 7, "something": "else"}"#).expect_err("version").to_string();
        assert!(report.contains("ABI version 7") && report.contains("update the runtime"), "{report}");
        let report = Manifest::from_json(br#"{"abi": 1, "something": "else"}"#).expect_err("version").to_string();
        assert!(report.contains("ABI version 1") && report.contains("compile the model again"), "{report}");
        let report = Manifest::from_json(br#"{"abi": 2, "something": "else"}"#).expect_err("fields").to_string();
        assert!(report.contains("missing field"), "{report}");
        assert!(Manifest::from_json(b"\xff{").is_err());
    }
}
