//! The tests that a document lists as proof: they must exist.

/// Returns the names in a document that have no test; `sources` are all Rust files, by path and text.
pub(super) fn check(path: &str, document: &str, sources: &[(String, String)]) -> Vec<String> {
    let mut complaints = Vec::new();
    for (at, line) in document.lines().enumerate() {
        for name in names(line).filter(|name| !exists(name, sources)) {
            complaints.push(format!("{path}:{}: no test is named `{name}`", at + 1));
        }
    }
    complaints
}

/// Returns every `module::test` in backquotes; a path with capitals is a type's.
fn names(line: &str) -> impl Iterator<Item = &str> {
    let quoted = line.split('`').skip(1).step_by(2);
    quoted.filter(|word| word.contains("::") && !word.contains(char::is_uppercase))
}

fn exists(name: &str, sources: &[(String, String)]) -> bool {
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
    fn a_name_without_a_test_is_found() {
        let sources = [(
            "tests/it/real_server/attacks.rs".to_owned(),
            "#[test]\nfn it_is_refused() {\n}\nfn helps() {\n}\n".to_owned(),
        )];
        let complaints = |row: &str| check("a.md", &format!("| § |\n{row}\n"), &sources).join("\n");
        let fine =
            "| `real_server::attacks::it_is_refused`, `attacks::it_is_refused`, `Session::new` |";
        assert_eq!(complaints(fine), "");
        for gone in [
            "attacks::renamed",
            "redirects::it_is_refused",
            "attacks::helps",
        ] {
            let expected = format!("a.md:2: no test is named `{gone}`");
            assert_eq!(complaints(&format!("| `{gone}` |")), expected);
        }
    }
}
