//! A proxy between a client and a server that counts round trips, can make the way longer, and can cut or freeze it.
//!
//! Of the protocol it knows how a stream is cut into messages, which of them ask for an answer, which one ends that
//! answer, and a COMMIT in a simple query. What is encrypted it passes on as it is.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, mpsc};
use std::time::{Duration, Instant};

/// Listens on a port of its own and passes everything on to a server on 127.0.0.1. It ends with this value.
pub(crate) struct Proxy {
    address: IpAddr,
    port: u16,
    shared: Arc<Shared>,
}

/// What happens to a COMMIT, and with it to its connection. Others live on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The connection is cut before the server gets it: nothing is committed.
    LoseRequest,
    /// The connection is cut after the server has answered and before the client hears of it: it is committed.
    LoseAnswer,
}

/// The ways on which a frozen proxy delivers nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// What the server sends.
    ToClient,
    /// What clients send.
    ToServer,
    /// Everything.
    Both,
}

#[derive(Default)]
struct Shared {
    stopped: AtomicBool,
    refusing: AtomicBool,
    newer: AtomicBool,
    connections: AtomicU64,
    unencrypted: AtomicU64,
    startup_flights: AtomicU64,
    flights: AtomicU64,
    bytes: AtomicU64,
    open: Mutex<Vec<TcpStream>>,
    frozen: Mutex<Option<Way>>,
    thawed: Condvar,
    /// The fault that is to come, at which COMMIT from now, and how often in a row.
    armed: Mutex<Option<(Fault, u32, u32)>>,
    fired: Mutex<bool>,
    has_fired: Condvar,
}

impl Proxy {
    /// A proxy that adds no delay.
    pub(crate) fn start(server_port: u16) -> Self {
        Self::with_delay(server_port, Duration::ZERO)
    }

    /// A proxy that listens at another address of this machine.
    pub(crate) fn start_at(address: IpAddr, server_port: u16) -> Self {
        Self::listen((address, 0).into(), server_port, Duration::ZERO)
    }

    /// A proxy that listens at another address of this machine, on a port that others know.
    pub(crate) fn start_on(address: SocketAddr, server_port: u16) -> Self {
        Self::listen(address, server_port, Duration::ZERO)
    }

    /// A proxy that delivers everything later, in both directions: a round trip takes twice the delay.
    pub(crate) fn with_delay(server_port: u16, delay: Duration) -> Self {
        Self::listen((Ipv4Addr::LOCALHOST, 0).into(), server_port, delay)
    }

