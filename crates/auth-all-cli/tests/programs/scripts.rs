//! Programs that run `auth-all token`: curl, Node and Python.

use std::path::Path;

use crate::installed::program;
use crate::stage::Stage;
use crate::support::PROGRAM;

#[test]
fn curl_reads_the_header_from_a_pipe() {
    let stage = Stage::new();
    let url = format!("http://{}/api/thing", stage.host());
    for line in [
        "$0 token orders -f curl | $1 -fsS -K - $2",
        "$0 token orders -f header | $1 -fsS -H @- $2",
    ] {
        let mut shell = stage.command(Path::new("/bin/sh"));
        shell
            .args(["-c", line, PROGRAM])
            .arg(program("curl"))
            .arg(&url);
        let ran = stage.succeeds(&mut shell);
        assert!(ran.out.contains("Thing"), "{}", ran.out);
        stage.assert_authorized(&format!("bearer {}", stage.token()));
    }
}

#[test]
fn a_node_program_asks_for_a_token() {
    let stage = Stage::new();
    let script = "\
        const { execFileSync } = require('node:child_process');\n\
        const [program, url] = process.argv.slice(1);\n\
        const answer = execFileSync(program, ['token', 'orders', '-f', 'json']);\n\
        const { access_token, expires_at } = JSON.parse(answer);\n\
        if (!(new Date(expires_at) > new Date())) throw new Error(expires_at);\n\
        fetch(url, { headers: { Authorization: `Bearer ${access_token}` } })\n\
            .then(async (response) => console.log(response.status, await response.text()));\n";
    let mut node = stage.command(program("node"));
    node.args([
        "-e",
        script,
        PROGRAM,
        &format!("http://{}/api/thing", stage.host()),
    ]);
    let ran = stage.succeeds(&mut node);
    assert!(ran.out.starts_with("200 "), "{}", ran.out);
    stage.assert_authorized(&format!("bearer {}", stage.token()));
}

/// A script that gives back the token which an API has refused.
#[test]
fn a_python_program_asks_again_after_a_401() {
    let stage = Stage::new();
    stage.token();
    stage.simulator.revoke_access_tokens();
    let mut python = stage.command(program("python3"));
    python.args([
        "-c",
        PYTHON,
        PROGRAM,
        &format!("http://{}/api/thing", stage.host()),
    ]);
    assert_eq!(stage.succeeds(&mut python).out, "200\n");
    assert_eq!(stage.simulator.token_requests().len(), 2);
}

const PYTHON: &str = "
import subprocess, sys, urllib.error, urllib.request

def token(*words, **settings):
    command = [sys.argv[1], 'token', 'orders', *words]
    return subprocess.run(command, check=True, capture_output=True, text=True, **settings).stdout.strip()

def read(token):
    request = urllib.request.Request(sys.argv[2], headers={'Authorization': f'Bearer {token}'})
    return urllib.request.urlopen(request).status

first = token()
try:
    sys.exit(f'not refused: {read(first)}')
except urllib.error.HTTPError as refused:
    assert refused.code == 401
print(read(token('--rejected', input=first)))
";
