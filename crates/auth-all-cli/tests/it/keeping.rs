//! `auth-all keep`.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

use auth_sim::{Fault, Response, Simulator, Vendor};

use crate::support::{PROGRAM, Service, assets, orders, ran};

/// Stops it; returns the exit code and what it has printed since.
fn stopped(mut keep: Service) -> (Option<i32>, Vec<String>) {
    keep.stop();
    let code = keep.wait();
    (code, keep.lines.iter().collect())
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// A server whose tokens live this long.
fn server(seconds: u64) -> Simulator {
    let builder = Simulator::builder(Vendor::Generic);
    let life = Duration::from_secs(seconds);
    builder.access_token_lifetime(life).start().unwrap()
}

#[test]
fn a_file_has_a_token_of_its_profile() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let path = home.path().join("token");
    let words = format!("keep orders --file {} --once", path.display());
    let ran = home.run(&words);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""));
    let begun = format!("orders: {} has a new token, valid until 2", path.display());
    assert!(ran.err.starts_with(&begun), "{}", ran.err);
    let token = home.run("token orders").out;
    assert_eq!(read(&path), token.trim(), "without a line break");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(home.run(&format!("{words} --mode 640 -f header")).code, 0);
    assert_eq!(read(&path), format!("Authorization: Bearer {token}"));
    assert_eq!(mode(&path), 0o640);
    for mode in ["644", "660", "700", "rw", "1600"] {
        assert_eq!(
            home.run(&format!("{words} --mode {mode}")).code,
            64,
            "{mode}"
        );
    }
    assert_eq!(home.run(&format!("{words} -f json")).code, 0);
    let json: serde_json::Value = serde_json::from_str(&read(&path)).unwrap();
    assert_eq!(json["access_token"], token.trim());
    assert_eq!(simulator.token_requests().len(), 1);
    let mut command = home.command(PROGRAM);
    command.args(["keep", "--once", "--file"]).arg(&path);
    let named = command.env("AUTH_ALL_PROFILE", "orders").output();
    assert!(named.unwrap().status.success());
    assert_eq!(read(&path), token.trim());
}

#[test]
fn a_file_is_renewed_before_its_token_expires() {
    let simulator = server(2);
    let home = orders(&simulator);
    let path = home.path().join("token");
    let keep = Service::start(&home, &format!("keep orders --file {}", path.display()));
    let mut tokens = Vec::new();
    for _ in 0..3 {
        let line = keep.line();
        assert!(line.starts_with("orders: "), "{line}");
        let inode = fs::metadata(&path).unwrap().ino();
        tokens.push((read(&path), inode));
    }
    assert_eq!(stopped(keep).0, Some(0));
    tokens.dedup();
    assert_eq!(tokens.len(), 3, "another file each time");
    assert!(path.exists());
    let files = fs::read_dir(home.path()).unwrap();
    let names = files.map(|it| it.unwrap().file_name().into_string().unwrap());
    assert!(names.into_iter().all(|name| !name.contains("new-")));
}

/// Both profiles have one login, so one request is enough.
#[test]
fn one_process_keeps_the_files_of_many_profiles() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let config = read(&home.config());
    home.write(&format!("{config}{}", config.replace("orders", "stock")));
    let path = home.path().join("{profile}.token");
    let manager = UnixDatagram::bind(home.path().join("notify")).unwrap();
    let mut command = home.command(PROGRAM);
    command
        .args(["keep", "orders", "stock", "--file"])
        .arg(&path);
    command.env("NOTIFY_SOCKET", home.path().join("notify"));
    let keep = Service::of(command);
    let next = || {
        let mut note = [0; 512];
        let length = manager.recv(&mut note).unwrap();
        String::from_utf8(note[..length].to_vec()).unwrap()
    };
    let mut notes = vec![next()];
    while !notes.last().unwrap().starts_with("READY=1\n") {
        notes.push(next());
    }
    assert_eq!(notes.len(), 3, "{notes:?}");
    let token = home.run("token orders").out;
    for name in ["orders.token", "stock.token"] {
        assert_eq!(read(&home.path().join(name)), token.trim());
    }
    assert_eq!(stopped(keep).0, Some(0));
    assert_eq!(next(), "STOPPING=1\n");
    assert_eq!(simulator.token_requests().len(), 1);
}

