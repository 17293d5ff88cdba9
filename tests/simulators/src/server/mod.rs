//! A server on loopback that does what ordinary servers are built to avoid: refuse, hang up, reset,
//! stall. HTTP/1.1 by hand, because a library would put such things right.

mod connection;
mod message;

pub(crate) use connection::{Connection, Next};
pub use message::{Request, Response};

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread::JoinHandle;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// What a server does with a request.
pub(crate) trait Handler: Send + Sync + 'static {
    /// Answers on the connection, or does something worse to it.
    fn handle(&self, request: Request, connection: &mut Connection) -> impl Future<Output = io::Result<Next>> + Send;
}

/// How the server meets who connects.
#[derive(Clone, Copy)]
pub(crate) enum Door {
    Open,
    /// Nobody listens: connections are refused.
    Shut,
    /// Connections are accepted and closed before a byte is read.
    HangingUp,
}

struct Move {
    to: Door,
    done: SyncSender<()>,
}

/// A running server; it ends when this is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    moves: Option<mpsc::UnboundedSender<Move>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens on a free port of loopback, on a thread of its own.
    pub(crate) fn start<H: Handler>(handler: Arc<H>) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime needs nothing but a few file descriptors");
        // Bound here, so that whoever starts the server can connect at once.
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("loopback has a free port");
        let address = listener.local_addr().expect("a listener has an address");
        listener.set_nonblocking(true).expect("any socket can be asked not to block");
        let (moves, orders) = mpsc::unbounded_channel();
        let thread = std::thread::spawn(move || runtime.block_on(serve(listener, address, orders, handler)));
        Self { address, moves: Some(moves), thread: Some(thread) }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes how connections are met, and returns when it is so. Moving away from open closes
    /// every connection, whatever goes on there; the port stays this server's.
    pub(crate) fn turn(&self, to: Door) {
        let (done, is_done) = std::sync::mpsc::sync_channel(1);
        let moves = self.moves.as_ref().expect("taken only when dropped");
        moves.send(Move { to, done }).expect("the server runs until it is dropped");
        is_done.recv().expect("the server answers every move");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.moves = None;
        if let Some(thread) = self.thread.take() {
            // A panic on that thread has been printed there; here it would only hide the test's own.
            let _ = thread.join();
        }
    }
}

const BACKLOG: u32 = 1024;

fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// Runs until nobody can give orders any more; open connections are dropped with it.
async fn serve<H: Handler>(
    listener: std::net::TcpListener,
    address: SocketAddr,
    mut orders: mpsc::UnboundedReceiver<Move>,
    handler: Arc<H>,
) {
    let listener = TcpListener::from_std(listener).expect("the runtime polls sockets");
    let mut listener = Some(listener);
    // Bound but not listening: connections are refused, and nobody else gets the port.
    let mut _held: Option<TcpSocket> = None;
    let mut door = Door::Open;
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            order = orders.recv() => {
                let Some(order) = order else { return };
                door = order.to;
                if !matches!(door, Door::Open) {
                    connections.shutdown().await;
                }
                if matches!(door, Door::Shut) {
                    listener = None;
                    _held = Some(bind(address).expect("the port was ours a moment ago"));
                } else if listener.is_none() {
                    _held = None;
                    let socket = bind(address).expect("the port was held for us");
                    listener = Some(socket.listen(BACKLOG).expect("a bound socket can listen"));
                }
                // The caller may have given up waiting, which changes nothing.
                let _ = order.done.send(());
            }
            accepted = accept(listener.as_ref()) => {
                while connections.try_join_next().is_some() {}
                if let (Ok(stream), Door::Open) = (accepted, door) {
                    connections.spawn(connection::serve(stream, handler.clone()));
                }
            }
        }
    }
}

async fn accept(listener: Option<&TcpListener>) -> io::Result<tokio::net::TcpStream> {
    match listener {
        Some(listener) => Ok(listener.accept().await?.0),
        None => std::future::pending().await,
    }
}
