//! `auth-all helper`: the protocols of other programs, byte by byte.

use std::fs;
use std::os::unix::fs::symlink;

use auth_sim::Simulator;
use serde_json::{Value, json};

use crate::support::{Home, PROGRAM, Ran, assets, fed, orders, ran};

const API: &str = "https://git.example.com:8443";

/// The profile `orders`, whose API is this, with more lines after it.
fn with_api(simulator: &Simulator, more: &str) -> Home {
    let home = orders(simulator);
    let config = fs::read_to_string(home.config()).unwrap();
    home.write(&format!("{config}api = [\"{API}\"]\n{more}"));
    home
}

/// Runs a link to the program, with a name by which other programs run it.
fn linked(home: &Home, name: &str, words: &str, input: &str) -> Ran {
    let link = home.path().join(name);
    symlink(PROGRAM, &link).unwrap();
    let ran = fed(
        home.command(&link.to_string_lossy()).args(words.split(' ')),
        input,
    );
    fs::remove_file(link).unwrap();
    ran
}

fn json(ran: &Ran) -> Value {
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    serde_json::from_str(&ran.out).unwrap()
}

fn token(home: &Home) -> String {
    let ran = home.run("token orders");
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran.out.trim_end().to_owned()
}

const BEARER: &str = "capability[]=authtype\nprotocol=https\nhost=git.example.com:8443\nwwwauth[]=Bearer realm=\"r\"\n";
const BASIC: &str = "capability[]=authtype\nprotocol=https\nhost=git.example.com:8443\nwwwauth[]=Basic realm=\"r\"\n";

#[test]
fn git_gets_the_scheme_that_the_server_asks_for() {
    let simulator = Simulator::generic();
    let home = with_api(&simulator, "");
    let token = token(&home);
    let get = |input: &str| {
        let ran = home.run_with_input("helper git orders get", input);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
        let kept = ran
            .out
            .lines()
            .filter(|line| !line.starts_with("password_expiry_utc="));
        kept.collect::<Vec<_>>().join("\n")
    };
    let bearer =
        format!("capability[]=authtype\nauthtype=Bearer\ncredential={token}\nephemeral=1\n");
    assert_eq!(get(BEARER), bearer);
    let basic = format!("username=oauth2\npassword={token}\n");
    assert_eq!(get(BASIC), basic);
    assert_eq!(
        get("protocol=https\nhost=git.example.com:8443\n"),
        basic,
        "git 2.39"
    );
    assert_eq!(
        home.run_with_input("helper git get", BASIC)
            .out
            .lines()
            .next(),
        Some("username=oauth2")
    );
}

/// A host that is not the profile's, or that libgit2 leaves out, gets nothing.
#[test]
fn git_gets_nothing_for_another_host() {
    let simulator = Simulator::generic();
    let home = with_api(&simulator, "");
    for input in [
        "protocol=https\nhost=git.example.com\n",
        "protocol=http\nhost=git.example.com:8443\n",
        "protocol=https\nhost=evil.example:8443\n",
        "protocol=https\n",
        "",
    ] {
        let ran = home.run_with_input("helper git orders get", input);
        assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{input}");
    }
    assert!(simulator.token_requests().is_empty());
}

#[test]
fn git_stops_where_a_person_must_log_in() {
    let simulator = Simulator::ermeo();
    let home = assets(&simulator);
    let config = fs::read_to_string(home.config()).unwrap();
    home.write(&format!("{config}api = [\"{API}\"]\n"));
    let ran = home.run_with_input("helper git assets get", BEARER);
    assert_eq!((ran.code, ran.out.as_str()), (77, "quit=1\n"));
    assert!(
        ran.err.ends_with("run: auth-all login assets\n"),
        "{}",
        ran.err
    );
}

/// gitcredentials(7): a helper ignores what it does not know.
#[test]
fn git_may_send_words_that_are_not_known_yet() {
    let simulator = Simulator::generic();
    let home = with_api(&simulator, "");
    for words in ["capability", "store", "orders capability", "orders store"] {
        let ran = home.run_with_input(&format!("helper git {words}"), BEARER);
        assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "", ""));
    }
    let ran = home.run_with_input("helper git ordrs get", BEARER);
    assert_eq!((ran.code, ran.out.as_str()), (78, "quit=1\n"));
    assert!(ran.err.contains("did you mean `orders`"), "{}", ran.err);
    assert!(simulator.token_requests().is_empty());
}

