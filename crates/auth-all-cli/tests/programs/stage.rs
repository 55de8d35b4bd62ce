//! A home with a login, and a server that wants its token.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use auth_sim::Simulator;

use crate::installed::program;
use crate::support::{Home, PROGRAM, Ran, assets, orders, ran};

/// A home with the profile `orders`, whose `api` is a server that takes the tokens of this simulator.
pub(crate) struct Stage {
    pub(crate) home: Home,
    pub(crate) simulator: Simulator,
    server: Server,
}

/// `server.py`; it ends with its standard input.
struct Server {
    process: Child,
    /// `127.0.0.1` with the port, without and with TLS.
    plain: String,
    secure: String,
}

impl Stage {
    /// A profile that logs in by itself.
    pub(crate) fn new() -> Self {
        Self::with("")
    }

    /// A profile that logs in by itself, with more lines in it.
    pub(crate) fn with(more: &str) -> Self {
        let simulator = Simulator::generic();
        let home = orders(&simulator);
        Self::of(simulator, home, more)
    }

    /// A profile `assets` whose person has not logged in.
    pub(crate) fn logged_out() -> Self {
        let simulator = Simulator::ermeo();
        let home = assets(&simulator);
        Self::of(simulator, home, "")
    }

    fn of(simulator: Simulator, home: Home, more: &str) -> Self {
        let server = Server::start(home.path(), &format!("{}/echo", simulator.url()));
        let config = fs::read_to_string(home.config()).unwrap();
        let (plain, secure) = (&server.plain, &server.secure);
        let local = secure.replace("127.0.0.1", "localhost");
        home.write(&format!(
            "{config}api = [\"http://{plain}\", \"https://{secure}\", \"https://{local}\", \"https://tf.test\"]\n{more}"
        ));
        fs::create_dir(home.path().join("bin")).unwrap();
        Self {
            home,
            simulator,
            server,
        }
    }

    /// `127.0.0.1` with the port of the server.
    pub(crate) fn host(&self) -> &str {
        &self.server.plain
    }

    /// `127.0.0.1` with the port that has TLS.
    pub(crate) fn secure_host(&self) -> &str {
        &self.server.secure
    }

    pub(crate) fn path(&self) -> &Path {
        self.home.path()
    }

    /// The file of the certificate that the server has.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.path().join("certificate.pem")
    }

    /// Puts a link to the program on the path of the others.
    pub(crate) fn link(&self, name: &str) -> PathBuf {
        let link = self.path().join("bin").join(name);
        symlink(PROGRAM, &link).unwrap();
        link
    }

    /// Writes a file into the home; returns its path.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// The lines of `--print-config`, which the user pastes.
    pub(crate) fn lines(&self, program: &str, profile: &str) -> String {
        let ran = self
            .home
            .run(&format!("helper {program} {profile} --print-config"));
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
        ran.out
    }

    /// A command in the home, with the links on its path.
    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = self.home.command(&program.as_ref().to_string_lossy());
        let path = std::env::var("PATH").unwrap();
        command
            .env(
                "PATH",
                format!("{}:{path}", self.path().join("bin").display()),
            )
            .env("NO_PROXY", "*")
            .current_dir(self.path());
        command
    }

    /// Runs a command that must succeed.
    #[track_caller]
    pub(crate) fn succeeds(&self, command: &mut Command) -> Ran {
        let ran = ran(command.output());
        assert_eq!(ran.code, 0, "{}\n{}", ran.out, ran.err);
        ran
    }

    /// Runs a command that must fail; returns all that it prints.
    #[track_caller]
    pub(crate) fn fails(&self, command: &mut Command) -> String {
        let ran = ran(command.output());
        assert_ne!(ran.code, 0, "{}\n{}", ran.out, ran.err);
        ran.out + &ran.err
    }

    /// The token that the store has.
    pub(crate) fn token(&self) -> String {
        let ran = self.home.run("token orders");
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.out.trim_end().to_owned()
    }

    /// The requests since the last call that had a token: method, path, scheme and token.
    pub(crate) fn authorized(&self) -> Vec<String> {
        let path = self.path().join("requests");
        let text = fs::read_to_string(&path).unwrap_or_default();
        let _ = fs::remove_file(path);
        let lines = text.lines().filter(|line| line.split(' ').count() > 2);
        lines.map(str::to_owned).collect()
    }

    /// Asserts that requests have come, and that all but the unauthorized ones had this.
    #[track_caller]
    pub(crate) fn assert_authorized(&self, by: &str) {
        let lines = self.authorized();
        assert!(!lines.is_empty(), "no request had a token");
        for line in lines {
            let words: Vec<_> = line.splitn(3, ' ').collect();
            assert_eq!(words[2], by, "{line}");
        }
    }
}

impl Server {
    fn start(folder: &Path, api: &str) -> Self {
        let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        fs::write(folder.join("certificate.pem"), made.cert.pem()).unwrap();
        fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/server.py");
        let mut command = Command::new(program("python3"));
        command.arg(script).arg(folder).arg(api);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut line = String::new();
        let mut printed = BufReader::new(process.stdout.take().unwrap());
        printed.read_line(&mut line).unwrap();
        let ports = line.trim().split_once(' ').expect("the server starts");
        Self {
            process,
            plain: format!("127.0.0.1:{}", ports.0),
            secure: format!("127.0.0.1:{}", ports.1),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        self.process.wait().unwrap();
    }
}
