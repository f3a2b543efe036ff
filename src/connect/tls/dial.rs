//! From a socket to a stream that tokio-postgres can speak on: on one way, and what came of it.
//!
//! tokio-postgres is told that TLS is direct and required, so that all of it is left to us: that is how the request for
//! TLS, the fallback and the look at what the server asks come to be in one place.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::pki_types::ServerName;
use rustls::{Error as TlsError, ProtocolVersion};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_rustls::TlsConnector;

use super::Way;
use super::refusal::Fault;
use super::stream::{LastWord, Stream, Watch};
use super::terms::{ALPN, Measure, Terms};

/// Opens streams to one host on one way.
#[derive(Clone)]
pub(in crate::connect) struct Dialer {
    way: Way,
    terms: Option<Arc<Terms>>,
    /// Whether a password may be sent as it is where nothing is encrypted.
    clear_text: bool,
    outcome: Arc<Outcome>,
}

/// What came of it.
#[derive(Default)]
struct Outcome {
    encryption: Mutex<Option<ProtocolVersion>>,
    let_in: Arc<AtomicBool>,
}

impl Dialer {
    pub(in crate::connect) fn new(way: Way, terms: Option<Arc<Terms>>, clear_text: bool) -> Self {
        Self {
            way,
            terms,
            clear_text,
            outcome: Arc::default(),
        }
    }

    /// Whether the server let us in, whatever came then.
    pub(in crate::connect) fn was_let_in(&self) -> bool {
        self.outcome.let_in.load(Ordering::Relaxed)
    }

    /// Whether the stream is encrypted.
    pub(in crate::connect) fn is_encrypted(&self) -> bool {
        self.encryption().is_some()
    }

    /// Whether there is a way that was not gone: none where encryption was wished for and not offered.
    pub(in crate::connect) fn is_other_way(&self) -> bool {
        self.way != Way::Offered || self.is_encrypted()
    }

    fn encryption(&self) -> Option<ProtocolVersion> {
        let encryption = self.outcome.encryption.lock();
        *encryption.unwrap_or_else(PoisonError::into_inner)
    }

    /// A host may have several addresses, each of which is tried from the start.
    fn note(&self, encryption: Option<ProtocolVersion>) {
        self.outcome.let_in.store(false, Ordering::Relaxed);
        let noted = self.outcome.encryption.lock();
        *noted.unwrap_or_else(PoisonError::into_inner) = encryption;
    }

    /// The way that was gone in the end: a request to cancel has to go the same.
    pub(in crate::connect) fn gone_way(&self) -> Self {
        let way = match self.way {
            Way::Offered if self.is_encrypted() => Way::Asked,
            Way::Offered => Way::Plain,
            way => way,
        };
        Self::new(way, self.terms.clone(), self.clear_text)
    }

    /// What protects the connection, for the log.
    pub(in crate::connect) fn protection(&self) -> String {
        let (Some(version), Some(terms)) = (self.encryption(), &self.terms) else {
            return "not encrypted".to_owned();
        };
        let version = match version {
            ProtocolVersion::TLSv1_2 => "TLS 1.2",
            _ => "TLS 1.3",
        };
        let verified = match terms.measure {
            Measure::Nothing => "the server's certificate is not verified",
            Measure::Authority => "the server's certificate is verified, but not its name",
            Measure::Name => "the server's certificate and its name are verified",
        };
        format!("encrypted with {version}; {verified}")
    }
}

impl<S> MakeTlsConnect<S> for Dialer
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Stream<S>;
    type TlsConnect = Call;
    type Error = Fault;

    fn make_tls_connect(&mut self, host: &str) -> Result<Call, Fault> {
        Ok(Call {
            dialer: self.clone(),
            host: host.to_owned(),
        })
    }
}

/// Opens one stream.
pub(in crate::connect) struct Call {
    dialer: Dialer,
    host: String,
}

type Opening<S> = Pin<Box<dyn Future<Output = Result<Stream<S>, Fault>> + Send>>;

impl<S> TlsConnect<S> for Call
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Stream<S>;
    type Error = Fault;
    type Future = Opening<S>;

    fn connect(self, stream: S) -> Opening<S> {
        Box::pin(self.open(stream))
    }
}

impl Call {
    async fn open<S>(self, mut stream: S) -> Result<Stream<S>, Fault>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.dialer.note(None);
        let terms = match (self.dialer.way, &self.dialer.terms) {
            (Way::Plain, _) | (_, None) => None,
            (Way::Direct, Some(terms)) => Some(terms),
            (Way::Offered | Way::Asked, Some(terms)) => {
                is_offered(&mut stream).await?.then_some(terms)
            }
        };
        match terms {
            Some(terms) => self.encrypt(stream, terms).await,
            None if self.dialer.way == Way::Asked => Err(Fault::NotOffered),
            None => Ok(Stream::plain(
                stream,
                Some(self.watch(self.dialer.clear_text)),
            )),
        }
    }

    async fn encrypt<S>(&self, stream: S, terms: &Terms) -> Result<Stream<S>, Fault>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let name = ServerName::try_from(self.host.clone()).map_err(|_| Fault::Name)?;
        let connector = TlsConnector::from(Arc::clone(&terms.config));
        let stream = connector
            .connect(name, LastWord(stream))
            .await
            .map_err(|error| match self.dialer.way {
                Way::Direct if error.get_ref().is_none_or(|inner| !inner.is::<TlsError>()) => {
                    Fault::Direct(error)
                }
                _ => Fault::Handshake(error),
            })?;
        let (_, session) = stream.get_ref();
        // Without it a server of another kind could be made to answer for this one.
        if self.dialer.way == Way::Direct && session.alpn_protocol() != Some(ALPN) {
            return Err(Fault::NotNamed);
        }
        let version = session.protocol_version();
        self.dialer.note(version.or(Some(ProtocolVersion::TLSv1_3)));
        Ok(Stream::encrypted(stream, self.watch(true)))
    }

    fn watch(&self, clear_text: bool) -> Watch {
        Watch::new(clear_text, Arc::clone(&self.dialer.outcome.let_in))
    }
}

/// `SSLRequest`: its length, and a number that no version of the protocol has.
const REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// Asks the server for TLS. What it sends behind its answer is left to TLS: it was not sent in the clear by somebody
/// on the way and taken for the server's.
async fn is_offered<S>(stream: &mut S) -> Result<bool, Fault>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut answer = [0];
    stream.write_all(&REQUEST).await.map_err(Fault::Broken)?;
    stream.flush().await.map_err(Fault::Broken)?;
    stream
        .read_exact(&mut answer)
        .await
        .map_err(Fault::Broken)?;
    match answer {
        [b'S'] => Ok(true),
        [b'N'] => Ok(false),
        _ => Err(Fault::Answer),
    }
}

/// Opens a stream that is what it is: for what never leaves this process.
pub(in crate::connect) struct Bare;

impl<S> TlsConnect<S> for Bare
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Stream<S>;
    type Error = Fault;
    type Future = std::future::Ready<Result<Stream<S>, Fault>>;

    fn connect(self, stream: S) -> Self::Future {
        std::future::ready(Ok(Stream::plain(stream, None)))
    }
}
