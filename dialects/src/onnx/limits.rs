//! Bounds on what a model may make the loader allocate.
//!
//! A message of two bytes in the file takes hundreds in memory, and a shape of three numbers can ask for any amount.
//! So the wire format is walked before it is decoded, and whatever is not a slice of a file is paid for out of a
//! [`Budget`] that grows with the size of the files.

use super::proto;

/// Bytes that decoding may allocate whatever the size of the files.
pub const BASE_BUDGET: u64 = 256 << 20;
/// Bytes that decoding may allocate for each byte of the files.
pub const BUDGET_PER_BYTE: u64 = 8;
/// Nodes of a model after its functions are inlined.
pub const MAX_NODES: usize = 1 << 20;
/// Nesting of subgraphs and function calls.
pub const MAX_DEPTH: usize = 64;
/// Dimensions of a tensor.
pub const MAX_RANK: usize = 64;
/// Bytes of what stands before a name in messages and locations; of a longer text the end is kept.
pub const MAX_PREFIX: usize = 512;
/// Problems that are reported one by one; the rest are only counted.
pub const MAX_PROBLEMS: usize = 1000;
/// Bytes of one tensor, constant or computed.
pub const MAX_TENSOR_BYTES: u64 = 1 << 40;

/// More memory was asked for than the files justify.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("would take {needed} bytes of memory in all, more than the {limit} allowed for files of this size")]
pub struct BudgetExceeded {
    pub needed: u64,
    pub limit: u64,
}

/// Counts the bytes allocated for a model.
#[derive(Clone, Debug)]
pub struct Budget {
    used: u64,
    limit: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Budget { used: 0, limit: BASE_BUDGET }
    }
}

impl Budget {
    /// Allows for the contents of another file of this many bytes.
    pub fn add_file(&mut self, bytes: usize) {
        self.limit = self.limit.saturating_add(BUDGET_PER_BYTE.saturating_mul(bytes as u64));
    }

    /// Pays for `bytes` that are about to be allocated.
    pub fn charge(&mut self, bytes: u64) -> Result<(), BudgetExceeded> {
        self.used = self.used.saturating_add(bytes);
        if self.used > self.limit { Err(BudgetExceeded { needed: self.used, limit: self.limit }) } else { Ok(()) }
    }
}

/// The end of a text, of [`MAX_PREFIX`] bytes at most: names in a small file can be long and stand before many others.
pub fn shorten(text: String) -> String {
    if text.len() <= MAX_PREFIX {
        return text;
    }
    let start = (text.len() - MAX_PREFIX..text.len()).find(|&at| text.is_char_boundary(at));
    format!("...{}", &text[start.unwrap_or(text.len())..])
}

