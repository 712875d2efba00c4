//! Serialized e-graphs: the JSON of `egraph-serialize`, gzipped or not.
//!
//! `nodes` maps names to objects with `op`, `children` (names of nodes), `eclass` and `cost`; `root_eclasses` lists
//! classes. A node without `cost` costs 1; one whose cost is `null`, which is how JSON writes infinity, is never chosen.
//! Other keys are skipped.

use crate::error::{Error, Result};
use crate::problem::{Node, Problem};
use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use std::collections::HashMap;
use std::fmt;
use std::io::Read;
use std::path::Path;

/// Decompressed bytes of a file that are read at most: what is more is a mistake or an attack.
const LARGEST: u64 = 4 << 30;

/// A problem without budgets, and what its classes and nodes are called in the file.
#[derive(Clone, Debug)]
pub struct File {
    pub problem: Problem,
    /// By class.
    pub class_names: Vec<String>,
    /// By class and place.
    pub node_names: Vec<Vec<String>>,
}

/// # Errors
/// [`Error::Io`], or [`Error::Format`] with the file and every node or class that is wrong.
pub fn read(path: &Path) -> Result<File> {
    let io = |source| Error::Io { path: path.to_path_buf(), source };
    let bytes = std::fs::read(path).map_err(io)?;
    parse(&bytes).map_err(|flaws| Error::Format { path: path.to_path_buf(), flaws })
}

/// The same from memory.
///
/// # Errors
/// Everything that is wrong.
pub fn parse(bytes: &[u8]) -> std::result::Result<File, Vec<String>> {
    let mut text = Vec::new();
    let json = if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut reader = MultiGzDecoder::new(bytes).take(LARGEST + 1);
        reader.read_to_end(&mut text).map_err(|error| vec![format!("cannot be decompressed: {error}")])?;
        text.as_slice()
    } else {
        bytes
    };
    if json.len() as u64 > LARGEST {
        return Err(vec![format!("is larger than {LARGEST} bytes")]);
    }
    let raw: RawFile = serde_json::from_slice(json).map_err(|error| vec![error.to_string()])?;
    convert(raw)
}

#[derive(Deserialize)]
struct RawFile {
    nodes: Entries<RawNode>,
    #[serde(default)]
    root_eclasses: Vec<String>,
    #[serde(default)]
    class_data: Entries<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct RawNode {
    #[serde(default)]
    children: Vec<String>,
    eclass: String,
    #[serde(default = "one")]
    cost: Option<f64>,
}

fn one() -> Option<f64> {
    Some(1.0)
}

/// An object's entries in the order of the file, so that a name that stands twice is seen.
struct Entries<T>(Vec<(String, T)>);

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Entries(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Collect<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Collect<T> {
            type Value = Entries<T>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Entries<T>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Collect(std::marker::PhantomData))
    }
}

/// Numbers for names, in the order of first appearance.
#[derive(Default)]
struct Numbers(HashMap<String, u32>, Vec<String>);

impl Numbers {
    fn of(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.0.get(name) {
            return number;
        }
        let number = self.1.len() as u32;
        self.0.insert(name.to_string(), number);
        self.1.push(name.to_string());
        number
    }
}

fn convert(
    RawFile { nodes: Entries(nodes), root_eclasses, class_data }: RawFile,
) -> std::result::Result<File, Vec<String>> {
    let mut flaws = Vec::new();
    if nodes.len() >= u32::MAX as usize {
        return Err(vec!["there are more than 4294967295 nodes".into()]);
    }
    let mut numbers = Numbers::default();
    let mut class_of: HashMap<&str, u32> = HashMap::new();
    for (name, node) in &nodes {
        if class_of.insert(name, numbers.of(&node.eclass)).is_some() {
            flaws.push(format!("node `{name}` stands twice"));
        }
    }
    // Classes that have data but no nodes.
    class_data.0.iter().for_each(|(name, _)| _ = numbers.of(name));
    let mut classes: Vec<Vec<Node>> = vec![Vec::new(); numbers.1.len()];
    let mut node_names: Vec<Vec<String>> = vec![Vec::new(); numbers.1.len()];
    for (name, node) in &nodes {
        let mut children = Vec::with_capacity(node.children.len());
        for child in &node.children {
            match class_of.get(child.as_str()) {
                Some(&class) => children.push(class),
                None => flaws.push(format!("node `{name}`: its child `{child}` is no node")),
            }
        }
        let class = numbers.of(&node.eclass) as usize;
        classes[class].push(Node { cost: node.cost.unwrap_or(f64::INFINITY), children, amounts: vec![] });
        node_names[class].push(name.clone());
    }
    let mut roots = Vec::new();
    for root in &root_eclasses {
        match numbers.0.get(root) {
            Some(&class) => roots.push(class),
            None => flaws.push(format!("root `{root}` is the class of no node")),
        }
    }
    if root_eclasses.is_empty() {
        flaws.push("`root_eclasses` names no class: there is nothing to extract".into());
    }
    if !flaws.is_empty() {
        return Err(flaws);
    }
    let problem = Problem::new(&classes, &roots, vec![]).map_err(|error| vec![error.to_string()])?;
    Ok(File { problem, class_names: numbers.1, node_names })
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    const SMALL: &str = r#"{"nodes": {
        "a": {"op": "f", "children": ["b", "b"], "eclass": "x", "cost": 2.5},
        "b": {"op": "g", "eclass": "y"},
        "c": {"op": "h", "children": ["a"], "eclass": "y", "cost": null}},
        "comment": ["kept", {"by": "nobody"}], "root_eclasses": ["x"], "class_data": {"z": {"type": "i"}}}"#;

    #[test]
    fn plain_and_compressed_are_the_same() {
        let plain = parse(SMALL.as_bytes()).expect("is sound");
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(SMALL.as_bytes()).expect("a vector takes everything");
        let unpacked = parse(&gzip.finish().expect("ends")).expect("is sound");
        assert_eq!(plain.problem, unpacked.problem);
        assert_eq!(plain.class_names, ["x", "y", "z"]);
        assert_eq!(plain.node_names, [vec!["a"], vec!["b", "c"], vec![]]);
        assert_eq!(plain.problem.node(0, 0).expect("is there").children, [1]);
        assert_eq!(plain.problem.node(1, 0).expect("is there").cost, 1.0);
        assert_eq!(plain.problem.node(1, 1).expect("is there").cost, f64::INFINITY);
        assert_eq!(plain.problem.alternatives(2), 0);
    }

    #[test]
    fn everything_wrong_is_named() {
        let text =
            r#"{"nodes": {"a": {"children": ["q"], "eclass": "x"}, "a": {"eclass": "x"}}, "root_eclasses": ["w"]}"#;
        let flaws = parse(text.as_bytes()).expect_err("is wrong");
        let wanted =
            ["node `a` stands twice", "node `a`: its child `q` is no node", "root `w` is the class of no node"];
        assert_eq!(flaws, wanted);
        assert!(parse(b"{\"nodes\": {}}").expect_err("no roots")[0].contains("root_eclasses"));
        assert!(parse(b"[1]").expect_err("no object")[0].contains("line 1"));
        assert!(parse(&[0x1f, 0x8b, 1]).expect_err("cut off")[0].contains("decompressed"));
    }

    #[test]
    fn the_file_is_named() {
        let path = Path::new("/nowhere/egraph.json");
        assert!(read(path).expect_err("is not there").to_string().contains("/nowhere/egraph.json"));
    }
}
