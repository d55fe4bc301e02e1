//! A server that answers what a test says, byte for byte, and remembers what was asked.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

/// One request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// The method and the path with its query.
    pub(crate) line: String,
    /// The headers, names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Seen {
    /// The path without its query.
    pub(crate) fn path(&self) -> &str {
        self.line.split_whitespace().nth(1).unwrap().split('?').next().unwrap()
    }
}

/// Answers a request; the number counts the requests for this path from 0.
type Script = dyn Fn(&Seen, usize) -> Vec<u8> + Send + Sync;

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts on a free port of this machine.
    pub(crate) fn start(script: impl Fn(&Seen, usize) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, is_over) = (Arc::<Mutex<Vec<Seen>>>::default(), Arc::<AtomicBool>::default());
        let (requests, over, script) =
            (Arc::clone(&seen), Arc::clone(&is_over), Arc::<Script>::from(Box::new(script) as Box<Script>));
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let (requests, script) = (Arc::clone(&requests), Arc::clone(&script));
                thread::spawn(move || answer(stream.unwrap(), &requests, &*script));
            }
        });
        Self { address, seen, is_over, thread: Some(thread) }
    }

    /// What was asked so far, in the order in which it came.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The paths that were asked for, sorted, each as often as it was.
    pub(crate) fn paths(&self) -> Vec<String> {
        let mut paths: Vec<_> = self.seen().iter().map(|seen| seen.path().to_owned()).collect();
        paths.sort();
        paths
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Reads one request, answers it and closes. A client that goes away in the middle is no concern of the server.
fn answer(stream: TcpStream, requests: &Mutex<Vec<Seen>>, script: &Script) {
    let mut reader = BufReader::new(&stream);
    let mut line = String::new();
    if reader.read_line(&mut line).is_err() || line.is_empty() {
        return;
    }
    let mut headers = BTreeMap::new();
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header).is_err() {
            return;
        }
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    let line = line.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
    let seen = Seen { line, headers, body: String::from_utf8(body).unwrap() };
    let before = {
        let mut requests = requests.lock().unwrap();
        let before = requests.iter().filter(|other| other.path() == seen.path()).count();
        requests.push(seen.clone());
        before
    };
    let _ = (&stream).write_all(&script(&seen, before));
}

/// A whole answer.
pub(crate) fn answer_with(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let length = body.len();
    let mut text =
        format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n").into_bytes();
    text.extend_from_slice(body);
    text
}

/// A success with these results.
pub(crate) fn ok(results: &str) -> Vec<u8> {
    answer_with("200 OK", "Content-Type: application/json\r\n", format!(r#"{{"status":"ok","results":{results}}}"#))
}

/// A failure as the service words it (dossier 2.3).
pub(crate) fn error(status: &str, text: &str) -> Vec<u8> {
    let body = format!(r#"{{"status":"error","error":"{text}"}}"#);
    answer_with(status, "Content-Type: application/json\r\n", body)
}

/// A gzip stream that becomes `bytes` zero bytes: runs of 258, each in 13 bits (RFC 1951, 3.2.6).
pub(crate) fn gzip_bomb(bytes: usize) -> Vec<u8> {
    let mut stream = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let (mut held, mut number) = (0_u32, 0);
    let mut push = |bits: &str| {
        for bit in bits.bytes() {
            held |= u32::from(bit == b'1') << number;
            number += 1;
            if number == 8 {
                stream.push(u8::try_from(held).unwrap());
                (held, number) = (0, 0);
            }
        }
    };
    // The last block, with fixed codes; a zero byte; then the length 258 at the distance 1, again and again.
    push("110");
    push("00110000");
    for _ in 0..bytes / 258 {
        push("1100010100000");
    }
    push("0000000");
    push("0000000");
    stream
}
