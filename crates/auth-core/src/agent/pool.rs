//! Connections that the agents of many sessions share.

use std::sync::{Mutex, PoisonError};

use ureq::Agent;

use crate::transport::{HttpTransport, TlsSettings, keeps_cookies};

use super::defaults;

/// The connections of the sessions of a [`Sessions`](crate::Sessions): an agent that signs nothing, and sends the
/// requests of all their agents.
#[derive(Default)]
pub(crate) struct Pool(Mutex<Option<Pooled>>);

struct Pooled {
    /// The transport of the first session; `None` for one that is not ours.
    http: Option<HttpTransport>,
    tls: TlsSettings,
    agent: Agent,
}

impl Pool {
    /// The agent for sessions with this transport; `None` if another one was first, and if it would keep cookies, which
    /// customers must not share.
    pub(super) fn agent(&self, http: Option<&HttpTransport>) -> Option<Agent> {
        let mut pooled = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Pooled { http: first, .. }) = &*pooled {
            match (http, first) {
                (Some(http), Some(first)) if http.is_clone_of(first) => {}
                (None, None) => {}
                _ => return None,
            }
        }
        let newer = |old: &Pooled| http.and_then(|http| http.tls_settings_after(&old.tls));
        if let Some(old) = &*pooled
            && newer(old).is_none()
        {
            return Some(old.agent.clone());
        }
        let settings = http.cloned().unwrap_or_default();
        let tls = settings.tls_settings();
        let agent = defaults(&settings, &tls).build().new_agent();
        if keeps_cookies(&agent) {
            return None;
        }
        *pooled = Some(Pooled {
            http: http.cloned(),
            tls,
            agent: agent.clone(),
        });
        Some(agent)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::{TcpListener, TcpStream};
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::thread;

    use super::*;
    use crate::grant::{Grant, Identity, Policy};
    use crate::request::TokenRequest;
    use crate::secret::Secret;
    use crate::session::{Session, Sessions};
    use crate::token::TokenResponse;

    /// An API that sends the number of each request's connection, and its signature.
    fn api() -> (String, Receiver<(usize, String)>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (told, requests) = channel();
        thread::spawn(move || {
            for (number, connection) in listener.incoming().enumerate() {
                let (told, connection) = (told.clone(), connection.unwrap());
                thread::spawn(move || serve(number, connection, &told));
            }
        });
        (url, requests)
    }

    fn serve(number: usize, mut connection: TcpStream, told: &Sender<(usize, String)>) {
        let mut lines = BufReader::new(connection.try_clone().unwrap()).lines();
        let mut signature = String::new();
        while let Some(Ok(line)) = lines.next() {
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("authorization: ") {
                value.clone_into(&mut signature);
            }
            if line.is_empty() {
                let answer = if signature == "bearer token-2" {
                    "401 No"
                } else {
                    "200 OK"
                };
                told.send((number, std::mem::take(&mut signature))).unwrap();
                write!(
                    connection,
                    "HTTP/1.1 {answer}\r\ncontent-length: 2\r\n\r\nhi"
                )
                .unwrap();
            }
        }
    }

    #[derive(Debug)]
    struct Customer(u8, String);

    impl Grant for Customer {
        fn identity(&self) -> Identity {
            Identity::new("town").user(Some(&self.0.to_string()))
        }

        fn policy(&self) -> Policy {
            Policy::for_client().api(&self.1)
        }

        fn login_request(&self) -> crate::Result<TokenRequest> {
            let token = format!("token-{}", self.0);
            Ok(TokenRequest::from_fn([], move |_| {
                Ok(TokenResponse::new(Secret::new(token.clone())))
            }))
        }
    }

    fn sessions(url: &str, make: fn(Customer) -> crate::Result<Session>) -> Sessions<u8> {
        let url = url.to_owned();
        Sessions::new(move |customer: &u8| make(Customer(*customer, url.clone())))
    }

    fn get(session: &Session, url: &str) {
        let answer = session.agent().get(url).config();
        let mut answer = answer.http_status_as_error(false).build().call().unwrap();
        assert_eq!(answer.body_mut().read_to_string().unwrap(), "hi");
    }

    /// The number of connections that this many customers need together.
    fn together(customers: usize) -> usize {
        match keeps_cookies(&Agent::new_with_defaults()) {
            true => customers,
            false => 1,
        }
    }

    #[test]
    fn customers_share_connections_and_no_signature() {
        let (url, requests) = api();
        let sessions = sessions(&url, |customer| Ok(Session::new(customer)));
        for _ in 0..2 {
            for customer in [3, 4, 5] {
                get(&sessions.get(&customer).unwrap(), &url);
            }
        }
        let seen: Vec<_> = requests.try_iter().collect();
        let signatures: Vec<_> = seen
            .iter()
            .map(|(_, signature)| signature.as_str())
            .collect();
        let expected = ["bearer token-3", "bearer token-4", "bearer token-5"];
        assert_eq!(signatures, [expected, expected].concat());
        let connections = seen.iter().map(|(number, _)| number).max().unwrap() + 1;
        assert_eq!(connections, together(3));
    }

    #[test]
    fn a_rejected_token_costs_its_customer_a_second_request() {
        let (url, requests) = api();
        let sessions = sessions(&url, |customer| Ok(Session::new(customer)));
        for customer in [1, 2] {
            get(&sessions.get(&customer).unwrap(), &url);
        }
        let seen: Vec<_> = requests.try_iter().collect();
        assert_eq!(seen.len(), 3, "the second customer's is sent again");
        assert!(
            seen[1..]
                .iter()
                .all(|(_, signature)| signature == "bearer token-2")
        );
    }

    #[test]
    fn a_request_that_is_left_alone_uses_the_shared_connections() {
        let (url, requests) = api();
        let sessions = sessions("https://api.example", |customer| {
            Session::builder(customer).allow_unsigned().build()
        });
        for customer in [1, 3] {
            get(&sessions.get(&customer).unwrap(), &url);
        }
        let seen: Vec<_> = requests.try_iter().collect();
        assert!(seen.iter().all(|(_, signature)| signature.is_empty()));
        let connections = seen.iter().map(|(number, _)| number).max().unwrap() + 1;
        assert_eq!(connections, together(2));
    }

    #[test]
    fn a_transport_of_its_own_has_connections_of_its_own() {
        let (url, requests) = api();
        let sessions = sessions(&url, |customer| {
            let transport = HttpTransport::builder().no_proxy().build()?;
            Session::builder(customer).transport(transport).build()
        });
        for customer in [1, 3, 1, 3] {
            get(&sessions.get(&customer).unwrap(), &url);
        }
        let connections: Vec<_> = requests.try_iter().map(|(number, _)| number).collect();
        assert_eq!(connections, [0, 1, 0, 1]);
    }
}
