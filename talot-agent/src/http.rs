//! The HTTP server of the metrics. Whatever a client does costs the counting nothing: few
//! connections, of which the oldest makes room, short requests, time limits, and an answer that is
//! there already.

use std::{collections::VecDeque, convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{CONTENT_TYPE, HeaderValue},
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
                let response = answer(&request, &published);
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

fn answer(request: &Request<Incoming>, published: &Published) -> Response<Full<Bytes>> {
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
        "/metrics" | "/healthz" | "/readyz" if !is_read => {
            let text = Bytes::from("GET it\n");
            (StatusCode::METHOD_NOT_ALLOWED, TEXT, text)
        }
        "/metrics" => (StatusCode::OK, METRICS, published.page()),
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
    response
}
