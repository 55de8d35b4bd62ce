//! git over HTTP, at hosts that take Bearer, Basic or both.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::installed::{on_path, skipped, version};
use crate::stage::Stage;

/// The first git that offers schemes (2.46), and the first that does not.
const NEWER: (u32, u32) = (2, 46);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Age {
    /// It sends the challenges of the server, and takes Bearer.
    Newer,
    /// It takes a user name and a password.
    Older,
}

/// A git of this age; the tests skip what is not on the machine, except that there must be one.
fn git(age: Age) -> Option<PathBuf> {
    let places = [on_path("git"), Some(PathBuf::from("/usr/bin/git"))];
    let places = places.into_iter().flatten().filter(|path| path.is_file());
    let mut found = places.filter(|path| (version(path) >= NEWER) == (age == Age::Newer));
    let found = found.next();
    if found.is_none() {
        assert!(
            on_path("git").is_some(),
            "`git` is missing; `cargo xtask setup` installs it"
        );
        let name = match age {
            Age::Newer => "git 2.46 or newer",
            Age::Older => "git before 2.46",
        };
        skipped(name, "git");
    }
    found
}

struct Repository {
    stage: Stage,
    git: PathBuf,
}

impl Repository {
    /// A repository with one commit at the server, and the helper in the configuration of git.
    fn new(stage: Stage, git: PathBuf, profile: &str) -> Self {
        let repository = Self { stage, git };
        let stage = &repository.stage;
        let lines = stage.lines("git", profile);
        // Another helper, which would keep a password in clear.
        let config = format!(
            "[user]\n\tname = Ann\n\temail = ann@example.com\n[credential]\n\thelper = store\n{lines}"
        );
        stage.write(".gitconfig", &config);
        repository.succeeds("init --quiet --bare repositories/r");
        repository.succeeds("-C repositories/r config http.receivepack true");
        repository.succeeds("init --quiet here");
        repository.succeeds("-C here commit --quiet --allow-empty --message first");
        repository.succeeds("-C here push --quiet ../repositories/r HEAD:main");
        repository
    }

    fn git(&self, words: &str) -> Command {
        let mut command = self.stage.command(&self.git);
        command
            .args(words.split(' '))
            .env("GIT_TERMINAL_PROMPT", "0");
        if self.git == Path::new("/usr/bin/git") {
            // Another git on the path would run its own parts.
            command.env("GIT_EXEC_PATH", "/usr/lib/git-core");
        }
        command
    }

    #[track_caller]
    fn succeeds(&self, words: &str) -> String {
        self.stage.succeeds(&mut self.git(words)).out
    }

    #[track_caller]
    fn fails(&self, words: &str) -> String {
        self.stage.fails(&mut self.git(words))
    }

    fn url(&self, schemes: &str) -> String {
        format!("http://{}/git/{schemes}/r", self.stage.host())
    }

    /// Reads, clones and pushes with this in the requests.
    #[track_caller]
    fn works(&self, schemes: &str, by: &str) {
        let url = self.url(schemes);
        let listed = self.succeeds(&format!("ls-remote {url}"));
        assert!(listed.contains("refs/heads/main"), "{listed}");
        self.succeeds(&format!("clone --quiet --branch main {url} {schemes}"));
        self.succeeds(&format!(
            "-C {schemes} commit --quiet --allow-empty --message more"
        ));
        self.succeeds(&format!("-C {schemes} push --quiet origin main"));
        self.stage.assert_authorized(by);
        let kept = self.stage.path().join(".git-credentials");
        assert!(!kept.exists(), "another helper has kept the token");
    }
}

#[test]
fn a_newer_git_takes_the_scheme_of_the_host() {
    let Some(git) = git(Age::Newer) else { return };
    let repository = Repository::new(Stage::new(), git, "orders");
    let token = repository.stage.token();
    repository.works("bearer", &format!("bearer {token}"));
    repository.works("basic", &format!("basic oauth2 {token}"));
    repository.works("both", &format!("bearer {token}"));
    assert_eq!(repository.stage.simulator.token_requests().len(), 1);
}

#[test]
fn an_older_git_takes_a_password() {
    let Some(git) = git(Age::Older) else { return };
    let repository = Repository::new(Stage::new(), git, "orders");
    let token = repository.stage.token();
    repository.works("basic", &format!("basic oauth2 {token}"));
    repository.works("both", &format!("basic oauth2 {token}"));
    repository.fails(&format!("ls-remote {}", repository.url("bearer")));
    assert_eq!(
        repository.stage.simulator.token_requests().len(),
        2,
        "git erased the token"
    );
}

#[test]
fn git_replaces_a_token_that_was_revoked() {
    for age in [Age::Newer, Age::Older] {
        let Some(git) = git(age) else { continue };
        let repository = Repository::new(Stage::new(), git, "orders");
        let url = repository.url("both");
        repository.succeeds(&format!("ls-remote {url}"));
        repository.stage.simulator.revoke_access_tokens();
        repository.fails(&format!("ls-remote {url}"));
        repository.succeeds(&format!("ls-remote {url}"));
        assert_eq!(repository.stage.simulator.token_requests().len(), 2);
    }
}

/// git erases also a good token, if the host takes no Bearer.
#[test]
fn git_keeps_a_token_whose_scheme_the_host_refuses() {
    let Some(git) = git(Age::Newer) else { return };
    let stage = Stage::with("helper = { git = \"bearer\" }\n");
    let repository = Repository::new(stage, git, "orders");
    let token = repository.stage.token();
    let shown = repository.fails(&format!("ls-remote {}", repository.url("basic")));
    assert!(shown.contains("Authentication failed"), "{shown}");
    repository
        .stage
        .assert_authorized(&format!("bearer {token}"));
    assert_eq!(repository.stage.token(), token);
}

#[test]
fn git_stops_and_shows_the_command_to_log_in() {
    for age in [Age::Newer, Age::Older] {
        let Some(git) = git(age) else { continue };
        let repository = Repository::new(Stage::logged_out(), git, "assets");
        let shown = repository.fails(&format!("ls-remote {}", repository.url("both")));
        assert!(shown.contains("run: auth-all login assets"), "{shown}");
        assert!(shown.contains("told us to quit"), "{shown}");
    }
}

/// Without the profile's name, as in the configuration of a machine.
#[test]
fn git_finds_the_profile_by_its_api() {
    let git = on_path("git").unwrap();
    let repository = Repository::new(Stage::new(), git, "orders");
    let config = repository.stage.path().join(".gitconfig");
    let lines = fs::read_to_string(&config).unwrap();
    fs::write(&config, lines.replace("helper git orders", "helper git")).unwrap();
    let listed = repository.succeeds(&format!("ls-remote {}", repository.url("basic")));
    assert!(listed.contains("refs/heads/main"), "{listed}");
}
