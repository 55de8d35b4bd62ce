//! The output format of callgrind: self costs by object, and calls.

use std::collections::HashMap;

/// Instructions of a program outside its libraries, and its calls of libc's allocator.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Counts {
    pub(super) instructions: f64,
    pub(super) allocations: f64,
}

impl Counts {
    /// Returns the difference of two runs for each of the times that one is longer.
    pub(super) fn less(self, shorter: Self, times: u32) -> Self {
        let each = |longer: f64, shorter: f64| (longer - shorter) / f64::from(times);
        Self {
            instructions: each(self.instructions, shorter.instructions),
            allocations: each(self.allocations, shorter.allocations),
        }
    }
}

/// Sums a profile of the program with this file name.
pub(super) fn counts(profile: &str, program: &str) -> Counts {
    let (mut objects, mut functions) = (Names::default(), Names::default());
    let (mut is_ours, mut called, mut is_call) = (false, "", false);
    let mut counts = Counts::default();
    for line in profile.lines() {
        if let Some(object) = line.strip_prefix("ob=") {
            is_ours = objects.name(object).rsplit('/').next() == Some(program);
        } else if let Some(object) = line.strip_prefix("cob=") {
            objects.name(object);
        } else if let Some(function) = line.strip_prefix("fn=") {
            functions.name(function);
        } else if let Some(function) = line.strip_prefix("cfn=") {
            called = functions.name(function);
        } else if let Some(call) = line.strip_prefix("calls=") {
            // The next line has the cost of the call, which is the callee's.
            is_call = true;
            if is_ours && ALLOCATORS.contains(&called) {
                counts.allocations += number(call.split(' ').next());
            }
        } else if line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first))
            && !std::mem::take(&mut is_call)
            && is_ours
        {
            counts.instructions += number(line.split(' ').nth(1));
        }
    }
    counts
}

/// Names, which the format writes once: `(7) malloc`, and afterwards `(7)`.
#[derive(Default)]
struct Names<'a>(HashMap<&'a str, &'a str>);

impl<'a> Names<'a> {
    fn name(&mut self, text: &'a str) -> &'a str {
        match text.split_once(' ') {
            Some((id, name)) => {
                self.0.insert(id, name);
                name
            }
            None => self.0.get(text).copied().unwrap_or_default(),
        }
    }
}

fn number(word: Option<&str>) -> f64 {
    word.and_then(|word| word.parse().ok()).unwrap_or_default()
}

const ALLOCATORS: [&str; 5] = [
    "malloc",
    "calloc",
    "realloc",
    "posix_memalign",
    "aligned_alloc",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_counts_by_its_allocations() {
        let profile = "\
positions: line
events: Ir
summary: 1000

ob=(1) /target/counted/costs
fl=(1) main.rs
fn=(1) main
16 400
cob=(2) /lib/libc.so.6
cfi=(2) malloc.c
cfn=(2) malloc
calls=3 50
16 300
+2 7
cfn=(3) helper
calls=9 1
* 90

ob=(2)
fn=(2)
50 290
cfn=(2)
calls=8 1
* 80

ob=(1)
fn=(3)
-5 90
cob=(2)
cfn=(2)
calls=1 50
* 10
totals: 1000
";
        let counts = counts(profile, "costs");
        assert_eq!(
            counts,
            Counts {
                instructions: 497.0,
                allocations: 4.0
            }
        );
        let shorter = Counts {
            instructions: 97.0,
            allocations: 2.0,
        };
        let each = counts.less(shorter, 2);
        assert_eq!(
            each,
            Counts {
                instructions: 200.0,
                allocations: 1.0
            }
        );
    }
}
