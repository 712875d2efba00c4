//! Convolution by Winograd's algorithm: each tile of the image is brought into the transformed order, one product of
//! matrices for each of a tile's numbers sums over channels, and the sums are brought back.
//!
//! Both transforms are one elementwise operation each, that reads all numbers of a tile and gives all of the transformed
//! one: vectors run along channels, and every number is loaded and stored once. Results of tiles that reach behind the
//! image are not computed; such tiles have transforms of their own.

use hwc_dialects::window::Window;
use hwc_dialects::winograd::{FAR, NEAR, OUTPUTS, TAPS, TILE};
use hwc_runtime::DType;

use super::convolution::biased;
use super::product::{Factor, accumulate, loops, zeros};
use super::windows::padded;
use super::{Emitter, Loop, LowerCall, Lowered};
use crate::codegen::{ir::Val, kernel::scratch::STACK};

const NUMBERS: usize = TILE * TILE;

/// Tiles of a block, at least: rows of the products, each of which reads a whole filter.
const LEAST: usize = 8;

pub fn conv<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let (emit, shape, result) = (&call.emit, call.shape(0)?, call.result_shape(0)?);
    let (&[_, _, _, channels], &[batch, height, width, filters]) = (&shape[..], &result[..]) else {
        return Err("an image has four dimensions".into());
    };
    if result.contains(&0) {
        return Ok(vec![biased(emit, DType::F32, &result, 3, call.optional(2))]);
    }
    let windows = Window::with_kernel(call.attrs, &[TAPS, TAPS]).map_err(|e| e.to_string())?;
    let tiles = [height.div_ceil(OUTPUTS), width.div_ceil(OUTPUTS)];
    // As far as the last tiles reach.
    let pads: Vec<(usize, usize)> = (windows.iter().zip(tiles).zip(&shape[1..]))
        .map(|((window, tiles), size)| {
            (window.before, (tiles * OUTPUTS + TAPS - 1).saturating_sub(window.before + size))
        })
        .collect();
    let image = padded(emit, call.operand(0)?, 1, &pads, emit.zero(emit.storage(DType::F32)));

    let whole = emit.empty(emit.storage(DType::F32), &result);
    let filter = emit.reshape(call.operand(1)?, &[NUMBERS, channels, filters]);
    let block = block([batch, tiles[0], tiles[1]], channels + filters, [height, width]);
    let counts = [batch / block[0], tiles[0] / block[1], tiles[1] / block[2]];
    let convolution = Convolution { image, filter, bias: call.optional(2), block };
    Ok(vec![convolution.blocks(emit, &counts, &[], whole)])
}

/// Images, rows of tiles and columns of tiles whose numbers are in the second-level cache at a time; `inner` is the number
/// of channels and filters. All of them, where that is little enough or blocks would be too small for products.
fn block(tiles: [usize; 3], inner: usize, results: [usize; 2]) -> [usize; 3] {
    // What a block has between the transforms is on the stack, where each thread has its own.
    let most = STACK as usize / (NUMBERS * inner * size_of::<f32>()).max(1);
    let is_little = tiles.iter().product::<usize>() <= 4 * most;
    if is_little || most < LEAST || results.iter().any(|n| n % OUTPUTS != 0) {
        return tiles;
    }
    let divisors = |n: usize| (1..=n).filter(move |d| n.is_multiple_of(*d));
    let all = divisors(tiles[1]).flat_map(|rows| divisors(tiles[2]).map(move |columns| [1, rows, columns]));
    let fitting = all.filter(|block| (LEAST..=most).contains(&(block[1] * block[2])));
    // Of large blocks the widest.
    fitting.max_by_key(|block| (block[1] * block[2], block[2])).unwrap_or(tiles)
}

/// What is convolved: a padded image with a filter `[36, C, F]`, in blocks of so many images, rows and columns of tiles.
struct Convolution<'c> {
    image: Val<'c>,
    filter: Val<'c>,
    bias: Option<Val<'c>>,
    block: [usize; 3],
}

impl<'c> Convolution<'c> {
    /// All blocks, of which there are `counts` along the dimensions that no loop around goes over yet; `at` are the indices
    /// of those loops.
    fn blocks(&self, emit: &Emitter<'c>, counts: &[usize], at: &[Val<'c>], whole: Val<'c>) -> Val<'c> {
        match counts {
            [] => self.one(emit, at, whole),
            [1, rest @ ..] => self.blocks(emit, rest, &[at, &[emit.index(0)]].concat(), whole),
            [count, rest @ ..] => {
                emit.parallel_for(*count, whole, |e, i, whole| self.blocks(e, rest, &[at, &[i]].concat(), whole))
            }
        }
    }

