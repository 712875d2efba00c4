//! Texts and back, and what is refused.

use super::*;

const CPU: &str = "znver4, features = [avx2, avx512f, fma], vector = 512, registers = 32, l1 = 32768, l2 = 1048576, l3 = 33554432, cores = 2";
const SPACE: &str = "contraction, m = 128, n = 3072, k = 768";

fn problems(space: &str, schedule: &str, cpu: &str) -> Vec<String> {
    let target = Target::from_text("cpu", cpu).unwrap();
    verify(&schedule.parse().unwrap(), &space.parse().unwrap(), Some(&target))
}

#[test]
fn canonical_texts_stay_as_they_are() {
    for (mnemonic, text) in [
        ("cpu", CPU),
        ("space", SPACE),
        ("space", "softmax"),
        ("space", "elementwise, d0 = 4, d1 = 7, bits = 64"),
        ("schedule", "loops"),
        ("schedule", "loops, threads = []"),
        (
            "schedule",
            "tile, tiles = [l2(m = 120, k = 256), registers(m = 6, n = 64)], order = [n, k, m, n, m], vector = n : 16 x 4, \
             pack = (lhs = block, rhs = constant), threads = [m, n], stream",
        ),
    ] {
        assert_eq!(canonical(mnemonic, text).as_deref(), Ok(text));
    }
    assert_eq!(canonical("space", " reduction ,rows=3,cols  = 5 ").as_deref(), Ok("reduction, rows = 3, cols = 5"));
    let schedule: Schedule = "loops, order = [m], pack = (lhs = block), vector = m : 4 x 2".parse().unwrap();
    assert_eq!(schedule.packing("lhs"), Packing::Block);
    assert_eq!(schedule.packing("rhs"), Packing::None);
    assert_eq!(schedule.vector, Some(Vector { dim: "m".into(), lanes: 4, count: 2 }));
}

#[test]
fn texts_that_are_not_understood_are_refused_with_the_place() {
    for (mnemonic, text, message) in [
        ("gpu", "x", "there is no attribute #hwk.gpu; there are #hwk.space, #hwk.schedule and #hwk.cpu"),
        ("space", "matrix", "`matrix` is no class of kernels; there are contraction, batched_contraction,"),
        ("space", "contraction, m = 0", "column 18: expected a number above 0, found `0`"),
        ("space", "contraction, q = 4", "`q` is no dimension of class contraction; there are m, n, k, with numbers"),
        ("space", "contraction, m = 4, m = 4", "dimension `m` stands twice"),
        ("space", "contraction m = 4", "column 13: expected `,` or the end, found `m`"),
        ("schedule", "magic", "`magic` is no inner kernel; there are loops, rows, tile"),
        ("schedule", "loops, speed = 3", "`speed` is no key of a schedule; there are tiles, order, vector,"),
        ("schedule", "loops, order = [m], order = [m]", "`order` stands twice"),
        ("schedule", "loops, vector = m : 16", "column 23: expected `x`, found the end"),
        ("schedule", "loops, pack = (lhs = soon)", "`soon` is no way of packing; there are none, constant, block"),
        ("cpu", "znver4, vector = 512, l1 = 4", "#hwk.cpu needs registers, l2, l3, cores"),
        ("cpu", "znver4, speed = 4", "`speed` is no key of #hwk.cpu; there are features, vector, registers,"),
    ] {
        let error = canonical(mnemonic, text).unwrap_err();
        assert!(error.starts_with(message), "{mnemonic}<{text}>: {error}");
    }
}

#[test]
fn legal_schedules_pass() {
    for (space, schedule) in [
        (SPACE, "loops"),
        (SPACE, "loops, tiles = [registers(m = 6, n = 64)], order = [n, m, k], vector = n : 16 x 4, threads = [m]"),
        (
            SPACE,
            "tile, tiles = [l2(m = 126, k = 256), registers(m = 6, n = 64)], \
             order = [n, k, m, n, m], vector = n : 16 x 4, pack = (lhs = block, rhs = constant)",
        ),
        // A row shorter than a vector, and one that is no whole number of them.
        ("elementwise, d = 5", "loops, tiles = [registers(d = 8)], order = [d], vector = d : 8 x 1"),
        (
            "reduction, rows = 3, cols = 40",
            "loops, tiles = [registers(cols = 48)], order = [rows, cols], vector = cols : 16 x 3",
        ),
        (
            "transposition, d0 = 512, d1 = 512",
            "loops, tiles = [registers(d0 = 32, d1 = 32)], vector = d1 : 16 x 2, stream",
        ),
    ] {
        assert_eq!(problems(space, schedule, CPU), Vec::<String>::new(), "{schedule}");
    }
}

