//! Offsets for buffers that share one block of memory, by lifetime.

/// Every buffer starts at a multiple of this many bytes.
pub const ALIGNMENT: u64 = hwc_runtime::abi::ALIGNMENT as u64;

/// A buffer and the steps during which its contents matter, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    pub bytes: u64,
    pub first: usize,
    pub last: usize,
}

impl Lifetime {
    fn meets(&self, other: &Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

/// Where each buffer starts, and the size of the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    pub offsets: Vec<u64>,
    pub bytes: u64,
}

/// Places buffers greedily: the largest first, each into the tightest gap left by the buffers already placed that live
/// at the same time, and after all of them if no gap is wide enough. Ties go to the earlier buffer, so the result
/// depends only on the input.
///
/// Empty buffers are placed at 0. Offsets and the total are multiples of [`ALIGNMENT`].
pub fn assign(buffers: &[Lifetime]) -> Layout {
    let mut order: Vec<usize> = (0..buffers.len()).filter(|&i| buffers[i].bytes > 0).collect();
    order.sort_by_key(|&i| (std::cmp::Reverse(buffers[i].bytes), buffers[i].first, i));
    let mut layout = Layout { offsets: vec![0; buffers.len()], bytes: 0 };
    // Indices of placed buffers, by offset.
    let mut placed: Vec<usize> = Vec::with_capacity(order.len());
    for index in order {
        let size = align(buffers[index].bytes);
        let mut end = 0;
        let mut best: Option<(u64, u64)> = None;
        for &other in placed.iter().filter(|&&other| buffers[other].meets(&buffers[index])) {
            let start = layout.offsets[other];
            if start >= end + size && best.is_none_or(|(gap, _)| start - end < gap) {
                best = Some((start - end, end));
            }
            end = end.max(start + align(buffers[other].bytes));
        }
        let offset = best.map_or(end, |(_, offset)| offset);
        layout.offsets[index] = offset;
        layout.bytes = layout.bytes.max(offset + size);
        let position = placed.partition_point(|&other| layout.offsets[other] <= offset);
        placed.insert(position, index);
    }
    layout
}

/// The next multiple of [`ALIGNMENT`].
pub fn align(bytes: u64) -> u64 {
    bytes.div_ceil(ALIGNMENT) * ALIGNMENT
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(bytes: u64, first: usize, last: usize) -> Lifetime {
        Lifetime { bytes, first, last }
    }

    /// Fails when two buffers that live together overlap, or one is misaligned or outside the whole.
    fn check(buffers: &[Lifetime]) -> Layout {
        let layout = assign(buffers);
        for (i, a) in buffers.iter().enumerate() {
            let start = layout.offsets[i];
            assert_eq!(start % ALIGNMENT, 0, "buffer {i} is misaligned");
            assert!(start + a.bytes <= layout.bytes, "buffer {i} ends outside the arena");
            for (j, b) in buffers.iter().enumerate().skip(i + 1) {
                let apart = start + a.bytes <= layout.offsets[j] || layout.offsets[j] + b.bytes <= start;
                assert!(apart || !a.meets(b) || a.bytes == 0 || b.bytes == 0, "{i} {a:?} and {j} {b:?} overlap");
            }
        }
        layout
    }

    #[test]
    fn a_chain_needs_two_buffers() {
        let chain: Vec<_> = (0..10).map(|i| live(1000, i, i + 1)).collect();
        assert_eq!(check(&chain).bytes, 2 * align(1000));
    }

    #[test]
    fn buffers_that_never_meet_share_memory() {
        assert_eq!(check(&[live(640, 0, 1), live(640, 2, 3), live(100, 4, 4)]).bytes, 640);
    }

    #[test]
    fn the_tightest_gap_is_taken() {
        // Two gaps are open at step 4: 256 bytes at 256, and 128 bytes at 1024.
        let buffers =
            [live(256, 0, 9), live(256, 0, 3), live(512, 0, 9), live(128, 0, 3), live(64, 0, 9), live(128, 4, 9)];
        let layout = check(&buffers);
        assert_eq!(layout.bytes, buffers[..5].iter().map(|b| b.bytes).sum::<u64>());
    }

    #[test]
    fn nothing_and_empty_buffers() {
        assert_eq!(assign(&[]), Layout::default());
        assert_eq!(check(&[live(0, 0, 5), live(1, 0, 5)]).bytes, ALIGNMENT);
    }

    #[test]
    fn random_lifetimes_never_overlap_and_stay_near_the_lower_bound() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = move |n: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % n
        };
        let (mut total, mut bound) = (0, 0);
        for _ in 0..300 {
            let steps = 1 + random(40);
            let buffers: Vec<_> = (0..random(60))
                .map(|_| {
                    let first = random(steps);
                    let last = (first + random(6)).min(steps - 1);
                    live(random(5000), first as usize, last as usize)
                })
                .collect();
            total += check(&buffers).bytes;
            bound += (0..steps as usize)
                .map(|s| buffers.iter().filter(|b| b.first <= s && s <= b.last).map(|b| align(b.bytes)).sum())
                .max()
                .unwrap_or(0);
        }
        assert!(total >= bound && total * 10 <= bound * 12, "{total} bytes against a lower bound of {bound}");
    }
}