    fn listen(address: SocketAddr, server_port: u16, delay: Duration) -> Self {
        let listener = TcpListener::bind(address).expect("a free port");
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
                if accepting.refusing.load(SeqCst) {
                    continue;
                }
                let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server_port)) else {
                    continue; // the client sees its connection closed, as if the server had refused it
                };
                connect(&accepting, &client, &server, delay);
            }
        });
        Self {
            address: address.ip(),
            port,
            shared,
        }
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

    /// How many of them asked for a session, or to cancel, without encryption.
    pub(crate) fn unencrypted(&self) -> u64 {
        self.shared.unencrypted.load(SeqCst)
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
            &self.shared.unencrypted,
            &self.shared.bytes,
        ] {
            counter.store(0, SeqCst);
        }
    }

    /// Cuts every open connection at once, in the middle of whatever it carries. New ones can be made.
    pub(crate) fn cut(&self) {
        for stream in held(&self.shared.open).drain(..) {
            hang_up(&stream);
        }
    }

    /// Has the server call itself PostgreSQL 99 to those who connect from now on.
    pub(crate) fn name_newer_server(&self) {
        self.shared.newer.store(true, SeqCst);
    }

    /// Delivers nothing any more on a way, in old and new connections, and keeps them open: neither side learns that
    /// the other one has left. What was being delivered at this moment still arrives.
    pub(crate) fn freeze(&self, way: Way) {
        *held(&self.shared.frozen) = Some(way);
    }

    /// Delivers again, and first what has been held back.
    pub(crate) fn thaw(&self) {
        *held(&self.shared.frozen) = None;
        self.shared.thawed.notify_all();
    }

    /// Closes new connections at once, as if nobody listened. Those that are open stay.
    pub(crate) fn refuse(&self) {
        self.shared.refusing.store(true, SeqCst);
    }

    /// Lets new connections in again.
    pub(crate) fn accept(&self) {
        self.shared.refusing.store(false, SeqCst);
    }

    /// Arms a fault for the nth COMMIT from now, counted from one over all connections. It happens once. A COMMIT is
    /// a simple query that ends with this word.
    pub(crate) fn on_commit(&self, fault: Fault, nth: u32) {
        self.on_commits(fault, nth, 1);
    }

    /// As [`Proxy::on_commit`], and again for the COMMITs that follow, until it has happened so many times.
    pub(crate) fn on_commits(&self, fault: Fault, nth: u32, times: u32) {
        *held(&self.shared.fired) = false;
        *held(&self.shared.armed) = Some((fault, nth, times));
    }

    /// Whether the fault that was armed last has happened. It has when its client sees the connection end.
    pub(crate) fn fired(&self) -> bool {
        *held(&self.shared.fired)
    }

    /// Waits until the fault that was armed last has happened. A client that is a task of this thread cannot go on
    /// meanwhile, one that is a process can.
    pub(crate) fn until_fired(&self) {
        let fired = held(&self.shared.fired);
        let limit = Duration::from_secs(30);
        let waited = self
            .shared
            .has_fired
            .wait_timeout_while(fired, limit, |fired| !*fired);
        let (fired, _) = waited.expect("no thread panics with it");
        assert!(*fired, "no COMMIT met the fault");
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.stopped.store(true, SeqCst);
        let _ = TcpStream::connect((self.address, self.port)); // wakes the thread that accepts
        self.cut();
        self.thaw(); // what was held back meets closed connections
    }
}

impl Shared {
    /// Returns when something may be delivered.
    fn pass(&self, way: Way) {
        let frozen = held(&self.frozen);
        let closed = |frozen: &mut Option<Way>| *frozen == Some(way) || *frozen == Some(Way::Both);
        let thawed = self.thawed.wait_while(frozen, closed);
        drop(thawed.expect("no thread panics with it"));
    }

    /// The fault that a COMMIT meets, if any.
    fn meet_commit(&self) -> Option<Fault> {
        let mut armed = held(&self.armed);
        let (fault, nth, times) = armed.take()?;
        if nth > 1 {
            *armed = Some((fault, nth - 1, times));
            return None;
        }
        if times > 1 {
            *armed = Some((fault, 1, times - 1));
        }
        Some(fault)
    }