/// git also erases a good token that the host takes in no scheme.
#[test]
fn git_erases_a_token_of_the_scheme_that_was_asked_for() {
    let simulator = Simulator::generic();
    let home = with_api(&simulator, "");
    let first = token(&home);
    let erase = |request: &str, secret: &str| {
        let input = format!("{request}{secret}\n");
        let ran = home.run_with_input("helper git orders erase", &input);
        assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "", ""));
    };
    let bearer = format!("authtype=Bearer\ncredential={first}");
    erase(BASIC, &bearer);
    erase(BEARER, "authtype=Bearer\ncredential=another");
    assert_eq!(token(&home), first);
    erase(BEARER, &bearer);
    let second = token(&home);
    assert_ne!(second, first);
    erase(BASIC, &format!("username=oauth2\npassword={second}"));
    let third = token(&home);
    assert_ne!(third, second);
    // git 2.39, and `git credential reject`, name no scheme.
    let plain = "protocol=https\nhost=git.example.com:8443\n";
    erase(plain, &format!("username=oauth2\npassword={third}"));
    assert_ne!(token(&home), third);
    assert_eq!(simulator.token_requests().len(), 4);
}

/// The dialogue of the git that is installed.
#[test]
fn git_itself_takes_the_token() {
    let simulator = Simulator::generic();
    let home = with_api(&simulator, "");
    let mut command = home.command("git");
    command.args(["-c", "credential.helper="]);
    command.args([
        "-c",
        &format!("credential.helper=!{PROGRAM} helper git orders"),
    ]);
    command
        .args(["credential", "fill"])
        .env("GIT_TERMINAL_PROMPT", "0");
    let ran = fed(
        &mut command,
        "protocol=https\nhost=git.example.com:8443\n\n",
    );
    assert_eq!(ran.code, 0, "{}", ran.err);
    let password = format!("password={}\n", token(&home));
    assert!(
        ran.out.contains("username=oauth2\n") && ran.out.contains(&password),
        "{}",
        ran.out
    );
}

#[test]
fn git_can_be_told_the_scheme() {
    let simulator = Simulator::generic();
    let home = with_api(
        &simulator,
        "[profile.orders.helper]\ngit = \"bearer\"\nuser = \"ann\"\n",
    );
    assert!(
        home.run_with_input("helper git orders get", BASIC)
            .out
            .contains("authtype=Bearer\n")
    );
    let home = with_api(
        &simulator,
        "[profile.orders.helper]\ngit = \"basic\"\nuser = \"ann\"\n",
    );
    assert!(
        home.run_with_input("helper git orders get", BEARER)
            .out
            .starts_with("username=ann\n")
    );
}

#[test]
fn kubectl_gets_a_credential_of_its_version() {
    let simulator = Simulator::generic();
    let home = with_api(&simulator, "");
    let ask = |version: &str, spec: &str| {
        let info = format!(
            "{{\"kind\":\"ExecCredential\",\"apiVersion\":\"{version}\",\"spec\":{spec}}}\n"
        );
        let mut command = home.command(PROGRAM);
        command
            .args(["helper", "kubectl", "orders"])
            .env("KUBERNETES_EXEC_INFO", info);
        ran(command.output())
    };
    let spec =
        |server: &str| format!("{{\"cluster\":{{\"server\":\"{server}\"}},\"interactive\":false}}");
    for version in [
        "client.authentication.k8s.io/v1",
        "client.authentication.k8s.io/v1beta1",
    ] {
        let answer = json(&ask(version, &spec(API)));
        assert_eq!(answer["apiVersion"], version);
        assert_eq!(answer["kind"], "ExecCredential");
        assert_eq!(answer["status"]["token"], token(&home));
        assert!(
            answer["status"]["expirationTimestamp"]
                .as_str()
                .unwrap()
                .ends_with('Z')
        );
    }
    let other = ask(
        "client.authentication.k8s.io/v1",
        &spec("https://evil.example"),
    );
    assert_eq!((other.code, other.out.as_str()), (78, ""));
    let unnamed = ask("client.authentication.k8s.io/v1", "{}");
    assert_eq!((unnamed.code, unnamed.out.as_str()), (78, ""));
    assert!(
        unnamed.err.contains("provideClusterInfo: true"),
        "{}",
        unnamed.err
    );
}

