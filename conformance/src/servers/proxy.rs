use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::ServerError;

/// A TCP proxy in front of a server of the loopback, which does harm when told to. It ends with its owner.
///
/// ```text
///  client ──▶ Proxy ──▶ server
///             requests pass as they are, unless it is refusing; what comes back goes through the fault
/// ```
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    state: Arc<State>,
}

/// What a [`Proxy`] does to what the server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NetworkFault {
    /// Nothing: it passes everything on.
    None,
    /// Every connection is closed, and every new one at once.
    Refuse,
    /// Answers are held back until the fault is another; requests pass.
    Stall,
    /// Each piece of an answer comes this much later.
    Delay(Duration),
    /// Of the next answer so many bytes pass; then the connection is closed, and the fault is over.
    CutAfter(usize),
}

#[derive(Debug)]
struct State {
    target: u16,
    inside: Mutex<Inside>,
    changed: Condvar,
}

#[derive(Debug)]
struct Inside {
    fault: NetworkFault,
    connections: Vec<TcpStream>,
    cuts: usize,
    taken: usize,
    over: bool,
}

impl Proxy {
    /// Listens on a port of its own, in front of the server at `target`.
    ///
    /// # Errors
    /// [`ServerError::Io`] if the system has no port or thread left.
    pub fn start(target: u16) -> Result<Self, ServerError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .map_err(ServerError::io("listen on the loopback"))?;
        let port = listener
            .local_addr()
            .map_err(ServerError::io("read the listener's port"))?
            .port();
        let state = Arc::new(State {
            target,
            inside: Mutex::new(Inside {
                fault: NetworkFault::None,
                connections: Vec::new(),
                cuts: 0,
                taken: 0,
                over: false,
            }),
            changed: Condvar::new(),
        });
        let theirs = Arc::clone(&state);
        thread::Builder::new()
            .name("proxy".into())
            .spawn(move || theirs.take_connections(&listener))
            .map_err(ServerError::io("start a thread"))?;
        Ok(Self { port, state })
    }

    /// The port that clients go to.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Does this from now on, to connections that are open and to new ones.
    pub fn set(&self, fault: NetworkFault) {
        let mut inside = self.state.lock();
        inside.fault = fault;
        if fault == NetworkFault::Refuse {
            inside.close_all();
        }
        drop(inside);
        self.state.changed.notify_all();
    }

    /// Closes every connection, once.
    pub fn cut(&self) {
        self.state.lock().close_all();
    }

    /// How many answers were cut by [`NetworkFault::CutAfter`].
    pub fn cuts(&self) -> usize {
        self.state.lock().cuts
    }

    /// How many connections were taken, those that were refused too.
    pub fn connections_taken(&self) -> usize {
        self.state.lock().taken
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let mut inside = self.state.lock();
        inside.over = true;
        inside.close_all();
        drop(inside);
        self.state.changed.notify_all();
        // Wakes the thread that waits for a connection. If it can't be reached, it has ended.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

impl Inside {
    fn close_all(&mut self) {
        for connection in self.connections.drain(..) {
            // One that is closed already is what was wanted.
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_connections(self: &Arc<Self>, listener: &TcpListener) {
        for client in listener.incoming() {
            if self.lock().over {
                return;
            }
            if let Ok(client) = client {
                // A server that can't be reached shows as a connection that is closed, as it would without a proxy.
                let _ = self.connect(client);
            }
        }
    }

    fn connect(self: &Arc<Self>, client: TcpStream) -> std::io::Result<()> {
        let mut inside = self.lock();
        inside.taken += 1;
        if inside.fault == NetworkFault::Refuse {
            return Ok(());
        }
        let server = TcpStream::connect((Ipv4Addr::LOCALHOST, self.target))?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        inside
            .connections
            .extend([client.try_clone()?, server.try_clone()?]);
        drop(inside);
        let (requests, answers) = ((client.try_clone()?, server.try_clone()?), (server, client));
        let (forth, back) = (Arc::clone(self), Arc::clone(self));
        thread::Builder::new().spawn(move || forth.pass(requests, false))?;
        thread::Builder::new().spawn(move || back.pass(answers, true))?;
        Ok(())
    }

    /// Passes pieces on until either side closes, and closes both then.
    fn pass(&self, (mut from, mut to): (TcpStream, TcpStream), harmed: bool) {
        let mut piece = [0; 16 * 1024];
        while let Ok(length @ 1..) = from.read(&mut piece) {
            let passing = if harmed { self.harm(length) } else { length };
            if to.write_all(&piece[..passing]).is_err() || passing < length {
                break;
            }
        }
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    }

    /// How many of these bytes pass, when they may: fewer than all of them is a cut.
    fn harm(&self, length: usize) -> usize {
        let arrived = Instant::now();
        let mut inside = self.lock();
        loop {
            match inside.fault {
                _ if inside.over => return length,
                NetworkFault::None | NetworkFault::Refuse => return length,
                NetworkFault::Stall => {
                    inside = self
                        .changed
                        .wait(inside)
                        .unwrap_or_else(PoisonError::into_inner);
                }
                NetworkFault::Delay(delay) => {
                    let Some(left) = delay.checked_sub(arrived.elapsed()) else {
                        return length;
                    };
                    let waited = self.changed.wait_timeout(inside, left);
                    inside = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
                NetworkFault::CutAfter(bytes) => {
                    inside.fault = NetworkFault::None;
                    inside.cuts += 1;
                    return bytes.min(length - 1);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that says everything back.
    fn echo() -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for mut client in listener.incoming().flatten() {
                thread::spawn(move || {
                    let mut piece = [0; 64];
                    while let Ok(length @ 1..) = client.read(&mut piece) {
                        client.write_all(&piece[..length]).unwrap();
                    }
                });
            }
        });
        port
    }

    fn connect(proxy: &Proxy) -> TcpStream {
        let client = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).unwrap();
        client
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        client
    }

    fn said_back(client: &mut TcpStream, text: &[u8]) -> Vec<u8> {
        let mut answer = vec![0; text.len()];
        let mut read = 0;
        let _ = client.write_all(text);
        while read < text.len() {
            match client.read(&mut answer[read..]) {
                Ok(length @ 1..) => read += length,
                _ => break,
            }
        }
        answer.truncate(read);
        answer
    }

    #[test]
    fn without_a_fault_everything_passes() {
        let proxy = Proxy::start(echo()).unwrap();
        assert_eq!(said_back(&mut connect(&proxy), b"hello"), b"hello");
        assert_eq!((proxy.connections_taken(), proxy.cuts()), (1, 0));
    }

    #[test]
    fn an_answer_is_cut_after_some_bytes_and_the_next_one_passes() {
        let proxy = Proxy::start(echo()).unwrap();
        let mut client = connect(&proxy);
        proxy.set(NetworkFault::CutAfter(2));
        assert_eq!(said_back(&mut client, b"hello"), b"he");
        assert_eq!(client.read(&mut [0]).unwrap_or(0), 0, "it is closed");
        assert_eq!(proxy.cuts(), 1);
        assert_eq!(said_back(&mut connect(&proxy), b"hello"), b"hello");
    }

    #[test]
    fn refusing_closes_what_is_open_and_what_comes() {
        let proxy = Proxy::start(echo()).unwrap();
        let mut client = connect(&proxy);
        assert_eq!(said_back(&mut client, b"a"), b"a");
        proxy.set(NetworkFault::Refuse);
        assert!(said_back(&mut client, b"a").is_empty());
        assert!(said_back(&mut connect(&proxy), b"a").is_empty());
        proxy.set(NetworkFault::None);
        assert_eq!(said_back(&mut connect(&proxy), b"a"), b"a");
    }

    #[test]
    fn a_stalled_answer_comes_when_the_fault_is_over_and_a_delayed_one_in_its_time() {
        let proxy = Proxy::start(echo()).unwrap();
        let mut client = connect(&proxy);
        proxy.set(NetworkFault::Stall);
        client.write_all(b"a").unwrap();
        client
            .set_read_timeout(Some(Duration::from_millis(50)))
            .unwrap();
        assert!(client.read(&mut [0]).is_err(), "nothing comes");
        client
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        proxy.set(NetworkFault::None);
        assert_eq!(client.read(&mut [0]).unwrap(), 1);

        let delay = Duration::from_millis(100);
        proxy.set(NetworkFault::Delay(delay));
        let asked = Instant::now();
        assert_eq!(said_back(&mut client, b"a"), b"a");
        assert!(asked.elapsed() >= delay);
        proxy.cut();
        assert!(said_back(&mut client, b"a").is_empty());
    }
}
