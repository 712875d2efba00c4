// Recurrences over time, in one direction.
//
// `projected` is the input's part of the gates for all steps, `[T, N, gates * H]`: the product of the input with its
// weights plus all biases, which needs no recurrence and is therefore an operation of its own. `recurrence` is
// `[H, gates * H]`. With `reverse` time runs backwards. Sequence `n` ends after `lengths[n]` (i32) steps: results at later
// steps are zero, the final state is the one at its end, and a reversed recurrence begins at its end. `initial_*` are
// zero where absent. `clip`, where positive, bounds the arguments of the gates' activations.
//
// An activation is one of Affine, Elu, HardSigmoid, LeakyRelu, Relu, ScaledTanh, Sigmoid, Softplus, Softsign, Tanh and
// ThresholdedRelu, with its `alpha` and `beta`, 0 where it has none.

// What every recurrence has.
class Hwc_Recurrence<string mnemonic, list<Trait> traits = []> : Hwc_Op<mnemonic, traits # [AttrSizedOperandSegments]> {
  dag common = (ins StrArrayAttr:$activations,
                    DenseF32ArrayAttr:$alpha,
                    DenseF32ArrayAttr:$beta,
                    DefaultValuedAttr<F32Attr, "0.0">:$clip,
                    DefaultValuedAttr<BoolAttr, "false">:$reverse);
  let cost = "Scan";
  let infer = "recurrent::" # mnemonic # "(call)";
  let reference = "recurrent::" # mnemonic # "(call)";
  let lowering = "recurrent::" # mnemonic # "(call)";
}

def Hwc_RnnOp : Hwc_Recurrence<"rnn"> {
  let summary = "Recurrence of one gate";
  let description = [{
    `h = f(projected + h R)`. Results: the states of all steps `[T, N, H]` and the last one `[N, H]`.
  }];
  let arguments = !con((ins Hwc_Tensor:$projected, Hwc_Tensor:$recurrence, Optional<Hwc_Tensor>:$lengths,
                            Optional<Hwc_Tensor>:$initial_h), common);
  let results = (outs Hwc_Tensor:$states, Hwc_Tensor:$last_h);
  let assemblyFormat = [{
    $projected `,` $recurrence (`lengths` $lengths^)? (`initial_h` $initial_h^)? attr-dict `:`
    functional-type(operands, results)
  }];
}

def Hwc_GruOp : Hwc_Recurrence<"gru"> {
  let summary = "Gated recurrence: gates z, r and h";
  let description = [{
    `z = f(projected_z + h R_z)`, `r = f(projected_r + h R_r)`, `n = g(projected_h + (r * h) R_h)`, `h = (1 - z) n + z h`;
    with `linear_before_reset` `n = g(projected_h + r * (h R_h + reset_bias))`, the only use of `reset_bias`, `[H]`.
    Results: the states of all steps `[T, N, H]` and the last one `[N, H]`.
  }];
  let arguments = !con((ins Hwc_Tensor:$projected, Hwc_Tensor:$recurrence, Optional<Hwc_Tensor>:$lengths,
                            Optional<Hwc_Tensor>:$initial_h, Optional<Hwc_Tensor>:$reset_bias), common,
                       (ins DefaultValuedAttr<BoolAttr, "false">:$linear_before_reset));
  let results = (outs Hwc_Tensor:$states, Hwc_Tensor:$last_h);
  let assemblyFormat = [{
    $projected `,` $recurrence (`lengths` $lengths^)? (`initial_h` $initial_h^)? (`reset_bias` $reset_bias^)? attr-dict
    `:` functional-type(operands, results)
  }];
}

def Hwc_LstmOp : Hwc_Recurrence<"lstm"> {
  let summary = "Long short-term memory: gates i, o, f and c";
  let description = [{
    `i = f(projected_i + h R_i + P_i * c)`, `f = f(projected_f + h R_f + P_f * c)` or with `input_forget` `1 - i`,
    `c' = f * c + i * g(projected_c + h R_c)`, `o = f(projected_o + h R_o + P_o * c')`, `h = o * h(c')`, where
    `activations` are `f`, `g` and `h`. `peepholes`, `[3 * H]`, are `P_i`, `P_o` and `P_f`.
    Results: the states of all steps `[T, N, H]`, the last one and the last cell, `[N, H]`.
  }];
  let arguments = !con((ins Hwc_Tensor:$projected, Hwc_Tensor:$recurrence, Optional<Hwc_Tensor>:$lengths,
                            Optional<Hwc_Tensor>:$initial_h, Optional<Hwc_Tensor>:$initial_c,
                            Optional<Hwc_Tensor>:$peepholes), common,
                       (ins DefaultValuedAttr<BoolAttr, "false">:$input_forget));
  let results = (outs Hwc_Tensor:$states, Hwc_Tensor:$last_h, Hwc_Tensor:$last_c);
  let assemblyFormat = [{
    $projected `,` $recurrence (`lengths` $lengths^)? (`initial_h` $initial_h^)? (`initial_c` $initial_c^)?
    (`peepholes` $peepholes^)? attr-dict `:` functional-type(operands, results)
  }];
}
