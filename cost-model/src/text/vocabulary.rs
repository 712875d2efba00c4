//! The tokens: closed groups of words, and buckets for what is in none.

use std::sync::LazyLock;

mod words;

pub(super) use words::{ARGUMENTS, BLOCK_ARGUMENTS, DISTANCES, MAP_DIMENSIONS, MAPS, Mark, NUMBERED, ROLES};
use words::{ELEMENTS, KEYS, MARKS, WORDS};

use super::operations::{self, Effort, SHORT};
use super::{features, hash, number};

/// Counts changes of what tokens, numbers and features are that the tables do not show. Who changes one counts up.
const RULES: u32 = 4;

/// A closed set of words with buckets for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum Group {
    /// What is no word of the text.
    Mark,
    Operation,
    Key,
    Word,
    Element,
    Dimension,
    /// How far back the definition of an operand is, or which argument it is.
    Use,
    Map,
}

struct Words {
    group: Group,
    /// What names of its tokens begin with, and those of its buckets.
    prefix: &'static str,
    kind: &'static str,
    words: fn() -> Vec<String>,
    /// Words are looked up; else rows are.
    by_word: bool,
    /// Buckets for words that are not in the table.
    buckets: u16,
}

/// In the order of [`Group`].
static GROUPS: [Words; 8] = [
    Words {
        group: Group::Mark,
        prefix: "",
        kind: "mark",
        words: || owned(MARKS.iter().copied()),
        by_word: false,
        buckets: 0,
    },
    Words {
        group: Group::Operation,
        prefix: "",
        kind: "op",
        words: || owned(operations::all().map(|o| o.0)),
        by_word: true,
        buckets: 64,
    },
    Words {
        group: Group::Key,
        prefix: "key:",
        kind: "key",
        words: || owned(KEYS.split_whitespace()),
        by_word: true,
        buckets: 16,
    },
    Words {
        group: Group::Word,
        prefix: "word:",
        kind: "word",
        words: || owned(WORDS.split_whitespace()),
        by_word: true,
        buckets: 32,
    },
    Words {
        group: Group::Element,
        prefix: "",
        kind: "type",
        words: || owned(elements().map(|e| e.0)),
        by_word: true,
        buckets: 4,
    },
    Words { group: Group::Dimension, prefix: "dim:", kind: "dim", words: dimensions, by_word: false, buckets: 1 },
    Words { group: Group::Use, prefix: "", kind: "use", words: uses, by_word: false, buckets: 0 },
    Words { group: Group::Map, prefix: "", kind: "map", words: maps, by_word: false, buckets: 0 },
];

fn owned<'a>(words: impl Iterator<Item = &'a str>) -> Vec<String> {
    words.map(str::to_string).collect()
}

fn elements() -> impl Iterator<Item = (&'static str, f64)> {
    ELEMENTS.iter().flat_map(|(bits, names)| names.split_whitespace().map(|name| (name, *bits)))
}

fn dimensions() -> Vec<String> {
    let numbered = |role: &&str| {
        let role = (*role).to_string();
        (0..NUMBERED).map(move |i| if i == 0 { role.clone() } else { format!("{role}{}", i - 1) })
    };
    ROLES.iter().flat_map(numbered).collect()
}

fn uses() -> Vec<String> {
    let arguments = (0..ARGUMENTS).map(|i| format!("arg{i}")).chain(["arg+".to_string()]);
    let block = (0..BLOCK_ARGUMENTS).map(|i| format!("in{i}")).chain(["in+".to_string()]);
    arguments.chain(block).chain(DISTANCES.iter().map(|(name, _)| format!("back:{name}"))).collect()
}

fn maps() -> Vec<String> {
    let dims = (0..MAP_DIMENSIONS).map(|d| format!("d{d}")).chain(["d+".to_string()]);
    MAPS.iter().map(|name| (*name).to_string()).chain(dims).collect()
}

/// Everything that is made of the tables once.
struct Index {
    /// What each token is called.
    names: Vec<String>,
    /// The first token of each group, and its number of tokens without buckets.
    groups: [(u16, u16); 8],
    /// Words of the groups that are looked up: a hash table of tokens, 0 where it is empty.
    slots: Vec<(u64, u16)>,
    fingerprint: String,
    operations: Vec<(&'static str, Effort)>,
    bits: Vec<f64>,
}

static INDEX: LazyLock<Index> = LazyLock::new(Index::new);

impl Index {
    fn new() -> Index {
        let mut index = Index {
            names: vec![],
            groups: [(0, 0); 8],
            slots: vec![(0, 0); 4096],
            fingerprint: String::new(),
            operations: operations::all().collect(),
            bits: elements().map(|e| e.1).collect(),
        };
        for group in &GROUPS {
            let number = group.group as usize;
            let first = index.names.len() as u16;
            let words = (group.words)();
            index.groups[number] = (first, words.len() as u16);
            for (i, word) in words.iter().enumerate().filter(|_| group.by_word) {
                index.insert(number, word, first + i as u16);
            }
            index.names.extend(words.iter().map(|word| format!("{}{word}", group.prefix)));
            index.names.extend((0..group.buckets).map(|bucket| format!("{}#{bucket}", group.kind)));
        }
        for (short, full) in SHORT {
            if let Some((token, _)) = index.find(Group::Operation, full.as_bytes()) {
                index.insert(Group::Operation as usize, short, token);
            }
        }
        let mut hasher = blake3::Hasher::new();
        let efforts = index.operations.iter().map(|(_, effort)| format!("{effort:?}"));
        let features = features::FEATURES.iter().map(|f| format!("{} {} {}", f.name, f.scaling(), f.formula));
        let sizes = format!("{RULES} {} {}", number::NUMBERS, super::LONGEST);
        for line in index.names.iter().cloned().chain(efforts).chain(features).chain([sizes]) {
            hasher.update(line.as_bytes()).update(b"\n");
        }
        index.fingerprint = hasher.finalize().to_hex()[..32].to_string();
        index
    }

