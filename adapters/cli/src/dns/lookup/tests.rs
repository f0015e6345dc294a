use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::*;

/// A server of DNS with these records, on the loopback. It ends with the process.
struct Server {
    address: SocketAddr,
    asked_as_the_zone: Arc<AtomicUsize>,
}

/// Name, number of the kind, data.
type Line = (&'static str, u16, Vec<u8>);

fn wire(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in name.split('.') {
        bytes.push(u8::try_from(label.len()).unwrap());
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
    bytes
}

fn text(text: &str) -> Vec<u8> {
    let mut bytes = vec![u8::try_from(text.len()).unwrap()];
    bytes.extend(text.as_bytes());
    bytes
}

const NS: u16 = 2;
const A: u16 = 1;
const CNAME: u16 = 5;
const TXT: u16 = 16;

impl Server {
    /// `flags` are those of every answer to a question that isn't recursive.
    fn start(lines: Vec<Line>, flags: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let asked_as_the_zone = Arc::<AtomicUsize>::default();
        let count = Arc::clone(&asked_as_the_zone);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut length = [0; 2];
                stream.read_exact(&mut length).unwrap();
                let mut question = vec![0; usize::from(u16::from_be_bytes(length))];
                stream.read_exact(&mut question).unwrap();
                let recursive = question[2] & 1 == 1;
                count.fetch_add(usize::from(!recursive), Ordering::Relaxed);
                let answer = answer(&question, &lines, if recursive { 0x8180 } else { flags });
                let length = u16::try_from(answer.len()).unwrap().to_be_bytes();
                // Whoever asked may have gone.
                let _ = stream.write_all(&[&length[..], &answer].concat());
            }
        });
        Self {
            address,
            asked_as_the_zone,
        }
    }

    fn lookup(&self) -> Lookup {
        Lookup {
            servers: vec![self.address],
            zones: Some(Zones {
                port: self.address.port(),
                may_be_asked: |address| address.is_loopback(),
            }),
        }
    }
}

fn answer(question: &[u8], lines: &[Line], flags: u16) -> Vec<u8> {
    let end = question.len() - 4;
    let (name, kind) = (
        &question[12..end],
        u16::from_be_bytes([question[end], question[end + 1]]),
    );
    let here = |line: &&Line| wire(line.0) == name;
    let exists = lines.iter().any(|line| wire(line.0).ends_with(name));
    let found: Vec<_> = lines
        .iter()
        .filter(here)
        .filter(|line| line.1 == kind || line.1 == CNAME)
        .collect();
    let code = u16::from(!exists) * 3;
    let mut message = question[..2].to_vec();
    for number in [flags | code, 1, u16::try_from(found.len()).unwrap(), 0, 0] {
        message.extend(number.to_be_bytes());
    }
    message.extend(&question[12..]);
    for (name, kind, data) in found {
        message.extend(wire(name));
        for number in [*kind, 1, 0, 60, u16::try_from(data.len()).unwrap()] {
            message.extend(number.to_be_bytes());
        }
        message.extend(data);
    }
    message
}

const AUTHORITATIVE: u16 = 0x8400;
const RECORD: &str = "_tenantry.shop.example.com";

fn zone() -> Vec<Line> {
    vec![
        ("example.com", NS, wire("ns.example.net")),
        ("ns.example.net", A, vec![127, 0, 0, 1]),
        (RECORD, TXT, text("tenantry-domain=5a")),
        (RECORD, TXT, text("something else")),
    ]
}

#[test]
fn the_zones_own_servers_are_asked_for_the_record() {
    let server = Server::start(zone(), AUTHORITATIVE);
    let texts = server.lookup().texts(RECORD).unwrap();
    assert_eq!(texts, [&b"tenantry-domain=5a"[..], b"something else"]);
    assert_eq!(server.asked_as_the_zone.load(Ordering::Relaxed), 1);
}

#[test]
fn a_name_without_the_record_and_one_that_isnt_there_have_none() {
    let server = Server::start(zone(), AUTHORITATIVE);
    let none: [Vec<u8>; 0] = [];
    assert_eq!(server.lookup().texts("shop.example.com").unwrap(), none);
    assert_eq!(
        server
            .lookup()
            .texts("_tenantry.other.example.com")
            .unwrap(),
        none
    );
    assert_eq!(
        server.lookup().texts("_tenantry.shop.example.org").unwrap(),
        none,
        "no such zone"
    );
}

#[test]
fn whoever_isnt_the_zones_isnt_believed() {
    // It answers, and doesn't say that it is one of the zone's.
    let cache = Server::start(zone(), 0x8000);
    assert_eq!(cache.lookup().texts(RECORD), Err(Unanswered));
    let refuses = Server::start(zone(), 0x8405);
    assert_eq!(refuses.lookup().texts(RECORD), Err(Unanswered));
}

#[test]
fn a_zone_that_names_servers_of_this_network_is_not_asked_there() {
    let server = Server::start(zone(), AUTHORITATIVE);
    let mut lookup = server.lookup();
    lookup.zones = Some(Zones {
        port: server.address.port(),
        may_be_asked: is_public,
    });
    assert_eq!(lookup.texts(RECORD), Err(Unanswered));
    assert_eq!(server.asked_as_the_zone.load(Ordering::Relaxed), 0);
}

#[test]
fn aliases_are_followed_and_a_circle_of_them_ends() {
    let mut lines = zone();
    lines.push(("_tenantry.other.example.com", CNAME, wire(RECORD)));
    lines.push((
        "_tenantry.round.example.com",
        CNAME,
        wire("_tenantry.about.example.com"),
    ));
    lines.push((
        "_tenantry.about.example.com",
        CNAME,
        wire("_tenantry.round.example.com"),
    ));
    let server = Server::start(lines, AUTHORITATIVE);
    let texts = server
        .lookup()
        .texts("_tenantry.other.example.com")
        .unwrap();
    assert_eq!(texts.len(), 2);
    let round = server.lookup().texts("_tenantry.round.example.com");
    assert_eq!(round, Err(Unanswered));
}

#[test]
fn a_server_that_is_away_or_silent_is_no_answer() {
    let gone = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = gone.local_addr().unwrap();
    drop(gone);
    assert_eq!(Lookup::at(address).texts(RECORD), Err(Unanswered));
    assert_eq!(Lookup::of_zones(Vec::new()).texts(RECORD), Err(Unanswered));
}

#[test]
fn a_server_that_is_named_is_asked_alone() {
    let server = Server::start(zone(), AUTHORITATIVE);
    let texts = Lookup::at(server.address).texts(RECORD).unwrap();
    assert_eq!(texts.len(), 2);
    assert_eq!(server.asked_as_the_zone.load(Ordering::Relaxed), 0);
}

#[test]
fn resolvers_are_read_of_their_file() {
    let file = "# a comment\nsearch example.com\nnameserver 10.0.0.53\nnameserver ::1\nnameserver nonsense\n";
    let expected: [SocketAddr; 2] = ["10.0.0.53:53".parse().unwrap(), "[::1]:53".parse().unwrap()];
    assert_eq!(named(file), expected);
}
