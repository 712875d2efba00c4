// Operators whose addresses are data. Indices are of any integer type and count from the end of the axis where they are
// negative. None reaches outside of a tensor, whatever the indices: a read outside of the axis yields the nearest
// element (zero on an axis without elements), a write outside of it does not happen.

class Hwc_Gather<string mnemonic, string onnxName> : Hwc_Op<mnemonic> {
  let results = (outs Hwc_Tensor:$result);
  let onnx = onnxName;
  let cost = "Gather";
  let infer = "gather::" # mnemonic # "(call)";
  let reference = "gather::" # mnemonic # "(call)";
  let lowering = "gather::" # mnemonic # "(call)";
}

// How an element written meets the one that stands there.
defvar reductionText = [{
    `reduction` says how an update meets the element it is written to: `none` replaces it, `add`, `mul`, `min` and `max`
    combine the two. Updates are taken in row-major order of `updates`, so the last one stays where several meet under
    `none`. Integers wrap; NaN wins under `min` and `max`.
}];

def Hwc_GatherOp : Hwc_Gather<"gather", "Gather"> {
  let summary = "Slices of the operand chosen by index along an axis";
  let description = [{
    `result[p.., i.., q..] = operand[p.., indices[i..], q..]`: the indices' dimensions stand where `axis` was. An index
    outside of the axis reads the nearest slice.
  }];
  let arguments = (ins Hwc_Tensor:$operand, Hwc_Tensor:$indices, DefaultValuedAttr<I64Attr, "0">:$axis);
}

def Hwc_GatherElementsOp : Hwc_Gather<"gather_elements", "GatherElements"> {
  let summary = "Elements of the operand chosen by index along an axis, one for each index";
  let description = [{
    `result[p, i, q] = operand[p, indices[p, i, q], q]`, with `axis` in the middle. The indices have the operand's rank
    and are nowhere larger than it but along `axis`. An index outside of the axis reads the nearest element.
  }];
  let arguments = (ins Hwc_Tensor:$operand, Hwc_Tensor:$indices, DefaultValuedAttr<I64Attr, "0">:$axis);
}

def Hwc_GatherNdOp : Hwc_Gather<"gather_nd", "GatherND"> {
  let summary = "Slices of the operand chosen by tuples of indices";
  let description = [{
    `result[b.., i.., q..] = operand[b.., indices[b.., i.., :].., q..]`: the first `batch_dims` dimensions are common,
    the last dimension of the indices holds a tuple that addresses the dimensions after them. An index outside of its
    dimension reads the nearest slice.
  }];
  let arguments = (ins Hwc_Tensor:$operand, Hwc_Tensor:$indices, DefaultValuedAttr<I64Attr, "0">:$batch_dims);
}

def Hwc_ScatterElementsOp : Hwc_Gather<"scatter_elements", "ScatterElements"> {
  let summary = "The operand with elements written at indices along an axis";
  let description = [{
    `result[p, indices[p, i, q], q] = updates[p, i, q]`, with `axis` in the middle. Indices and updates have one shape,
    of the operand's rank and nowhere larger than it but along `axis`. Writes outside of the axis do not happen.
  }] # reductionText;
  let arguments = (ins Hwc_Tensor:$operand, Hwc_Tensor:$indices, Hwc_Tensor:$updates,
    DefaultValuedAttr<I64Attr, "0">:$axis, DefaultValuedStrAttr<StrAttr, "none">:$reduction);
}

def Hwc_ScatterNdOp : Hwc_Gather<"scatter_nd", "ScatterND"> {
  let summary = "The operand with slices written at tuples of indices";
  let description = [{
    `result[indices[i.., :].., q..] = updates[i.., q..]`: the last dimension of the indices holds a tuple that addresses
    the operand's first dimensions. Slices whose tuple lies outside of the operand are not written.
  }] # reductionText;
  let arguments = (ins Hwc_Tensor:$operand, Hwc_Tensor:$indices, Hwc_Tensor:$updates,
    DefaultValuedStrAttr<StrAttr, "none">:$reduction);
}

def Hwc_OneHotOp : Hwc_Gather<"one_hot", "OneHot"> {
  let summary = "One element that is on in a row of `depth` that are off, for each index";
  let description = [{
    `result[p, i, q] = values[1]` where `indices[p, q] == i`, `values[0]` elsewhere; `axis` is where the new dimension
    of `depth` elements stands in the result. Indices may be of a floating-point type, whose fractions are dropped.
    Those outside of `-depth..depth` are nowhere on.
  }];
  let arguments = (ins Hwc_Tensor:$indices, Hwc_Tensor:$values, I64Attr:$depth,
    DefaultValuedAttr<I64Attr, "-1">:$axis);
}

def Hwc_ReverseSequenceOp : Hwc_Gather<"reverse_sequence", "ReverseSequence"> {
  let summary = "The first elements along an axis in reverse, as many as each batch entry says";
  let description = [{
    Along `time_axis`, entry `b` of `batch_axis` has its first `lengths[b]` elements reversed and the others kept. The
    two axes are 0 and 1 in either order. Lengths are clamped to the axis.
  }];
  let arguments = (ins Hwc_Tensor:$operand, Hwc_Tensor:$lengths, DefaultValuedAttr<I64Attr, "1">:$batch_axis,
    DefaultValuedAttr<I64Attr, "0">:$time_axis);
}
