//! An HTTP client of a few lines: one connection for each request, and every byte of the answer.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

pub(crate) const BASIC: &str = "Basic cmVoZWFyc2FsLmxvY2FsOnJlaGVhcnNhbC1zZWNyZXQ=";
pub(crate) const BEARER: &str = "Bearer rehearsal-scim-token";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

/// Sends a request with the right credential for its path, and reads the answer.
pub(crate) fn send(to: SocketAddr, method: &str, path: &str, body: &str) -> io::Result<Answer> {
    let credential = if path.starts_with("/api/app/scim/") { BEARER } else { BASIC };
    let headers = [("host", to.to_string()), ("authorization", credential.to_owned())];
    send_with(to, method, path, &headers, body.as_bytes())
}

pub(crate) fn send_with(
    to: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, String)],
    body: &[u8],
) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(to)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    stream.write_all(&[head.as_bytes(), body].concat())?;
    read(&mut stream)
}

/// Reads one answer. An answer that ends before its length says is an error.
pub(crate) fn read(stream: &mut impl Read) -> io::Result<Answer> {
    let ended = |what: &str| io::Error::new(io::ErrorKind::UnexpectedEof, what.to_owned());
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        match stream.read(&mut chunk)? {
            0 => return Err(ended(if bytes.is_empty() { "no answer" } else { "half a head" })),
            read => bytes.extend_from_slice(&chunk[..read]),
        }
    };
    let mut body = bytes.split_off(end + 4);
    let head = String::from_utf8(bytes).unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(0, |(_, value)| value.parse::<usize>().unwrap());
    while body.len() < length {
        match stream.read(&mut chunk)? {
            0 => return Err(ended(&format!("{} of {length} bytes", body.len()))),
            read => body.extend_from_slice(&chunk[..read]),
        }
    }
    Ok(Answer { status, headers, body })
}
