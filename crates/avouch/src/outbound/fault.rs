//! Why a call out of the house did not end well.

/// What was wrong with the way. Holds the host as the caller wrote it, and nothing that was sent or answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutboundFault {
    /// What should be a URL is none.
    #[error("that is no URL; write https://host/path, without a name or password before the host")]
    NoUrl,
    /// The host is not among those the call may reach.
    #[error("the host '{0}' is not declared; add it to the hosts of whoever it belongs to, or leave it")]
    NotDeclared(String),
    /// It would go out readable.
    #[error("'{0}' would be reached without encryption; write https, or name the address in outbound.loopback")]
    NotEncrypted(String),
    /// A header that says how the message is carried.
    #[error("the header {0} is written by the connection; leave it out")]
    Header(String),
    /// The host has an address that is not public.
    #[error("'{0}' leads to an address that is not public, so it is not reached")]
    NotPublic(String),
    /// The host has no address.
    #[error("no address could be found for '{0}'")]
    Unresolved(String),
    /// Nobody answers at its address.
    #[error("'{0}' could not be reached")]
    Unreached(String),
    /// It could not show that it is who it should be.
    #[error("'{0}' could not show a certificate for its name that this machine trusts")]
    Tls(String),
    /// It sends elsewhere, and nobody is followed.
    #[error("'{host}' answered {status}, a redirect; redirects are not followed, name the place itself")]
    Redirected {
        /// The host.
        host: String,
        /// The status.
        status: u16,
    },
    /// Its answer has more than was asked for.
    #[error("the answer of '{host}' is larger than {largest} bytes, or its headers are larger than any should be")]
    TooLarge {
        /// The host.
        host: String,
        /// The limit of the body.
        largest: usize,
    },
    /// It did not answer in time.
    #[error("'{host}' did not answer whole within {seconds} seconds")]
    TooSlow {
        /// The host.
        host: String,
        /// The time it had.
        seconds: u64,
    },
    /// The answer is no HTTP, or ended early.
    #[error("the answer of '{0}' broke off, or is no HTTP")]
    BrokeOff(String),
}

impl OutboundFault {
    /// Whether the other side may have got the call.
    #[must_use]
    pub fn sent(&self) -> bool {
        matches!(self, Self::Redirected { .. } | Self::TooLarge { .. } | Self::TooSlow { .. } | Self::BrokeOff(_))
    }

    /// Whether the same call may end better later; otherwise somebody has to change something.
    #[must_use]
    pub fn passes(&self) -> bool {
        matches!(
            self,
            Self::Unresolved(_) | Self::Unreached(_) | Self::Tls(_) | Self::TooSlow { .. } | Self::BrokeOff(_)
        )
    }
}
