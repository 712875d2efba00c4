//! Operator sets: which domains and versions are understood.

use std::collections::BTreeMap;

use super::proto::OperatorSetIdProto;

/// Oldest and newest IR version that is read.
pub const IR_VERSIONS: (i64, i64) = (3, 13);

/// A domain of operators, and the versions of its operator set that the frontend knows.
pub struct Domain {
    pub name: &'static str,
    pub first: i64,
    pub last: i64,
}

/// The domains that the frontend imports from. One row adds a domain.
pub const DOMAINS: &[Domain] =
    &[Domain { name: "", first: 7, last: 25 }, Domain { name: "com.microsoft", first: 1, last: 1 }];

/// The one spelling of a domain: the default domain may also be written `ai.onnx`.
pub fn canonical(domain: &str) -> &str {
    if domain == "ai.onnx" { "" } else { domain }
}

/// A domain as shown to people.
pub fn display(domain: &str) -> &str {
    if domain.is_empty() { "ai.onnx" } else { domain }
}

/// Why the imports of a model or function are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpsetError {
    #[error("no operator set is imported; `opset_import` is empty")]
    None,
    #[error("operator set version {version} of `{}` is not supported, versions {first} to {last} are", display(domain))]
    Version { domain: String, version: i64, first: i64, last: i64 },
    #[error("versions {first} and {second} of the operator set `{}` are imported at once", display(domain))]
    Conflict { domain: String, first: i64, second: i64 },
    #[error("operator set `{}` is not imported", display(.0))]
    NotImported(String),
    #[error("IR version {0} is not supported, versions {first} to {last} are", first = IR_VERSIONS.0, last = IR_VERSIONS.1)]
    Ir(i64),
}

/// The operator set versions in force for a graph or a function, by canonical domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opsets(BTreeMap<String, i64>);

impl Opsets {
    /// The imports listed, and what is wrong with them.
    pub fn from_proto(imports: &[OperatorSetIdProto]) -> (Opsets, Vec<OpsetError>) {
        let (mut opsets, mut errors) = (Opsets::default(), Vec::new());
        for import in imports {
            let domain = canonical(&import.domain);
            let version = import.version;
            if let Some(known) = DOMAINS.iter().find(|d| d.name == domain)
                && !(known.first..=known.last).contains(&version)
            {
                let (first, last) = (known.first, known.last);
                errors.push(OpsetError::Version { domain: domain.into(), version, first, last });
            }
            match opsets.0.insert(domain.to_owned(), version) {
                Some(other) if other != version => {
                    errors.push(OpsetError::Conflict { domain: domain.into(), first: other, second: version });
                }
                _ => {}
            }
        }
        if imports.is_empty() {
            errors.push(OpsetError::None);
        }
        (opsets, errors)
    }

    /// The version imported of a domain in its canonical spelling.
    pub fn version(&self, domain: &str) -> Option<i64> {
        self.0.get(domain).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opsets(imports: &[(&str, i64)]) -> (Opsets, Vec<OpsetError>) {
        let imports = imports.iter().map(|&(domain, version)| OperatorSetIdProto { domain: domain.into(), version });
        Opsets::from_proto(&imports.collect::<Vec<_>>())
    }

    #[test]
    fn versions_are_checked() {
        let (known, errors) = opsets(&[("ai.onnx", 13), ("", 13), ("example.custom", 77), ("com.microsoft", 1)]);
        assert_eq!((known.version(""), known.version("example.custom"), errors.len()), (Some(13), Some(77), 0));
        assert_eq!(opsets(&[]).1, [OpsetError::None]);
        let (_, errors) = opsets(&[("", 6), ("", 26)]);
        assert!(matches!(
            errors[..],
            [
                OpsetError::Version { version: 6, first: 7, last: 25, .. },
                OpsetError::Version { version: 26, .. },
                OpsetError::Conflict { first: 6, second: 26, .. }
            ]
        ));
    }
}