#[test]
fn several_profiles_need_a_place_for_their_names() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let ran = home.run("keep orders stock --file token");
    assert_eq!(ran.code, 64);
    assert!(ran.err.contains("needs `{profile}`"), "{}", ran.err);
    assert_eq!(home.run("keep orders").code, 64);
    assert_eq!(home.run("keep --file token").code, 64);
    assert!(simulator.token_requests().is_empty());
}

/// The server is down while the token is due.
#[test]
fn a_failed_renewal_leaves_the_file_and_is_tried_again() {
    let simulator = server(6);
    let home = orders(&simulator);
    let path = home.path().join("token");
    let keep = Service::start(&home, &format!("keep orders --file {}", path.display()));
    keep.line();
    let first = read(&path);
    for _ in 0..4 {
        simulator.next(Fault::Response(Response::new(503)));
    }
    let complaint = keep.line();
    assert!(complaint.starts_with("auth-all: orders: "), "{complaint}");
    assert!(complaint.contains("503"), "{complaint}");
    assert_eq!(read(&path), first);
    let mut line = keep.line();
    while !line.contains("has a new token") {
        line = keep.line();
    }
    assert_ne!(read(&path), first);
    assert_eq!(stopped(keep).0, Some(0));
}

/// A person logs in while the service waits.
#[test]
fn a_login_by_a_person_is_found_in_the_store() {
    let simulator = Simulator::ermeo();
    let home = assets(&simulator);
    let path = home.path().join("token");
    let words = format!("keep assets --file {}", path.display());
    let once = home.run(&format!("{words} --once"));
    assert_eq!(once.code, 77);
    assert!(
        once.err.ends_with("\n  run: auth-all login assets\n"),
        "{}",
        once.err
    );
    assert!(!path.exists());
    let imported = home.run_with_input("import assets", &simulator.issue_refresh_token());
    assert_eq!(imported.code, 0, "{}", imported.err);
    let keep = Service::start(&home, &words);
    keep.line();
    assert_eq!(read(&path), home.run("token assets").out.trim());
    assert_eq!(stopped(keep), (Some(0), Vec::new()));
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let keep = |path: &Path| home.run(&format!("keep orders --file {} --once", path.display()));
    let missing = home.path().join("missing/token");
    let ran = keep(&missing);
    assert_eq!(ran.code, 74);
    assert!(
        ran.err.contains("/missing: No such file or directory"),
        "{}",
        ran.err
    );
    assert!(ran.err.contains("\n  run: mkdir -p "), "{}", ran.err);
    let link = home.path().join("link");
    symlink(home.path().join("target"), &link).unwrap();
    let ran = keep(&link);
    assert_eq!(ran.code, 74);
    assert!(ran.err.contains("link: is a symbolic link"), "{}", ran.err);
    assert!(
        simulator.token_requests().is_empty(),
        "it is found out before"
    );
}

/// A limit of the process stands for a disk that is full.
#[test]
fn a_full_disk_leaves_the_old_file() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let path = home.path().join("token");
    fs::write(&path, "old").unwrap();
    let keep = format!(
        "{PROGRAM} --store memory keep orders --once --file {}",
        path.display()
    );
    let mut command = home.command("sh");
    command.args(["-c", &format!("trap '' XFSZ; ulimit -f 0; exec {keep}")]);
    let ran = ran(command.output());
    assert_eq!(ran.code, 74);
    let shown = format!("auth-all: {}: File too large", path.display());
    assert!(ran.err.starts_with(&shown), "{}", ran.err);
    assert_eq!(read(&path), "old");
    assert_eq!(simulator.token_requests().len(), 1);
    let files = fs::read_dir(home.path()).unwrap();
    let names = files.map(|it| it.unwrap().file_name().into_string().unwrap());
    assert!(names.into_iter().all(|name| !name.contains("new-")));
}

/// A tool that cleans folders.
#[test]
fn a_file_that_is_gone_is_written_again() {
    let simulator = server(4);
    let home = orders(&simulator);
    let path = home.path().join("token");
    let keep = Service::start(&home, &format!("keep orders --file {}", path.display()));
    keep.line();
    fs::remove_file(&path).unwrap();
    keep.line();
    assert!(path.exists());
    assert_eq!(stopped(keep).0, Some(0));
}
