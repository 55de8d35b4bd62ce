//! Programs without a helper, through `auth-all proxy` and with `auth-all serve`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::installed::program;
use crate::stage::Stage;
use crate::support::Service;

/// A proxy before the server, and its address.
fn proxy(stage: &Stage) -> (Service, String) {
    let words = format!("proxy --listen 127.0.0.1:0 orders=http://{}", stage.host());
    let service = Service::start(&stage.home, &words);
    let address = service.address();
    (service, address)
}

/// A command that listens on a socket of the home.
fn on_socket(stage: &Stage, words: &str) -> (Service, PathBuf) {
    let socket = stage.path().join("socket");
    let words = words.replace("SOCKET", &format!("unix:{}", socket.display()));
    let service = Service::start(&stage.home, &words);
    service.line();
    (service, socket)
}

fn command(stage: &Stage, name: &str, words: &str) -> Command {
    let mut command = stage.command(program(name));
    command.args(words.split(' '));
    command
}

#[test]
fn git_clones_and_pushes_through_the_proxy() {
    let stage = Stage::new();
    let (_service, address) = proxy(&stage);
    stage.write(
        ".gitconfig",
        "[user]\n\tname = Ann\n\temail = ann@example.com\n",
    );
    let git = |words: &str| stage.succeeds(&mut command(&stage, "git", words));
    git("init --quiet --bare repositories/r");
    git("-C repositories/r config http.receivepack true");
    git(&format!("clone --quiet http://{address}/git/bearer/r here"));
    // git sends a body of this size in chunks.
    let noise: Vec<u8> = (0..3_000_000_u64)
        .map(|at| (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8)
        .collect();
    fs::write(stage.path().join("here/noise"), noise).unwrap();
    git("-C here config core.compression 0");
    git("-C here add noise");
    git("-C here commit --quiet --message first");
    git("-C here push --quiet origin HEAD:main");
    let listed = git(&format!("ls-remote http://{address}/git/bearer/r"));
    assert!(listed.out.contains("refs/heads/main"), "{}", listed.out);
    stage.assert_authorized(&format!("bearer {}", stage.token()));
}

#[test]
fn programs_read_through_the_proxy() {
    let stage = Stage::new();
    let (_service, address) = proxy(&stage);
    let by = format!("bearer {}", stage.token());
    let thing = format!("http://{address}/api/thing");
    let succeeds = |name: &str, words: &str| {
        let mut command = command(&stage, name, words);
        command.env("PIP_TARGET", stage.path().join("packages"));
        command.env("GOPROXY", format!("http://{address}/go"));
        command.env("GOSUMDB", "off").env("GOTOOLCHAIN", "local");
        command.env("GOFLAGS", "-modcacherw");
        let ran = stage.succeeds(&mut command);
        stage.assert_authorized(&by);
        ran.out
    };
    for (name, words) in [
        ("curl", format!("-fsS {thing}")),
        ("wget", format!("-qO- {thing}")),
        (
            "python_programs/bin/kubectl",
            format!("--server http://{address} get --raw /api/thing"),
        ),
    ] {
        assert!(succeeds(name, &words).contains("Thing"), "{name}");
    }
    succeeds(
        "python_programs/bin/pip",
        &format!("install --no-input --index-url http://{address}/simple/ depx"),
    );
    stage.write("go.mod", "module example.test/here\n");
    succeeds(
        "python_programs/bin/go",
        "mod download example.test/depg@v1.0.0",
    );
    assert_eq!(stage.simulator.token_requests().len(), 1);
}

/// Clients send different names as `Host` over a socket, and none of them is a reason to refuse.
#[test]
fn programs_read_through_the_socket_of_the_proxy() {
    let stage = Stage::new();
    let words = format!("proxy --listen SOCKET orders=http://{}", stage.host());
    let (_service, socket) = on_socket(&stage, &words);
    let socket = socket.display();
    let curl = |words: &str| {
        let words = format!("-fsS --unix-socket {socket} {words}");
        stage.succeeds(&mut command(&stage, "curl", &words)).out
    };
    assert!(curl("http://localhost/api/thing").contains("Thing"));
    assert!(curl("http://api.example.com/api/thing").contains("Thing"));
    let node = format!(
        "require('node:http').get({{ socketPath: '{socket}', path: '/api/thing' }}, (response) => \
         response.on('data', (data) => console.log(response.statusCode, String(data))));"
    );
    let mut command = stage.command(program("node"));
    let ran = stage.succeeds(command.args(["-e", &node]));
    assert!(ran.out.starts_with("200 "), "{}", ran.out);
    let python = format!(
        "import http.client, socket\n\
         connection = http.client.HTTPConnection('localhost')\n\
         connection.sock = socket.socket(socket.AF_UNIX)\n\
         connection.sock.connect('{socket}')\n\
         connection.request('GET', '/api/thing')\n\
         print(connection.getresponse().status)\n"
    );
    let mut command = stage.command(program("python3"));
    assert_eq!(stage.succeeds(command.args(["-c", &python])).out, "200\n");
    stage.assert_authorized(&format!("bearer {}", stage.token()));
}

/// Some clients take a password for 127.0.0.1 from a file, without being told.
#[test]
fn the_proxy_names_netrc_to_a_client_that_reads_it() {
    let stage = Stage::new();
    let (_service, address) = proxy(&stage);
    stage.write(".netrc", "default login ann password canary\n");
    let words = format!("-sS --netrc http://{address}/api/thing");
    let ran = stage.succeeds(&mut command(&stage, "curl", &words));
    assert!(ran.out.contains("netrc"), "{}", ran.out);
    assert_eq!(stage.authorized(), [""; 0]);
}

/// The list of a package has absolute addresses, which npm reads past the proxy and without a token.
#[test]
fn npm_needs_an_option_to_stay_in_the_proxy() {
    let stage = Stage::new();
    let (_service, address) = proxy(&stage);
    let install = |more: &str| {
        let words =
            format!("install depn --no-audit --no-fund --registry http://{address}/npm/{more}");
        command(&stage, "npm", &words)
    };
    let shown = stage.fails(&mut install(""));
    assert!(shown.contains("E401"), "{shown}");
    stage.succeeds(&mut install(" --replace-registry-host=always"));
    assert!(stage.path().join("node_modules/depn/package.json").exists());
}

#[test]
fn programs_ask_a_socket_for_a_token() {
    let stage = Stage::new();
    let (_service, socket) = on_socket(&stage, "serve --listen SOCKET orders");
    let url = format!("http://{}/api/thing", stage.host());
    let script = "\
        token=$($0 -fsS --unix-socket $1 -H 'Auth-All: 1' http://localhost/v1/token/orders |\n\
        $2 -e 'console.log(JSON.parse(require(\"node:fs\").readFileSync(0)).access_token)')\n\
        printf 'oauth2-bearer = \"%s\"\\n' \"$token\" | $0 -fsS -K - $3\n";
    let mut shell = stage.command(Path::new("/bin/sh"));
    shell.args(["-c", script]).arg(program("curl")).arg(socket);
    let ran = stage.succeeds(shell.arg(program("node")).arg(url));
    assert!(ran.out.contains("Thing"), "{}", ran.out);
    stage.assert_authorized(&format!("bearer {}", stage.token()));
}
