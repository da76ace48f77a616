//! One client's connection through the proxy.

use std::io::{self, BufReader, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use crate::http::{self, Body, Head};
use crate::proxy::{Shared, Treatment};

/// One client's connection, and its own connection to the daemon.
pub(crate) struct Connection<'a> {
    shared: &'a Shared,
    client: UnixStream,
    client_reader: BufReader<UnixStream>,
    daemon: UnixStream,
    daemon_reader: BufReader<UnixStream>,
}

impl<'a> Connection<'a> {
    /// Serves a client until one side closes or a fault does.
    pub(crate) fn serve(shared: &'a Shared, number: usize, client: UnixStream) -> io::Result<()> {
        shared.remember(number, &client)?;
        let daemon = UnixStream::connect(&shared.upstream)?;
        shared.remember(number, &daemon)?;
        let client_reader = BufReader::new(client.try_clone()?);
        let daemon_reader = BufReader::new(daemon.try_clone()?);
        Self { shared, client, client_reader, daemon, daemon_reader }.serve_calls()
    }

    fn serve_calls(&mut self) -> io::Result<()> {
        while let Some(head) = Head::read(&mut self.client_reader)? {
            let (at, treatment) = self.shared.begin(&head);
            match treatment {
                Treatment::Drop => return Ok(()),
                Treatment::Hang => return http::copy(&mut self.client_reader, &mut io::sink()),
                Treatment::Answer(bytes) => {
                    http::pass_on(head.request_body(), &mut self.client_reader, &mut io::sink())?;
                    return self.client.write_all(&bytes);
                }
                Treatment::Forward => {
                    if !self.forward(&head, at, Duration::ZERO)? {
                        return Ok(());
                    }
                }
                Treatment::Delay(delay) => {
                    if !self.forward(&head, at, delay)? {
                        return Ok(());
                    }
                }
                Treatment::LoseAnswer(action) => {
                    self.send(&head)?;
                    let answer = self.answer_head()?;
                    let body = answer.answer_body(head.method());
                    http::pass_on(body, &mut self.daemon_reader, &mut io::sink())?;
                    self.shared.answered(at, answer.status());
                    if let Some(action) = action {
                        action();
                    }
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn send(&mut self, head: &Head) -> io::Result<()> {
        self.daemon.write_all(&head.raw)?;
        http::pass_on(head.request_body(), &mut self.client_reader, &mut self.daemon)
    }

    fn answer_head(&mut self) -> io::Result<Head> {
        Head::read(&mut self.daemon_reader)?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// Passes a call and its answer on. Returns false if the connection carries no further call.
    fn forward(&mut self, head: &Head, at: usize, delay: Duration) -> io::Result<bool> {
        self.send(head)?;
        let mut answer = self.answer_head()?;
        while matches!(answer.status(), Some(100 | 102..=199)) {
            self.client.write_all(&answer.raw)?;
            answer = self.answer_head()?;
        }
        // This is the fault, not a test that waits.
        thread::sleep(delay);
        self.shared.answered(at, answer.status());
        self.client.write_all(&answer.raw)?;
        let body = answer.answer_body(head.method());
        if answer.status() == Some(101) || (body == Body::UntilEnd && head.wants_upgrade()) {
            self.both_ways()?;
            return Ok(false);
        }
        http::pass_on(body, &mut self.daemon_reader, &mut self.client)?;
        Ok(body != Body::UntilEnd && !answer.closes() && !head.closes())
    }

    /// Copies the stream after an upgrade in both directions; each side may end its own half.
    fn both_ways(&mut self) -> io::Result<()> {
        let Self { client, client_reader, daemon, daemon_reader, .. } = self;
        thread::scope(|scope| {
            scope.spawn(|| {
                let _ = http::copy(client_reader, daemon);
                let _ = daemon.shutdown(Shutdown::Write);
            });
            let copied = http::copy(daemon_reader, client);
            // The stream ends with the daemon's half.
            let _ = client.shutdown(Shutdown::Both);
            copied
        })
    }
}