    fn fire(&self) {
        *held(&self.fired) = true;
        self.has_fired.notify_all();
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no thread panics with it")
}

fn hang_up(stream: &TcpStream) {
    let _ = stream.shutdown(Shutdown::Both); // the peer may have been faster
}

fn connect(shared: &Arc<Shared>, client: &TcpStream, server: &TcpStream, delay: Duration) {
    let copy = |stream: &TcpStream| stream.try_clone().expect("a socket can be shared");
    shared.connections.fetch_add(1, SeqCst);
    held(&shared.open).extend([copy(client), copy(server)]);
    let conversation = Arc::new(Mutex::new(Conversation::default()));
    for (way, from, to) in [
        (Way::ToServer, client, server),
        (Way::ToClient, server, client),
    ] {
        let direction = Direction {
            way,
            from: copy(from),
            to: copy(to),
            delay,
            shared: Arc::clone(shared),
            conversation: Arc::clone(&conversation),
        };
        direction.carry();
    }
}

/// Writes another major into the version of the server, which it sends in one piece with the rest of the start-up.
fn name_newer(bytes: &mut [u8]) {
    const NAME: &[u8] = b"server_version\0";
    let found = bytes.windows(NAME.len()).position(|part| part == NAME);
    if let Some(start) = found {
        let version = start + NAME.len();
        bytes[version..version + 2].copy_from_slice(b"99");
    }
}

/// One direction of one connection.
struct Direction {
    way: Way,
    from: TcpStream,
    to: TcpStream,
    delay: Duration,
    shared: Arc<Shared>,
    conversation: Arc<Mutex<Conversation>>,
}

impl Direction {
    /// Carries it to its end. Bytes are noted when they are delivered, not when they are taken: with a delay, what a
    /// client sends without waiting for an answer counts as one run.
    fn carry(self) {
        let (sender, on_the_way) = mpsc::channel::<(Instant, Vec<u8>)>();
        let mut from = self.from.try_clone().expect("a socket can be shared");
        let delay = self.delay;
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
        self.to.set_nodelay(true).expect("TCP has this option");
        std::thread::spawn(move || {
            for (due, mut bytes) in on_the_way {
                if self.way == Way::ToClient && self.shared.newer.load(SeqCst) {
                    name_newer(&mut bytes);
                }
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                if self.deliver(&bytes).is_err() {
                    break;
                }
            }
            self.shared.pass(self.way);
            let _ = self.to.shutdown(Shutdown::Write); // the peer may have been faster
        });
    }

    /// Delivers what the faults leave of some bytes, when it may be delivered.
    fn deliver(&self, bytes: &[u8]) -> std::io::Result<()> {
        self.shared.pass(self.way);
        let passage = self.note(bytes);
        (&self.to).write_all(&bytes[..passage.bytes])?;
        if passage.cut {
            self.shared.fire();
            hang_up(&self.from);
            hang_up(&self.to);
        }
        Ok(())
    }

    fn note(&self, bytes: &[u8]) -> Passage {
        let mut conversation = held(&self.conversation);
        let starting = conversation.answers == 0;
        let passage = match self.way {
            Way::ToServer => conversation.client_says(bytes, &self.shared),
            _ => conversation.server_says(bytes),
        };
        let delivered = passage.bytes > 0;
        let counter = if starting {
            &self.shared.startup_flights
        } else {
            &self.shared.flights
        };
        self.shared.bytes.fetch_add(passage.bytes as u64, SeqCst);
        if self.way == Way::ToServer {
            conversation.asked |= delivered;
        } else if delivered {
            counter.fetch_add(u64::from(conversation.asked), SeqCst);
            conversation.asked = false;
        }
        passage
    }
}

/// What becomes of some bytes: so many from their beginning are delivered, and then the connection may be cut.
#[derive(Default)]
struct Passage {
    bytes: usize,
    cut: bool,
}

/// What both directions of one connection know of it.
struct Conversation {
    /// The client sent something that has not been answered.
    asked: bool,
    from_client: Framing,
    from_server: Framing,
    /// The client asked for encryption, which the server answers by one byte instead of a message.
    byte_expected: bool,
    /// The server agreed: nothing more is understood.
    encrypted: bool,
    /// Messages of the client that the server answers up to a `ReadyForQuery`. The start-up is the first.
    requests: u64,
    /// How often the server was ready.
    answers: u64,
    /// The request whose answer the client never gets. Nothing that follows it gets to the server.
    lost: Option<u64>,
    /// A request was lost: after so many answers the connection is cut. Nothing that follows it gets to the server.
    cut_after: Option<u64>,
}

impl Default for Conversation {
    fn default() -> Self {
        Self {
            asked: false,
            from_client: Framing::starting(),
            from_server: Framing::default(),
            byte_expected: false,
            encrypted: false,
            requests: 0,
            answers: 0,
            lost: None,
            cut_after: None,
        }
    }
}

impl Conversation {
    const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
    const GSS_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 48];

