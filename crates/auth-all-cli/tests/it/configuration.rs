//! Files of the configuration, their keys, and the sources of secrets.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use auth_sim::{Simulator, generic};

use crate::support::{Home, PROGRAM, orders, ran};

const ORDERS: &str = "[profile.orders]\ntoken_endpoint = \"https://login.example.com/token\"\n\
                      grant = \"client_credentials\"\nclient_id = \"batch\"\n";

/// Runs `check` with this profile; returns the error without the path of the configuration.
fn refused(config: &str) -> String {
    let home = Home::new(config);
    let ran = home.run("check orders");
    assert_eq!((ran.code, ran.out.as_str()), (78, ""), "{}", ran.err);
    ran.err
        .replace(&format!("{}:", home.config().display()), "line ")
}

#[test]
fn an_unknown_key_names_the_nearest_known_one() {
    let typed = |from: &str, to: &str| refused(&ORDERS.replace(from, to));
    assert_eq!(
        typed("client_id", "clientid"),
        "auth-all: line 4: unknown key `clientid` in [profile.orders]; did you mean `client_id`?\n"
    );
    assert_eq!(
        typed("token_endpoint", "token-endpoint"),
        "auth-all: line 2: unknown key `token-endpoint` in [profile.orders]; did you mean `token_endpoint`?\n"
    );
    let scopes = refused(&format!("{ORDERS}scopes = \"a\"\n"));
    assert!(scopes.contains("line 5: unknown key `scopes`"), "{scopes}");
    assert!(scopes.contains("did you mean `scope`?"), "{scopes}");
    let other = refused(&format!("{ORDERS}colour = \"a\"\n"));
    assert!(other.contains("known here: "), "{other}");
    let store = refused(&format!("{ORDERS}[store]\nkind = \"memory\"\nkynd = 1\n"));
    assert!(store.contains("unknown key `kynd` in [store]"), "{store}");
    let section = refused(&format!("{ORDERS}[profiles]\n"));
    assert!(
        section.contains("unknown key `profiles`; did you mean `profile`?"),
        "{section}"
    );
}

#[test]
fn a_wrong_value_names_its_line() {
    for (from, to, complaint) in [
        (
            "\"client_credentials\"",
            "\"magic\"",
            "line 3: `grant` is one of client_credentials, ",
        ),
        ("\"batch\"", "7", "line 4: `client_id` is a text in quotes"),
        ("\"batch\"", "\"batch", "line 4: invalid basic string"),
        (
            "client_id",
            "vendor",
            "line 4: `vendor` is not a known server; known are aerion, aeris, ermeo, ",
        ),
        (
            "grant = \"client_credentials\"",
            "",
            "line 1: [profile.orders] has no `grant`",
        ),
        (
            "[profile.orders]",
            "[profile.\"a b\"]",
            "is not a name of letters",
        ),
    ] {
        let error = refused(&ORDERS.replace(from, to));
        assert!(error.contains(complaint), "{error}");
    }
}

#[test]
fn a_bare_secret_is_refused_and_not_shown() {
    let error = refused(&format!("{ORDERS}client_secret = \"canary\"\n"));
    assert!(
        error.contains("line 5: `client_secret` is a secret, so it names a place: { file = "),
        "{error}"
    );
    assert!(!error.contains("canary"), "{error}");
    for (source, complaint) in [
        ("{ fil = \"x\" }", "has no source named `fil`"),
        ("{ prompt = true }", "only `login` asks"),
        ("{ file = \"a\", env = \"b\" }", "names one place"),
        ("{ file = \"\" }", "has `file` without a text"),
        ("{ credential = \"../x\" }", "is not a plain name"),
        ("{ command = \"pass\" }", "has `command` without a list"),
    ] {
        let error = refused(&format!("{ORDERS}client_secret = {source}\n"));
        assert!(error.contains(complaint), "{error}");
    }
}

/// The same secret from each source.
#[test]
fn each_source_of_a_secret_is_read() {
    let simulator = Simulator::generic();
    let secret = generic::CLIENT_SECRET;
    let home = orders(&simulator);
    let file = home.path().join("secret");
    let config = fs::read_to_string(home.config()).unwrap();
    let before = format!("{{ file = \"{}\" }}", file.display());
    assert!(config.contains(&before));
    for source in [
        "{ env = \"ORDERS\" }".to_owned(),
        "{ credential = \"secret\" }".to_owned(),
        format!("{{ command = [\"cat\", \"{}\"] }}", file.display()),
        format!("{{ danger_plain = '{secret}' }}"),
    ] {
        home.write(&config.replace(&before, &source));
        let mut command = home.command(PROGRAM);
        command.args(["token", "orders", "--refresh"]);
        command
            .env("ORDERS", secret)
            .env("CREDENTIALS_DIRECTORY", home.path());
        let ran = ran(command.output());
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{source}");
    }
    home.write(&config.replace(&before, "{ stdin = true }"));
    let ran = home.run_with_input("token orders --refresh", &format!("{secret}\n"));
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert_eq!(simulator.token_requests().len(), 5);
}

