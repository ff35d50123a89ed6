//! The HTTP server of the metrics. Whatever a client does costs the counting nothing: few
//! connections, of which the oldest makes room, short requests, time limits, and an answer that is
//! there already.

use std::{
    collections::VecDeque,
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, Result};
use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::Bytes,
    header::{ALLOW, CONTENT_TYPE, HOST, HeaderValue},
    http::uri::Authority,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use log::{debug, warn};
use tokio::{net::TcpListener, task::AbortHandle, time::timeout};

use crate::metrics::Published;

const CONNECTIONS: usize = 128;
const LARGEST_HEAD: usize = 8 * 1024;
const REQUEST_TIME: Duration = Duration::from_secs(2);
const CONNECTION_TIME: Duration = Duration::from_secs(10);

/// A socket that listens for scrapes.
///
/// # Errors
///
/// If the address cannot be had.
pub async fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!(
            "listening on {address} for metrics: choose another address in the configuration \
             ([metrics] listen = \"127.0.0.1:9465\")"
        )
    })
}

/// Serves `/metrics`, `/healthz` and `/readyz` as long as the agent runs.
pub async fn serve(listener: TcpListener, published: Arc<Published>) {
    let address = listener.local_addr();
    let is_local = address.is_ok_and(|address| address.ip().is_loopback());
    let mut connections = VecDeque::<AbortHandle>::new();
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of descriptors, most likely: that passes.
                warn!("accepting a connection for metrics: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        connections.retain(|connection| !connection.is_finished());
        if connections.len() >= CONNECTIONS
            && let Some(oldest) = connections.pop_front()
        {
            oldest.abort();
        }
        let published = Arc::clone(&published);
        let connection = tokio::spawn(async move {
            let service = service_fn(move |request| {
                let response = answer(&request, &published, is_local);
                async { Ok::<_, Infallible>(response) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(REQUEST_TIME)
                .max_buf_size(LARGEST_HEAD)
                .keep_alive(false)
                .serve_connection(TokioIo::new(stream), service);
            match timeout(CONNECTION_TIME, connection).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => debug!("a client of the metrics: {error}"),
                Err(_) => debug!("a client of the metrics stayed too long"),
            }
        });
        connections.push_back(connection.abort_handle());
    }
}

/// Whether a request is for a loopback name or address. A page in a browser on this machine can give
/// its own name a loopback address, and so read what listens there (DNS rebinding); but it has to ask
/// by that name. Clients of HTTP/1.0 may name none, and no browser is one.
fn is_for_loopback<B>(request: &Request<B>) -> bool {
    let is_loopback = |authority: &str| {
        authority.parse().is_ok_and(|authority: Authority| {
            let host = authority.host();
            // The root of all names may be named, too.
            let host = host.strip_suffix('.').unwrap_or(host);
            let address = host.trim_start_matches('[').trim_end_matches(']').parse();
            host.eq_ignore_ascii_case("localhost")
                || address.is_ok_and(|address: IpAddr| address.to_canonical().is_loopback())
        })
    };
    let mut hosts = request.headers().get_all(HOST).iter();
    let named = request.uri().authority().map(Authority::as_str);
    named.is_none_or(is_loopback) && hosts.all(|host| host.to_str().is_ok_and(is_loopback))
}

/// The answer; `is_local`: of a server that listens on loopback.
fn answer<B>(request: &Request<B>, published: &Published, is_local: bool) -> Response<Full<Bytes>> {
    const METRICS: HeaderValue =
        HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
    let is_read = matches!(request.method(), &Method::GET | &Method::HEAD);
    let well = |troubles: Vec<String>| {
        if troubles.is_empty() {
            (StatusCode::OK, TEXT, Bytes::from("ok\n"))
        } else {
            let text = troubles.join("\n") + "\n";
            (StatusCode::SERVICE_UNAVAILABLE, TEXT, Bytes::from(text))
        }
    };
    let (status, kind, text) = match request.uri().path() {
        _ if is_local && !is_for_loopback(request) => {
            let text = "this server listens on loopback: ask for localhost, or have the proxy send \
                        localhost as Host\n";
            (StatusCode::MISDIRECTED_REQUEST, TEXT, Bytes::from(text))
        }
        "/metrics" | "/healthz" | "/readyz" if !is_read => {
            let text = Bytes::from("GET it\n");
            (StatusCode::METHOD_NOT_ALLOWED, TEXT, text)
        }
        "/metrics" => match published.page() {
            Some(page) => (StatusCode::OK, METRICS, page),
            None => well(published.troubles()),
        },
        "/healthz" => well(published.hangs().into_iter().collect()),
        "/readyz" => well(published.troubles()),
        _ => {
            let text = "there are /metrics, /healthz and /readyz\n";
            (StatusCode::NOT_FOUND, TEXT, Bytes::from(text))
        }
    };
    let mut response = Response::new(Full::new(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, kind);
    if status == StatusCode::METHOD_NOT_ALLOWED {
        let allowed = HeaderValue::from_static("GET, HEAD");
        response.headers_mut().insert(ALLOW, allowed);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(is_local: bool, method: &str, uri: &str, hosts: &[&str]) -> Response<Full<Bytes>> {
        let published = Published::default();
        published.replace("page".into(), Vec::new());
        asked_of(&published, is_local, method, uri, hosts)
    }

    fn asked_of(
        published: &Published,
        is_local: bool,
        method: &str,
        uri: &str,
        hosts: &[&str],
    ) -> Response<Full<Bytes>> {
        let request = Request::builder().method(method).uri(uri);
        let request = hosts
            .iter()
            .fold(request, |all, host| all.header(HOST, *host));
        answer(&request.body(()).unwrap(), published, is_local)
    }

    #[test]
    fn what_is_not_allowed_says_what_is() {
        let response = asked(true, "POST", "/metrics", &["localhost"]);
        assert_eq!(response.status(), 405);
        assert_eq!(response.headers()[ALLOW], "GET, HEAD");
        for method in ["GET", "HEAD"] {
            let response = asked(true, method, "/metrics", &["localhost"]);
            assert_eq!(response.status(), 200);
            assert!(!response.headers().contains_key(ALLOW));
        }
    }

    #[test]
    fn while_it_starts_nobody_waits_for_an_answer() {
        let published = Published::default();
        assert!(published.is_due());
        let status = |path| asked_of(&published, true, "GET", path, &[]).status();
        assert_eq!(status("/metrics"), 503);
        assert_eq!(status("/readyz"), 503);
        assert_eq!(status("/healthz"), 200);
        published.replace("page".into(), Vec::new());
        assert!(!published.is_due());
        for path in ["/metrics", "/readyz", "/healthz"] {
            assert_eq!(status(path), 200, "{path}");
        }
    }

    #[test]
    fn on_loopback_no_page_of_another_name_reads_the_metrics() {
        let local = |hosts: &[&str]| asked(true, "GET", "/metrics", hosts).status().as_u16();
        for host in [
            "localhost",
            "LocalHost:9464",
            "localhost.",
            "localhost.:9464",
            "127.0.0.1:9464",
            "127.1.2.3",
            "[::1]:9464",
            "[::ffff:127.0.0.1]",
        ] {
            assert_eq!(local(&[host]), 200, "{host}");
        }
        assert_eq!(local(&[]), 200, "HTTP/1.0");
        for hosts in [
            &["evil.example"][..],
            &["localhost.evil.example:9464"],
            &["203.0.113.1:9464"],
            &["[2001:db8::1]"],
            &["127.0.0.1.evil.example"],
            &["localhost.."],
            &[""],
            &["localhost", "evil.example"],
        ] {
            assert_eq!(local(hosts), 421, "{hosts:?}");
        }
        let whole = |uri| asked(true, "GET", uri, &["localhost"]).status();
        assert_eq!(whole("http://evil.example/metrics"), 421);
        assert_eq!(whole("http://localhost:9464/metrics"), 200);
        // Where it listens to the network, it has whatever name it was given there.
        let response = asked(false, "GET", "/metrics", &["sensor-1.example.net"]);
        assert_eq!(response.status(), 200);
    }
}