    fn client_says(&mut self, bytes: &[u8], shared: &Shared) -> Passage {
        let mut passage = Passage::default();
        if self.lost.is_some() || self.cut_after.is_some() {
            return passage;
        }
        if self.encrypted {
            passage.bytes = bytes.len();
            return passage;
        }
        for (index, &byte) in bytes.iter().enumerate() {
            let Some(message) = self.from_client.take(byte) else {
                continue;
            };
            self.client_sent(&message, shared);
            let fault = if is_commit(&message) {
                shared.meet_commit()
            } else {
                None
            };
            // Without its last byte the server does nothing about a message whose first bytes it may have got.
            if fault == Some(Fault::LoseRequest) {
                // What was asked before it is answered before the connection is cut: a client that does not wait for answers
                // is to lose this request and no other.
                let before = self.requests - 1;
                self.cut_after = Some(before);
                passage.cut = self.answers >= before;
                return passage;
            }
            passage.bytes = index + 1;
            if fault == Some(Fault::LoseAnswer) {
                self.lost = Some(self.requests);
                return passage;
            }
        }
        passage.bytes = bytes.len();
        passage
    }

    fn client_sent(&mut self, message: &[u8], shared: &Shared) {
        if !self.from_client.untyped {
            // Query, Sync, FunctionCall
            self.requests += u64::from(matches!(message[0], b'Q' | b'S' | b'F'));
        } else if message == Self::SSL_REQUEST || message == Self::GSS_REQUEST {
            self.byte_expected = true;
        } else {
            shared.unencrypted.fetch_add(1, SeqCst);
            self.requests += 1;
            self.from_client.untyped = false;
        }
    }

    fn server_says(&mut self, bytes: &[u8]) -> Passage {
        let mut passage = Passage::default();
        if self.encrypted {
            passage.bytes = bytes.len();
            return passage;
        }
        for &byte in bytes {
            passage.bytes += usize::from(self.lost != Some(self.answers + 1));
            if std::mem::take(&mut self.byte_expected) {
                self.encrypted = byte == b'S' || byte == b'G';
                continue;
            }
            if let Some(message) = self.from_server.take(byte) {
                self.answers += u64::from(message[0] == b'Z');
            }
        }
        let is_last = |end: Option<u64>| end == Some(self.answers);
        passage.cut = is_last(self.lost) || is_last(self.cut_after);
        passage
    }
}

/// Whether a message is a simple query that ends with COMMIT.
fn is_commit(message: &[u8]) -> bool {
    let [b'Q', _, _, _, _, text @ .., 0] = message else {
        return false;
    };
    let is_word = |c: &u8| c.is_ascii_alphanumeric() || *c == b'_';
    let end = text.iter().rposition(is_word).map_or(0, |last| last + 1);
    let (text, rest) = text.split_at(end);
    let begin = text.iter().rposition(|c| !is_word(c));
    let word = &text[begin.map_or(0, |before| before + 1)..];
    let over = |c: &u8| c.is_ascii_whitespace() || *c == b';';
    word.eq_ignore_ascii_case(b"COMMIT") && rest.iter().all(over)
}

/// Cuts a stream into messages, wherever reads have cut it.
#[derive(Default)]
struct Framing {
    /// A client's first messages have no letter before their length.
    untyped: bool,
    message: Vec<u8>,
}

impl Framing {
    fn starting() -> Self {
        Self {
            untyped: true,
            ..Self::default()
        }
    }

    /// Takes the next byte, and gives the message that ends with it.
    fn take(&mut self, byte: u8) -> Option<Vec<u8>> {
        self.message.push(byte);
        let letter = usize::from(!self.untyped);
        let length = self.message.get(letter..)?.first_chunk()?;
        let length = u32::from_be_bytes(*length) as usize; // counts itself, and no letter
        (self.message.len() == letter + length).then(|| std::mem::take(&mut self.message))
    }
}