#[test]
fn docker_gets_a_password() {
    let simulator = Simulator::generic();
    let home = with_api(&simulator, "");
    let docker =
        |action: &str, input: &str| linked(&home, "docker-credential-auth-all", action, input);
    let host = "git.example.com:8443";
    let answer = json(&docker("get", host));
    assert_eq!(
        answer,
        json!({ "ServerURL": host, "Username": "oauth2", "Secret": token(&home) })
    );
    let other = docker("get", "registry.example");
    assert_eq!(
        (other.code, other.out.as_str()),
        (1, "credentials not found in native keychain\n")
    );
    assert_eq!(docker("list", "").out, "{}\n");
    for action in ["store", "erase"] {
        let ran = docker(action, host);
        assert_eq!(
            (ran.code, ran.out.as_str(), ran.err.as_str()),
            (0, "", ""),
            "{action}"
        );
    }
}

#[test]
fn cargo_gets_a_line_for_each_request() {
    let simulator = Simulator::generic();
    let home = with_api(&simulator, "");
    let cargo = |home: &Home, request: &Value| {
        let ran = fed(
            home.command(PROGRAM).arg("--cargo-plugin"),
            &format!("{request}\n"),
        );
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
        let (hello, answer) = ran.out.split_once('\n').unwrap();
        assert_eq!(hello, "{\"v\":[1]}");
        serde_json::from_str::<Value>(answer).unwrap()
    };
    let request = |kind: &str, url: &str| {
        json!({ "v": 1, "kind": kind, "operation": "read", "args": ["orders"],
                "registry": { "index-url": url, "name": "mine" } })
    };
    let index = format!("sparse+{API}/index/");
    let answer = cargo(&home, &request("get", &index));
    assert_eq!(answer["Ok"]["token"], format!("Bearer {}", token(&home)));
    assert_eq!(answer["Ok"]["kind"], "get");
    assert_eq!(answer["Ok"]["cache"], "expires");
    assert!(answer["Ok"]["expiration"].is_u64());
    assert_eq!(answer["Ok"]["operation_independent"], true);
    let other = cargo(&home, &request("get", "sparse+https://evil.example/"));
    assert_eq!(other, json!({ "Err": { "kind": "url-not-supported" } }));
    let login = cargo(&home, &request("login", &index));
    assert!(
        login["Err"]["message"]
            .as_str()
            .unwrap()
            .contains("run: auth-all login orders")
    );
    assert_eq!(
        cargo(&home, &request("logout", &index)),
        json!({ "Ok": { "kind": "logout" } })
    );
    let bare = with_api(&simulator, "helper = { cargo = \"bare\" }\n");
    assert_eq!(
        cargo(&bare, &request("get", &index))["Ok"]["token"],
        token(&bare)
    );
}

/// cargo would report `failed to deserialize hello`, and git would ask for a user name.
#[test]
fn a_faulty_configuration_is_told_in_the_callers_words() {
    let home = Home::new("[profile.orders]\nclientid = \"x\"\n");
    let line = json!({ "v": 1, "kind": "get", "registry": { "index-url": "sparse+https://x/" } });
    let ran = fed(
        home.command(PROGRAM).arg("--cargo-plugin"),
        &format!("{line}\n"),
    );
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let (hello, answer) = ran.out.split_once('\n').unwrap();
    assert_eq!(hello, "{\"v\":[1]}");
    let answer: Value = serde_json::from_str(answer).unwrap();
    assert_eq!(answer["Err"]["kind"], "other");
    let message = answer["Err"]["message"].as_str().unwrap();
    assert!(message.contains("config.toml:"), "{message}");
    let ran = home.run_with_input("helper git orders get", BEARER);
    assert_eq!((ran.code, ran.out.as_str()), (78, "quit=1\n"));
    let ran = home.run_with_input("helper git orders store", BEARER);
    assert_eq!((ran.code, ran.out.as_str()), (78, ""));
    assert_eq!(home.run("helper git --print-config orders").code, 0);
}

/// Runs the program several times from one process, as kubectl and go do.
#[cfg(target_os = "linux")]
fn from_one_process(home: &Home, script: &str, variables: &[(&str, &str)]) -> Vec<String> {
    let mut command = home.command("sh");
    command.args(["-c", script]).arg(PROGRAM);
    let ran = ran(command.envs(variables.iter().copied()).output());
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let tokens = ran.out.lines().filter(|line| line.contains("oken"));
    tokens.map(str::to_owned).collect()
}

