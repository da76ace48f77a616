//! A double on a TCP port.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use reqwest::{Method, Url};

use crate::network::{Shared, lock};
use crate::{Reply, Request, Server};

/// A port that leads to one of the servers, as long as the process lives.
#[derive(Debug)]
pub struct Front {
    listen: SocketAddr,
}

impl Front {
    /// Serves a server of this network on a free port of the loopback. A Gitea calls itself by this address.
    pub fn start(network: &Shared, server: Server) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let front = Self { listen: listener.local_addr().unwrap() };
        if server == Server::Gitea {
            lock(network).gitea.address = front.address();
        }
        let network = network.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let network = network.clone();
                // A connection that breaks is for the client to notice.
                thread::spawn(move || serve(&stream, &network, server));
            }
        });
        front
    }

    /// The address, without a slash at the end.
    pub fn address(&self) -> String {
        format!("http://{}", self.listen)
    }
}

/// Serves one connection until the client closes it.
fn serve(stream: &TcpStream, network: &Shared, server: Server) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let request = receive(&mut reader, server)?;
        let reply = {
            let mut network = lock(network);
            network.settle();
            let now = network.clocks.passed();
            let reply = network.serve(&request, now);
            network.note(request.line(), reply.status);
            network.dated(reply, server)
        };
        send(reader.get_ref(), &reply)?;
    }
}

/// Reads one request. Nothing where the connection ends.
fn receive(reader: &mut BufReader<&TcpStream>, server: Server) -> Option<Request> {
    let (mut line, mut header) = (String::new(), String::new());
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?, words.next()?);
    let (mut length, mut authorization) = (0, String::new());
    while reader.read_line(&mut header).ok()? > 2 {
        let (name, value) = header.trim_end().split_once(": ").unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "authorization" => value.clone_into(&mut authorization),
            _ => {}
        }
        header.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let url = Url::parse(&format!("http://double{path}")).ok()?;
    Some(Request::of(server, Method::from_bytes(method.as_bytes()).ok()?, &url, &authorization, &body))
}

fn send(mut stream: &TcpStream, reply: &Reply) -> Option<()> {
    let mut text = format!("HTTP/1.1 {} X\r\n", reply.status);
    for (name, value) in &reply.headers {
        text += &format!("{name}: {value}\r\n");
    }
    if reply.status != 204 {
        text += &format!("content-length: {}\r\n", reply.body.len());
    }
    text += "\r\n";
    text += &reply.body;
    stream.write_all(text.as_bytes()).ok()
}
