//! Why an exchange with a peer failed, sorted so that people can be told what to do (behaviour 8.4, 8.7).

/// A class of failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Cause {
    /// The address is one our settings do not call.
    Address,
    /// The name does not resolve.
    Dns,
    /// Nobody listens, or nobody answers.
    Tcp,
    /// No encrypted connection comes about, or its certificate is not trusted.
    Tls,
    /// The certificate has expired or is not valid yet, or one of the clocks is wrong.
    TlsTime,
    /// The certificate is for another name.
    TlsName,
    /// The address leads to another one.
    Redirect,
    /// Nothing at the address takes our messages.
    Path,
    /// The peer does not accept our credential.
    Credential,
    /// The message is too large for the peer, or for something before it.
    TooLarge,
    /// The peer asks us to slow down or to come back later.
    Busy,
    /// The peer has no room left for what we send.
    Full,
    /// The service is switched off at the peer.
    Off,
    /// The peer answered with an error of its own.
    Server,
    /// No answer in time.
    Timeout,
    /// The exchange broke off.
    Exchange,
    /// What answers is no chat server that shares channels: a login page, a proxy.
    NotAPeer,
    /// No protocol version in common.
    Protocol,
    /// A fault of ours.
    Own,
    /// Something else.
    #[default]
    Other,
}

impl Cause {
    /// All of them.
    pub const ALL: [Cause; 20] = [
        Cause::Address,
        Cause::Dns,
        Cause::Tcp,
        Cause::Tls,
        Cause::TlsTime,
        Cause::TlsName,
        Cause::Redirect,
        Cause::Path,
        Cause::Credential,
        Cause::TooLarge,
        Cause::Busy,
        Cause::Full,
        Cause::Off,
        Cause::Server,
        Cause::Timeout,
        Cause::Exchange,
        Cause::NotAPeer,
        Cause::Protocol,
        Cause::Own,
        Cause::Other,
    ];

    /// The word stored, sent and shown to programs.
    pub fn word(self) -> &'static str {
        match self {
            Cause::Address => "address",
            Cause::Dns => "dns",
            Cause::Tcp => "tcp",
            Cause::Tls => "tls",
            Cause::TlsTime => "tls_time",
            Cause::TlsName => "tls_name",
            Cause::Redirect => "redirect",
            Cause::Path => "path",
            Cause::Credential => "credential",
            Cause::TooLarge => "too_large",
            Cause::Busy => "busy",
            Cause::Full => "storage_full",
            Cause::Off => "off",
            Cause::Server => "server",
            Cause::Timeout => "timeout",
            Cause::Exchange => "exchange",
            Cause::NotAPeer => "not_a_peer",
            Cause::Protocol => "protocol",
            Cause::Own => "own",
            Cause::Other => "other",
        }
    }

    /// The reverse of [`Cause::word`]; anything else is [`Cause::Other`].
    pub fn from_word(word: &str) -> Cause {
        Cause::ALL.into_iter().find(|cause| cause.word() == word).unwrap_or_default()
    }

    /// What an administrator can do about it, in a sentence.
    pub fn remedy(self) -> &'static str {
        match self {
            Cause::Address => "Allow such addresses with the setting that is named, or have the peer use another one.",
            Cause::Dns => "Check the peer's address for slips, and the name server this server uses.",
            Cause::Tcp => "Ask whether the peer runs, and whether a firewall on either side closes its port to us.",
            Cause::Tls => "Ask the peer for a certificate from an authority that this server trusts.",
            Cause::TlsTime => "Have the peer renew its certificate; if it is new, check the clocks of both servers.",
            Cause::TlsName => "Have the peer get a certificate for the name in its address.",
            Cause::Redirect => "Have the peer set its site URL to the address it is redirected to.",
            Cause::Path => {
                "Check the path in the peer's address, and that its reverse proxy passes /api/v4/remotecluster on."
            }
            Cause::Credential => "The peer does not know this connection any more; a new invitation may be needed.",
            Cause::TooLarge => "Have the peer's reverse proxy let larger bodies through.",
            Cause::Busy => "Nothing needs to be done: what waits is sent when the peer takes it.",
            Cause::Full => {
                "The peer's administrators have to make room on its disk; what waits is sent when there is some."
            }
            Cause::Off => "Ask the peer's administrators to switch secure connections on.",
            Cause::Server => "Ask the peer's administrators to look into their log.",
            Cause::Timeout => "Ask whether the peer is overloaded or its reverse proxy gives up too soon.",
            Cause::Exchange => "Look for a reverse proxy or firewall that breaks connections off.",
            Cause::NotAPeer => {
                "Something else answers at the peer's address: a login page, a proxy or another program."
            }
            Cause::Protocol => "One of the two servers has to be updated.",
            Cause::Own => "Look into the log of this server.",
            Cause::Other => "Look into the logs of both servers.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back() {
        for cause in Cause::ALL {
            assert_eq!(Cause::from_word(cause.word()), cause);
            assert!(cause.remedy().ends_with('.'));
        }
        assert_eq!(Cause::from_word("another"), Cause::Other);
    }
}
