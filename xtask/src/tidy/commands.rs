//! The commands of documents and workflows: each `cargo xtask` names a task.

use crate::is_task;

/// Returns the tasks that are named and do not exist, as `path:line: complaint`.
pub(super) fn check(path: &str, text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    for (at, line) in text.lines().enumerate() {
        for rest in line.split("cargo xtask ").skip(1) {
            let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric());
            let name = &rest[..end.unwrap_or(rest.len())];
            if !name.is_empty() && !is_task(name) {
                complaints.push(format!("{path}:{}: `{name}` is not a task", at + 1));
            }
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_that_does_not_exist_is_found() {
        assert!(check("a.md", "`cargo xtask`, `cargo xtask ci --no-test`").is_empty());
        let complaints = check("a.md", "\nRun `cargo xtask polish` first.");
        assert_eq!(complaints, ["a.md:2: `polish` is not a task"]);
    }
}
