//! A DNS server that knows the names it is given, and what it was asked.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};

/// A DNS server on port 53. It answers until the process ends.
pub(crate) struct Nameserver {
    questions: Arc<Mutex<String>>,
}

/// A domain name with its dots, and an address of it.
pub(crate) type Name = (&'static str, IpAddr);

const A: u16 = 1;
const AAAA: u16 = 28;

/// How long the header of a message is.
const HEADER: usize = 12;

impl Nameserver {
    /// Listens on an address.
    pub(crate) fn start(address: IpAddr, names: &'static [Name]) -> Self {
        let socket = UdpSocket::bind(SocketAddr::new(address, 53))
            .expect("port 53 is ours in a network namespace of our own");
        let questions = Arc::<Mutex<String>>::default();
        let asked = Arc::clone(&questions);
        std::thread::spawn(move || {
            let mut packet = [0; 512];
            while let Ok((length, client)) = socket.recv_from(&mut packet) {
                let (question, reply) = answer(&packet[..length], names);
                asked.lock().expect("nobody panics").push_str(&question);
                let _ = socket.send_to(&reply, client);
            }
        });
        Self { questions }
    }

    /// What was asked since the last call, a line each.
    pub(crate) fn asked(&self) -> String {
        std::mem::take(&mut *self.questions.lock().expect("nobody panics"))
    }
}

/// A query as a line of text, and the reply to it: the addresses of that kind, or that there is no such name.
fn answer(query: &[u8], names: &[Name]) -> (String, Vec<u8>) {
    let (name, end) = name(query);
    let kind = u16::from_be_bytes([query[end], query[end + 1]]);
    let known: Vec<IpAddr> = names
        .iter()
        .filter_map(|(known, address)| (*known == name).then_some(*address))
        .collect();
    let addresses: Vec<Vec<u8>> = known.iter().filter_map(|ip| octets(*ip, kind)).collect();

    let (code, told) = match (known.is_empty(), addresses.len()) {
        (true, _) => (3, "no such name".to_owned()),
        (false, count) => (0, format!("{count} known")),
    };
    let mut reply = query[..2].to_vec();
    // A response with recursion asked for and available; one question.
    reply.extend([0x81, 0x80 | code, 0, 1, 0]);
    reply.push(u8::try_from(addresses.len()).expect("the names of a test have few addresses"));
    reply.extend([0; 4]);
    reply.extend(&query[HEADER..end + 4]);
    for address in addresses {
        // The name is the one of the question; then kind, class, and a minute to live.
        reply.extend([0xc0, 0x0c, query[end], query[end + 1], 0, 1, 0, 0, 0, 60, 0]);
        reply.push(u8::try_from(address.len()).expect("4 or 16"));
        reply.extend(address);
    }
    let kind = match kind {
        A => "A",
        AAAA => "AAAA",
        _ => "?",
    };
    (format!("{name} {kind}: {told}\n"), reply)
}

/// The name that is asked for, and where it ends.
fn name(query: &[u8]) -> (String, usize) {
    let (mut name, mut at) = (String::new(), HEADER);
    while query[at] > 0 {
        let label = &query[at + 1..=at + usize::from(query[at])];
        write!(name, "{}.", String::from_utf8_lossy(label)).expect("a String takes everything");
        at += 1 + label.len();
    }
    name.truncate(name.len().saturating_sub(1));
    (name, at + 1)
}

fn octets(address: IpAddr, kind: u16) -> Option<Vec<u8>> {
    match (address, kind) {
        (IpAddr::V4(address), A) => Some(address.octets().to_vec()),
        (IpAddr::V6(address), AAAA) => Some(address.octets().to_vec()),
        _ => None,
    }
}
