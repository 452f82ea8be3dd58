//! The decision: pure, on a subject's standing and an ask, deny by default.
//!
//! Keeps promises 2.0, 2.5, 2.7, 4.1, 4.4, 5.4 and 6.4. Every reason to refuse is collected; unknown
//! anything is a refusal. Nothing here can make a permit: that is the store's alone.

use jiff::Timestamp;
use serde::Serialize;

use crate::bits::Bits;
use crate::model::{Basis, Party, Role};
use crate::rules::{ItemId, PurposeId, RecipientId, RegionId, Rules, party_bit};

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Act {
    /// Take in.
    Collect,
    /// Use within.
    Use,
    /// Give to a recipient.
    Share,
    /// Make public.
    Publish,
    /// Go on storing, and no more.
    Keep,
    /// Hand out whole.
    Export,
}

impl Act {
    /// Every act.
    pub const ALL: [Self; 6] = [Self::Collect, Self::Use, Self::Share, Self::Publish, Self::Keep, Self::Export];

    /// Its name in asks and leaves.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Collect => "collect",
            Self::Use => "use",
            Self::Share => "share",
            Self::Publish => "publish",
            Self::Keep => "keep",
            Self::Export => "export",
        }
    }
}

/// What is asked.
#[derive(Debug, Clone)]
pub struct Ask {
    /// What to do.
    pub act: Act,
    /// Who asks.
    pub party: Party,
    /// What for.
    pub purpose: PurposeId,
    /// With which items.
    pub items: Vec<ItemId>,
    /// For whom outside.
    pub recipient: Option<RecipientId>,
    /// Where it is done.
    pub region: RegionId,
    /// When.
    pub at: Timestamp,
}

/// The account's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// In use.
    Active,
    /// Cancelled, in its cooling-off: all but storage stops.
    Cancelling,
    /// Erased.
    Erased,
}

/// What is known of the subject's age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Age {
    /// Nothing.
    Unknown,
    /// Below the age at which a guardian decides.
    Child,
    /// A minor who decides alone.
    Teen,
    /// Of age.
    Adult,
}

/// What is true of a subject now. The store loads it; nobody tells it.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Raised by every change of anything below.
    pub epoch: u64,
    /// The account's state.
    pub state: State,
    /// The age band.
    pub age: Age,
    /// Whether a guardian has agreed.
    pub guardian: bool,
    /// Whether processing is restricted (PIPL 44, GDPR 18).
    pub restricted: bool,
    /// Whether a legal hold keeps the data.
    pub hold: bool,
    /// The home region.
    pub home: RegionId,
    /// Purposes consented to.
    pub consents: Bits,
    /// Purposes separately consented to.
    pub separate: Bits,
    /// Purposes objected to.
    pub objected: Bits,
    /// Recipients separately consented to.
    pub recipients: Bits,
    /// Recipients abroad separately consented to.
    pub abroad: Bits,
    /// Exceptional purposes with an entry in the register.
    pub instruments: Bits,
}

impl Standing {
    /// An active subject who has consented to nothing.
    #[must_use]
    pub const fn new(home: RegionId) -> Self {
        Self {
            epoch: 0,
            state: State::Active,
            age: Age::Unknown,
            guardian: false,
            restricted: false,
            hold: false,
            home,
            consents: Bits::new(),
            separate: Bits::new(),
            objected: Bits::new(),
            recipients: Bits::new(),
            abroad: Bits::new(),
            instruments: Bits::new(),
        }
    }
}

/// Yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// On what basis.
    pub basis: Basis,
}

/// Whether a refusal is somebody's fault or something not configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It must not be done.
    Violation,
    /// Something is missing in the policy.
    Gap,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $kind:ident, $clause:literal, $citation:literal;)*) => {
        /// Why not.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its name in answers and leaves.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Whether it is a violation or a gap.
            #[must_use]
            pub const fn kind(self) -> Kind {
                match self { $(Self::$name => Kind::$kind,)* }
            }

            /// The promise it keeps.
            #[must_use]
            pub const fn clause(self) -> &'static str {
                match self { $(Self::$name => $clause,)* }
            }

            /// The law-pack record it cites.
            #[must_use]
            pub const fn citation(self) -> &'static str {
                match self { $(Self::$name => $citation,)* }
            }
        }
    };
}

