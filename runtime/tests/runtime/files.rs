//! Files appear whole or not at all.

use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};

use hwc_runtime::atomic_file::{self, AtomicFile};

use crate::common::Scratch;

#[test]
fn a_file_appears_when_it_is_committed() {
    let scratch = Scratch::new();
    let path = scratch.path("a");
    std::fs::write(&path, "old").expect("writable");
    let mut file = AtomicFile::create(&path).expect("a directory");
    file.write_all(b"new").expect("room");
    assert_eq!(std::fs::read_to_string(&path).expect("there"), "old");
    file.commit().expect("a directory");
    assert_eq!(std::fs::read_to_string(&path).expect("there"), "new");

    let mut file = AtomicFile::create(scratch.path("b")).expect("a directory");
    file.write_all(b"dropped").expect("room");
    drop(file);
    assert_eq!(scratch.files(), ["a"]);
}

#[test]
fn links_and_permissions_stay() {
    let scratch = Scratch::new();
    std::fs::write(scratch.path("a"), "old").expect("writable");
    std::fs::set_permissions(scratch.path("a"), std::fs::Permissions::from_mode(0o640)).expect("ours");
    symlink("a", scratch.path("link")).expect("a directory");
    atomic_file::write(scratch.path("link"), b"new").expect("writable");
    assert_eq!(std::fs::read_to_string(scratch.path("a")).expect("there"), "new");
    let mode = std::fs::metadata(scratch.path("a")).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    assert_eq!(scratch.files(), ["a", "link"]);
}

#[test]
fn what_is_no_file_is_not_replaced() {
    let scratch = Scratch::new();
    atomic_file::write("/dev/null", b"gone").expect("/dev/null takes everything");
    assert!(!std::fs::metadata("/dev/null").expect("there").is_file());
    let error = atomic_file::write("/dev/full", b"x").expect_err("a full disk");
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    let error = atomic_file::write(scratch.path(""), b"x").expect_err("a directory");
    assert_eq!(error.kind(), std::io::ErrorKind::IsADirectory);
    let error = atomic_file::write(scratch.path("no/such/file"), b"x").expect_err("no directory");
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
    let error = atomic_file::write("", b"x").expect_err("no name");
    assert_ne!(error.kind(), std::io::ErrorKind::AlreadyExists);
    assert_eq!(scratch.files(), Vec::<String>::new());
}

#[test]
fn threads_write_the_same_file_one_after_another() {
    let scratch = Scratch::new();
    let path = scratch.path("a");
    std::thread::scope(|scope| {
        for thread in 0..4u8 {
            let path = &path;
            scope.spawn(move || (0..20).for_each(|_| atomic_file::write(path, &[thread; 5000]).expect("writable")));
        }
        for _ in 0..100 {
            if let Ok(contents) = std::fs::read(&path) {
                assert!(contents.len() == 5000 && contents.iter().all(|&byte| byte == contents[0]));
            }
        }
    });
    assert_eq!(scratch.files(), ["a"]);
}
