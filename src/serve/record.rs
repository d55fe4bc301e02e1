//! The record of requests: one line of JSON for each, without credentials.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::faults::Fault;
use super::request::Request;

/// A file that requests are written to.
#[derive(Debug)]
pub(super) struct Record(File);

/// A line of the record.
#[derive(Serialize)]
struct Line<'a> {
    time: String,
    method: &'a str,
    path: &'a str,
    query: &'a str,
    body: Value,
    /// `null` where there was no answer.
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
}

impl Record {
    /// Opens the file `path`; lines are added to what it holds. Whether it is new is told beside it.
    pub(super) fn open(path: &Path) -> io::Result<(Self, bool)> {
        match OpenOptions::new().create_new(true).append(true).open(path) {
            Ok(file) => Ok((Self(file), true)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Ok((Self(OpenOptions::new().create(true).append(true).open(path)?), false))
            }
            Err(error) => Err(error),
        }
    }

    /// Writes the line of a request.
    pub(super) fn write(
        &mut self,
        request: &Request,
        status: Option<u16>,
        fault: Option<&Fault>,
        now: Timestamp,
    ) -> io::Result<()> {
        let line = Line {
            time: now.to_string(),
            method: &request.method,
            path: &request.path,
            query: &request.query,
            body: body(request.body.as_deref()),
            status,
            fault: fault.map(Fault::to_string),
        };
        let mut text = serde_json::to_vec(&line)?;
        text.push(b'\n');
        // One call for one line: lines of two servers that share a file do not mix.
        self.0.write_all(&text)
    }
}

/// Refuses a record that is the store, one of the files beside it, or the seed: lines would be added to it.
pub(super) fn check_apart(record: &Path, state: &Path, seed: Option<&Path>) -> io::Result<()> {
    let beside = |end: &str| {
        let mut name = state.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    };
    let of_store = ["", ".people", ".lock", "-wal", "-shm", "-journal"].map(beside);
    let record = place(record)?;
    for (taken, what) in
        of_store.iter().map(|path| (path.as_path(), "a file of the store")).chain(seed.map(|seed| (seed, "the seed")))
    {
        if place(taken)? == record {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("it is {what}")));
        }
    }
    Ok(())
}

/// Where a file is, or will be once it is made.
fn place(path: &Path) -> io::Result<PathBuf> {
    if let Ok(real) = path.canonicalize() {
        return Ok(real);
    }
    let absolute = std::path::absolute(path)?;
    let folder = absolute.parent().and_then(|folder| folder.canonicalize().ok());
    Ok(match (folder, absolute.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        (None, _) | (_, None) => absolute,
    })
}

/// A body as it was sent; text where it is no JSON, `null` where there is none or it was too large to be read.
fn body(bytes: Option<&[u8]>) -> Value {
    let Some(bytes) = bytes.filter(|bytes| !bytes.is_empty()) else { return Value::Null };
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(mut body)) => {
            // Identity providers may send one with a new user.
            if let Some(password) = body.get_mut("password") {
                *password = Value::String("[redacted]".to_owned());
            }
            Value::Object(body)
        }
        Ok(body) => body,
        Err(_) => Value::String(String::from_utf8_lossy(bytes).into_owned()),
    }
}
