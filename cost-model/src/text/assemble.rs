//! What was read of a kernel, as it is handed out: at most so many tokens, numbers as vectors, features, hashes.

use super::number::{self, Scale};
use super::reader::{Class, Draft, Item, Reader, Token};
use super::vocabulary::Mark;
use super::{Kind, LONGEST, Tokens, Unit, features};

const CLASSES: usize = Class::Detail as usize + 1;

/// Ends the unit that is being read.
pub(super) fn unit(reader: &mut Reader, kind: Kind, name: String) -> Unit {
    if let Some(machine) = reader.machine.filter(|_| !reader.unit.cpu.given) {
        reader.unit.cpu = machine.clone();
    }
    if let Some(threads) = reader.threads {
        reader.unit.cpu.cores = reader.unit.cpu.cores.min(f64::from(threads));
    }
    if reader.unit.cpu.given && reader.unit.cpu.cores <= 1.0 {
        // Nobody shares the loops: how they would be shared is not told.
        reader.unit.schedule.threads = None;
    }
    head(reader);
    let draft = &mut *reader.unit;
    let anchor = draft.anchor.0;
    for item in draft.items.iter_mut().filter(|item| item.operation == anchor && anchor != u32::MAX) {
        item.class = Class::Anchor;
    }
    let all: usize = draft.items.iter().map(|item| (item.end - item.start) as usize).sum();
    let kept = keep(&draft.items, all);
    let cut = all - kept.iter().sum::<usize>();
    let scale = draft.cpu.given.then(|| Scale::new(draft.space.bits, draft.cpu.vector, draft.cpu.l1, draft.cpu.l2));
    let length = all - cut + usize::from(cut > 0);
    let mut tokens = Tokens { ids: Vec::with_capacity(length), numbers: Vec::with_capacity(length), cut };
    let mut put = |token: &Token| {
        tokens.ids.push(token.id);
        tokens.numbers.push(number::vector(token.number, scale.as_ref()));
    };
    for (item, kept) in draft.items.iter().zip(kept) {
        draft.tokens[item.start as usize..item.start as usize + kept].iter().for_each(&mut put);
    }
    if cut > 0 {
        put(&Token { id: Mark::Cut as u16, number: cut as f64 });
    }
    let features = features::features(draft, &draft.cpu);
    let target = draft.cpu.given.then_some(draft.cpu.hash);
    Unit { name, kind, tokens, features, family: family(draft), unknown: draft.unknown, target, launches: 0 }
}

/// Puts out what stands before the operations, and moves it there.
fn head(reader: &mut Reader) {
    let operations = std::mem::take(&mut reader.unit.items);
    let mut start = reader.unit.tokens.len();
    let mut item = |reader: &mut Reader, class| {
        reader.item(start, class, u32::MAX);
        start = reader.unit.tokens.len();
    };
    reader.put_space();
    item(reader, Class::Space);
    reader.put_schedule();
    item(reader, Class::Schedule);
    reader.put_target();
    item(reader, Class::Target);
    for i in 0..reader.unit.arguments.len() {
        let argument = reader.unit.arguments[i];
        if argument.constant {
            reader.put(Mark::Constant as u16, f64::NAN);
        }
        reader.put_type(argument.ty);
        item(reader, Class::Argument);
    }
    reader.unit.items.extend(operations);
}

/// How many tokens of each item are kept: all where they fit, else those of the first classes, within a class the first
/// items, and of the first item that does not fit its beginning.
fn keep(items: &[Item], all: usize) -> Vec<usize> {
    let length = |item: &Item| (item.end - item.start) as usize;
    if all <= LONGEST {
        return items.iter().map(length).collect();
    }
    let mut kept = vec![0; items.len()];
    // One says how many are left out.
    let mut left = LONGEST - 1;
    for class in 0..CLASSES {
        for (item, kept) in items.iter().zip(&mut kept).filter(|(item, _)| item.class as usize == class) {
            *kept = length(item).min(left);
            left -= *kept;
        }
    }
    kept
}

/// The multiset of operations with the patterns of their maps.
fn family(draft: &mut Draft) -> u64 {
    draft.family.sort_unstable();
    let mut hasher = blake3::Hasher::new();
    for operation in &draft.family {
        hasher.update(&operation.to_le_bytes());
    }
    let bytes = hasher.finalize();
    bytes.as_bytes().iter().take(8).fold(0, |hash, byte| hash << 8 | u64::from(*byte))
}