codes! {
    /// The policy has no such purpose.
    UnknownPurpose = "unknown-purpose", Gap, "2.0", "cn-pipl.principle.purpose";
    /// The policy has no such item.
    UnknownItem = "unknown-item", Gap, "2.0", "cn-pipl.principle.purpose";
    /// The policy has no such recipient.
    UnknownRecipient = "unknown-recipient", Gap, "4.1", "cn-pipl.sharing.separate_consent";
    /// The policy has no such region.
    UnknownRegion = "unknown-region", Gap, "5.3", "cn-pipl.storage.home";
    /// No item was named.
    NoItems = "no-items", Gap, "2.0", "cn-pipl.principle.purpose";
    /// The purpose does not name the item.
    ItemNotInPurpose = "item-not-in-purpose", Violation, "2.0", "cn-pipl.principle.minimum";
    /// This party may not claim the purpose.
    PartyNotAllowed = "party-not-allowed", Violation, "2.0", "cn-pipl.principle.purpose";
    /// The service's credential is not bound to the purpose.
    ServiceNotBound = "service-not-bound", Violation, "2.0", "cn-pipl.principle.purpose";
    /// The person was erased.
    Erased = "erased", Violation, "5.2", "cn-pipl.rights.delete";
    /// The account is being cancelled: all but storage has stopped.
    Cancelling = "cancelling", Violation, "6.3", "cn-pipl.rights.delete";
    /// No consent to the purpose.
    NoConsent = "no-consent", Violation, "2.5", "cn-pipl.basis.consent";
    /// No separate consent to the purpose.
    NoSeparateConsent = "no-separate-consent", Violation, "1.2", "cn-pipl.sensitive.separate_consent";
    /// A sensitive item without an approved impact assessment.
    NoAssessment = "no-assessment", Gap, "1.2", "cn-pipl.sensitive.assessment";
    /// A child without a guardian's consent.
    NoGuardian = "no-guardian", Violation, "6.5", "cn-pipl.minor_age";
    /// The person restricted processing.
    Restricted = "restricted", Violation, "6.5", "cn-pipl.rights.restrict";
    /// The person objected to the purpose.
    Objected = "objected", Violation, "6.5", "cn-pipl.rights.restrict";
    /// An exceptional purpose without an entry in the register.
    NoInstrument = "no-instrument", Violation, "2.7", "cn-pipl.basis.legal_duty";
    /// Sharing without saying with whom.
    NoRecipient = "no-recipient", Gap, "4.1", "cn-pipl.sharing.separate_consent";
    /// A recipient where none belongs.
    RecipientNotAsked = "recipient-not-asked", Violation, "4.1", "cn-pipl.sharing.separate_consent";
    /// The recipient may not receive for the purpose.
    RecipientPurpose = "recipient-purpose", Violation, "4.1", "cn-pipl.sharing.agreement";
    /// The recipient may not receive the item.
    RecipientItem = "recipient-item", Violation, "4.1", "cn-pipl.sharing.agreement";
    /// No agreement in force with the recipient.
    NoAgreement = "no-agreement", Violation, "4.2", "cn-pipl.sharing.agreement";
    /// No separate consent to the recipient.
    NoRecipientConsent = "no-recipient-consent", Violation, "4.1", "cn-pipl.sharing.separate_consent";
    /// Data would leave its home region.
    OutOfRegion = "out-of-region", Violation, "5.3", "cn-pipl.storage.home";
    /// Abroad without separate consent.
    NoAbroadConsent = "no-abroad-consent", Violation, "5.4", "cn-pipl.cross_border.separate_consent";
    /// Publication without separate consent.
    NoPublicationConsent = "no-publication-consent", Violation, "4.4", "cn-pipl.sharing.publication";
    /// Only the person may have everything handed out.
    ExportNotOwn = "export-not-own", Violation, "6.1", "cn-pipl.rights.access";
}

/// One reason to refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Why.
    pub code: Code,
    /// About which item, where it is about one.
    pub item: Option<ItemId>,
}

/// No, and every reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Why; never empty.
    pub reasons: Vec<Reason>,
}

/// Yes or no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Yes.
    Permitted(Grant),
    /// No.
    Refused(Refusal),
}

/// Whether a basis is given by law itself, so that no wish of the subject stands against it.
const fn by_law(basis: Basis) -> bool {
    matches!(basis, Basis::LegalDuty | Basis::Emergency)
}

