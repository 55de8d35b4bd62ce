//! Runs a target on its corpus and on changed inputs, and reports an input that fails as short as it gets.

use std::cell::RefCell;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::Once;
use std::time::Duration;

use auth_core::clock::{Clock as _, SystemClock};
use fastrand::Rng;

use crate::holds::{CLIENT_SECRET, PASSWORD};
use crate::{Target, mutate};

/// How long a target runs on changed inputs.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Budget {
    /// This many inputs.
    Inputs(u32),
    /// This long.
    Time(Duration),
}

/// Runs a target on its corpus, then on changed inputs, and returns the number of inputs. The same seed makes the same
/// inputs.
///
/// # Errors
/// A report with the seed, what failed, and the input, if a property does not hold, or an input takes too much time or
/// memory.
pub fn run(target: &Target, seed: u64, budget: Budget) -> Result<u64, String> {
    let corpus = corpus(target.name)?;
    for (name, input) in &corpus {
        judge(target, input)
            .map_err(|fault| format!("{}: corpus/{0}/{name}: {fault}", target.name))?;
    }
    let inputs: Vec<Vec<u8>> = corpus.into_iter().map(|(_, input)| input).collect();
    let mut hasher = DefaultHasher::new();
    (seed, target.name).hash(&mut hasher);
    let mut rng = Rng::with_seed(hasher.finish());
    let clock = SystemClock::new();
    let begun = clock.now();
    let mut count = inputs.len() as u64;
    loop {
        let is_over = match budget {
            Budget::Inputs(most) => count >= inputs.len() as u64 + u64::from(most),
            Budget::Time(most) => clock.now().since(begun) >= most,
        };
        if is_over {
            return Ok(count);
        }
        count += 1;
        let base = &inputs[rng.usize(..inputs.len())];
        let input = mutate::changed(&mut rng, base, &inputs);
        if let Err(fault) = judge(target, &input) {
            return Err(report(target, seed, &input, &fault));
        }
    }
}

/// Shortens an input that fails, saves it, and describes it.
fn report(target: &Target, seed: u64, input: &[u8], fault: &str) -> String {
    let input = mutate::shortest(input, |input| judge(target, input).is_err());
    let name = target.name;
    let fault = judge(target, &input).err().unwrap_or(fault.to_owned());
    let mut hasher = DefaultHasher::new();
    input.hash(&mut hasher);
    let path = root().join(format!("../../target/fuzz/{name}-{:016x}", hasher.finish()));
    let saved = path.parent().map(fs::create_dir_all).is_some() && fs::write(&path, &input).is_ok();
    let place = if saved {
        path.display().to_string()
    } else {
        "not saved".to_owned()
    };
    let shown: String = input
        .escape_ascii()
        .to_string()
        .chars()
        .take(2000)
        .collect();
    format!(
        "{name}: {fault}\n  seed: {seed}\n  input ({} bytes): {shown}\n  saved: {place}\n  When it is fixed, add it to \
         tests/fuzz/corpus/{name} under a name that says what it is.",
        input.len()
    )
}

/// Runs a target on one input, and judges how it ended, and its time and memory.
///
/// # Errors
/// The property that the input violates.
pub fn judge(target: &Target, input: &[u8]) -> Result<(), String> {
    listen();
    let before = processor_time();
    let mut outcome = Ok(());
    CAUGHT.with(|caught| caught.replace(Some(String::new())));
    let used = allocation_counter::measure(|| {
        let run = AssertUnwindSafe(|| (target.check)(input));
        outcome = panic::catch_unwind(run).map_err(drop);
    });
    let caught = CAUGHT.with(|caught| caught.take().unwrap_or_default());
    if outcome.is_err() {
        return Err(caught);
    }
    let most = MEMORY + MEMORY_PER_BYTE * input.len() as u64;
    if used.bytes_max > most {
        return Err(format!(
            "{} bytes of memory, more than {most}",
            used.bytes_max
        ));
    }
    let took = processor_time().saturating_sub(before);
    if took > LONGEST + LONGEST_PER_BYTE * u32::try_from(input.len()).unwrap_or(u32::MAX) {
        return Err(format!("{took:?} of processor time"));
    }
    Ok(())
}

/// The inputs of a target and their names, in the order of these.
fn corpus(name: &str) -> Result<Vec<(String, Vec<u8>)>, String> {
    let folder = root().join("corpus").join(name);
    let problem = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut inputs = Vec::new();
    for file in fs::read_dir(&folder).map_err(problem)? {
        let path = file.map_err(problem)?.path();
        let name = path.file_name().unwrap_or_default();
        inputs.push((
            name.to_string_lossy().into_owned(),
            fs::read(&path).map_err(problem)?,
        ));
    }
    inputs.sort();
    match inputs.is_empty() {
        true => Err(format!("{}: no inputs", folder.display())),
        false => Ok(inputs),
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The processor time of this thread, where the system counts it: other programs do not make an input slow.
fn processor_time() -> Duration {
    #[cfg(unix)]
    {
        use rustix::time::{ClockId, clock_gettime};
        let time = clock_gettime(ClockId::ThreadCPUTime);
        Duration::try_from(time).unwrap_or_default()
    }
    #[cfg(not(unix))]
    Duration::ZERO
}

thread_local! {
    /// The message of the last panic, while an input is judged.
    static CAUGHT: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Collects the messages of panics, and looks for secrets in what our crates log.
fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |panicked| {
            let is_judged = CAUGHT.with(|caught| match &mut *caught.borrow_mut() {
                Some(text) => {
                    *text = panicked.to_string();
                    true
                }
                None => false,
            });
            if !is_judged {
                usual(panicked);
            }
        }));
        if log::set_logger(&Journal).is_ok() {
            log::set_max_level(log::LevelFilter::Trace);
        }
    });
}

/// Asserts that no line of the log holds a secret of a request. A server's own words may be there.
struct Journal;

impl log::Log for Journal {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        let ours = ["auth_", "oauth2_generic", "aeris_", "ermeo_"];
        ours.iter().any(|name| metadata.target().starts_with(name))
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            let line = record.args().to_string();
            let shown = [CLIENT_SECRET, PASSWORD]
                .into_iter()
                .find(|secret| line.contains(secret));
            assert_eq!(shown, None, "logged: {line}");
        }
    }

    fn flush(&self) {}
}

/// Without optimization, on an old machine: a hundred times as long as a usual input takes.
const LONGEST: Duration = Duration::from_secs(2);
/// A target reads an input up to a dozen times.
const LONGEST_PER_BYTE: Duration = Duration::from_micros(50);
const MEMORY: u64 = 8 * 1024 * 1024;
const MEMORY_PER_BYTE: u64 = 400;
