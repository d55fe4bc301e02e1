//! Connections: HTTP/1.1 on loopback, with limits, and with answers that break off where a fault says so.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::answer::Answer;
use super::faults::Fault;
use super::request::Request;
use super::service::{Ending, Service};

/// The largest body that is read.
const LARGEST_BODY: usize = 1 << 20;

/// From how many bytes on a body is cut off without an answer.
const ENDLESS_BODY: usize = 64 << 20;

/// The largest head of a request.
const LARGEST_HEAD: usize = 64 << 10;

/// How many connections are served at a time; others wait.
const CONNECTIONS: usize = 256;

/// How long a client may take to send a head, and to send a body.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long requests under way may take when the server stops.
const FAREWELL: Duration = Duration::from_secs(5);

/// Serves until `stop` changes; requests under way are answered.
pub(super) async fn serve(listener: TcpListener, service: Arc<Service>, mut stop: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            _ = stop.changed() => break,
        };
        // What has ended is forgotten here, so that the set does not grow.
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, place)) => {
                let (service, stop) = (Arc::clone(&service), stop.clone());
                connections.spawn(async move {
                    converse(stream, service, stop).await;
                    drop(place);
                });
            }
            // Too many open files, or a client that went away at once.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
    drop(listener);
    let _ = tokio::time::timeout(FAREWELL, async { while connections.join_next().await.is_some() {} }).await;
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, place))
}

/// Serves one connection to its end.
async fn converse(stream: TcpStream, service: Arc<Service>, mut stop: watch::Receiver<bool>) {
    let reset = Arc::new(AtomicBool::new(false));
    let answering = service_fn(|request| answer(request, Arc::clone(&service), Arc::clone(&reset)));
    // Small answers must not wait for the client to acknowledge earlier ones.
    let _ = stream.set_nodelay(true);
    // A second name of the socket, to say how it is to be closed when hyper has let go of the first.
    let Ok((stream, socket)) = twice(stream) else { return };
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(LARGEST_HEAD)
        .half_close(true)
        .serve_connection(TokioIo::new(stream), answering);
    {
        let mut connection = std::pin::pin!(connection);
        let mut stopping = false;
        loop {
            tokio::select! {
                _ = connection.as_mut() => break,
                _ = stop.changed(), if !stopping => {
                    stopping = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }
    if reset.load(Ordering::Relaxed)
        && let Ok(socket) = TcpStream::from_std(socket)
    {
        // Closing a socket that does not linger at all resets the connection.
        let _ = socket.set_zero_linger();
    }
}

fn twice(stream: TcpStream) -> io::Result<(TcpStream, std::net::TcpStream)> {
    let stream = stream.into_std()?;
    let socket = stream.try_clone()?;
    Ok((TcpStream::from_std(stream)?, socket))
}

/// Answers one request. An error closes the connection without an answer.
async fn answer(
    request: hyper::Request<Incoming>,
    service: Arc<Service>,
    reset: Arc<AtomicBool>,
) -> Result<Response<Content>, io::Error> {
    let number = service.next_number();
    let (method, path) = (request.method().as_str().to_owned(), request.uri().path().to_owned());
    let fault = service.faults.choose(number, &method, &path);
    let mut delay = service.faults.slow();
    if let Some(Fault::Slow(more)) = &fault {
        delay += *more;
    }
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let header = |name: HeaderName| Some(request.headers().get(name)?.to_str().ok()?.to_owned());
    let (authorization, host) = (header(AUTHORIZATION), header(HOST));
    let query = request.uri().query().unwrap_or_default().to_owned();
    let body = tokio::time::timeout(PATIENCE, read(request.into_body())).await??;
    let request = Request { method, path, query, authorization, host, body };
    let raw = match &fault {
        Some(Fault::Raw { headers, .. }) => headers.clone(),
        Some(_) | None => Vec::new(),
    };
    // The store waits for the disk, which must not hold up other connections.
    let ending = tokio::task::spawn_blocking(move || service.answer(&request, fault.as_ref()));
    match ending.await.map_err(io::Error::other)? {
        Ending::Whole(answer) => Ok(response(answer, &raw, false)),
        Ending::Half(answer) => Ok(response(answer, &raw, true)),
        Ending::Closed => Err(io::Error::from(io::ErrorKind::ConnectionAborted)),
        Ending::Reset => {
            reset.store(true, Ordering::Relaxed);
            Err(io::Error::from(io::ErrorKind::ConnectionReset))
        }
    }
}

/// Reads a body; `None` for one that is too large. It is read to its end all the same, as long as that is not endless:
/// a client that is still writing would not see the answer.
async fn read(mut body: Incoming) -> io::Result<Option<Vec<u8>>> {
    let (mut read, mut kept) = (0, Vec::new());
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(io::Error::other)?.into_data() else { continue };
        read += data.len();
        if read > ENDLESS_BODY {
            return Err(io::Error::from(io::ErrorKind::ConnectionAborted));
        } else if read > LARGEST_BODY {
            kept = Vec::new();
        } else {
            kept.extend_from_slice(&data);
        }
    }
    Ok((read <= LARGEST_BODY).then_some(kept))
}

fn response(answer: Answer, raw: &[(String, String)], half: bool) -> Response<Content> {
    let whole = Bytes::from(answer.body);
    let content = Content { length: whole.len() as u64, rest: Some(whole), half, told: false };
    let mut response = Response::new(content);
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let own = answer.headers.iter().map(|(name, value)| (*name, value.as_str()));
    let kind = (!answer.content_type.is_empty()).then_some((CONTENT_TYPE.as_str(), answer.content_type));
    for (name, value) in own.chain(kind).chain(raw.iter().map(|(name, value)| (name.as_str(), value.as_str()))) {
        // What is no header, such as a name of strangers in an address, is left out.
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// The body of an answer, whole or broken off in the middle.
#[derive(Debug)]
struct Content {
    length: u64,
    /// What is still to be sent.
    rest: Option<Bytes>,
    half: bool,
    /// The first half was sent, and a moment was left for it to go out.
    told: bool,
}

impl Body for Content {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Some(mut bytes) = self.rest.take() {
            if self.half {
                bytes.truncate(bytes.len() / 2);
            }
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        if !self.half {
            return Poll::Ready(None);
        }
        // What was handed over goes out while this waits; an error at once would take it back.
        if !std::mem::replace(&mut self.told, true) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::ConnectionAborted))))
    }

    fn is_end_stream(&self) -> bool {
        !self.half && self.rest.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length)
    }
}