#[test]
fn each_illegal_schedule_is_refused_with_its_reason() {
    for (schedule, reason) in [
        ("loops, tiles = [registers(q = 4)]", "tile of level `registers` names dimension `q`; the space has m, n, k"),
        ("loops, tiles = [cta(m = 4)]", "tile of level `cta`; the target has l3, l2, l1, registers"),
        (
            "tile, tiles = [registers(m = 4), l2(n = 8)]",
            "tile of level `l2` stands after one of an inner level, or twice",
        ),
        ("tile, tiles = [l2(m = 256)]", "tile m = 256 of level `l2` is larger than the dimension, 128"),
        ("tile, tiles = [l2(m = 4, m = 8)]", "tile of level `l2` names dimension `m` twice"),
        (
            "tile, tiles = [l2(m = 100), registers(m = 6)]",
            "tile m = 6 of level `registers` does not divide the one around it, 100",
        ),
        ("loops, order = [m, n]", "the order lacks dimension `k`"),
        ("loops, order = [m, n, k, m]", "the order names dimension `m` 2 times; it has tiles of 0 levels"),
        ("loops, order = [m, n, k, z]", "the order names dimension `z`; the space has m, n, k"),
        (
            "loops, tiles = [registers(k = 4)]",
            "`k` is reduced one by one: registers hold no tile of it but its vectors",
        ),
        ("loops, pack = (rhs = block)", "inner kernel `loops` packs no operand"),
        ("tile, stream", "inner kernel `tile` writes through the caches"),
        ("tile, tiles = [l3(n = 64)]", "inner kernel `tile` has no tiles of level `l3`, only of l2, registers"),
        ("loops, vector = z : 16 x 1", "vector names dimension `z`; the space has m, n, k"),
        ("loops, vector = n : 12 x 1", "a vector of 12 lanes; it has 2, 4, 8, ..."),
        ("loops, vector = n : 32 x 1", "a vector of 32 lanes of 32 bits; the target's have 512 bits"),
        (
            "loops, tiles = [registers(n = 48)], vector = n : 16 x 4",
            "tile n = 48 in registers is not 16 x 4, which the vectors of that dimension cover",
        ),
        (
            "loops, tiles = [registers(m = 8)], vector = n : 16 x 4",
            "register pressure: 8 points x 4 vectors are 32 accumulators, and 2 registers hold operands; the target has 32",
        ),
        ("tile, pack = (bias = block)", "packs operand `bias`; class contraction has lhs, rhs to pack"),
        ("loops, threads = [k]", "threads cannot share dimension `k`: its iterations combine into one result"),
        ("loops, threads = [z]", "threads names dimension `z`; the space has m, n, k"),
        ("loops, threads = [m, m]", "threads name dimension `m` twice"),
        (
            "tile, tiles = [l2(m = 128)], threads = [m]",
            "threads cannot share dimension `m`: its outermost tile holds all 128 of it",
        ),
    ] {
        assert_eq!(problems(SPACE, schedule, CPU), [reason], "{schedule}");
    }
    assert_eq!(
        problems("gather, i = 5, d = 64", "loops, vector = i : 2 x 1", CPU),
        ["dimension `i` cannot run in vectors in class gather"]
    );
    assert_eq!(
        problems("softmax, rows = 5, cols = 64", "tile, pack = (lhs = block)", CPU),
        [
            "inner kernel `tile` is for contraction, batched_contraction, convolution, not for softmax",
            "packs operand `lhs`; class softmax has none to pack"
        ]
    );
}

#[test]
fn all_reasons_are_told_at_once() {
    let all = problems(SPACE, "loops, tiles = [l1(m = 256)], order = [z], vector = n : 64 x 1, threads = [k]", CPU);
    assert_eq!(all.len(), 6, "{all:#?}");
}

#[test]
fn the_schedules_of_each_class_are_legal_and_distinct() {
    let target = Target::from_text("cpu", CPU).unwrap();
    for (space, expected) in [
        (SPACE, "loops, tiles = [registers(m = 7, n = 64)], order = [m, n, k], vector = n : 16 x 4"),
        (SPACE, "tile, tiles = [registers(m = 7, n = 48)], vector = n : 16 x 3, pack = (rhs = constant)"),
        (
            "convolution, m0 = 56, m1 = 56, n = 64, k0 = 3, k1 = 192",
            "loops, tiles = [registers(m0 = 2, m1 = 7, n = 32)], vector = n : 16 x 2",
        ),
        (
            "depthwise, b = 384, m0 = 28, m1 = 28, k = 9",
            "loops, tiles = [registers(b = 16, m1 = 14)], vector = b : 16 x 1",
        ),
        ("reduction, rows = 7, cols = 100", "loops, tiles = [registers(rows = 4, cols = 32)], vector = cols : 16 x 2"),
        ("softmax, rows = 7, cols = 100", "rows, tiles = [registers(cols = 64)], vector = cols : 16 x 4"),
        ("normalization, rows = 7, cols = 100", "rows, tiles = [registers(cols = 16)], vector = cols : 16 x 1"),
        ("elementwise, d = 5", "loops, tiles = [registers(d = 8)], order = [d], vector = d : 8 x 1"),
        (
            "transposition, d0 = 512, d1 = 512",
            "loops, tiles = [registers(d0 = 16, d1 = 16)], order = [d1, d0], vector = d1 : 16 x 1",
        ),
        ("gather, i = 4, d = 64", "loops, order = [d, i]"),
        ("elementwise, d = 500", "rows, tiles = [registers(d = 64)], order = [d], vector = d : 16 x 4"),
        (
            "batched_contraction, b = 12, m = 512, n = 512, k = 64",
            "loops, tiles = [registers(m = 14, n = 32)], order = [b, m, n, k], vector = n : 16 x 2",
        ),
    ] {
        let space: Space = space.parse().unwrap();
        let all = enumerate(&space, &target);
        let distinct: std::collections::HashSet<String> = all.iter().map(Schedule::to_string).collect();
        assert_eq!(distinct.len(), all.len());
        assert!(distinct.contains(expected), "{expected} is not among {distinct:#?}");
        assert!(all.iter().all(|schedule| verify(schedule, &space, Some(&target)).is_empty()));
    }
}

#[test]
fn threads_share_what_no_loop_combines() {
    let (space, target) = (SPACE.parse::<Space>().unwrap(), Target::from_text("cpu", CPU).unwrap());
    let schedule: Schedule = "loops, threads = [n]".parse().unwrap();
    let all: Vec<String> = divisions(&schedule, &space, &target).iter().map(Schedule::to_string).collect();
    assert_eq!(all, ["loops, threads = [m]", "loops, threads = []"]);
}
