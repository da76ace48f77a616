//! The ways a connection can fail before there is any HTTP.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, date_time_ymd};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// How no HTTP comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// The port is closed.
    Down,
    /// The connection is closed at once.
    Closed,
    /// Something else than HTTP is spoken.
    OtherProtocol,
    /// A self-signed certificate.
    SelfSigned,
    /// A trusted certificate for another name.
    OtherName,
    /// A trusted certificate that is over.
    Expired,
    /// Plain HTTP where TLS is expected.
    PlainOnTls,
    /// A port that takes connections and never says a word of TLS.
    SilentTls,
}

impl Broken {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Down,
        Self::Closed,
        Self::OtherProtocol,
        Self::SelfSigned,
        Self::OtherName,
        Self::Expired,
        Self::PlainOnTls,
        Self::SilentTls,
    ];

    /// True if the call ends only by the deadline.
    pub fn is_slow(self) -> bool {
        self == Self::SilentTls
    }
}

/// A server that is broken in one of these ways, or, for comparison, one that is not.
#[derive(Debug)]
pub struct Port {
    /// The address to ask.
    pub address: String,
    /// The authority to trust, in PEM.
    pub authority: Option<String>,
    listens: SocketAddr,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Port {
    /// The port.
    pub fn number(&self) -> u16 {
        self.listens.port()
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for a connection.
        drop(TcpStream::connect(self.listens));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

type Talk = Box<dyn Fn(TcpStream) + Send + Sync>;

/// A port that is broken in that way.
pub fn broken(way: Broken) -> Port {
    match way {
        Broken::Down => {
            let mut port = open("http", None, Box::new(drop));
            port.ended.store(true, Ordering::SeqCst);
            drop(TcpStream::connect(port.listens));
            drop(port.thread.take().map(JoinHandle::join));
            port
        }
        Broken::Closed => open("http", None, Box::new(drop)),
        Broken::OtherProtocol => open("http", None, Box::new(|stream| say(stream, b"220 mail.example.org ESMTP\r\n"))),
        Broken::PlainOnTls => open(
            "https",
            None,
            Box::new(|stream| say(stream, b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")),
        ),
        Broken::SilentTls => open("https", None, Box::new(wait_for_the_end)),
        Broken::SelfSigned => tls("127.0.0.1", 2999, false),
        Broken::OtherName => tls("other.example.org", 2999, true),
        Broken::Expired => tls("127.0.0.1", 2001, true),
    }
}

/// A server with a certificate for `name`, valid until `year`, and itself as the authority to trust if `trusted`.
/// A server that answers everything by an empty JSON object.
pub fn tls(name: &str, year: i32, trusted: bool) -> Port {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let mut parameters = CertificateParams::new([name.to_owned()]).unwrap();
    parameters.not_before = date_time_ymd(2000, 1, 1);
    parameters.not_after = date_time_ymd(year, 1, 1);
    let certificate = parameters.self_signed(&key).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let chain = vec![certificate.der().clone()];
    let config = Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap());
    let talk = move |stream: TcpStream| {
        let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        let mut stream = StreamOwned::new(connection, stream);
        let mut request = [0; 4096];
        // A client that does not trust it ends the handshake here.
        if stream.read(&mut request).is_ok_and(|count| count > 0) {
            let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
            drop(stream.write_all(answer.as_bytes()));
            stream.conn.send_close_notify();
            drop(stream.flush());
        }
    };
    open("https", trusted.then(|| certificate.pem()), Box::new(talk))
}

fn open(scheme: &str, authority: Option<String>, talk: Talk) -> Port {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let listens = listener.local_addr().unwrap();
    let ended = Arc::new(AtomicBool::new(false));
    let end = Arc::clone(&ended);
    let thread = thread::spawn(move || {
        for stream in listener.incoming() {
            if end.load(Ordering::SeqCst) {
                return;
            }
            let stream = stream.unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            talk(stream);
        }
    });
    Port { address: format!("{scheme}://{listens}"), authority, listens, ended, thread: Some(thread) }
}

/// Says something and takes whatever comes, so that what was said arrives.
fn say(mut stream: TcpStream, words: &[u8]) {
    drop(stream.write_all(words));
    drop(stream.shutdown(Shutdown::Write));
    wait_for_the_end(stream);
}

fn wait_for_the_end(mut stream: TcpStream) {
    let mut buffer = [0; 4096];
    while stream.read(&mut buffer).is_ok_and(|count| count > 0) {}
}
