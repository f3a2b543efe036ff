//! A proxy between a client and a server that counts round trips, can make the way longer, and can cut it.
//!
//! It understands the protocol only as far as the server's first `ReadyForQuery`, to tell the start-up from the rest.
//! It knows no TLS.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

/// Listens on a port of its own and passes everything on to a server on 127.0.0.1. It ends with this value.
pub(crate) struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    stopped: AtomicBool,
    connections: AtomicU64,
    startup_flights: AtomicU64,
    flights: AtomicU64,
    bytes: AtomicU64,
    open: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    /// A proxy that adds no delay.
    pub(crate) fn start(server_port: u16) -> Self {
        Self::with_delay(server_port, Duration::ZERO)
    }

    /// A proxy that delivers everything later, in both directions: a round trip takes twice the delay.
    pub(crate) fn with_delay(server_port: u16, delay: Duration) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener
            .local_addr()
            .expect("a bound socket has an address")
            .port();
        let shared = Arc::new(Shared::default());
        let accepting = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if accepting.stopped.load(SeqCst) {
                    return;
                }
                let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server_port)) else {
                    continue; // the client sees its connection closed, as if the server had refused it
                };
                connect(&accepting, &client, &server, delay);
            }
        });
        Self { port, shared }
    }

    /// The port it listens on, at 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Round trips since the connections were ready for queries. A round trip is an unbroken run of what clients
    /// send, followed by an answer; what gets no answer, as the good-bye, is none.
    pub(crate) fn flights(&self) -> u64 {
        self.shared.flights.load(SeqCst)
    }

    /// Round trips of the start-up: from the first byte to the first `ReadyForQuery` of each connection.
    pub(crate) fn startup_flights(&self) -> u64 {
        self.shared.startup_flights.load(SeqCst)
    }

    /// How many connections were made.
    pub(crate) fn connections(&self) -> u64 {
        self.shared.connections.load(SeqCst)
    }

    /// How many bytes were delivered, both ways.
    pub(crate) fn bytes(&self) -> u64 {
        self.shared.bytes.load(SeqCst)
    }

    /// Starts to count again from nothing.
    pub(crate) fn reset(&self) {
        for counter in [
            &self.shared.flights,
            &self.shared.startup_flights,
            &self.shared.connections,
            &self.shared.bytes,
        ] {
            counter.store(0, SeqCst);
        }
    }

    /// Cuts every open connection at once, in the middle of whatever it carries. New ones can be made.
    pub(crate) fn cut(&self) {
        for stream in self
            .shared
            .open
            .lock()
            .expect("no thread panics with it")
            .drain(..)
        {
            let _ = stream.shutdown(Shutdown::Both); // the peer may have been faster
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.stopped.store(true, SeqCst);
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)); // wakes the thread that accepts
        self.cut();
    }
}

/// What both directions of one connection know of it.
#[derive(Default)]
struct Conversation {
    /// The client sent something that has not been answered.
    asked: bool,
    startup: Startup,
}

fn connect(shared: &Arc<Shared>, client: &TcpStream, server: &TcpStream, delay: Duration) {
    let copy = |stream: &TcpStream| stream.try_clone().expect("a socket can be shared");
    shared.connections.fetch_add(1, SeqCst);
    shared
        .open
        .lock()
        .expect("no thread panics with it")
        .extend([copy(client), copy(server)]);
    let conversation = Arc::new(Mutex::new(Conversation::default()));
    let (ours, theirs) = (Arc::clone(shared), Arc::clone(&conversation));
    carry(copy(client), copy(server), delay, move |bytes| {
        ours.bytes.fetch_add(bytes.len() as u64, SeqCst);
        let mut conversation = theirs.lock().expect("no thread panics with it");
        conversation.asked = true;
        conversation.startup.client_says(bytes);
    });
    let ours = Arc::clone(shared);
    carry(copy(server), copy(client), delay, move |bytes| {
        ours.bytes.fetch_add(bytes.len() as u64, SeqCst);
        let mut conversation = conversation.lock().expect("no thread panics with it");
        let counter = if conversation.startup.over {
            &ours.flights
        } else {
            &ours.startup_flights
        };
        counter.fetch_add(u64::from(conversation.asked), SeqCst);
        conversation.asked = false;
        conversation.startup.server_says(bytes);
    });
}

/// Carries one direction to its end. Bytes are noted when they are delivered, not when they are taken: with a delay,
/// what a client sends without waiting for an answer counts as one run.
fn carry(
    mut from: TcpStream,
    mut to: TcpStream,
    delay: Duration,
    mut note: impl FnMut(&[u8]) + Send + 'static,
) {
    let (sender, on_the_way) = mpsc::channel::<(Instant, Vec<u8>)>();
    std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            if sender
                .send((Instant::now() + delay, buffer[..count].to_vec()))
                .is_err()
            {
                return;
            }
        }
    });
    to.set_nodelay(true).expect("TCP has this option");
    std::thread::spawn(move || {
        for (due, bytes) in on_the_way {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            note(&bytes);
            if to.write_all(&bytes).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write); // the peer may have been faster
    });
}

/// Follows the server's messages up to the first `ReadyForQuery`.
#[derive(Default)]
struct Startup {
    over: bool,
    /// The client asked for encryption, which the server answers by one byte instead of a message.
    byte_expected: bool,
    header: Vec<u8>,
    body_left: usize,
}

impl Startup {
    const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
    const GSS_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 48];

    fn client_says(&mut self, bytes: &[u8]) {
        self.byte_expected |=
            !self.over && (bytes == Self::SSL_REQUEST || bytes == Self::GSS_REQUEST);
    }

    fn server_says(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if self.over {
                return;
            }
            self.take(byte);
        }
    }

    fn take(&mut self, byte: u8) {
        if std::mem::take(&mut self.byte_expected) {
            return;
        }
        if self.body_left > 0 {
            self.body_left -= 1;
            return;
        }
        self.header.push(byte);
        let [kind, a, b, c, d] = self.header[..] else {
            return;
        };
        self.over = kind == b'Z';
        self.body_left = u32::from_be_bytes([a, b, c, d]) as usize - 4; // the length counts itself
        self.header.clear();
    }
}
