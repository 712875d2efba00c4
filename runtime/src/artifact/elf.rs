//! The first fields of an ELF file, to tell a shared object for this machine from everything else.

/// Why these bytes are no shared object of 64-bit little-endian code; `None` where they begin like one.
pub(crate) fn misfit(file: &[u8]) -> Option<&'static str> {
    // After the magic: class, byte order, version, nine bytes, then the type as two bytes.
    match file.strip_prefix(b"\x7fELF") {
        None => Some("is no ELF file"),
        Some([class, order, ..]) if (*class, *order) != (2, 1) => Some("is not 64-bit little-endian code"),
        Some(rest) => match rest.get(12..14) {
            None => Some("ends within the ELF header"),
            Some([3, 0]) => None,
            Some(_) => Some("is an ELF file, but no shared object"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_shared_objects_fit() {
        let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0".to_vec();
        assert_eq!(misfit(&file), None);
        assert!(misfit(&file[..17]).is_some_and(|what| what.contains("ends")));
        file[16] = 2;
        assert!(misfit(&file).is_some_and(|what| what.contains("no shared object")));
        file[4] = 1;
        assert!(misfit(&file).is_some_and(|what| what.contains("64-bit")));
        assert!(misfit(b"\x7fEL").is_some_and(|what| what.contains("no ELF")));
    }
}
