//! A name server on a free port of loopback, over UDP and TCP.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::{CNAME, NS, SOA, TXT};
use hickory_proto::rr::{Name, RData, Record};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinHandle;

/// What is said of a name.
#[derive(Clone, Debug)]
pub(crate) enum Says {
    /// These TXT records, each in pieces.
    Texts(Vec<Vec<String>>),
    /// That it is another name, which has this TXT record.
    Alias(&'static str, Vec<String>),
    /// The name doesn't exist.
    NoName,
    /// It exists, and has no such record.
    NoRecord,
    /// The server fails.
    Failure,
    /// The server won't say.
    Refusal,
    /// Somebody else knows.
    Referral,
    /// Bytes that are no answer.
    Noise,
    /// Nothing at all.
    Nothing,
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
    tasks: [JoinHandle<()>; 2],
}

#[derive(Default)]
struct State {
    names: Mutex<BTreeMap<String, Says>>,
    asked: Mutex<Vec<String>>,
    over_tcp: AtomicUsize,
}

impl Server {
    pub(crate) async fn saying<const N: usize>(names: [(&str, Says); N]) -> Self {
        let state = Arc::new(State::default());
        let (udp, tcp) = both().await;
        let address = udp.local_addr().unwrap();
        let server = Self {
            address,
            tasks: [
                tokio::spawn(serve_udp(udp, Arc::clone(&state))),
                tokio::spawn(serve_tcp(tcp, Arc::clone(&state))),
            ],
            state,
        };
        for (name, says) in names {
            server.say(name, says);
        }
        server
    }

    pub(crate) fn say(&self, name: &str, says: Says) {
        self.state.names.lock().unwrap().insert(name.into(), says);
    }

    /// Every name that was asked about.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.state.asked.lock().unwrap().clone()
    }

    pub(crate) fn asked_over_tcp(&self) -> usize {
        self.state.over_tcp.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// One port that is free for both.
async fn both() -> (UdpSocket, TcpListener) {
    for _ in 0..100 {
        let tcp = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        if let Ok(udp) = UdpSocket::bind(tcp.local_addr().unwrap()).await {
            return (udp, tcp);
        }
    }
    panic!("no port is free for both");
}

async fn serve_udp(socket: UdpSocket, state: Arc<State>) {
    const FITS: usize = 1_200;
    let mut buffer = [0; 4_096];
    loop {
        let (length, from) = socket.recv_from(&mut buffer).await.unwrap();
        let Some(mut answer) = state.answer(&buffer[..length]) else {
            continue;
        };
        if answer.len() > FITS {
            let whole = Message::from_vec(&answer).unwrap();
            answer = whole.truncate().to_vec().unwrap();
        }
        socket.send_to(&answer, from).await.unwrap();
    }
}

async fn serve_tcp(listener: TcpListener, state: Arc<State>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            let _ = converse(stream, &state).await;
        });
    }
}

async fn converse(mut stream: TcpStream, state: &State) -> std::io::Result<()> {
    loop {
        let length = stream.read_u16().await?;
        let mut question = vec![0; usize::from(length)];
        stream.read_exact(&mut question).await?;
        state.over_tcp.fetch_add(1, Ordering::SeqCst);
        if let Some(answer) = state.answer(&question) {
            stream.write_u16(answer.len().try_into().unwrap()).await?;
            stream.write_all(&answer).await?;
        }
    }
}

impl State {
    fn answer(&self, question: &[u8]) -> Option<Vec<u8>> {
        let question = Message::from_vec(question).unwrap();
        let query = question.queries.first().unwrap().clone();
        let name = query.name().to_string().to_lowercase();
        self.asked.lock().unwrap().push(name.clone());
        let says = self.names.lock().unwrap().get(&name).cloned();
        let mut answer = Message::response(question.metadata.id, question.metadata.op_code);
        answer.metadata.recursion_desired = question.metadata.recursion_desired;
        answer.metadata.recursion_available = true;
        answer.add_query(query.clone());
        let code = fill(&mut answer, query.name(), says.unwrap_or(Says::NoName));
        match code {
            Ok(code) => answer.metadata.response_code = code,
            Err(other) => return other,
        }
        Some(answer.to_vec().unwrap())
    }
}

/// Fills an answer, or gives what to send instead of one.
fn fill(answer: &mut Message, name: &Name, says: Says) -> Result<ResponseCode, Option<Vec<u8>>> {
    const TTL: u32 = 300;
    let record = |name: &Name, data| Record::from_rdata(name.clone(), TTL, data);
    let soa = || {
        let zone = Name::from_ascii("com.").unwrap();
        RData::SOA(SOA::new(zone.clone(), zone, 1, 60, 60, 60, TTL))
    };
    match says {
        Says::Texts(texts) => {
            for pieces in texts {
                answer.add_answer(record(name, RData::TXT(TXT::new(pieces))));
            }
        }
        Says::Alias(other, pieces) => {
            let other = Name::from_ascii(other).unwrap();
            answer.add_answer(record(name, RData::CNAME(CNAME(other.clone()))));
            answer.add_answer(record(&other, RData::TXT(TXT::new(pieces))));
        }
        Says::NoName => {
            answer.add_authority(record(&Name::from_ascii("com.").unwrap(), soa()));
            return Ok(ResponseCode::NXDomain);
        }
        Says::NoRecord => {
            answer.add_authority(record(&Name::from_ascii("com.").unwrap(), soa()));
        }
        Says::Referral => {
            let server = Name::from_ascii("ns.acme.com.").unwrap();
            let zone = Name::from_ascii("acme.com.").unwrap();
            answer.add_authority(record(&zone, RData::NS(NS(server))));
        }
        Says::Failure => return Ok(ResponseCode::ServFail),
        Says::Refusal => return Ok(ResponseCode::Refused),
        Says::Noise => return Err(Some(vec![0xff; 40])),
        Says::Nothing => return Err(None),
    }
    Ok(ResponseCode::NoError)
}
