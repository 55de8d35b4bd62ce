//! Ten thousand logins in one directory, compared with ten.

use std::fs;
use std::hint::black_box;
use std::path::PathBuf;
use std::time::Duration;

use auth_core::grant::Identity;
use auth_core::store::{FileStore, Record, Store, SwapOutcome};
use auth_core::{Error, Result};

use crate::any;
use crate::measure::{median, now, verdict};

/// A directory with so many logins, and the times of its operations in microseconds.
struct Place {
    logins: u64,
    directory: PathBuf,
    _folder: tempfile::TempDir,
    store: FileStore,
    opens: Vec<f64>,
    loads: Vec<f64>,
    swaps: Vec<f64>,
}

pub(crate) fn print() -> Result<()> {
    let mut few = Place::new(10)?;
    let mut many = Place::new(10_000)?;
    for _ in 0..TIMES {
        few.measure()?;
        many.measure()?;
    }
    println!("\n    a FileStore, medians of {TIMES} taken in turns\n");
    println!(
        "    {:34}{:>12}{:>12}{:>10}",
        "µs", "10 logins", "10 000", "ratio"
    );
    let operations: [(&str, fn(&Place) -> &Vec<f64>); 3] = [
        ("open", |place| &place.opens),
        ("load", |place| &place.loads),
        ("swap", |place| &place.swaps),
    ];
    for (name, times) in operations {
        let [few, many] = [&few, &many].map(|place| median(times(place).clone()));
        let ratio = many / few;
        println!(
            "    {name:34}{few:>12.0}{many:>12.0}{ratio:>10.2}  {}",
            verdict(ratio, 1.2)
        );
    }
    let files = fs::read_dir(&many.directory).map_or(0, Iterator::count);
    let begun = now();
    let listed = many.store.logins()?.len();
    let listing = begun.elapsed().as_millis();
    let begun = now();
    let removed = many.store.remove_unused(Duration::ZERO)?;
    let removal = begun.elapsed().as_millis();
    let left = fs::read_dir(&many.directory).map_or(0, Iterator::count);
    println!(
        "    {files} files in 1 directory; {listed} logins listed in {listing} ms, {removed} removed in {removal} ms, \
         {left} files left"
    );
    Ok(())
}

impl Place {
    fn new(logins: u64) -> Result<Self> {
        eprint!("    {logins} logins: storing them ");
        let no_folder = |_| Error::configuration("no temporary directory can be made");
        let folder = tempfile::tempdir().map_err(no_folder)?;
        let directory = folder.path().join("logins");
        let store = FileStore::open(&directory)?;
        for login in 0..logins {
            swap(&store, login)?;
            if login % 1000 == 999 {
                eprint!(".");
            }
        }
        eprintln!();
        Ok(Self {
            logins,
            directory,
            _folder: folder,
            store,
            opens: Vec::new(),
            loads: Vec::new(),
            swaps: Vec::new(),
        })
    }

    fn measure(&mut self) -> Result<()> {
        let login = any(self.logins);
        let path = &self.directory;
        self.opens.push(micros(|| FileStore::open(path).map(drop))?);
        self.loads.push(micros(|| {
            self.store
                .load(&identity(login))
                .map(|record| drop(black_box(record)))
        })?);
        self.swaps.push(micros(|| swap(&self.store, login))?);
        Ok(())
    }
}

/// Replaces the record of a login by another one, after a load.
fn swap(store: &FileStore, login: u64) -> Result<()> {
    let identity = identity(login);
    let current = store.load(&identity)?;
    let text = format!("{}{}", any(u64::MAX), "x".repeat(2000));
    let record = Record::from_bytes(text.into_bytes());
    match store.swap(&identity, current.as_ref(), &record)? {
        SwapOutcome::Stored => Ok(()),
        _ => Err(Error::configuration("no other process uses the directory")),
    }
}

fn micros(operation: impl FnOnce() -> Result<()>) -> Result<f64> {
    let begun = now();
    operation()?;
    Ok(begun.elapsed().as_secs_f64() * 1e6)
}

fn identity(login: u64) -> Identity {
    Identity::new("town").user(Some(&login.to_string()))
}

const TIMES: usize = 101;