impl Rules {
    /// Decides.
    #[must_use]
    pub fn decide(&self, standing: &Standing, ask: &Ask) -> Verdict {
        let mut reasons = Vec::new();
        let mut no = |code: Code, item: Option<ItemId>| reasons.push(Reason { code, item });
        let Some(purpose) = self.purpose_rules.get(usize::from(ask.purpose.index())) else {
            no(Code::UnknownPurpose, None);
            return Verdict::Refused(Refusal { reasons });
        };
        let lawful = by_law(purpose.basis);
        let p = ask.purpose.index();

        if purpose.parties & party_bit(ask.party) == 0 {
            no(Code::PartyNotAllowed, None);
        }
        if ask.items.is_empty() {
            no(Code::NoItems, None);
        }
        let mut sensitive = false;
        for id in &ask.items {
            match self.item_rules.get(usize::from(id.index())) {
                None => no(Code::UnknownItem, Some(*id)),
                Some(item) => {
                    if !purpose.items.has(id.index()) {
                        no(Code::ItemNotInPurpose, Some(*id));
                    }
                    if item.sensitive {
                        sensitive = true;
                        if !item.assessed {
                            no(Code::NoAssessment, Some(*id));
                        }
                    }
                }
            }
        }
        match standing.state {
            State::Active => {}
            State::Cancelling if ask.act == Act::Keep || lawful => {}
            State::Cancelling => no(Code::Cancelling, None),
            State::Erased => no(Code::Erased, None),
        }
        match purpose.basis {
            Basis::Consent if !standing.consents.has(p) => no(Code::NoConsent, None),
            Basis::SeparateConsent if !standing.separate.has(p) => no(Code::NoSeparateConsent, None),
            Basis::Consent | Basis::Contract if sensitive && !standing.separate.has(p) => {
                no(Code::NoSeparateConsent, None);
            }
            _ => {}
        }
        if standing.age == Age::Child && !standing.guardian && !lawful {
            no(Code::NoGuardian, None);
        }
        if standing.restricted && ask.act != Act::Keep && !lawful {
            no(Code::Restricted, None);
        }
        if standing.objected.has(p) && !lawful && !(purpose.basis == Basis::Contract && purpose.essential) {
            no(Code::Objected, None);
        }
        if purpose.exceptional && ask.act != Act::Keep && !standing.instruments.has(p) {
            no(Code::NoInstrument, None);
        }
        match (ask.act, ask.recipient) {
            (Act::Share, None) => no(Code::NoRecipient, None),
            (Act::Share, Some(recipient)) => self.share(standing, ask, recipient, lawful, &mut no),
            (_, Some(_)) => no(Code::RecipientNotAsked, None),
            (_, None) => {}
        }
        if usize::from(ask.region.index()) >= self.regions.len() {
            no(Code::UnknownRegion, None);
        } else if ask.region != standing.home {
            no(Code::OutOfRegion, None);
        }
        if ask.act == Act::Publish && !standing.separate.has(p) {
            no(Code::NoPublicationConsent, None);
        }
        if ask.act == Act::Export && !(ask.party == Party::Subject && lawful) {
            no(Code::ExportNotOwn, None);
        }
        if reasons.is_empty() {
            Verdict::Permitted(Grant { basis: purpose.basis })
        } else {
            Verdict::Refused(Refusal { reasons })
        }
    }

    fn share(
        &self,
        standing: &Standing,
        ask: &Ask,
        recipient: RecipientId,
        lawful: bool,
        no: &mut impl FnMut(Code, Option<ItemId>),
    ) {
        let Some(rule) = self.recipient_rules.get(usize::from(recipient.index())) else {
            return no(Code::UnknownRecipient, None);
        };
        if !rule.purposes.has(ask.purpose.index()) {
            no(Code::RecipientPurpose, None);
        }
        for id in ask.items.iter().filter(|id| !rule.items.has(id.index())) {
            no(Code::RecipientItem, Some(*id));
        }
        if rule.role == Role::Authority {
            if !standing.instruments.has(ask.purpose.index()) {
                no(Code::NoInstrument, None);
            }
        } else if !rule.agreement.is_some_and(|(from, to)| from <= ask.at && ask.at < to) {
            no(Code::NoAgreement, None);
        }
        if rule.role == Role::Controller && !lawful && !standing.recipients.has(recipient.index()) {
            no(Code::NoRecipientConsent, None);
        }
        if rule.region != Some(standing.home) {
            if !self.abroad_allowed {
                no(Code::OutOfRegion, None);
            }
            if !standing.abroad.has(recipient.index()) {
                no(Code::NoAbroadConsent, None);
            }
        }
    }
}