    /// One block: its part of the image into its part of the result.
    fn one(&self, emit: &Emitter<'c>, at: &[Val<'c>], whole: Val<'c>) -> Val<'c> {
        let [batch, rows, columns] = self.block;
        let (channels, filters) = (emit.shape_of(self.image)[3], emit.shape_of(self.filter)[2]);
        let sizes = [1, rows * OUTPUTS, columns * OUTPUTS];
        let start = |(at, size): (&Val<'c>, usize)| emit.muli(*at, emit.index(size as i64));
        let starts: Vec<Val> = at.iter().zip(sizes).map(start).chain([emit.index(0)]).collect();
        let under = [batch, sizes[1] + TAPS - 1, sizes[2] + TAPS - 1, channels];
        let image = emit.part(self.image, &starts, &under);
        let shape = emit.shape_of(whole);
        let results_of_block = [batch, sizes[1].min(shape[1]), sizes[2].min(shape[2]), filters];

        let of_tiles = |inner: usize| [NUMBERS, batch, rows, columns, inner];
        let count = batch * rows * columns;
        let transformed = emit.reshape(transformed(emit, image, &of_tiles(channels)), &[NUMBERS, count, channels]);
        let factor = |tensor: Val<'c>, exprs: [&str; 3]| Factor::new(tensor, DType::F32, emit.map(4, &exprs));
        let sums = accumulate(
            emit,
            &[factor(transformed, ["d0", "d1", "d3"]), factor(self.filter, ["d0", "d3", "d2"])],
            &[],
            (zeros(emit, DType::F32, &[NUMBERS, count, filters]), emit.map(4, &["d0", "d1", "d2"])),
            &loops(3, 1),
        );
        let into = emit.part(whole, &starts, &results_of_block);
        let part = results(emit, emit.reshape(sums, &of_tiles(filters)), self.bias, into);
        emit.insert_part(part, whole, &starts)
    }
}

/// The tiles of a padded image `[N, ...]`, transformed: `[36, N, tiles, tiles, C]`.
fn transformed<'c>(emit: &Emitter<'c>, image: Val<'c>, shape: &[usize; 5]) -> Val<'c> {
    let number = |k: usize| {
        let exprs = ["d0".to_string(), along(1, k / TILE), along(2, k % TILE), "d3".to_string()];
        (image, emit.map(4, &exprs))
    };
    let inputs: Vec<_> = (0..NUMBERS).map(number).collect();
    let whole = emit.empty(emit.storage(DType::F32), shape);
    let sizes = [&[1], &shape[1..]].concat();
    let part = |k: usize| emit.slice(whole, &[k, 0, 0, 0, 0], &sizes, &[1; 5]);
    let to = emit.map(4, &["0", "d0", "d1", "d2", "d3"]);
    let outputs: Vec<_> = (0..NUMBERS).map(|k| (part(k), to)).collect();
    let parts = emit.generic(&inputs, &outputs, &[Loop::Parallel; 4], |e, values| {
        on_both_sides(&values[..NUMBERS], |line| input_line(e, line))
    });
    (0..).zip(parts).fold(whole, |whole, (k, part)| emit.insert_slice(part, whole, &[k, 0, 0, 0, 0], &[1; 5]))
}

/// Number `k` of tile `d{tile}` along a dimension of the image.
fn along(tile: usize, k: usize) -> String {
    format!("d{tile} * {OUTPUTS} + {k}")
}

/// The results from sums `[36, N, tiles, tiles, F]`, written over `start`, `[N, O1, O2, F]`.
fn results<'c>(emit: &Emitter<'c>, sums: Val<'c>, bias: Option<Val<'c>>, start: Val<'c>) -> Val<'c> {
    let [batch, height, width, filters] = emit.shape_of(start)[..] else { return start };
    let mut whole = start;
    for (row, rows, high) in kinds(height) {
        for (column, columns, wide) in kinds(width) {
            let inside = [NUMBERS, batch, rows, columns, filters];
            let sums = emit.slice(sums, &[0, 0, row, column, 0], &inside, &[1; 5]);
            let number = |k: usize| (sums, emit.map(4, &[&k.to_string(), "d0", "d1", "d2", "d3"]));
            let inputs: Vec<_> = (0..NUMBERS).map(number).chain(bias.map(|b| (b, emit.map(4, &["d3"])))).collect();
            let places: Vec<[usize; 4]> =
                (0..high * wide).map(|k| [0, row * OUTPUTS + k / wide, column * OUTPUTS + k % wide, 0]).collect();
            let steps = [1, OUTPUTS, OUTPUTS, 1];
            let part = |at: &[usize; 4]| emit.slice(start, at, &[batch, rows, columns, filters], &steps);
            let outputs: Vec<_> = places.iter().map(|at| (part(at), emit.identity(4))).collect();
            let parts = emit.generic(&inputs, &outputs, &[Loop::Parallel; 4], |e, values| {
                let tile = on_both_sides(&values[..NUMBERS], |line| output_line(e, line));
                let inside = (0..high * wide).filter_map(|k| tile.get(k / wide * OUTPUTS + k % wide).copied());
                let biased = |value: Val<'c>| if bias.is_some() { e.addf(value, values[NUMBERS]) } else { value };
                inside.map(biased).collect()
            });
            whole =
                places.iter().zip(parts).fold(whole, |whole, (at, part)| emit.insert_slice(part, whole, at, &steps));
        }
    }
    whole
}

/// Kinds of tiles along a dimension of so many results: where the first is, how many there are, results of each.
fn kinds(results: usize) -> Vec<(usize, usize, usize)> {
    let (whole, rest) = (results / OUTPUTS, results % OUTPUTS);
    [(0, whole, OUTPUTS), (whole, usize::from(rest > 0), rest)].into_iter().filter(|(_, count, _)| *count > 0).collect()
}

/// Applies a transform to the columns of a tile, then to the rows of what it gave.
fn on_both_sides<'c, const N: usize>(tile: &[Val<'c>], line: impl Fn([Val<'c>; TILE]) -> [Val<'c>; N]) -> Vec<Val<'c>> {
    let columns: [[Val<'c>; N]; TILE] = std::array::from_fn(|j| line(std::array::from_fn(|i| tile[i * TILE + j])));
    (0..N).flat_map(|i| line(columns.map(|column| column[i]))).collect()
}

/// Six numbers of the image, transformed. The rows of the matrix for a point and its negative have the same even powers
/// and opposite odd ones.
fn input_line<'c>(e: &Emitter<'c>, d: [Val<'c>; TILE]) -> [Val<'c>; TILE] {
    let times = |a: f64, x: Val<'c>, y: Val<'c>| e.multiply_add(x, e.like(x, a), y);
    let (near, far) = (NEAR * NEAR, FAR * FAR);
    // x^4 - (near + far) x^2 + near far, of which zero and infinity have all.
    let all = |k: usize| times(near * far, d[k], times(-(near + far), d[k + 2], d[k + 4]));
    let pair = |point: f64, other: f64| {
        let (even, odd) = (times(-other, d[2], d[4]), times(-other, d[1], d[3]));
        [times(point, odd, even), times(-point, odd, even)]
    };
    let ([a, b], [c, f]) = (pair(NEAR, far), pair(FAR, near));
    [all(0), a, b, c, f, all(1)]
}

/// Four results of six sums.
fn output_line<'c>(e: &Emitter<'c>, m: [Val<'c>; TILE]) -> [Val<'c>; OUTPUTS] {
    let times = |a: f64, x: Val<'c>, y: Val<'c>| e.multiply_add(x, e.like(x, a), y);
    let scaled = |a: f64, x: Val<'c>| e.mulf(x, e.like(x, a));
    let (near, far) = ((e.addf(m[1], m[2]), e.subf(m[1], m[2])), (e.addf(m[3], m[4]), e.subf(m[3], m[4])));
    [
        e.addf(m[0], e.addf(near.0, far.0)),
        times(FAR, far.1, scaled(NEAR, near.1)),
        times(FAR.powi(2), far.0, scaled(NEAR.powi(2), near.0)),
        times(FAR.powi(3), far.1, times(NEAR.powi(3), near.1, m[5])),
    ]
}

#[cfg(test)]
mod tests {
    use hwc_dialects::winograd::transformed;
    use hwc_dialects::{Op, attrs};
    use hwc_runtime::DType;

    use crate::lower::testing::{check, random};

    #[test]
    fn tiles_of_every_size() {
        for (image, filters, pads) in [
            ([1, 4, 4, 2], 3, vec![1i64, 1, 1, 1]),
            ([2, 9, 6, 20], 33, vec![1, 1, 1, 1]),
            ([1, 7, 14, 16], 16, vec![0, 2, 1, 0]),
            ([1, 3, 3, 1], 1, vec![]),
            ([0, 4, 4, 2], 3, vec![]),
            // Blocks of tiles, of two images.
            ([2, 48, 80, 20], 33, vec![1, 1, 1, 1]),
        ] {
            let (x, w) = (random(DType::F32, &image, 1), random(DType::F32, &[3, 3, image[3], filters], 2));
            let (filter, bias) = (transformed(&w).unwrap(), random(DType::F32, &[filters], 3));
            let attrs = attrs! { "pads" => pads };
            check(Op::WinogradConv, &attrs, &[Some(&x), Some(&filter)], 1e-3);
            check(Op::WinogradConv, &attrs, &[Some(&x), Some(&filter), Some(&bias)], 1e-3);
        }
    }
}
