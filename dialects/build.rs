//! Turns `td/*.td` into MLIR's C++ classes and the Rust operator table.

use std::env;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let prefix = PathBuf::from(env::var("MLIR_SYS_220_PREFIX").unwrap_or_else(|_| "/usr/lib/llvm-22".into()));
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo:rerun-if-changed=td");
    println!("cargo:rerun-if-changed=cpp");
    println!("cargo:rerun-if-env-changed=MLIR_SYS_220_PREFIX");

    let tblgen = |source: &str, tool: &str, action: &str, file: &str| -> Result<String, Box<dyn std::error::Error>> {
        let program = prefix.join("bin").join(tool);
        let result = Command::new(&program)
            .arg(action)
            .arg("-I")
            .arg(prefix.join("include"))
            .args(["-I", "td"])
            .arg(format!("td/{source}.td"))
            .output()
            .map_err(|e| {
                format!("cannot run {}: {e}; `cargo xtask setup` installs LLVM and MLIR 22", program.display())
            })?;
        if !result.status.success() {
            return Err(format!("{tool} {action}:\n{}", String::from_utf8_lossy(&result.stderr)).into());
        }
        let text = String::from_utf8(result.stdout)?;
        std::fs::write(out.join(file), &text)?;
        Ok(text)
    };
    for (source, action, file) in [
        ("Hwc", "-gen-dialect-decls", "HwcDialect.h.inc"),
        ("Hwc", "-gen-dialect-defs", "HwcDialect.cpp.inc"),
        ("Hwc", "-gen-op-decls", "HwcOps.h.inc"),
        ("Hwc", "-gen-op-defs", "HwcOps.cpp.inc"),
        ("Hwk", "-gen-dialect-decls", "HwkDialect.h.inc"),
        ("Hwk", "-gen-dialect-defs", "HwkDialect.cpp.inc"),
        ("Hwk", "-gen-attr-interface-decls", "HwkInterfaces.h.inc"),
        ("Hwk", "-gen-attr-interface-defs", "HwkInterfaces.cpp.inc"),
        ("Hwk", "-gen-attrdef-decls", "HwkAttributes.h.inc"),
        ("Hwk", "-gen-attrdef-defs", "HwkAttributes.cpp.inc"),
        ("Hwk", "-gen-op-decls", "HwkOps.h.inc"),
        ("Hwk", "-gen-op-defs", "HwkOps.cpp.inc"),
    ] {
        tblgen(source, "mlir-tblgen", action, file)?;
    }
    let records: Value = serde_json::from_str(&tblgen("Hwc", "llvm-tblgen", "--dump-json", "records.json")?)?;
    std::fs::write(out.join("table.rs"), table(&records)?)?;

    let mut build = cc::Build::new();
    // What mlir-tblgen writes is long and hardly ever runs: clang without optimization takes a third of gcc's time.
    let clang = prefix.join("bin/clang++");
    if clang.exists() {
        build.compiler(clang);
    }
    build
        .cpp(true)
        .std("c++17")
        .flag("-fno-rtti")
        .flag("-w") // LLVM's headers warn under gcc, and so does what mlir-tblgen writes.
        .opt_level(0)
        .debug(false)
        .include(prefix.join("include"))
        .include(&out)
        .include("cpp")
        .file("cpp/Hwc.cpp")
        .file("cpp/Hwk.cpp")
        .compile("hwc_dialect");
    Ok(())
}

