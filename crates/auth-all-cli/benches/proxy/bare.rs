//! A proxy that sets a fixed header: a thread for each connection, `httparse` and `ureq`, and nothing else.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use auth_all::agent::ureq::{Agent, SendBody};
use auth_all::http::header::{AUTHORIZATION, CONTENT_LENGTH, HOST, HeaderName};
use auth_all::http::{HeaderValue, Method, Request, Uri};

use crate::Outcome;

/// The argument that makes this program a proxy.
pub(crate) const ARGUMENT: &str = "bare-proxy";

pub(crate) fn run(url: &str) -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    eprintln!("http://{}/", listener.local_addr()?);
    let agent = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .allow_non_standard_methods(true)
        .user_agent("")
        .accept("")
        .accept_encoding("")
        .input_buffer_size(32 * 1024)
        .output_buffer_size(32 * 1024)
        .build()
        .new_agent();
    for stream in listener.incoming() {
        let (stream, agent, url) = (stream?, agent.clone(), url.to_owned());
        thread::spawn(move || serve(&stream, &agent, &url).map_err(|error| error.to_string()));
    }
    Ok(())
}

fn serve(mut stream: &TcpStream, agent: &Agent, url: &str) -> Outcome {
    stream.set_nodelay(true)?;
    let base = url.parse::<Uri>()?.into_parts();
    let (scheme, authority) = (
        base.scheme.ok_or("scheme")?,
        base.authority.ok_or("authority")?,
    );
    let token = HeaderValue::from_static(TOKEN);
    let (mut bytes, mut filled) = (vec![0; 32 * 1024], 0);
    loop {
        let count = stream.read(&mut bytes[filled..])?;
        if count == 0 {
            return Ok(());
        }
        filled += count;
        let mut fields = [httparse::EMPTY_HEADER; 100];
        let mut parsed = httparse::Request::new(&mut fields);
        let httparse::Status::Complete(head) = parsed
            .parse(&bytes[..filled])
            .map_err(|error| error.to_string())?
        else {
            continue;
        };
        let (mut request, ()) = Request::new(()).into_parts();
        request.method = Method::from_bytes(parsed.method.ok_or("method")?.as_bytes())?;
        let uri = Uri::builder()
            .scheme(scheme.clone())
            .authority(authority.clone());
        request.uri = uri.path_and_query(parsed.path.ok_or("path")?).build()?;
        for field in parsed.headers.iter() {
            let name = HeaderName::from_bytes(field.name.as_bytes())?;
            if name != HOST {
                request
                    .headers
                    .append(name, HeaderValue::from_bytes(field.value)?);
            }
        }
        request.headers.insert(AUTHORIZATION, token.clone());
        let length = request.headers.get(CONTENT_LENGTH).map(HeaderValue::to_str);
        let length = length.transpose()?.map_or(Ok(0), str::parse::<u64>)?;
        let arrived = bytes[head..filled].to_vec();
        let rest = length - arrived.len() as u64;
        let mut body = (&arrived[..]).chain(stream.take(rest));
        let response = match length {
            0 => agent.run(Request::from_parts(request, ()))?,
            _ => agent.run(Request::from_parts(
                request,
                SendBody::from_reader(&mut body),
            ))?,
        };
        filled = 0;
        let mut out = Vec::with_capacity(1024);
        write!(out, "HTTP/1.1 {}\r\n", response.status())?;
        for (name, value) in response.headers() {
            out.extend_from_slice(name.as_str().as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"\r\n");
        response.into_body().into_reader().read_to_end(&mut out)?;
        stream.write_all(&out)?;
    }
}

const TOKEN: &str = "Bearer 0123456789abcdef0123456789abcdef0123456789abcdef";
