//! Loops of machine code.

use iced_x86::{FlowControl, Instruction, OpKind};

use super::Function;

/// Beginnings of what arithmetic instructions on vectors are called, after the `v` that AVX puts there.
const ARITHMETIC: &[&str] =
    &["add", "sub", "mul", "div", "max", "min", "sqrt", "fm", "fnm", "dp", "padd", "psub", "pmul", "pmadd"];

/// From the target of a jump back to the jump, as places in a function.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Loop {
    first: usize,
    last: usize,
}

impl Loop {
    fn holds(&self, other: &Loop) -> bool {
        self != other && self.first <= other.first && other.last <= self.last
    }
}

/// What decides which loop is executed most often, in this order.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
struct Rank {
    computes: bool,
    /// How many loops it is in.
    depth: usize,
    /// Bytes that its arithmetic gives.
    work: usize,
    instructions: usize,
}

/// The loop without other loops in it that seems to be executed most often: one that computes, then the deepest, then the
/// one with the most arithmetic. Code without loops is all of it one iteration, of the largest function.
pub(super) fn innermost(functions: &[Function]) -> &[Instruction] {
    let mut best: Option<(Rank, &[Instruction])> = None;
    for function in functions {
        let loops = loops(function);
        for one in loops.iter().filter(|one| !loops.iter().any(|other| one.holds(other))) {
            let body = &function.instructions[one.first..=one.last];
            let work = body.iter().map(work).sum();
            let depth = loops.iter().filter(|other| other.holds(one)).count();
            let rank = Rank { computes: work > 0, depth, work, instructions: body.len() };
            if best.is_none_or(|(known, _)| rank > known) {
                best = Some((rank, body));
            }
        }
    }
    let all = || functions.iter().map(|f| &f.instructions[..]).max_by_key(|body| body.len()).unwrap_or_default();
    best.map_or_else(all, |(_, body)| body)
}

/// One for each instruction that is jumped back to.
fn loops(function: &Function) -> Vec<Loop> {
    let mut loops: Vec<Loop> = vec![];
    for (last, jump) in function.instructions.iter().enumerate() {
        let jumps = matches!(jump.flow_control(), FlowControl::ConditionalBranch | FlowControl::UnconditionalBranch);
        if !jumps || jump.op0_kind() != OpKind::NearBranch64 || jump.near_branch_target() > jump.ip() {
            continue;
        }
        let target = jump.near_branch_target();
        let Ok(first) = function.instructions.binary_search_by_key(&target, Instruction::ip) else { continue };
        // Jumps come by address, so a later one to the same place ends the loop.
        match loops.iter_mut().find(|known| known.first == first) {
            Some(known) => known.last = last,
            None => loops.push(Loop { first, last }),
        }
    }
    loops
}

/// Bytes of the results of arithmetic on vectors; 0 for other instructions.
fn work(instruction: &Instruction) -> usize {
    let register = instruction.op0_register();
    let name = format!("{:?}", instruction.mnemonic()).to_lowercase();
    let name = name.strip_prefix('v').unwrap_or(&name);
    if !register.is_vector_register() || !ARITHMETIC.iter().any(|beginning| name.starts_with(beginning)) {
        return 0;
    }
    match () {
        () if name.ends_with("ss") => 4,
        () if name.ends_with("sd") => 8,
        () => register.size(),
    }
}