/// The Rust operator table: `enum Op`, one `OpInfo` a row, and the macro `for_each_op` that carries the lowerings.
fn table(records: &Value) -> Result<String, Box<dyn std::error::Error>> {
    let names = records["!instanceof"]["Hwc_Op"].as_array().ok_or("no operator in td/Hwc.td")?;
    let (mut variants, mut rows, mut lowerings) = (String::new(), String::new(), String::new());
    for name in names.iter().filter_map(Value::as_str) {
        let record = &records[name];
        let field = |key: &str| record[key].as_str().ok_or(format!("{name}: column `{key}` is not set"));
        let variant = name.trim_start_matches("Hwc_").trim_end_matches("Op");
        let (operands, attributes) = arguments(records, name)?;
        let results = record["results"]["args"].as_array().map_or(0, Vec::len);
        writeln!(variants, "    /// {}\n    {variant},", field("summary")?.replace('[', "\\[").replace(']', "\\]"))?;
        writeln!(
            rows,
            "    OpInfo {{ op: Op::{variant}, mnemonic: {:?}, name: {:?}, onnx: {:?}, cost: CostClass::{}, order: AxisOrder::{}, operands: &[{operands}], \
             attributes: &[{attributes}], results: {results},\n        infer: {{ #[allow(unused_imports)] use crate::infer::*; |call| {} }},\n        \
             evaluate: {{ #[allow(unused_imports)] use crate::reference::*; |call| {} }} }},",
            field("opName")?,
            format!("hwc.{}", field("opName")?),
            field("onnx")?,
            field("cost")?,
            field("order")?,
            field("infer")?,
            field("reference")?,
        )?;
        writeln!(lowerings, "            {variant} => {};", field("lowering")?.replace("(call", "($call"))?;
    }
    Ok(format!(
        "/// An operator of the dialect.\n\
         #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]\n\
         pub enum Op {{\n{variants}}}\n\n\
         static TABLE: &[OpInfo] = &[\n{rows}];\n\n\
         /// Calls `$callback!` with a row `Variant => lowering;` for each operator, the call's argument being named `$call`.\n\
         #[macro_export]\n\
         macro_rules! for_each_op {{\n    ($callback:ident, $call:ident) => {{\n        $callback! {{\n            $call\n{lowerings}        }}\n    }};\n}}\n"
    ))
}

/// The operand and attribute columns of one row.
fn arguments(records: &Value, op: &str) -> Result<(String, String), Box<dyn std::error::Error>> {
    let (mut operands, mut attributes) = (String::new(), String::new());
    for argument in records[op]["arguments"]["args"].as_array().into_iter().flatten() {
        let (Some(definition), Some(name)) = (argument[0]["def"].as_str(), argument[1].as_str()) else {
            return Err(format!("{op}: every argument needs a name").into());
        };
        let is = |record: &Value, class: &str| {
            record["!superclasses"].as_array().is_some_and(|s| s.iter().any(|c| c.as_str() == Some(class)))
        };
        let record = &records[definition];
        if !is(record, "Attr") {
            let arity = match () {
                () if is(record, "Optional") => "Optional",
                () if is(record, "Variadic") => "Variadic",
                () => "One",
            };
            write!(operands, "OperandInfo {{ name: {name:?}, arity: Arity::{arity} }}, ")?;
            continue;
        }
        let base = record["baseAttr"]["def"].as_str().unwrap_or(definition);
        let kind = match base {
            "I64Attr" => "Int",
            "BoolAttr" => "Bool",
            "F32Attr" => "Float",
            "StrAttr" => "Str",
            "TypeAttr" => "Type",
            "ElementsAttr" => "Elements",
            "DenseI64ArrayAttr" => "Ints",
            "DenseF32ArrayAttr" => "Floats",
            "StrArrayAttr" => "Strs",
            other => {
                return Err(format!(
                    "{op}: attribute `{name}` has type {other}, which the operator table does not know"
                )
                .into());
            }
        };
        // The default's C++ spelling is a Rust literal for every kind but arrays, whose braces become brackets.
        let presence = match record["defaultValue"].as_str() {
            Some(default) if !default.is_empty() => {
                let text = default.trim();
                let value = match kind {
                    "Int" => format!("DefaultValue::Int({text})"),
                    "Bool" => format!("DefaultValue::Bool({text})"),
                    "Float" => format!("DefaultValue::Float({})", text.trim_end_matches(['f', 'F'])),
                    "Str" => format!("DefaultValue::Str({:?})", text.trim_matches('"')),
                    "Ints" => format!("DefaultValue::Ints(&[{}])", text.trim_matches(['{', '}'])),
                    "Floats" => format!("DefaultValue::Floats(&[{}])", text.trim_matches(['{', '}'])),
                    _ => return Err(format!("{op}: attribute `{name}` cannot have a default").into()),
                };
                format!("Presence::Default({value})")
            }
            _ if is(record, "OptionalAttr") => "Presence::Optional".to_string(),
            _ => "Presence::Required".to_string(),
        };
        write!(attributes, "AttributeInfo {{ name: {name:?}, kind: AttributeKind::{kind}, presence: {presence} }}, ")?;
    }
    Ok((operands, attributes))
}
