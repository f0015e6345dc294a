use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use tenantry::ports::Randomness;
use tenantry_memory::RandomBits;

use super::addresses::is_public;
use super::exchange::exchange;
use super::message::{Data, Kind, Name, Reply, query};

/// How long one look-up may take, with all its questions.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many aliases are followed.
const ALIASES: usize = 8;
/// How many servers are asked, of those that could be.
const SERVERS: usize = 6;
const PORT: u16 = 53;

/// Nobody could say, or nobody who can be believed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unanswered;

/// Whom to ask.
#[derive(Clone, Debug)]
pub(super) struct Lookup {
    servers: Vec<SocketAddr>,
    zones: Option<Zones>,
}

/// How the servers of zones are asked.
#[derive(Clone, Copy, Debug)]
struct Zones {
    port: u16,
    may_be_asked: fn(IpAddr) -> bool,
}

/// The servers that a `resolv.conf` names.
pub(super) fn named(resolvers: &str) -> Vec<SocketAddr> {
    let address = |line: &str| {
        let mut words = line.split_whitespace();
        let is_server = words.next() == Some("nameserver");
        let address: IpAddr = words.next().filter(|_| is_server)?.parse().ok()?;
        Some(SocketAddr::new(address, PORT))
    };
    resolvers.lines().filter_map(address).collect()
}

impl Lookup {
    /// Asks this server, and believes it.
    pub(super) fn at(server: SocketAddr) -> Self {
        Self {
            servers: vec![server],
            zones: None,
        }
    }

    /// Asks the servers of the name's own zone, which these resolvers know.
    pub(super) fn of_zones(resolvers: Vec<SocketAddr>) -> Self {
        Self {
            servers: resolvers,
            zones: Some(Zones {
                port: PORT,
                may_be_asked: is_public,
            }),
        }
    }

    /// The TXT records of a name, or of what it is an alias for.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<Vec<u8>>, Unanswered> {
        let until = Instant::now() + PATIENCE;
        let mut name = Name::new(name).ok_or(Unanswered)?;
        for _ in 0..ALIASES {
            let Some(reply) = self.ask_for_texts(&name, until)? else {
                return Ok(Vec::new());
            };
            let (texts, alias) = found(&name, reply);
            match alias {
                Some(alias) if texts.is_empty() => name = alias,
                _ => return Ok(texts),
            }
        }
        Err(Unanswered)
    }

    /// `None`: the name isn't there.
    fn ask_for_texts(&self, name: &Name, until: Instant) -> Result<Option<Reply>, Unanswered> {
        let Some(zones) = self.zones else {
            let reply = ask(&self.servers, name, Kind::Txt, Ask::Recursively, until)?;
            return Ok((reply.exists == Some(true)).then_some(reply));
        };
        let Some(servers) = self.servers_of(name, zones, until)? else {
            return Ok(None);
        };
        let reply = ask(&servers, name, Kind::Txt, Ask::TheZone, until)?;
        Ok((reply.exists == Some(true)).then_some(reply))
    }

    /// The servers of the zone that a name is in. `None`: there is no such zone.
    fn servers_of(
        &self,
        name: &Name,
        zones: Zones,
        until: Instant,
    ) -> Result<Option<Vec<SocketAddr>>, Unanswered> {
        let mut exists = true;
        for above in name.and_those_above() {
            let reply = ask(&self.servers, &above, Kind::Ns, Ask::Recursively, until)?;
            exists = reply.exists == Some(true);
            let servers = reply
                .answers
                .into_iter()
                .filter_map(|record| match record.data {
                    Data::Server(server) if record.owner == above => Some(server),
                    _ => None,
                });
            let servers: Vec<_> = servers.take(SERVERS).collect();
            if !servers.is_empty() {
                return self.addresses(&servers, zones, until).map(Some);
            }
        }
        if exists { Err(Unanswered) } else { Ok(None) }
    }

    fn addresses(
        &self,
        servers: &[Name],
        zones: Zones,
        until: Instant,
    ) -> Result<Vec<SocketAddr>, Unanswered> {
        let mut found = Vec::new();
        for server in servers {
            for kind in [Kind::A, Kind::Aaaa] {
                let Ok(reply) = ask(&self.servers, server, kind, Ask::Recursively, until) else {
                    continue;
                };
                let addresses = reply
                    .answers
                    .into_iter()
                    .filter_map(|record| match record.data {
                        Data::Address(address) => Some(address),
                        _ => None,
                    });
                let allowed = addresses.filter(|address| (zones.may_be_asked)(*address));
                found.extend(allowed.map(|address| SocketAddr::new(address, zones.port)));
            }
            if found.len() >= SERVERS {
                break;
            }
        }
        found.truncate(SERVERS);
        if found.is_empty() {
            Err(Unanswered)
        } else {
            Ok(found)
        }
    }
}

/// What an answer says about a name: its texts, and what it is an alias for if the answer doesn't go on there.
fn found(name: &Name, reply: Reply) -> (Vec<Vec<u8>>, Option<Name>) {
    let mut at = name.clone();
    for _ in 0..ALIASES {
        let alias = reply.answers.iter().find_map(|record| match &record.data {
            Data::Alias(alias) if record.owner == at => Some(alias.clone()),
            _ => None,
        });
        match alias {
            Some(alias) => at = alias,
            None => break,
        }
    }
    let texts = reply
        .answers
        .into_iter()
        .filter_map(|record| match record.data {
            Data::Text(text) if record.owner == at => Some(text),
            _ => None,
        });
    let texts = texts.collect();
    (texts, (at != *name).then_some(at))
}

/// What is asked of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ask {
    /// To find out, however it can.
    Recursively,
    /// To say what it knows itself.
    TheZone,
}

/// The first answer of one of these servers that says whether the name is there.
fn ask(
    servers: &[SocketAddr],
    name: &Name,
    kind: Kind,
    how: Ask,
    until: Instant,
) -> Result<Reply, Unanswered> {
    let random = RandomBits::new();
    for server in servers {
        let id = random.bits().to_be_bytes();
        let id = u16::from_be_bytes([id[0], id[1]]);
        let question = query(id, name, kind, how == Ask::Recursively);
        let reply = exchange(*server, &question, until).ok();
        let reply = reply.and_then(|answer| Reply::read(&answer, id, name, kind));
        let believed = |reply: &Reply| {
            reply.exists.is_some() && (how == Ask::Recursively || reply.authoritative)
        };
        if let Some(reply) = reply.filter(believed) {
            return Ok(reply);
        }
    }
    Err(Unanswered)
}

#[cfg(test)]
mod tests;
