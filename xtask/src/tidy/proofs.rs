//! The tests that a table names as proof: they must be there.

/// What is wrong with a table; `sources` are all Rust files, by path and text.
pub(super) fn check(path: &str, table: &str, sources: &[(String, String)]) -> Vec<String> {
    let mut complaints = Vec::new();
    for (at, line) in table.lines().enumerate() {
        for name in names(line).filter(|name| !is_there(name, sources)) {
            complaints.push(format!("{path}:{}: there is no test `{name}`", at + 1));
        }
    }
    complaints
}

/// Every `module::test` in backquotes; a path of that kind in capitals is a type's.
fn names(line: &str) -> impl Iterator<Item = &str> {
    let quoted = line.split('`').skip(1).step_by(2);
    quoted.filter(|word| word.contains("::") && !word.contains(char::is_uppercase))
}

fn is_there(name: &str, sources: &[(String, String)]) -> bool {
    let Some((module, test)) = name.rsplit_once("::") else {
        return false;
    };
    let file = format!("/{}.rs", module.replace("::", "/"));
    let function = format!("#[test]\nfn {test}() {{");
    let mut files = sources.iter().filter(|(path, _)| path.ends_with(&file));
    files.any(|(_, text)| text.contains(&function))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_is_named_must_be_there_in_that_module() {
        let sources = [(
            "tests/it/real_server/attacks.rs".to_owned(),
            "#[test]\nfn it_is_refused() {\n}\nfn helps() {\n}\n".to_owned(),
        )];
        let complaints = |row: &str| check("a.md", &format!("| § |\n{row}\n"), &sources).join("\n");
        assert_eq!(complaints("| `real_server::attacks::it_is_refused` |"), "");
        assert_eq!(
            complaints("| `attacks::it_is_refused`, `Session::new` |"),
            ""
        );
        let missing = complaints("| `attacks::it_is_refused`, `attacks::it_was_renamed` |");
        assert_eq!(
            missing,
            "a.md:2: there is no test `attacks::it_was_renamed`"
        );
        assert!(!complaints("| `redirects::it_is_refused` |").is_empty());
        assert!(
            !complaints("| `attacks::helps` |").is_empty(),
            "it is no test"
        );
    }
}
