use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::*;

/// A folder of its own that ends with this value.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("hwc-dataset-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Folder(path)
    }

    fn file(&self) -> PathBuf {
        files(&self.0).pop().expect("a file of rows")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry").path()).collect()
}

/// A kernel of one operation.
fn kernel(operation: &str, size: u32, lanes: u32) -> String {
    format!(
        "hwk.kernel @k(%x: tensor<{size}xf32>) -> (tensor<{size}xf32>) \
         space(#hwk.space<elementwise, cols = {size}>) \
         schedule(#hwk.schedule<loops, vector = cols : {lanes} x 1>) {{\n  \
         %0 = hwc.{operation} %x : (tensor<{size}xf32>) -> tensor<{size}xf32>\n  hwk.yield %0 : tensor<{size}xf32>\n}}"
    )
}

fn row(operation: &str, size: u32, lanes: u32) -> Row {
    Row {
        kernel: kernel(operation, size, lanes),
        threads: 1,
        device: "cpu-0".into(),
        source: "random".into(),
        warm: vec![0.5; 7],
        cold: vec![0.75; 3],
        drift: 1.0,
        code: Some(Code { registers: 3, spills: 0, instructions: 20, code_bytes: 80 }),
        mca: vec![("skylake".into(), 4.5)],
        seed: 1,
        number: 2,
    }
}

#[test]
fn rows_return_as_they_were_kept() {
    let folder = Folder::new("round");
    let mut store = Store::open(&folder.0).expect("a store");
    let rows = [row("relu", 8, 4), Row { code: None, mca: vec![], ..row("exp", 16, 8) }];
    rows.iter().for_each(|row| store.append(row).expect("kept"));
    let contents = store.read().expect("read");
    assert_eq!(contents.rows, rows);
    assert_eq!(contents.damaged, []);
}

#[test]
fn damaged_lines_are_lost_alone_and_told_with_their_places() {
    let folder = Folder::new("damage");
    let mut store = Store::open(&folder.0).expect("a store");
    let rows: Vec<Row> = (1..=4).map(|size| row("relu", size, 4)).collect();
    rows.iter().for_each(|row| store.append(row).expect("kept"));
    let file = folder.file();
    let mut bytes = std::fs::read(&file).expect("the file");
    let second = bytes.iter().position(|byte| *byte == b'\n').expect("a line") + 1;
    bytes[second + 40] ^= 1;
    // The last one lacks its end, as a full disk leaves it.
    bytes.truncate(bytes.len() - 9);
    std::fs::write(&file, bytes).expect("written");
    let contents = store.read().expect("read");
    assert_eq!(contents.rows, [rows[0].clone(), rows[2].clone()]);
    let places: Vec<(&Path, usize)> = contents.damaged.iter().map(|d| (d.file.as_path(), d.line)).collect();
    assert_eq!(places, [(file.as_path(), 2), (file.as_path(), 4)]);
}

#[test]
fn stores_merge_by_copying_and_what_is_there_twice_counts_once() {
    let (one, two) = (Folder::new("one"), Folder::new("two"));
    for (folder, operation) in [(&one, "relu"), (&two, "exp")] {
        Store::open(&folder.0).and_then(|mut store| store.append(&row(operation, 8, 4))).expect("kept");
    }
    for (number, file) in [two.file(), two.file()].iter().enumerate() {
        std::fs::copy(file, one.0.join(format!("{number}.rows"))).expect("copied");
    }
    let contents = Store::open(&one.0).and_then(|store| store.read()).expect("read");
    let kernels: HashSet<&str> = contents.rows.iter().map(|row| &*row.kernel).collect();
    assert_eq!((contents.rows.len(), kernels.len(), contents.damaged.len()), (2, 2, 0));
}

#[test]
fn writers_have_files_of_their_own() {
    let folder = Folder::new("writers");
    let mut stores = [Store::open(&folder.0).expect("a store"), Store::open(&folder.0).expect("a store")];
    assert_eq!(files(&folder.0).len(), 0);
    for (size, store) in (1..).zip(stores.iter_mut()) {
        store.append(&row("relu", size, 4)).expect("kept");
    }
    assert_eq!(files(&folder.0).len(), 2);
    assert_eq!(stores[0].read().expect("read").rows.len(), 2);
}

#[test]
fn wrong_rows_are_refused_with_all_reasons() {
    let folder = Folder::new("wrong");
    let mut store = Store::open(&folder.0).expect("a store");
    let wrong = Row { warm: vec![f64::NAN], threads: 0, kernel: "nothing".into(), ..row("relu", 8, 4) };
    match store.append(&wrong) {
        Err(Error::Row(problems)) => assert_eq!(problems.len(), 4, "{problems:?}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(files(&folder.0).len(), 0);
}

#[test]
fn a_program_is_what_differs_in_its_schedule_only() {
    let program = row("relu", 8, 4).program();
    assert_eq!(program, row("relu", 8, 8).program());
    assert_ne!(program, row("relu", 9, 4).program());
    assert_ne!(program, row("exp", 8, 4).program());
}

#[test]
fn no_family_is_learned_from_and_tested() {
    let operations = ["relu", "exp", "tanh", "gelu", "sqrt", "abs", "neg", "erf", "sigmoid", "log", "sin", "cos"];
    let all = operations.iter().flat_map(|op| [3, 8, 64].map(|size| row(op, size, 4)));
    let rows: Vec<Row> = all.collect();
    let (train, test) = split(rows.clone(), 0.4);
    assert_eq!(train.len() + test.len(), rows.len());
    let families = |rows: &[Row]| -> HashSet<u64> { rows.iter().map(|row| row.unit().expect("read").family).collect() };
    let (learned, tested) = (families(&train), families(&test));
    assert!(learned.is_disjoint(&tested));
    assert_eq!(learned.len() + tested.len(), operations.len());
    assert!(!learned.is_empty() && !tested.is_empty());
    // It does not depend on what else is there.
    let (again, _) = split(train.clone(), 0.4);
    assert_eq!(again, train);
}

#[test]
fn an_example_is_a_row_read() {
    let warm = [2e-6, 1e-6, 4e-6, 2e-6, 2e-6, 8e-6, 2e-6].to_vec();
    let one = Example::new(&Row { warm, cold: vec![], ..row("relu", 1 << 20, 4) }).expect("read");
    assert_eq!((one.seconds, one.cold, one.threads), (2e-6, None, 1));
    // More than half of the timings agree.
    assert_eq!(one.noise, 0.0);
    let two = Example::new(&Row { warm: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], ..row("relu", 8, 4) });
    assert_eq!(two.expect("read").seconds, 4.5);
    // Two times four MiB at 20 GB/s.
    let least = bound(&one.unit);
    assert!((least - 8.0 * f64::from(1 << 20) / 20e9 - 1e-7).abs() < 1e-3 * least, "{least}");
}
