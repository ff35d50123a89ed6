//! Chromium without a window, driven by its DevTools protocol: messages in JSON, each ended by a
//! zero byte, through a pipe.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Longer than any page takes: a browser that hangs fails the test instead of holding it up.
const PATIENCE: Duration = Duration::from_secs(300);

/// A running browser with one open page.
pub(crate) struct Browser {
    process: Child,
    commands: ChildStdin,
    messages: Receiver<Value>,
    session: Option<String>,
    last: u64,
    events: Vec<Value>,
    _profile: TempDir,
}

/// How a page is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct View {
    /// CSS pixels.
    pub(crate) width: u32,
    /// The reader's preference.
    pub(crate) dark: bool,
    /// On paper instead of a screen.
    pub(crate) print: bool,
}

impl Browser {
    /// Starts Chromium and opens an empty page.
    pub(crate) fn start() -> Self {
        let profile = tempfile::tempdir().expect("a temporary folder");
        // The shell puts the pipe where the protocol expects it: 3 to the browser, 4 from it.
        let mut command = Command::new("sh");
        command
            .args([
                "-c",
                r#"exec "$@" 3<&0 4>&1 </dev/null >&2"#,
                "sh",
                "chromium",
            ])
            .args(["--headless", "--remote-debugging-pipe", "--no-sandbox"])
            .args(["--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
            .args(["--hide-scrollbars", "--force-color-profile=srgb"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // It complains about the desktop that a test machine does not have.
            .stderr(Stdio::null());
        let mut process = command.spawn().expect("Chromium starts");
        let commands = process.stdin.take().expect("a pipe");
        let mut answers = BufReader::new(process.stdout.take().expect("a pipe"));
        let (sender, messages) = mpsc::channel();
        thread::spawn(move || {
            let mut message = Vec::new();
            while answers
                .read_until(0, &mut message)
                .is_ok_and(|length| length > 0)
            {
                message.pop();
                let value = serde_json::from_slice(&message).expect("a message in JSON");
                if sender.send(value).is_err() {
                    break;
                }
                message.clear();
            }
        });
        let mut browser = Self {
            process,
            commands,
            messages,
            session: None,
            last: 0,
            events: Vec::new(),
            _profile: profile,
        };
        let page = browser.call("Target.createTarget", &json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": page["targetId"], "flatten": true });
        let attached = browser.call("Target.attachToTarget", &attach);
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), &json!({}));
        }
        browser
    }

    /// Looks at pages in this way from now on.
    pub(crate) fn look(&mut self, view: View) {
        let size = json!({
            "width": view.width, "height": 900, "deviceScaleFactor": 1, "mobile": false
        });
        self.call("Emulation.setDeviceMetricsOverride", &size);
        let scheme = if view.dark { "dark" } else { "light" };
        let media = json!({
            "media": if view.print { "print" } else { "screen" },
            "features": [{ "name": "prefers-color-scheme", "value": scheme }],
        });
        self.call("Emulation.setEmulatedMedia", &media);
    }

    /// Opens a file and waits until it is loaded. Returns what went wrong on the way: errors and
    /// warnings of the console, and everything fetched but the file itself.
    pub(crate) fn open(&mut self, file: &Path) -> Vec<String> {
        let address = format!("file://{}", file.display());
        self.events.clear();
        self.call("Page.navigate", &json!({ "url": address }));
        while !self
            .events
            .iter()
            .any(|event| event["method"] == "Page.loadEventFired")
        {
            let event = self.receive();
            self.events.push(event);
        }
        // What the page still had to say when it was loaded comes before this answer.
        self.evaluate("document.readyState");
        self.events
            .iter()
            .filter_map(|event| complaint(event, &address))
            .collect()
    }

    /// The value of an expression in the page, awaited if it is a promise.
    pub(crate) fn evaluate(&mut self, expression: &str) -> Value {
        let script = json!({
            "expression": expression, "awaitPromise": true, "returnByValue": true
        });
        let answer = self.call("Runtime.evaluate", &script);
        let failure = &answer["exceptionDetails"];
        assert!(failure.is_null(), "the script failed: {failure}");
        answer["result"]["value"].clone()
    }

    /// A picture of the whole page, as PNG.
    pub(crate) fn screenshot(&mut self) -> Vec<u8> {
        let whole = json!({ "format": "png", "captureBeyondViewport": true });
        let metrics = self.call("Page.getLayoutMetrics", &json!({}));
        let mut clip = metrics["cssContentSize"].clone();
        clip["scale"] = json!(1);
        let mut parameters = whole;
        parameters["clip"] = clip;
        let answer = self.call("Page.captureScreenshot", &parameters);
        decoded(&answer["data"])
    }

    /// The page on paper: A4, as PDF.
    pub(crate) fn print(&mut self) -> Vec<u8> {
        let paper = json!({
            "paperWidth": 8.27, "paperHeight": 11.69, "preferCSSPageSize": true
        });
        let answer = self.call("Page.printToPDF", &paper);
        decoded(&answer["data"])
    }

    fn call(&mut self, method: &str, parameters: &Value) -> Value {
        self.last += 1;
        let mut message = json!({ "id": self.last, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.commands.write_all(&bytes).expect("Chromium listens");
        loop {
            let answer = self.receive();
            if answer["id"] == self.last {
                let failure = &answer["error"];
                assert!(failure.is_null(), "{method}: {failure}");
                return answer["result"].clone();
            }
            self.events.push(answer);
        }
    }

    fn receive(&mut self) -> Value {
        self.messages
            .recv_timeout(PATIENCE)
            .expect("Chromium answers")
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // A browser that is gone already needs no end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn complaint(event: &Value, own_address: &str) -> Option<String> {
    let details = &event["params"];
    match event["method"].as_str()? {
        "Runtime.exceptionThrown" => Some(details["exceptionDetails"].to_string()),
        "Runtime.consoleAPICalled"
            if details["type"] == "error" || details["type"] == "warning" =>
        {
            Some(details["args"].to_string())
        }
        "Log.entryAdded" => Some(details["entry"].to_string()),
        "Network.requestWillBeSent" => {
            let address = details["request"]["url"].as_str()?;
            (address != own_address).then(|| format!("fetches {address}"))
        }
        _ => None,
    }
}

fn decoded(data: &Value) -> Vec<u8> {
    let text = data.as_str().expect("data in base64");
    BASE64_STANDARD.decode(text).expect("base64")
}
