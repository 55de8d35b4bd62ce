//! A Redis server that is started for a test.

use std::env;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use services::{Error, Redis, started};

/// Sends a command in its inline form, and reads one line.
fn ask(stream: &mut TcpStream, command: &str) -> String {
    stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
    write!(stream, "{command}\r\n").expect("it listens");
    let mut line = String::new();
    let mut reader = BufReader::new(stream);
    reader.read_line(&mut line).expect("it answers");
    if line.starts_with('$') && !line.starts_with("$-1") {
        line.clear();
        reader.read_line(&mut line).expect("it answers");
    }
    line.trim_end().to_owned()
}

fn visit(port: u16) -> TcpStream {
    TcpStream::connect(("127.0.0.1", port)).expect("it is there")
}

#[test]
fn acknowledged_writes_survive_a_kill() {
    let mut redis = started(Redis::start());
    assert_eq!(ask(&mut visit(redis.port()), "SET name ada"), "+OK");
    redis.kill();
    assert!(TcpStream::connect(("127.0.0.1", redis.port())).is_err());
    redis.restart().unwrap();
    assert_eq!(ask(&mut visit(redis.port()), "GET name"), "ada");
}

#[test]
fn settings_reach_the_server() {
    let options = Redis::options().password("s3cret").set("appendonly", "no");
    let redis = started(options.start());
    let mut stream = visit(redis.port());
    assert!(redis.url().starts_with("redis://:s3cret@127.0.0.1:"));
    assert!(ask(&mut stream, "GET name").starts_with("-NOAUTH"));
    assert_eq!(ask(&mut stream, "AUTH s3cret"), "+OK");
    assert_eq!(ask(&mut stream, "EXISTS name"), ":0");
}

#[test]
fn a_paused_server_answers_after_it_resumes() {
    let redis = started(Redis::start());
    let mut stream = visit(redis.port());
    redis.pause();
    stream.write_all(b"PING\r\n").unwrap();
    stream
        .set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    assert!(stream.read(&mut [0; 8]).is_err());
    redis.resume();
    assert_eq!(ask(&mut stream, "ECHO late"), "+PONG");
}

#[test]
fn the_error_quotes_why_a_setting_is_refused() {
    let outcome = Redis::options().set("appendfsync", "never").start();
    match outcome {
        Err(Error::Failed(text)) => assert!(text.contains("appendfsync"), "{text}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_server_ends_when_the_process_that_started_it_is_killed() {
    if env::var_os(CHILD).is_some() {
        let redis = Redis::start().unwrap();
        println!("port={}", redis.port());
        // Waits until it is killed.
        let _ = io::stdin().read(&mut [0]);
        return;
    }
    let own_name = "real_redis::a_server_ends_when_the_process_that_started_it_is_killed";
    let mut child = Command::new(env::current_exe().unwrap())
        .args([own_name, "--exact", "--nocapture"])
        .env(CHILD, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let printed = BufReader::new(child.stdout.take().unwrap()).lines();
    let port = printed
        .map_while(Result::ok)
        .find_map(|line| line.split_once("port=").map(|(_, port)| port.to_owned()))
        .expect("the server started");
    let mut stream = visit(port.parse().unwrap());
    assert_eq!(ask(&mut stream, "PING"), "+PONG");

    child.kill().unwrap();
    child.wait().unwrap();
    // The connection ends with the server.
    assert!(matches!(stream.read(&mut [0; 8]), Ok(0)));
}

const CHILD: &str = "AUTH_SERVICES_TEST_CHILD";
const PATIENCE: Duration = Duration::from_secs(30);