    fn insert(&mut self, group: usize, word: &str, token: u16) {
        let hash = key(group, word.as_bytes());
        let mut slot = hash as usize % self.slots.len();
        while self.slots[slot].1 != 0 {
            slot = (slot + 1) % self.slots.len();
        }
        self.slots[slot] = (hash, token);
    }

    /// Words are found by 64 bits of hash: a test asserts that no two of the table have the same, and an unknown one that
    /// has the hash of a known one is one in some 10^16.
    fn find(&self, group: Group, word: &[u8]) -> Option<(u16, u16)> {
        let hash = key(group as usize, word);
        let mut slot = hash as usize % self.slots.len();
        loop {
            match self.slots[slot] {
                (_, 0) => return None,
                (found, token) if found == hash => return Some((token, token - self.groups[group as usize].0)),
                _ => slot = (slot + 1) % self.slots.len(),
            }
        }
    }
}

fn key(group: usize, word: &[u8]) -> u64 {
    hash::finish(hash::extend(hash::extend(hash::START, &[group as u8]), word))
}

/// The token of a word, its row in the table of its group, nothing where it is not there and the token is a bucket.
pub(super) fn token(group: Group, word: &[u8]) -> (u16, Option<usize>) {
    match INDEX.find(group, word) {
        Some((token, row)) => (token, Some(row as usize)),
        None => (bucket(group, word), None),
    }
}

/// The full name of an operation and what it does.
pub(super) fn operation(row: usize) -> (&'static str, Effort) {
    INDEX.operations.get(row).copied().unwrap_or(("", Effort::Free))
}

/// The bits of an element type.
pub(super) fn bits(row: usize) -> f64 {
    INDEX.bits.get(row).copied().unwrap_or(0.0)
}

/// The bucket of a word that is in no table.
fn bucket(group: Group, word: &[u8]) -> u16 {
    let (first, known) = INDEX.groups[group as usize];
    let buckets = u64::from(GROUPS[group as usize].buckets.max(1));
    first + known + (key(group as usize, word) % buckets) as u16
}

/// The token of a row of a group; the last one where there are not so many.
pub(super) fn row(group: Group, row: u16) -> u16 {
    let (first, known) = INDEX.groups[group as usize];
    first + row.min(known + GROUPS[group as usize].buckets - 1)
}

/// How many tokens there are: `ids` are below it.
pub fn size() -> usize {
    INDEX.names.len()
}

/// What a token is called; for people.
pub fn name(token: u16) -> &'static str {
    INDEX.names.get(usize::from(token)).map_or("none", String::as_str)
}

/// Whether a token is that of an operation, known or not: what models of operations alone read.
pub fn is_operation(token: u16) -> bool {
    is_of(Group::Operation, token)
}

/// Whether a token says which operand is used or of which element type a value is.
pub fn is_operand(token: u16) -> bool {
    is_of(Group::Use, token) || is_of(Group::Element, token)
}

fn is_of(group: Group, token: u16) -> bool {
    let (first, known) = INDEX.groups[group as usize];
    (first..first + known + GROUPS[group as usize].buckets).contains(&token)
}

/// Changes with every change of tokens, numbers or features: a model is of use only with the set it was trained on.
pub fn fingerprint() -> &'static str {
    &INDEX.fingerprint
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_and_marks_are_where_their_names_are() {
        assert!(GROUPS.iter().enumerate().all(|(i, words)| words.group as usize == i));
        assert_eq!(MARKS.len(), Mark::Amx as usize + 1);
        assert_eq!(INDEX.groups[Group::Mark as usize], (0, MARKS.len() as u16));
        for (mark, wanted) in [(Mark::Cut, "cut"), (Mark::Vector, "vector"), (Mark::Tile, "tile"), (Mark::Amx, "amx")] {
            assert_eq!(name(mark as u16), wanted);
        }
    }

    #[test]
    fn every_word_is_found_and_others_fall_into_buckets() {
        for (i, (name, effort)) in operations::all().enumerate() {
            assert_eq!(operation(i), (name, effort));
            assert_eq!(token(Group::Operation, name.as_bytes()).1, Some(i), "{name}");
        }
        for (group, words) in [(Group::Key, KEYS), (Group::Word, WORDS)] {
            for (i, word) in words.split_whitespace().enumerate() {
                assert_eq!(token(group, word.as_bytes()).1, Some(i), "{word}");
            }
        }
        assert_eq!(token(Group::Operation, b"return"), token(Group::Operation, b"func.return"));
        let (unknown, row) = token(Group::Operation, b"quantum.entangle");
        assert_eq!(row, None);
        assert!(name(unknown).starts_with("op#"), "{}", name(unknown));
        assert!(is_operation(unknown) && is_operation(token(Group::Operation, b"builtin.module").0));
        assert!(!is_operation(token(Group::Key, b"axis").0) && !is_operation(Mark::Amx as u16));
        assert!(is_operand(token(Group::Element, b"f32").0) && !is_operand(unknown));
        assert!(size() < 1000 && name(u16::MAX) == "none");
    }

    #[test]
    fn rows_beyond_a_group_are_its_last() {
        assert_eq!(name(row(Group::Use, 0)), "arg0");
        assert!(is_operand(row(Group::Use, 0)) && !is_operand(row(Group::Dimension, 0)));
        assert_eq!(name(row(Group::Use, u16::MAX)), "back:17-");
        assert_eq!(name(row(Group::Dimension, u16::MAX)), "dim#0");
    }
}