/// kubectl has no other sign of a refused token: it runs the helper a second time.
#[cfg(target_os = "linux")]
#[test]
fn kubectl_that_asks_twice_gets_another_token() {
    let simulator = Simulator::generic();
    let home = with_api(&simulator, "");
    let info = format!(
        "{{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"spec\":{{\"cluster\":{{\"server\":\"{API}\"}}}}}}"
    );
    let variables = [("KUBERNETES_EXEC_INFO", info.as_str())];
    let once = "$0 helper kubectl orders; true";
    let first = from_one_process(&home, once, &variables);
    assert_eq!(from_one_process(&home, once, &variables), first);
    let twice = "$0 helper kubectl orders; $0 helper kubectl orders; true";
    let both = from_one_process(&home, twice, &variables);
    assert_eq!(both[0], first[0]);
    assert_ne!(both[1], first[0]);
    assert_eq!(simulator.token_requests().len(), 2);
}

/// A second call is a sign and no proof: a program may only have read its settings again.
#[cfg(target_os = "linux")]
#[test]
fn kubectl_keeps_its_token_if_there_is_no_other() {
    let simulator = Simulator::generic();
    let home = with_api(&simulator, "");
    let token = token(&home);
    drop(simulator);
    let info = format!(
        "{{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"spec\":{{\"cluster\":{{\"server\":\"{API}\"}}}}}}"
    );
    let mut command = home.command("sh");
    command.env("KUBERNETES_EXEC_INFO", info);
    let twice = "$0 helper kubectl orders && $0 helper kubectl orders";
    let ran = ran(command.args(["-c", twice]).arg(PROGRAM).output());
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.out.matches(&token).count(), 2, "{}", ran.out);
    assert!(
        ran.err.contains("orders: "),
        "the failure is shown: {}",
        ran.err
    );
}

/// go runs the helper for each of the requests that a server has refused, and all had the same token.
#[cfg(target_os = "linux")]
#[test]
fn the_refusals_of_one_go_lead_to_one_request() {
    let simulator = Simulator::generic();
    let home = with_api(&simulator, "");
    let refused =
        format!("printf 'HTTP/1.1 401 No\\n\\n' | $0 helper go orders {API}/mod/@v/list;");
    let script = format!("$0 helper go orders; {refused} {refused} {refused} true");
    let lines = ran(home
        .command("sh")
        .args(["-c", &script])
        .arg(PROGRAM)
        .output());
    let tokens: Vec<_> = lines
        .out
        .lines()
        .filter(|line| line.starts_with("Authorization"))
        .collect();
    assert_eq!(tokens.len(), 4, "{lines:?}");
    assert_ne!(tokens[0], tokens[1]);
    assert_eq!(tokens[1], tokens[2]);
    assert_eq!(tokens[1], tokens[3]);
    assert_eq!(simulator.token_requests().len(), 2);
    let file = home.path().join(".local/state/auth-all/callers");
    let kept = fs::read_to_string(&file).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let secret = tokens[0].rsplit(' ').next().unwrap();
    assert!(!kept.contains(&secret[..8]), "{kept}");
}

#[test]
fn go_reports_a_rejected_token_by_a_second_call() {
    let simulator = Simulator::generic();
    let home = with_api(&simulator, "");
    let first = home.run("helper go orders").out;
    assert_eq!(
        first,
        format!("{API}\n\nAuthorization: Bearer {}\n\n", token(&home))
    );
    let url = format!("helper go orders {API}/mod/@v/v1.0.0.info");
    let again = home.run_with_input(
        &url,
        "HTTP/1.1 401 Unauthorized\nWww-Authenticate: Bearer\n\n",
    );
    assert_ne!(again.out, first);
    assert_eq!(again.out, home.run("helper go orders").out);
    let missing = home.run_with_input(&url, "HTTP/1.1 404 Not Found\n\n");
    assert_eq!(missing.out, again.out);
    let other = home.run_with_input(
        "helper go orders https://evil.example/x",
        "HTTP/1.1 401 No\n\n",
    );
    assert_eq!((other.code, other.out.as_str()), (0, ""));
    assert_eq!(simulator.token_requests().len(), 2);
}