#[test]
fn a_credential_needs_systemd() {
    let error = refused(&format!(
        "{ORDERS}client_secret = {{ credential = \"x\" }}\n"
    ));
    assert!(error.contains("systemd passed no credentials"), "{error}");
}

#[test]
fn a_configuration_that_others_can_change_is_refused() {
    let home = Home::new(ORDERS);
    fs::set_permissions(home.config(), Permissions::from_mode(0o666)).unwrap();
    let ran = home.run("list");
    assert_eq!(ran.code, 78);
    assert!(
        ran.err
            .ends_with(&format!("\n  run: chmod o-w {}\n", home.config().display()))
    );
}

#[test]
fn the_named_file_is_the_only_one() {
    let home = Home::new(ORDERS);
    let other = home.path().join("other.toml");
    fs::write(&other, ORDERS.replace("orders", "others")).unwrap();
    let by_option = home.run(&format!("list --config {}", other.display()));
    assert_eq!(
        by_option.out,
        "others  client_credentials  https://login.example.com/token\n"
    );
    let mut command = home.command(PROGRAM);
    let by_variable = command.arg("list").env("AUTH_ALL_CONFIG", &other).output();
    assert_eq!(ran(by_variable), by_option);
    let missing = home.run("list --config /nowhere.toml");
    assert_eq!(missing.err, "auth-all: /nowhere.toml: no such file\n");
    assert_eq!(missing.code, 78);
}

#[test]
fn an_unknown_profile_names_the_nearest() {
    let home = Home::new(ORDERS);
    let ran = home.run("token order");
    let config = home.config();
    let config = config.display();
    assert_eq!(
        ran.err,
        format!(
            "auth-all: no profile is named `order`; did you mean `orders`? ({config} has orders)\n"
        )
    );
    assert_eq!(ran.code, 78);
}

#[test]
fn the_store_is_where_the_environment_has_it() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let state = home.path().join("service");
    let mut command = home.command(PROGRAM);
    command
        .args(["token", "orders"])
        .env("STATE_DIRECTORY", &state);
    assert_eq!(ran(command.output()).code, 0);
    assert!(state.join("logins").is_dir());
    assert!(!home.path().join(".local").exists());
    assert_eq!(home.run("token orders").code, 0);
    assert!(home.path().join(".local/state/auth-all/logins").is_dir());
    assert_eq!(home.run("token orders --store memory").code, 0);
    assert_eq!(simulator.token_requests().len(), 3);
    let unknown = home.run("token orders --store floppy");
    assert_eq!(unknown.code, 78);
    assert!(
        unknown.err.contains("--store: no store is named `floppy`"),
        "{}",
        unknown.err
    );
}

#[test]
fn a_sealed_store_holds_no_readable_token() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let config = fs::read_to_string(home.config()).unwrap();
    let key = auth_all::store::EncryptionKey::generate()
        .unwrap()
        .to_base64();
    let (place, logins) = (home.path().join("key"), home.path().join("logins"));
    fs::write(&place, key.expose()).unwrap();
    home.write(&format!(
        "{config}[store]\nkind = \"file\"\npath = \"{}\"\nseal = {{ file = \"{}\" }}\n",
        logins.display(),
        place.display()
    ));
    let token = home.run("token orders").out;
    assert_eq!(home.run("token orders").out, token);
    let mut records = 0;
    for entry in fs::read_dir(&logins).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        let token = token.trim_end().as_bytes();
        assert!(!bytes.windows(token.len()).any(|window| window == token));
        records += usize::from(!bytes.is_empty());
    }
    assert!(records > 0);
}

/// An endpoint of one file never gets a secret of another.
#[test]
fn a_server_is_found_by_its_issuer() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let config = fs::read_to_string(home.config()).unwrap();
    let endpoint = format!("token_endpoint = \"{}\"", simulator.token_url());
    let issuer = format!("issuer = \"{}\"", simulator.url());
    home.write(&config.replace(&endpoint, &issuer));
    assert_eq!(home.run("token orders").code, 0);
    let sent = simulator.requests().len();
    assert_eq!(home.run("token orders --refresh").code, 0);
    let metadata = simulator.requests().len() - sent;
    assert_eq!(metadata, 1, "the metadata is kept for a day");
}
