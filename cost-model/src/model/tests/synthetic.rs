//! Products of matrices with elementwise operations behind them, and a law of how long they take.

use fastrand::Rng;

use crate::dataset::{Code, Example, PROCESSORS, Row, bound};

/// Operations behind the product; a family has one to three of them.
const OPERATIONS: [&str; 6] = ["relu", "exp", "tanh", "sqrt", "abs", "neg"];

struct Schedule {
    rows: u32,
    vectors: u32,
    block: Option<u32>,
}

/// The text of a kernel.
fn kernel(sizes: [u32; 3], behind: &[&str], schedule: &Schedule) -> String {
    let [m, n, k] = sizes;
    let Schedule { rows, vectors, block } = schedule;
    let block = block.map_or(String::new(), |block| format!("l2(m = {block}), "));
    let columns = vectors * 16;
    let ty = format!("tensor<{m}x{n}xf32>");
    let mut text = format!(
        "hwk.kernel @k(%x: tensor<{m}x{k}xf32>, %y: tensor<{k}x{n}xf32>) -> ({ty}) \
         space(#hwk.space<contraction, m = {m}, n = {n}, k = {k}>) \
         schedule(#hwk.schedule<tile, tiles = [{block}registers(m = {rows}, n = {columns})], order = [m, n, m, k], \
         vector = n : 16 x {vectors}, threads = [m]>) \
         target(#hwk.cpu<znver5, features = [avx512f], vector = 512, registers = 32, l1 = 49152, l2 = 1048576, \
         l3 = 33554432, cores = 2>) {{\n  \
         %0 = hwc.matmul %x, %y : (tensor<{m}x{k}xf32>, tensor<{k}x{n}xf32>) -> {ty}\n"
    );
    for (number, operation) in behind.iter().enumerate() {
        text += &format!("  %{} = hwc.{operation} %{number} : ({ty}) -> {ty}\n", number + 1);
    }
    text + &format!("  hwk.yield %{} : {ty}\n}}", behind.len())
}

/// How much longer than its bound a kernel takes: what small tiles load again, what large ones spill, what lies beyond the
/// ends of the space, and what a block that does not fit into a cache costs.
fn law(sizes: [u32; 3], behind: &[&str], schedule: &Schedule) -> f64 {
    let (rows, vectors) = (f64::from(schedule.rows), f64::from(schedule.vectors));
    let over = (rows * vectors + vectors + 1.0 - 30.0).max(0.0);
    let whole = |size: u32, tile: u32| f64::from(size.next_multiple_of(tile)) / f64::from(size);
    let rest = whole(sizes[0], schedule.rows) * whole(sizes[1], schedule.vectors * 16);
    let block = schedule.block.map_or(0.25, |block| if block > 128 { 0.2 } else { 0.0 });
    (1.2 + 0.1 * behind.len() as f64)
        * (1.0 + 1.5 / rows + 1.0 / vectors / 2.0)
        * (1.0 + 0.08 * over)
        * rest
        * (1.0 + block)
}

/// Three programs of each of so many families, with sixteen schedules each.
pub fn examples(families: usize, seed: u64) -> Vec<Example> {
    let mut rng = Rng::with_seed(seed);
    let count = OPERATIONS.len();
    let all = (0..count).flat_map(|a| (a..=count).flat_map(move |b| (b..=count).map(move |c| [a, b, c])));
    let mut all: Vec<Vec<&str>> =
        all.map(|family| family.iter().filter_map(|i| OPERATIONS.get(*i)).copied().collect()).collect();
    rng.shuffle(&mut all);
    let mut result = vec![];
    for (family, behind) in all.iter().take(families).enumerate() {
        for number in 0..3 {
            let mut size = |from: u32, to: u32| (f64::from(from) * f64::from(to / from).powf(rng.f64())) as u32;
            let sizes = [size(32, 512), size(64, 1024), size(32, 1024)];
            for _ in 0..16 {
                let block = [None, Some(64), Some(128), Some(256)][rng.usize(0..4)];
                let schedule = Schedule { rows: rng.u32(1..=14), vectors: rng.u32(1..=4), block };
                let seconds = law(sizes, behind, &schedule) * (1.0 + 0.01 * (rng.f64() - 0.5));
                result.push(example(
                    kernel(sizes, behind, &schedule),
                    seconds,
                    &schedule,
                    (family * 3 + number) as u64,
                ));
            }
        }
    }
    result
}

/// A row of so many times its bound.
fn example(kernel: String, ratio: f64, schedule: &Schedule, number: u64) -> Example {
    let registers = schedule.rows * schedule.vectors + schedule.vectors + 1;
    let code = Code {
        registers: registers.min(32),
        spills: registers.saturating_sub(32),
        instructions: 40 + 8 * registers,
        code_bytes: 200 + 50 * registers,
    };
    let cycles = 2.0 + f64::from(schedule.rows * schedule.vectors);
    let mca = vec![(PROCESSORS[3].into(), cycles), (PROCESSORS[11].into(), cycles / 2.0)];
    let row = Row {
        kernel,
        threads: 2,
        device: "made up".into(),
        source: "random".into(),
        warm: vec![1.0; 7],
        cold: vec![],
        drift: 1.0,
        // Not all rows have it.
        code: (!number.is_multiple_of(4)).then_some(code),
        mca: if number.is_multiple_of(3) { vec![] } else { mca },
        seed: 1,
        number,
    };
    let mut example = Example::new(&row).expect("a sound row");
    example.seconds = ratio * bound(&example.unit);
    example
}
