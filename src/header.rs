//! The C header of a compiled library.

use hwc_runtime::{DType, Manifest, abi};

/// A header that declares the library's entry and says what it expects, with the names and sizes of this model.
pub fn header(manifest: &Manifest) -> String {
    let guard = format!("HWC_MODEL_{}_H", identifier(&manifest.model).to_uppercase());
    let mut text = format!(
        "/* Model `{}`, compiled by {} for {}. */\n#ifndef {guard}\n#define {guard}\n\n#include <stddef.h>\n#include <stdint.h>\n\n\
         #ifdef __cplusplus\nextern \"C\" {{\n#endif\n\n",
        comment(&manifest.model),
        comment(&manifest.producer),
        comment(&manifest.target.cpu),
    );
    text += "/* Values of hwc_run's `inputs`, in order. Row-major, little-endian. */\n";
    for (i, input) in manifest.inputs.iter().enumerate() {
        text += &entry("INPUT", i, &input.name, input.dtype, &input.shape);
    }
    text += "\n/* Room for hwc_run's `outputs`, in order. */\n";
    for (i, output) in manifest.outputs.iter().enumerate() {
        text += &entry("OUTPUT", i, &output.name, output.dtype, &output.shape);
    }
    text += &format!(
        "\n#define HWC_INPUTS {}\n#define HWC_OUTPUTS {}\n#define HWC_WEIGHTS_BYTES {}\n#define HWC_ARENA_BYTES {}\n#define HWC_ALIGNMENT {}\n",
        manifest.inputs.len(),
        manifest.outputs.len(),
        manifest.weights.bytes,
        manifest.arena.bytes,
        manifest.arena.alignment,
    );
    text += &format!("\n/* Threads that share the work of a call. */\n{}", abi::WORKERS_DECLARATION);
    text += &format!(
        "\n/* Runs the model once. `weights` is the content of the file NAME.weights and `arena` scratch memory, both aligned to\n   \
         HWC_ALIGNMENT bytes; `workers` is NULL, or threads to share the work with: your own, or hwc_pool_workers of libhwc_runtime.\n   \
         The outputs do not depend on them. Calls may overlap if each has its own arena and outputs. Returns 0. */\n\
         int32_t {}(const void *weights, void *arena, const void *const *inputs, void *const *outputs,\n                \
         const hwc_workers *workers);\n\n\
         /* What the model asks for and gives, as JSON. */\nextern const char {}[];\n\n\
         #ifdef __cplusplus\n}}\n#endif\n\n#endif\n",
        abi::ENTRY_SYMBOL,
        abi::MANIFEST_SYMBOL,
    );
    text
}

fn entry(kind: &str, index: usize, name: &str, dtype: DType, shape: &[usize]) -> String {
    let bytes = shape.iter().product::<usize>() * dtype.size();
    let shape: Vec<String> = shape.iter().map(usize::to_string).collect();
    format!("#define HWC_{kind}_{index}_BYTES {bytes} /* {}: {dtype} [{}] */\n", comment(name), shape.join(", "))
}

fn identifier(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// Names come from the model and must not end the comment they stand in.
fn comment(text: &str) -> String {
    text.replace("*/", "* /").replace(['\n', '\r', '\\'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_leave_their_comment() {
        assert_eq!(comment("a*/\nint x;"), "a* / int x;");
        assert_eq!(identifier("1.x y"), "1_x_y");
    }
}
