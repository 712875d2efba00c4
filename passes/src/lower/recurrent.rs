//! Recurrences: a loop over time around small matrix products and elementwise gates.

use hwc_dialects::activation::Activation;
use hwc_runtime::DType;
use melior::ir::{Attribute, ValueLike};

use super::gate::{activate, clipped};
use super::product::{Factor, accumulate, dim, loops, rounded, zeros};
use super::rows::{Read, each, plain, wide};
use super::scalar::{load, store};
use super::{Emitter, Loop, LowerCall, Lowered, Order};
use crate::codegen::ir::Val;

/// What all steps of a recurrence share.
struct Recurrence<'c> {
    dtype: DType,
    steps: usize,
    batch: usize,
    hidden: usize,
    gates: usize,
    /// `[H, gates * H]`
    weights: Val<'c>,
    lengths: Option<Val<'c>>,
    activations: Vec<Activation>,
    clip: f64,
}

/// One step: its time, its part of `projected`, and where its state goes.
struct Step<'c> {
    time: Val<'c>,
    projected: Val<'c>,
    row: Val<'c>,
}

impl<'c> Recurrence<'c> {
    fn of(call: &LowerCall<'c, '_>, gates: usize) -> Result<Recurrence<'c>, String> {
        let dtype = call.dtype(0)?;
        plain(dtype)?;
        let &[steps, batch, hidden] = &call.result_shape(0)?[..] else { return Err("has no states of rank 3".into()) };
        Ok(Recurrence {
            dtype,
            steps,
            batch,
            hidden,
            gates,
            weights: call.operand(1)?,
            lengths: call.optional(2),
            activations: Activation::of(call.attrs).map_err(|e| e.to_string())?,
            clip: call.attrs.float("clip")?,
        })
    }

    /// A gate's activation, its argument bounded.
    fn gate(&self, emit: &Emitter<'c>, activation: usize, x: Val<'c>) -> Val<'c> {
        clipped(emit, self.dtype, &self.activations[activation], self.clip, x)
    }

    /// How gate `number` of `[N, gates, H]` is read by loops over `[N, H]`.
    fn gate_map(&self, emit: &Emitter<'c>, number: usize) -> Attribute<'c> {
        emit.map(2, &[dim(0), number.to_string(), dim(1)])
    }

    /// Reads all gates of `[N, gates, H]`.
    fn gates(&self, emit: &Emitter<'c>, tensor: Val<'c>, dtype: DType) -> Vec<Read<'c>> {
        (0..self.gates).map(|g| Read::new(tensor, dtype, self.gate_map(emit, g))).collect()
    }

    /// Reads vectors of `[count, H]`.
    fn vectors(&self, emit: &Emitter<'c>, tensor: Val<'c>, count: usize) -> Vec<Read<'c>> {
        (0..count).map(|i| Read::new(tensor, self.dtype, emit.map(2, &[i.to_string(), dim(1)]))).collect()
    }

    /// The state times the weights of the gates `from..to`: `[N, to - from, H]`.
    fn fed_back(&self, emit: &Emitter<'c>, state: Val<'c>, from: usize, to: usize) -> Val<'c> {
        let (h, columns) = (self.hidden, (to - from) * self.hidden);
        let weights = match (from, to - from == self.gates) {
            (_, true) => self.weights,
            _ => emit.slice(self.weights, &[0, from * h], &[h, columns], &[1, 1]),
        };
        let factors = [
            Factor::new(state, wide(self.dtype), emit.map(3, &[dim(0), dim(2)])),
            Factor::new(weights, self.dtype, emit.map(3, &[dim(2), dim(1)])),
        ];
        let out = zeros(emit, self.dtype, &[self.batch, columns]);
        let sums = accumulate(emit, &factors, &[], (out, emit.map(3, &[dim(0), dim(1)])), &loops(2, 1));
        emit.reshape(sums, &[self.batch, to - from, h])
    }

    /// The states after a step: what `body` makes of what is read and of the states, or the states themselves where the
    /// sequence has ended. The first of them is the step's result too. Returns the row and the states.
    fn update(
        &self,
        emit: &Emitter<'c>,
        step: &Step<'c>,
        reads: &[Read<'c>],
        states: &[Val<'c>],
        body: impl FnOnce(&Emitter<'c>, &[Val<'c>], &[Val<'c>]) -> Vec<Val<'c>>,
    ) -> Vec<Val<'c>> {
        let identity = emit.identity(2);
        let mut inputs: Vec<_> = reads.iter().map(|r| (r.tensor, r.map)).collect();
        inputs.extend(states.iter().map(|&state| (state, identity)));
        inputs.extend(self.lengths.map(|lengths| (lengths, emit.map(2, &[dim(0)]))));
        let fresh = |_: &Val<'c>| (emit.empty(emit.compute(self.dtype), &[self.batch, self.hidden]), identity);
        let outputs: Vec<_> = std::iter::once((step.row, identity)).chain(states.iter().map(fresh)).collect();
        emit.generic(&inputs, &outputs, &[Loop::Parallel; 2], |e, arguments| {
            let values: Vec<Val> = reads.iter().zip(arguments).map(|(r, &v)| load(e, r.dtype, v)).collect();
            let old = &arguments[reads.len()..][..states.len()];
            let mut next = body(e, &values, old);
            let mut row = next[0];
            if self.lengths.is_some() {
                let time = e.cast("arith.index_cast", step.time, e.integer_type(32));
                let runs = e.compare_signed(Order::Less, time, arguments[inputs.len() - 1]);
                row = e.select(runs, row, e.zero(row.r#type()));
                next = next.into_iter().zip(old).map(|(new, &old)| e.select(runs, new, old)).collect();
            }
            std::iter::once(store(e, self.dtype, row)).chain(next).collect()
        })
    }

    /// Runs `step` for all steps; it returns the row and the states.
    fn run(
        &self,
        call: &LowerCall<'c, '_>,
        states: usize,
        step: impl FnOnce(&Emitter<'c>, &Step<'c>, &[Val<'c>]) -> Vec<Val<'c>>,
    ) -> Lowered<'c> {
        let emit = &call.emit;
        let shape = [self.batch, self.hidden];
        let mut carried = vec![emit.empty(emit.storage(self.dtype), &[self.steps, self.batch, self.hidden])];
        for state in 0..states {
            carried.push(match call.optional(3 + state) {
                None => zeros(emit, self.dtype, &shape),
                Some(initial) => {
                    let read = Read::new(initial, self.dtype, emit.identity(2));
                    each(emit, &[read], wide(self.dtype), &shape, |_, x| x[0])
                }
            });
        }
        let projected = emit.reshape(call.operand(0)?, &[self.steps, self.batch, self.gates, self.hidden]);
        let reverse = call.attrs.bool("reverse")?;
        let run = |e: &Emitter<'c>, i: Val<'c>, carried: &[Val<'c>]| {
            let time = match reverse {
                true => e.subi(e.index(self.steps as i64 - 1), i),
                false => i,
            };
            let now = Step { time, projected: e.row(projected, time), row: e.row(carried[0], time) };
            let mut next = step(e, &now, &carried[1..]);
            next[0] = e.insert_row(next[0], carried[0], time);
            next
        };
        let (first, end, one) = (emit.index(0), emit.index(self.steps as i64), emit.index(1));
        let mut results = match self.steps {
            // A loop of one iteration would be dissolved, and its states with it.
            1 => run(emit, first, &carried),
            _ => emit.for_loop(first, end, one, &carried, |e, i, carried| {
                let mut next = run(e, i, carried);
                for (state, &old) in next.iter_mut().zip(carried).skip(1) {
                    *state = e.write_over(*state, old);
                }
                next
            }),
        };
        for state in &mut results[1..] {
            *state = rounded(emit, self.dtype, *state);
        }
        Ok(results)
    }
}

pub fn rnn<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let r = Recurrence::of(call, 1)?;
    r.run(call, 1, |emit, step, states| {
        let fed_back = r.fed_back(emit, states[0], 0, 1);
        let reads = [r.gates(emit, step.projected, r.dtype), r.gates(emit, fed_back, wide(r.dtype))].into_iter();
        let reads: Vec<Read> = reads.flatten().collect();
        r.update(emit, step, &reads, states, |e, x, _| vec![r.gate(e, 0, e.addf(x[0], x[1]))])
    })
}

pub fn gru<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let r = Recurrence::of(call, 3)?;
    if !call.attrs.bool("linear_before_reset")? {
        return r.run(call, 1, |emit, step, states| gru_reset_first(&r, emit, step, states));
    }
    let reset_bias = call.optional(4).map(|bias| call.emit.reshape(bias, &[1, r.hidden]));
    r.run(call, 1, |emit, step, states| {
        let fed_back = r.fed_back(emit, states[0], 0, 3);
        let mut reads = r.gates(emit, step.projected, r.dtype);
        reads.extend(r.gates(emit, fed_back, wide(r.dtype)));
        reads.extend(reset_bias.into_iter().flat_map(|bias| r.vectors(emit, bias, 1)));
        r.update(emit, step, &reads, states, |e, x, old| {
            let update = r.gate(e, 0, e.addf(x[0], x[3]));
            let reset = r.gate(e, 0, e.addf(x[1], x[4]));
            let biased = x.get(6).map_or(x[5], |&bias| e.addf(x[5], bias));
            let candidate = r.gate(e, 1, e.addf(x[2], e.mulf(reset, biased)));
            vec![mixed(e, update, candidate, old[0])]
        })
    })
}

/// One step in which the reset gate is applied to the state before it is multiplied.
fn gru_reset_first<'c>(r: &Recurrence<'c>, emit: &Emitter<'c>, step: &Step<'c>, states: &[Val<'c>]) -> Vec<Val<'c>> {
    let (numbers, shape, identity) = (wide(r.dtype), [r.batch, r.hidden], emit.identity(2));
    let fed_back = r.fed_back(emit, states[0], 0, 2);
    let of_gate = |gate: usize| {
        [
            Read::new(step.projected, r.dtype, r.gate_map(emit, gate)),
            Read::new(fed_back, numbers, r.gate_map(emit, gate)),
        ]
    };
    let update = each(emit, &of_gate(0), numbers, &shape, |e, x| r.gate(e, 0, e.addf(x[0], x[1])));
    let [projected, fed] = of_gate(1);
    let reads = [projected, fed, Read::new(states[0], numbers, identity)];
    let kept = each(emit, &reads, numbers, &shape, |e, x| e.mulf(r.gate(e, 0, e.addf(x[0], x[1])), x[2]));
    let fed_back = r.fed_back(emit, kept, 2, 3);
    let reads = [
        Read::new(update, numbers, identity),
        Read::new(step.projected, r.dtype, r.gate_map(emit, 2)),
        Read::new(fed_back, numbers, r.gate_map(emit, 0)),
    ];
    r.update(emit, step, &reads, states, |e, x, old| {
        let candidate = r.gate(e, 1, e.addf(x[1], x[2]));
        vec![mixed(e, x[0], candidate, old[0])]
    })
}

/// `(1 - update) * candidate + update * old`
fn mixed<'c>(emit: &Emitter<'c>, update: Val<'c>, candidate: Val<'c>, old: Val<'c>) -> Val<'c> {
    let rest = emit.subf(emit.float(update.r#type(), 1.0), update);
    emit.addf(emit.mulf(rest, candidate), emit.mulf(update, old))
}

pub fn lstm<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let r = Recurrence::of(call, 4)?;
    let couple = call.attrs.bool("input_forget")?;
    let peepholes = call.optional(5).map(|p| call.emit.reshape(p, &[3, r.hidden]));
    r.run(call, 2, |emit, step, states| {
        let fed_back = r.fed_back(emit, states[0], 0, 4);
        let mut reads = r.gates(emit, step.projected, r.dtype);
        reads.extend(r.gates(emit, fed_back, wide(r.dtype)));
        reads.extend(peepholes.into_iter().flat_map(|p| r.vectors(emit, p, 3)));
        r.update(emit, step, &reads, states, |e, x, old| {
            let c = old[1];
            // Gates stand in the order i, o, f, c; peepholes in the order i, o, f.
            let argument = |gate: usize, cell: Val<'c>| {
                let plain = e.addf(x[gate], x[4 + gate]);
                match x.get(8 + gate) {
                    Some(&peephole) if gate < 3 => e.addf(plain, e.mulf(peephole, cell)),
                    _ => plain,
                }
            };
            let input = r.gate(e, 0, argument(0, c));
            let forget = match couple {
                true => e.subf(e.float(input.r#type(), 1.0), input),
                false => r.gate(e, 0, argument(2, c)),
            };
            let candidate = r.gate(e, 1, argument(3, c));
            let cell = e.addf(e.mulf(forget, c), e.mulf(input, candidate));
            let output = r.gate(e, 0, argument(1, cell));
            vec![e.mulf(output, activate(e, r.dtype, &r.activations[2], cell)), cell]
        })
    })
}

#[cfg(test)]
mod tests {
    use hwc_dialects::activation::TABLE;
    use hwc_dialects::{Attrs, Op, attrs};
    use hwc_runtime::Tensor;

    use super::*;
    use crate::lower::testing::{check, random};

    fn attributes(names: &[&str], reverse: bool) -> Attrs {
        let parameter = |column: fn(&(&str, hwc_dialects::activation::Kind, f64, f64)) -> f64| -> Vec<f64> {
            names.iter().map(|n| TABLE.iter().find(|row| row.0 == *n).map_or(0.0, column)).collect()
        };
        attrs! {
            "activations" => names.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "alpha" => parameter(|row| row.2), "beta" => parameter(|row| row.3), "reverse" => reverse,
        }
    }

    /// Operator, gates, activations, slot and size of the vector.
    type Cell = (Op, usize, &'static [&'static str], Option<(usize, usize)>);
    const CELLS: &[Cell] = &[
        (Op::Rnn, 1, &["Tanh"], None),
        (Op::Gru, 3, &["Sigmoid", "Tanh"], None),
        (Op::Lstm, 4, &["Sigmoid", "Tanh", "Tanh"], Some((5, 3))),
    ];

    fn small(dtype: DType, shape: &[usize], seed: u64) -> Tensor {
        use hwc_dialects::reference::number::{floats, from_floats};
        let values = floats(&random(dtype, shape, seed)).into_iter().map(|v| v / 8.0);
        from_floats(dtype, shape, values).unwrap()
    }

    #[test]
    fn cells_in_either_direction() {
        for &(op, gates, names, vector) in CELLS {
            for (steps, batch, hidden) in [(5, 2, 3), (3, 1, 18), (1, 3, 1), (0, 2, 3)] {
                for reverse in [false, true] {
                    let x = small(DType::F32, &[steps, batch, gates * hidden], 1);
                    let r = small(DType::F32, &[hidden, gates * hidden], 2);
                    let states = [small(DType::F32, &[batch, hidden], 3), small(DType::F32, &[batch, hidden], 4)];
                    let lengths = (0..batch).map(|i| (i * 2) as i32).collect::<Vec<_>>();
                    let lengths = Tensor::from_vec(vec![batch], lengths).unwrap();
                    let extra = vector.map(|(_, n)| small(DType::F32, &[n * hidden], 5));
                    let attrs = attributes(names, reverse);
                    check(op, &attrs, &[Some(&x), Some(&r)], 1e-5);
                    let mut all = vec![Some(&x), Some(&r), Some(&lengths), Some(&states[0])];
                    if op == Op::Lstm {
                        all.extend([Some(&states[1]), extra.as_ref()]);
                    }
                    check(op, &attrs, &all, 1e-5);
                }
            }
        }
    }

    #[test]
    fn variants() {
        let (x, r) = (small(DType::F32, &[4, 2, 12], 1), small(DType::F32, &[3, 12], 2));
        let mut attrs = attributes(&["Sigmoid", "Tanh", "Tanh"], false);
        attrs.set("clip", 0.25);
        attrs.set("input_forget", true);
        check(Op::Lstm, &attrs, &[Some(&x), Some(&r)], 1e-5);
        let (x, r) = (small(DType::F32, &[4, 2, 9], 1), small(DType::F32, &[3, 9], 2));
        let bias = small(DType::F32, &[3], 6);
        let mut attrs = attributes(&["Sigmoid", "Tanh"], true);
        attrs.set("linear_before_reset", true);
        check(Op::Gru, &attrs, &[Some(&x), Some(&r)], 1e-5);
        check(Op::Gru, &attrs, &[Some(&x), Some(&r), None, None, Some(&bias)], 1e-5);
        for dtype in [DType::F16, DType::F64] {
            let (x, r) = (small(dtype, &[2, 2, 9], 1), small(dtype, &[3, 9], 2));
            check(Op::Gru, &attributes(&["Sigmoid", "Tanh"], false), &[Some(&x), Some(&r)], 2e-3);
        }
    }

    #[test]
    fn every_activation() {
        let (x, r) = (random(DType::F32, &[3, 2, 5], 1), small(DType::F32, &[5, 5], 2));
        for row in TABLE {
            check(Op::Rnn, &attributes(&[row.0], false), &[Some(&x), Some(&r)], 1e-5);
        }
    }
}
