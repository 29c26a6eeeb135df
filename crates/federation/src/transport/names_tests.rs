//! Where peers are: names that are asked for anew, names in other alphabets, addresses without names.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Mutex;

use super::*;

/// What a name server would say, and what it was asked.
#[derive(Default)]
struct Directory {
    says: Option<IpAddr>,
    asked: Vec<String>,
}

fn calling(directory: &Arc<Mutex<Directory>>) -> Https {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let directory = Arc::clone(directory);
    let names: Names = Arc::new(move |name| {
        let mut directory = directory.lock().unwrap();
        directory.asked.push(name);
        let found = directory.says.ok_or_else(|| std::io::Error::other("no such name"));
        Box::pin(std::future::ready(found.map(|ip| vec![ip])))
    });
    let mut settings = rialto_app::Settings::default();
    settings.workspaces.private_peers = Policy::Allow;
    settings.workspaces.insecure_peers = Policy::Allow;
    Https::with(SettingsCell::new(settings), Vec::new(), names).unwrap()
}

fn ping(url: &str) -> Request {
    Request {
        site_url: SiteUrl::parse(url).unwrap(),
        path: "/api/v4/remotecluster/ping",
        remote_id: RemoteId::from_random([1; 16]),
        token: "t".repeat(26),
        body: "{}".to_owned(),
        timeout: Duration::from_secs(5),
    }
}

/// Answers the first request of each connection with `status`, then keeps the connection and says nothing more.
fn serve(listener: TcpListener, status: u16) {
    std::thread::spawn(move || {
        let mut kept: Vec<TcpStream> = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut bytes = [0; 1_024];
            while !request.ends_with(b"{}") {
                match stream.read(&mut bytes) {
                    Ok(0) | Err(_) => break,
                    Ok(read) => request.extend_from_slice(&bytes[..read]),
                }
            }
            let _ = stream.write_all(format!("HTTP/1.1 {status} Told\r\nContent-Length: 0\r\n\r\n").as_bytes());
            kept.push(stream);
        }
    });
}

/// E-124: a peer that gets another address is found there as soon as its name says so; what failed before is asked anew.
#[tokio::test]
async fn a_name_is_resolved_again_after_failures() {
    let first = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = first.local_addr().unwrap().port();
    let second = TcpListener::bind(("127.0.0.2", port)).unwrap();
    serve(first, 404);
    serve(second, 410);
    let directory = Arc::new(Mutex::new(Directory::default()));
    let https = calling(&directory);
    let url = format!("http://moving.example:{port}");
    assert_eq!(https.send(ping(&url)).await.unwrap_err().step, Step::Resolve);
    directory.lock().unwrap().says = Some([127, 0, 0, 1].into());
    assert_eq!(https.send(ping(&url)).await.unwrap().status, 404, "a name that did not resolve does now");
    directory.lock().unwrap().says = Some([127, 0, 0, 2].into());
    // The old machine holds the connection and is silent: one request is lost with it, the next finds the new one.
    assert_eq!(https.send(ping(&url)).await.unwrap_err().step, Step::Timeout);
    assert_eq!(https.send(ping(&url)).await.unwrap().status, 410);
    assert_eq!(directory.lock().unwrap().asked, ["moving.example"; 3]);
}

/// E-124: a name in another alphabet is asked for in the form that name servers know.
#[tokio::test]
async fn names_of_all_alphabets_are_resolved() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    serve(listener, 404);
    let directory = Arc::new(Mutex::new(Directory { says: Some([127, 0, 0, 1].into()), asked: Vec::new() }));
    let https = calling(&directory);
    assert_eq!(https.send(ping(&format!("http://Bücher.example:{port}/chat"))).await.unwrap().status, 404);
    assert_eq!(directory.lock().unwrap().asked, ["xn--bcher-kva.example"]);
}

/// E-124: an address of the sixth version of the protocol is called as it stands; no name server is asked.
#[tokio::test]
async fn literal_addresses_are_called_as_they_are() {
    let directory = Arc::new(Mutex::new(Directory::default()));
    let https = calling(&directory);
    // Not every machine has the sixth version; that it was the connection that failed shows that the address was taken.
    match TcpListener::bind("[::1]:0") {
        Ok(listener) => {
            let port = listener.local_addr().unwrap().port();
            serve(listener, 404);
            assert_eq!(https.send(ping(&format!("http://[::1]:{port}"))).await.unwrap().status, 404);
        }
        Err(_) => assert_eq!(https.send(ping("http://[::1]:9")).await.unwrap_err().step, Step::Connect),
    }
    assert!(directory.lock().unwrap().asked.is_empty());
}
