//! The smallest HTTP client that reads metrics.

use std::{
    io::{self, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use crate::lab::Namespace;

/// Body of the answer to `GET path` from an address inside a namespace.
///
/// # Errors
/// When nobody answers within two seconds, or with anything but 200.
pub fn get(namespace: &Namespace, address: &str, path: &str) -> io::Result<String> {
    // HTTP/1.0: the answer ends with the connection, and comes in one piece.
    let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n");
    let answer = ask(namespace, address, &request)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.lines().next().unwrap_or("");
    match status.split(' ').nth(1) {
        Some("200") => Ok(body.to_owned()),
        _ => Err(io::Error::other(format!("{path} answers {status:?}"))),
    }
}

/// Everything that is answered to a request, whatever it is, until the connection ends.
///
/// # Errors
/// When nobody takes it, or answers within two seconds.
pub fn ask(namespace: &Namespace, address: &str, request: &str) -> io::Result<String> {
    namespace.inside(|| {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    })
}
