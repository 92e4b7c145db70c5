//! The kinds of servers, as hints name them.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    /// The issuer or the API.
    Issuer,
    Redis,
}

impl Service {
    pub(super) fn noun(self) -> &'static str {
        match self {
            Service::Issuer => "issuer",
            Service::Redis => "store",
        }
    }

    /// Returns what to do about a port where nothing speaks TLS.
    pub(super) fn plain_port_hint(self) -> &'static str {
        match self {
            Service::Issuer => "check the port; it probably speaks plain HTTP",
            Service::Redis => {
                "check the port; if it speaks Redis without TLS, the location begins with redis:"
            }
        }
    }

    pub(super) fn client_certificate_hint(self) -> &'static str {
        match self {
            Service::Issuer => "name an address of the issuer that takes the client secret alone",
            Service::Redis => "have the server ask for none (tls-auth-clients no)",
        }
    }
}
