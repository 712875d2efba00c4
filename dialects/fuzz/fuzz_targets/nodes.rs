//! Small models made of operators that can be imported, with arbitrary types, attributes and constants. What is imported
//! must evaluate to tensors of the types that were inferred.
#![no_main]

use arbitrary::{Result, Unstructured};
use hwc_dialects::onnx::proto::*;
use hwc_dialects::onnx::{Options, import, load_bytes, ops};
use hwc_dialects::{TensorType, reference};
use hwc_runtime::tensor::byte_len;
use hwc_runtime::{DType, Tensor};
use libfuzzer_sys::fuzz_target;
use prost::Message;

/// Elements up to which a program is evaluated.
const SMALL: usize = 1 << 12;

/// Names of attributes that some operator has.
const ATTRIBUTES: &[&str] = &[
    "alpha",
    "auto_pad",
    "axes",
    "axis",
    "batch_axis",
    "batch_dims",
    "beta",
    "block_shape",
    "blocksize",
    "body",
    "ceil_mode",
    "clip",
    "count_include_pad",
    "coordinate_transformation_mode",
    "detect_negative",
    "dilations",
    "direction",
    "dtype",
    "else_branch",
    "end",
    "epsilon",
    "equation",
    "exclusive",
    "fmod",
    "gamma",
    "group",
    "hidden_size",
    "ignore_index",
    "interleaved",
    "is_causal",
    "k",
    "keepdims",
    "kernel_shape",
    "kv_num_heads",
    "largest",
    "layout",
    "linear_before_reset",
    "mode",
    "nearest_mode",
    "new_axis",
    "noop_with_empty_axes",
    "num_groups",
    "num_heads",
    "num_outputs",
    "num_scan_inputs",
    "onesided",
    "output_padding",
    "output_shape",
    "p",
    "pads",
    "perm",
    "q_num_heads",
    "reduction",
    "reverse",
    "sampling_ratio",
    "scale",
    "select_last_index",
    "size",
    "sorted",
    "split",
    "start",
    "storage_order",
    "strides",
    "then_branch",
    "time_axis",
    "to",
    "transA",
    "transB",
    "upper",
    "value",
    "value_ints",
    "allowzero",
    "saturate",
];

/// Values of attributes that are texts.
const TEXTS: &[&str] = &[
    "",
    "ij,jk->ik",
    "...i,...i",
    "ii",
    "add",
    "mul",
    "max",
    "min",
    "none",
    "mean",
    "sum",
    "linear",
    "nearest",
    "cubic",
    "constant",
    "reflect",
    "edge",
    "wrap",
    "asymmetric",
    "half_pixel",
    "align_corners",
    "tf_crop_and_resize",
    "floor",
    "SAME_UPPER",
    "SAME_LOWER",
    "VALID",
    "NOTSET",
    "CRD",
    "DCR",
    "bidirectional",
    "reverse",
    "forward",
    "LEFT",
    "RIGHT",
    "tanh",
];

fuzz_target!(|data: &[u8]| {
    let Ok(file) = model(&mut Unstructured::new(data)) else { return };
    let Ok(model) = load_bytes(file, None) else { return };
    let imported = match import(&model, &Options::default()) {
        Ok(imported) => imported,
        Err(report) => {
            assert!(!report.to_string().is_empty());
            return;
        }
    };
    let program = imported.program;
    let small = |ty: &TensorType| ty.elements().is_some_and(|n| n <= SMALL);
    let results = program.operations.iter().flat_map(|operation| &operation.results);
    if !results.map(|var| var.ty()).chain(program.inputs.iter().map(|input| &input.ty)).all(small) {
        return;
    }
    let inputs: Option<Vec<Tensor>> = program.inputs.iter().map(|input| filled(&input.ty)).collect();
    let Some(inputs) = inputs else { return };
    // An evaluator may refuse values; its results are of the types that were inferred.
    match program.evaluate(&inputs) {
        Ok(outputs) => assert_eq!(outputs.len(), program.outputs.len()),
        Err(error) => assert!(!error.contains(reference::DEFECT), "{error}"),
    }
});

/// A tensor of small numbers that are sound in every type.
fn filled(ty: &TensorType) -> Option<Tensor> {
    let shape = ty.static_shape()?;
    let count = byte_len(ty.dtype, &shape)? / ty.dtype.size();
    reference::number::from_integers(ty.dtype, &shape, (0..count).map(|i| (i % 2) as i128)).ok()
}

fn model(u: &mut Unstructured) -> Result<Vec<u8>> {
    let version = u.int_in_range(7..=25)?;
    let mut names = Vec::new();
    let graph = graph(u, &mut names, 2)?;
    let model = ModelProto {
        ir_version: Some(10),
        opset_import: vec![
            OperatorSetIdProto { domain: String::new(), version },
            OperatorSetIdProto { domain: "com.microsoft".into(), version: 1 },
        ],
        graph: Some(Box::new(graph)),
        ..Default::default()
    };
    Ok(model.encode_to_vec())
}

