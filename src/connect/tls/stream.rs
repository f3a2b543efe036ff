//! The bytes of a connection, encrypted or not, and a look at what the server asks before we are let in.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsStream};
use tokio_rustls::client::TlsStream as Encrypted;

use super::certificate;
use super::refusal::Fault;

/// A connection to a server.
pub(crate) struct Stream<S> {
    bytes: Bytes<S>,
    watch: Option<Watch>,
}

enum Bytes<S> {
    Plain(S),
    Encrypted(Box<Encrypted<LastWord<S>>>),
}

impl<S> Stream<S> {
    pub(super) fn plain(stream: S, watch: Option<Watch>) -> Self {
        Self {
            bytes: Bytes::Plain(stream),
            watch,
        }
    }

    pub(super) fn encrypted(stream: Encrypted<LastWord<S>>, watch: Watch) -> Self {
        Self {
            bytes: Bytes::Encrypted(Box::new(stream)),
            watch: Some(watch),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Stream<S> {
    fn channel_binding(&self) -> ChannelBinding {
        let Bytes::Encrypted(stream) = &self.bytes else {
            return ChannelBinding::none();
        };
        let (_, session) = stream.get_ref();
        let certificate = session.peer_certificates().and_then(<[_]>::first);
        certificate
            .and_then(|certificate| certificate::end_point(certificate))
            .map_or_else(ChannelBinding::none, ChannelBinding::tls_server_end_point)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = match &mut self.bytes {
            Bytes::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Bytes::Encrypted(stream) => Pin::new(stream).poll_read(context, buffer),
        };
        let (Poll::Ready(Ok(())), Some(watch)) = (&read, &mut self.watch) else {
            return read;
        };
        match watch.see(&buffer.filled()[before..]) {
            Seen::NotYetIn => {}
            Seen::Over => self.watch = None,
            Seen::ClearTextAsked => {
                return Poll::Ready(Err(io::Error::other(Fault::ClearText)));
            }
        }
        read
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.bytes {
            Bytes::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Bytes::Encrypted(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.bytes {
            Bytes::Plain(stream) => Pin::new(stream).poll_flush(context),
            Bytes::Encrypted(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.bytes {
            Bytes::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Bytes::Encrypted(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

/// Lets the other side have the last word: a server that refuses our certificate says so and hangs up, and what is
/// written meanwhile fails before its reason is read. Where nothing can be written any more, what is read tells why.
pub(super) struct LastWord<S>(pub(super) S);

/// What a failed write has done.
fn unless_hung_up<T>(written: Poll<io::Result<T>>, done: T) -> Poll<io::Result<T>> {
    use io::ErrorKind::{BrokenPipe, ConnectionReset};
    match written {
        Poll::Ready(Err(error)) if matches!(error.kind(), BrokenPipe | ConnectionReset) => {
            Poll::Ready(Ok(done))
        }
        written => written,
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for LastWord<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for LastWord<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.0).poll_write(context, bytes);
        unless_hung_up(written, bytes.len())
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        unless_hung_up(Pin::new(&mut self.0).poll_flush(context), ())
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

/// Follows what the server says until it lets us in. tokio-postgres answers every request for a password by itself, so
/// that one which must not be answered has to be stopped before it gets there.
pub(super) struct Watch {
    /// Whether a password may be sent as it is.
    pub(super) clear_text: bool,
    /// Set when the server has let us in.
    pub(super) let_in: Arc<AtomicBool>,
    /// The beginning of a message: letter, length, and of a request for authentication its kind.
    head: Vec<u8>,
    /// How much of the message is left that is of no interest.
    rest: usize,
}

#[derive(Debug, PartialEq, Eq)]
enum Seen {
    NotYetIn,
    Over,
    ClearTextAsked,
}

/// <https://www.postgresql.org/docs/18/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-AUTHENTICATIONOK>
const AUTHENTICATION: u8 = b'R';
const OK: u32 = 0;
const CLEAR_TEXT: u32 = 3;

impl Watch {
    pub(super) fn new(clear_text: bool, let_in: Arc<AtomicBool>) -> Self {
        Self {
            clear_text,
            let_in,
            head: Vec::new(),
            rest: 0,
        }
    }

    fn see(&mut self, mut bytes: &[u8]) -> Seen {
        while !bytes.is_empty() {
            let skipped = self.rest.min(bytes.len());
            self.rest -= skipped;
            bytes = &bytes[skipped..];
            let Some((byte, after)) = bytes.split_first() else {
                break;
            };
            self.head.push(*byte);
            bytes = after;
            match self.message() {
                Some((AUTHENTICATION, OK)) => {
                    self.let_in.store(true, Ordering::Relaxed);
                    return Seen::Over;
                }
                Some((AUTHENTICATION, CLEAR_TEXT)) if !self.clear_text => {
                    return Seen::ClearTextAsked;
                }
                _ => {}
            }
        }
        Seen::NotYetIn
    }

    /// The message whose beginning is complete now, with the kind of authentication; what is left of it is skipped.
    fn message(&mut self) -> Option<(u8, u32)> {
        let (&[letter, a, b, c, d], kind) = self.head.split_first_chunk()?;
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).ok()?;
        let kind = match kind {
            _ if letter != AUTHENTICATION || length < 8 => 0,
            &[a, b, c, d] => u32::from_be_bytes([a, b, c, d]),
            _ => return None,
        };
        // The length counts itself, and no letter.
        self.rest = (length + 1).saturating_sub(self.head.len());
        self.head.clear();
        Some((letter, kind))
    }
}

#[cfg(test)]
mod tests {
    use super::{Seen, Watch};

    const CLEAR_TEXT: &[u8] = b"R\0\0\0\x08\0\0\0\x03";
    const NOTICE: &[u8] = b"N\0\0\0\x0dR\0\0\0\x08\0\0\0\x03";
    const OK: &[u8] = b"R\0\0\0\x08\0\0\0\0";

    fn see(clear_text: bool, pieces: &[&[u8]]) -> (Seen, bool) {
        let mut watch = Watch::new(clear_text, std::sync::Arc::default());
        let mut seen = Seen::NotYetIn;
        for piece in pieces {
            seen = watch.see(piece);
        }
        let let_in = watch.let_in.load(std::sync::atomic::Ordering::Relaxed);
        (seen, let_in)
    }

    #[test]
    fn a_request_for_clear_text_is_seen_however_it_is_cut() {
        for cut in 0..CLEAR_TEXT.len() {
            let (one, two) = CLEAR_TEXT.split_at(cut);
            assert_eq!(see(false, &[one, two]), (Seen::ClearTextAsked, false));
            assert_eq!(see(true, &[one, two]), (Seen::NotYetIn, false));
            assert_eq!(see(false, &[NOTICE, one, two]).0, Seen::ClearTextAsked);
        }
    }

    #[test]
    fn what_looks_like_one_inside_a_message_is_none() {
        assert_eq!(see(false, &[NOTICE]), (Seen::NotYetIn, false));
        assert_eq!(see(false, &[NOTICE, OK]), (Seen::Over, true));
    }
}
