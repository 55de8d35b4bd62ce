//! Notes for systemd: the service is ready, is stopping, or has a status (`sd_notify`).

#[cfg(unix)]
use std::env;

/// The service works from now on; this text is its status.
pub(crate) fn ready(status: &str) {
    send(&format!("READY=1\n{}", status_line(status)));
}

/// Another text as the status of the service.
pub(crate) fn status(text: &str) {
    send(&status_line(text));
}

/// The service ends soon.
pub(crate) fn stopping() {
    send("STOPPING=1\n");
}

/// A status is one line.
fn status_line(text: &str) -> String {
    format!("STATUS={}\n", text.replace(['\r', '\n'], " "))
}

/// Sends a datagram to the socket that the service manager names, if it names one. A failure is ignored: the service
/// works without its manager.
#[cfg(unix)]
fn send(text: &str) {
    let Some(socket) = env::var_os("NOTIFY_SOCKET") else {
        return;
    };
    let _ = at(socket.as_encoded_bytes(), text.as_bytes());
}

#[cfg(unix)]
fn at(socket: &[u8], text: &[u8]) -> std::io::Result<()> {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    let address = match socket {
        // A name that is not in the file system.
        #[cfg(target_os = "linux")]
        [b'@', name @ ..] => {
            use std::os::linux::net::SocketAddrExt as _;
            SocketAddr::from_abstract_name(name)?
        }
        path => SocketAddr::from_pathname(OsStr::from_bytes(path))?,
    };
    UnixDatagram::unbound()?
        .send_to_addr(text, &address)
        .map(drop)
}

#[cfg(not(unix))]
fn send(_: &str) {}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixDatagram;

    #[test]
    fn a_note_reaches_a_socket_in_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        at(path.as_os_str().as_encoded_bytes(), b"READY=1\n").unwrap();
        let mut note = [0; 64];
        let length = manager.recv(&mut note).unwrap();
        assert_eq!(&note[..length], b"READY=1\n");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_note_reaches_an_abstract_socket() {
        use std::os::linux::net::SocketAddrExt as _;
        let name = format!("auth-all-notify-{}", std::process::id());
        let address = std::os::unix::net::SocketAddr::from_abstract_name(&name).unwrap();
        let manager = UnixDatagram::bind_addr(&address).unwrap();
        at(format!("@{name}").as_bytes(), b"STOPPING=1\n").unwrap();
        let mut note = [0; 64];
        let length = manager.recv(&mut note).unwrap();
        assert_eq!(&note[..length], b"STOPPING=1\n");
    }

    #[test]
    fn a_status_is_one_line() {
        assert_eq!(status_line("a\nREADY=1"), "STATUS=a READY=1\n");
    }
}