/// What a field of a message costs to decode; a field that is not listed is skipped by the decoder too.
#[derive(Clone, Copy)]
enum Field {
    /// A nested message.
    Message(&'static Schema),
    /// Text or bytes: the size of the handle; text is copied besides.
    Text(usize),
    Shared(usize),
    /// Numbers, one by one or packed: the size of one in memory, and the least it takes in the file.
    Numbers(usize, usize),
}

/// A message: its size in memory and its fields by number.
struct Schema {
    size: usize,
    fields: &'static [(u64, Field)],
}

const STRING: Field = Field::Text(size_of::<String>());
const BYTES: Field = Field::Shared(size_of::<bytes::Bytes>());

static MODEL: Schema = Schema {
    size: size_of::<proto::ModelProto>(),
    fields: &[
        (2, STRING),
        (3, STRING),
        (7, Field::Message(&GRAPH)),
        (8, Field::Message(&OPSET)),
        (14, Field::Message(&PAIR)),
        (25, Field::Message(&FUNCTION)),
    ],
};
static OPSET: Schema = Schema { size: size_of::<proto::OperatorSetIdProto>(), fields: &[(1, STRING)] };
static PAIR: Schema = Schema { size: size_of::<proto::StringStringEntryProto>(), fields: &[(1, STRING), (2, STRING)] };
static FUNCTION: Schema = Schema {
    size: size_of::<proto::FunctionProto>(),
    fields: &[
        (1, STRING),
        (4, STRING),
        (5, STRING),
        (6, STRING),
        (7, Field::Message(&NODE)),
        (9, Field::Message(&OPSET)),
        (10, STRING),
        (11, Field::Message(&ATTRIBUTE)),
        (12, Field::Message(&VALUE)),
        (13, STRING),
    ],
};
static GRAPH: Schema = Schema {
    size: size_of::<proto::GraphProto>(),
    fields: &[
        (1, Field::Message(&NODE)),
        (2, STRING),
        (5, Field::Message(&TENSOR)),
        (11, Field::Message(&VALUE)),
        (12, Field::Message(&VALUE)),
        (13, Field::Message(&VALUE)),
        (15, Field::Message(&SPARSE)),
    ],
};
static NODE: Schema = Schema {
    size: size_of::<proto::NodeProto>(),
    fields: &[
        (1, STRING),
        (2, STRING),
        (3, STRING),
        (4, STRING),
        (5, Field::Message(&ATTRIBUTE)),
        (7, STRING),
        (8, STRING),
    ],
};
static ATTRIBUTE: Schema = Schema {
    size: size_of::<proto::AttributeProto>(),
    fields: &[
        (1, STRING),
        (4, BYTES),
        (5, Field::Message(&TENSOR)),
        (6, Field::Message(&GRAPH)),
        (7, Field::Numbers(4, 4)),
        (8, Field::Numbers(8, 1)),
        (9, BYTES),
        (10, Field::Message(&TENSOR)),
        (11, Field::Message(&GRAPH)),
        (14, Field::Message(&TYPE)),
        (15, Field::Message(&TYPE)),
        (21, STRING),
        (22, Field::Message(&SPARSE)),
        (23, Field::Message(&SPARSE)),
    ],
};
static TENSOR: Schema = Schema {
    size: size_of::<proto::TensorProto>(),
    fields: &[
        (1, Field::Numbers(8, 1)),
        (4, Field::Numbers(4, 4)),
        (5, Field::Numbers(4, 1)),
        (6, BYTES),
        (7, Field::Numbers(8, 1)),
        (8, STRING),
        (9, BYTES),
        (10, Field::Numbers(8, 8)),
        (11, Field::Numbers(8, 1)),
        (13, Field::Message(&PAIR)),
    ],
};
static SPARSE: Schema = Schema {
    size: size_of::<proto::SparseTensorProto>(),
    fields: &[(1, Field::Message(&TENSOR)), (2, Field::Message(&TENSOR)), (3, Field::Numbers(8, 1))],
};
static VALUE: Schema =
    Schema { size: size_of::<proto::ValueInfoProto>(), fields: &[(1, STRING), (2, Field::Message(&TYPE))] };
static TYPE: Schema = Schema {
    size: size_of::<proto::TypeProto>(),
    fields: &[
        (1, Field::Message(&TENSOR_TYPE)),
        (4, Field::Message(&ELEMENT_TYPE)),
        (5, Field::Message(&MAP_TYPE)),
        (8, Field::Message(&TENSOR_TYPE)),
        (9, Field::Message(&ELEMENT_TYPE)),
    ],
};
static ELEMENT_TYPE: Schema =
    Schema { size: size_of::<proto::ElementTypeProto>(), fields: &[(1, Field::Message(&TYPE))] };
static MAP_TYPE: Schema = Schema { size: size_of::<proto::MapTypeProto>(), fields: &[(2, Field::Message(&TYPE))] };
static TENSOR_TYPE: Schema =
    Schema { size: size_of::<proto::TensorTypeProto>(), fields: &[(2, Field::Message(&SHAPE))] };
static SHAPE: Schema =
    Schema { size: size_of::<proto::TensorShapeProto>(), fields: &[(1, Field::Message(&DIMENSION))] };
static DIMENSION: Schema = Schema { size: size_of::<proto::DimensionProto>(), fields: &[(2, STRING)] };

/// Bytes that decoding a `ModelProto` from `file` allocates, bulk data not counted.
///
/// Where the file is damaged, the count ends at the damage, as decoding does.
pub fn decoded_size(file: &[u8]) -> u64 {
    let mut total = MODEL.size as u64;
    // Innermost last: the end of each message that the position is in, and its schema.
    let mut stack: Vec<(usize, &Schema)> = vec![(file.len(), &MODEL)];
    let mut at = 0;
    while let Some(&(end, schema)) = stack.last() {
        if at >= end {
            stack.pop();
            continue;
        }
        let Some((tag, length)) = varint(&file[at..end]) else { return total };
        at += length;
        let field = schema.fields.iter().find(|(number, _)| *number == tag >> 3).map(|(_, field)| *field);
        let width = match tag & 7 {
            0 => varint(&file[at..end]).map(|(_, length)| length),
            1 => Some(8),
            5 => Some(4),
            2 => {
                let Some((length, prefix)) = varint(&file[at..end]) else { return total };
                at += prefix;
                usize::try_from(length).ok()
            }
            // Groups are not used by ONNX; the decoder skips one without allocating, and what is in it looks like
            // fields of the enclosing message here, which only makes the count larger.
            3 | 4 => Some(0),
            _ => None,
        };
        let Some(next) = width.and_then(|width| at.checked_add(width)).filter(|&next| next <= end) else {
            return total;
        };
        match field {
            Some(Field::Message(inner)) if tag & 7 == 2 => {
                total += inner.size as u64;
                stack.push((next, inner));
                continue;
            }
            Some(Field::Text(size)) => total += (size + next - at) as u64,
            Some(Field::Shared(size)) => total += size as u64,
            Some(Field::Numbers(size, packed)) => {
                let count = if tag & 7 == 2 { (next - at) / packed } else { 1 };
                total += (count * size) as u64;
            }
            _ => {}
        }
        at = next;
    }
    total
}

/// The number at the front of `bytes` and how many bytes it takes.
fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0u64;
    for (i, &byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * i);
        if byte < 0x80 {
            return Some((value, i + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;
    use proto::*;

    fn size(graph: GraphProto) -> u64 {
        decoded_size(&ModelProto { graph: Some(Box::new(graph)), ..Default::default() }.encode_to_vec())
    }

    #[test]
    fn small_messages_are_counted_at_their_size_in_memory() {
        let empty = size(GraphProto::default());
        let nodes = size(GraphProto { node: vec![NodeProto::default(); 1000], ..Default::default() });
        assert_eq!(nodes - empty, 1000 * size_of::<NodeProto>() as u64);
        let inner = GraphProto { node: vec![NodeProto::default(); 1000], ..Default::default() };
        let attribute = AttributeProto { g: Some(Box::new(inner)), ..Default::default() };
        let node = NodeProto { attribute: vec![attribute], ..Default::default() };
        assert!(size(GraphProto { node: vec![node], ..Default::default() }) > nodes);
    }

    #[test]
    fn bulk_data_costs_nothing() {
        let tensor = TensorProto { raw_data: Some(vec![0; 1 << 20].into()), ..Default::default() };
        assert!(size(GraphProto { initializer: vec![tensor], ..Default::default() }) < 2000);
        let tensor = TensorProto { int64_data: vec![1; 1 << 20], ..Default::default() };
        assert!(size(GraphProto { initializer: vec![tensor], ..Default::default() }) >= 8 << 20);
    }

    #[test]
    fn damage_ends_the_count() {
        let mut file = ModelProto { producer_name: "x".into(), ..Default::default() }.encode_to_vec();
        file.extend([0x3a, 0xff, 0xff, 0xff, 0x7f]);
        assert_eq!(decoded_size(&file), (size_of::<ModelProto>() + size_of::<String>() + 1) as u64);
        assert_eq!(decoded_size(&[0xff; 20]), size_of::<ModelProto>() as u64);
    }

    #[test]
    fn long_texts_keep_their_end() {
        assert_eq!(shorten("a/b".into()), "a/b");
        let short = shorten("\u{e4}".repeat(1000) + "b");
        assert!(short.len() <= MAX_PREFIX + 3 && short.starts_with("...") && short.ends_with("\u{e4}b"));
    }

    #[test]
    fn a_budget_grows_with_the_files() {
        let mut budget = Budget::default();
        assert!(budget.charge(BASE_BUDGET).is_ok());
        assert!(budget.charge(1).is_err());
        budget.add_file(1);
        assert!(budget.charge(6).is_ok());
        assert!(budget.charge(u64::MAX).is_err());
    }
}