#[test]
fn pip_and_uv_run_a_keyring() {
    let simulator = Simulator::generic();
    let home = with_api(&simulator, "");
    let keyring = |words: &str| linked(&home, "keyring", words, "");
    let token = token(&home);
    let url = format!("{API}/simple/");
    assert_eq!(keyring(&format!("get {url} ann")).out, format!("{token}\n"));
    assert_eq!(
        keyring("get git.example.com:8443 ann").out,
        format!("{token}\n")
    );
    assert_eq!(
        keyring(&format!("get {url} --mode creds")).out,
        format!("oauth2\n{token}\n")
    );
    let both = keyring(&format!("--mode=creds --output=json get {url}"));
    assert_eq!(
        json(&both),
        json!({ "username": "oauth2", "password": token })
    );
    let other = keyring("get https://pypi.org/simple/ ann");
    assert_eq!((other.code, other.out.as_str()), (1, ""));
    assert_eq!(keyring("set git.example.com:8443 ann").code, 64);
}

#[test]
fn bazel_terraform_and_pnpm_get_their_shapes() {
    let simulator = Simulator::generic();
    let home = with_api(&simulator, "");
    let header = format!("Bearer {}", token(&home));
    let ask = |uri: &str| {
        linked(
            &home,
            "auth-all-bazel",
            "get",
            &format!("{{\"uri\":\"{uri}\"}}"),
        )
    };
    let bazel = json(&ask(&format!("{API}/x")));
    assert_eq!(bazel["headers"], json!({ "Authorization": [header] }));
    assert!(bazel["expires"].as_str().unwrap().ends_with('Z'));
    assert_eq!(
        json(&ask("https://evil.example/")),
        json!({ "headers": {} })
    );
    let terraform = |words: &str| linked(&home, "terraform-credentials-auth-all", words, "");
    let found = terraform("orders get git.example.com:8443");
    assert_eq!(json(&found), json!({ "token": token(&home) }));
    assert_eq!(json(&terraform("orders get tf.example")), json!({}));
    assert_eq!(terraform("orders forget git.example.com:8443").code, 64);
    assert_eq!(home.run("helper pnpm orders").out, format!("{header}\n"));
    assert_eq!(home.run("helper pnpm ordrs").code, 78);
}

#[test]
fn each_program_has_lines_to_paste() {
    let simulator = Simulator::generic();
    let home = with_api(&simulator, "");
    for program in [
        "git",
        "docker",
        "kubectl",
        "cargo",
        "bazel",
        "go",
        "terraform",
        "pnpm",
        "keyring",
    ] {
        for words in [
            format!("helper {program} --print-config orders"),
            format!("helper {program} orders --print-config"),
        ] {
            let ran = home.run(&words);
            assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{words}");
            assert!(ran.out.contains("auth-all"), "{}", ran.out);
        }
    }
    let git = home.run("helper git orders --print-config").out;
    assert!(git.contains("\thelper =\n\thelper = !"), "{git}");
    assert!(simulator.token_requests().is_empty());
}

/// The guide of the facade has the lines of each program, as they are printed.
#[test]
fn the_guide_has_the_lines_that_are_printed() {
    let home = Home::new(
        "[profile.code]\nissuer = \"https://login.example.com\"\ngrant = \"browser\"\nclient_id = \"code\"\n\
         api = [\"https://code.example.com/\"]\n",
    );
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../auth-all/docs/programs.md");
    let guide = fs::read_to_string(guide).unwrap();
    let help = home.run("helper --help").out;
    let (_, programs) = help.split_once("[possible values: ").unwrap();
    let (programs, _) = programs.split_once(']').unwrap();
    for program in programs.split(", ") {
        let ran = home.run(&format!("helper {program} code --print-config"));
        let lines = ran.out.replace(PROGRAM, "/usr/local/bin/auth-all");
        let block = format!("```text\n{lines}```\n");
        assert!(guide.contains(&block), "{program}: {block}");
    }
    let unnamed = home.run("helper git --print-config").out;
    assert!(unnamed.contains("https://HOST"), "{unnamed}");
}

#[test]
fn two_profiles_for_one_api_are_not_guessed() {
    let simulator = Simulator::generic();
    let home = with_api(&simulator, "");
    let config = fs::read_to_string(home.config()).unwrap();
    home.write(&format!("{config}{}", config.replace("orders", "others")));
    let ran = home.run_with_input("helper git get", BEARER);
    assert_eq!((ran.code, ran.out.as_str()), (78, "quit=1\n"));
    assert!(ran.err.contains("orders, others; name one"), "{}", ran.err);
}