/// A graph that reads the values `names` of the graphs around it.
fn graph(u: &mut Unstructured, names: &mut Vec<String>, depth: usize) -> Result<GraphProto> {
    let mut graph = GraphProto::default();
    let prefix = format!("{depth}_{}_", names.len());
    for index in 0..u.int_in_range(0..=3)? {
        let name = format!("{prefix}i{index}");
        let dims = shape(u)?.into_iter().map(|d| DimensionProto { value: Some(DimensionValue::Value(d)) });
        let shape = Some(TensorShapeProto { dim: dims.collect() });
        let tensor = TypeValue::Tensor(TensorTypeProto { elem_type: dtype(u)?.onnx(), shape });
        let r#type = Some(Box::new(TypeProto { value: Some(tensor) }));
        graph.input.push(ValueInfoProto { name: name.clone(), r#type });
        names.push(name);
    }
    for index in 0..u.int_in_range(0..=3)? {
        let name = format!("{prefix}c{index}");
        graph.initializer.push(TensorProto { name: name.clone(), ..tensor(u)? });
        names.push(name);
    }
    let rules: Vec<_> = ops::names().collect();
    for index in 0..u.int_in_range(1..=4)? {
        let &(domain, op_type) = u.choose(&rules)?;
        let mut node = NodeProto { domain: domain.into(), op_type: op_type.into(), ..Default::default() };
        for _ in 0..u.int_in_range(0..=4)? {
            let name = if names.is_empty() || u.ratio(1, 8)? { String::new() } else { u.choose(names)?.clone() };
            node.input.push(name);
        }
        for _ in 0..u.int_in_range(0..=4)? {
            let name = u.choose(ATTRIBUTES)?;
            if node.attribute.iter().all(|attribute| attribute.name != *name) {
                node.attribute.push(attribute(u, name, names, depth)?);
            }
        }
        for output in 0..u.int_in_range(1..=3)? {
            node.output.push(format!("{prefix}v{index}_{output}"));
        }
        names.extend(node.output.iter().cloned());
        graph.node.push(node);
    }
    for _ in 0..u.int_in_range(1..=3)? {
        let name = u.choose(names)?.clone();
        if graph.output.iter().all(|output| output.name != name) {
            graph.output.push(ValueInfoProto { name, r#type: None });
        }
    }
    Ok(graph)
}

fn attribute(u: &mut Unstructured, name: &str, names: &[String], depth: usize) -> Result<AttributeProto> {
    let mut attribute = AttributeProto { name: name.into(), ..Default::default() };
    if matches!(name, "body" | "then_branch" | "else_branch") && depth > 0 {
        attribute.g = Some(Box::new(graph(u, &mut names.to_vec(), depth - 1)?));
        return Ok(attribute);
    }
    match u.int_in_range(0..=9)? {
        0..=3 => attribute.i = Some(integer(u)?),
        4..=6 => {
            for _ in 0..u.int_in_range(1..=4)? {
                attribute.ints.push(integer(u)?);
            }
        }
        7 => attribute.f = Some(*u.choose(&[0.0, 1.0, -1.0, 0.5, f32::INFINITY, f32::NAN])?),
        8 => attribute.s = Some(u.choose(TEXTS)?.as_bytes().to_vec().into()),
        _ => attribute.t = Some(Box::new(tensor(u)?)),
    }
    Ok(attribute)
}

/// Mostly small, sometimes where arithmetic overflows.
fn integer(u: &mut Unstructured) -> Result<i64> {
    Ok(match u.int_in_range(0..=15)? {
        0 => *u.choose(&[i64::MIN, i64::MAX, i64::MAX - 1, 1 << 31, -(1 << 31), 1 << 62, 1 << 40])?,
        1 => u.int_in_range(-20..=40)?,
        _ => u.int_in_range(-2..=4)?,
    })
}

fn dtype(u: &mut Unstructured) -> Result<DType> {
    if u.ratio(1, 2)? {
        Ok(*u.choose(&[DType::F32, DType::I64, DType::Bool, DType::U8, DType::I8])?)
    } else {
        Ok(*u.choose(DType::ALL)?)
    }
}

fn shape(u: &mut Unstructured) -> Result<Vec<i64>> {
    let rank = u.int_in_range(0..=4)?;
    (0..rank).map(|_| Ok(*u.choose(&[0, 1, 1, 2, 2, 3, 5])?)).collect()
}

fn tensor(u: &mut Unstructured) -> Result<TensorProto> {
    let (mut proto, small) = (TensorProto { data_type: DType::I64.onnx(), ..Default::default() }, u.ratio(1, 2)?);
    if small {
        // The axes, shapes and bounds that operators take as inputs.
        for _ in 0..u.int_in_range(0..=4)? {
            proto.int64_data.push(integer(u)?);
        }
        if proto.int64_data.len() != 1 || u.arbitrary()? {
            proto.dims = vec![proto.int64_data.len() as i64];
        }
        return Ok(proto);
    }
    let (dtype, dims) = (dtype(u)?, shape(u)?);
    let count: usize = dims.iter().map(|&d| d as usize).product();
    let bytes = if dtype.bits() < 8 && dtype != DType::Bool {
        (count * dtype.bits() as usize).div_ceil(8)
    } else {
        count * dtype.size()
    };
    let seed: [u8; 8] = u.arbitrary()?;
    let data: Vec<u8> = seed.iter().copied().cycle().take(bytes).collect();
    Ok(TensorProto { dims, data_type: dtype.onnx(), raw_data: Some(data.into()), ..Default::default() })
}
