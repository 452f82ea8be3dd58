//! The decision: pure, on a subject's standing and an ask, deny by default.
//!
//! Keeps promises 2.0, 2.5, 2.7, 4.1, 4.3, 4.4, 5.4 and 6.4. Every reason to refuse is collected; unknown
//! anything is a refusal. Nothing here can make a permit: that is the store's alone.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use crate::bits::Bits;
use crate::crossing::{Crossed, Crossing};
use crate::digest::Digest;
use crate::model::{Basis, Party, Role};
use crate::rules::{ItemId, PurposeId, PurposeRule, RecipientId, RegionId, Rules, party_bit};
use crate::scope::Scope;

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
    /// The policy the ids above are of; nothing where rules stand alone.
    pub policy: Option<Digest>,
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
    /// Whether a legal hold keeps the data. It stands against deletion alone: no use becomes lawful or
    /// unlawful by it, so no decision asks for it.
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
    /// Purposes that a change of hands changes, and that were not consented to anew.
    pub frozen: Bits,
    /// Exceptional purposes with an entry in the register.
    pub instruments: Bits,
    /// Items whose permission the person's device refuses; asked for when one of them is collected.
    pub denied: Bits,
    /// How many people's data has gone abroad this year, with this person among them as far as the ask counts them;
    /// asked for when something is sent abroad.
    pub crossed: Crossed,
    /// What the register of recipients says of the one that is asked for; asked for when something is shared.
    pub register: Registered,
    /// Answers that were given to an earlier policy and cover less than the one in force.
    pub outdated: Vec<Outdated>,
}

/// What the register of recipients says of one of them, beside what the policy declares.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Registered {
    /// Why nothing goes to it, where something stands against it.
    pub stopped: Option<Stopped>,
    /// Until when, exclusive, its last check holds: counts before the day the policy declares. Nothing where no
    /// check is on record.
    pub checked: Option<Timestamp>,
}

/// Why nothing goes to a recipient any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stopped {
    /// Suspended by staff.
    Suspended,
    /// Its last check failed.
    Failed,
    /// The relation has ended.
    Ended,
}

/// An answer that covers less than the policy in force now says (7.2).
#[derive(Debug, Clone)]
pub struct Outdated {
    /// What was answered.
    pub question: Question,
    /// What the answer covers.
    pub scope: Arc<Scope>,
}

/// What a person was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Question {
    /// Consent to a purpose.
    Consent(PurposeId),
    /// Separate consent to a purpose.
    Separate(PurposeId),
    /// Separate consent to a recipient.
    Recipient(RecipientId),
    /// Separate consent to a recipient abroad.
    Abroad(RecipientId),
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
            frozen: Bits::new(),
            instruments: Bits::new(),
            denied: Bits::new(),
            crossed: Crossed { plain: 0, sensitive: 0 },
            register: Registered { stopped: None, checked: None },
            outdated: Vec::new(),
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
    ($($(#[$doc:meta])* $name:ident = $text:literal, $kind:ident, $clause:literal, $records:literal;)*) => {
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

            /// The records it rests on: in each law pack in force the first that is there, of ids split by `|`.
            #[must_use]
            pub const fn records(self) -> &'static str {
                match self { $(Self::$name => $records,)* }
            }
        }
    };
}

codes! {
    /// The policy has no such purpose.
    UnknownPurpose = "unknown-purpose", Gap, "2.0", "principle.purpose";
    /// The policy has no such item.
    UnknownItem = "unknown-item", Gap, "2.0", "principle.purpose";
    /// The policy has no such recipient.
    UnknownRecipient = "unknown-recipient", Gap, "4.1", "sharing.separate_consent|sharing.third_party";
    /// The policy has no such region.
    UnknownRegion = "unknown-region", Gap, "5.3", "storage.home|cross_border.mechanism";
    /// No item was named.
    NoItems = "no-items", Gap, "2.0", "principle.purpose";
    /// The purpose does not name the item.
    ItemNotInPurpose = "item-not-in-purpose", Violation, "2.0", "principle.minimum";
    /// This party may not claim the purpose.
    PartyNotAllowed = "party-not-allowed", Violation, "2.0", "principle.purpose";
    /// The service's credential is not bound to the purpose.
    ServiceNotBound = "service-not-bound", Violation, "2.0", "principle.purpose";
    /// The person was erased.
    Erased = "erased", Violation, "5.2", "rights.delete";
    /// The account is being cancelled: all but storage has stopped.
    Cancelling = "cancelling", Violation, "6.3", "rights.delete";
    /// No consent to the purpose.
    NoConsent = "no-consent", Violation, "2.5", "basis.consent";
    /// No separate consent to the purpose.
    NoSeparateConsent = "no-separate-consent", Violation, "1.2", "sensitive.separate_consent|basis.separate_consent";
    /// The consent was given to an earlier policy, which said less.
    ConsentOutdated = "consent-outdated", Violation, "7.2", "consent.again|basis.consent";
    /// A sensitive item without an approved impact assessment.
    NoAssessment = "no-assessment", Gap, "1.2", "sensitive.assessment";
    /// A child without a guardian's consent.
    NoGuardian = "no-guardian", Violation, "6.5", "minor_age";
    /// The person restricted processing.
    Restricted = "restricted", Violation, "6.5", "rights.restrict";
    /// The person objected to the purpose.
    Objected = "objected", Violation, "6.5", "rights.restrict";
    /// The purpose changes with a change of hands, and the person has not consented anew.
    Frozen = "frozen", Violation, "4.3", "sharing.transfer|basis.consent";
    /// The one record that was asked for is past its end.
    Expired = "expired", Violation, "5.1", "principle.shortest";
    /// An exceptional purpose without an entry in the register.
    NoInstrument = "no-instrument", Violation, "2.7", "basis.legal_duty";
    /// Sharing without saying with whom.
    NoRecipient = "no-recipient", Gap, "4.1", "sharing.separate_consent|sharing.third_party";
    /// A recipient where none belongs.
    RecipientNotAsked = "recipient-not-asked", Violation, "4.1", "sharing.separate_consent|sharing.third_party";
    /// The recipient may not receive for the purpose.
    RecipientPurpose = "recipient-purpose", Violation, "4.1", "sharing.agreement";
    /// The recipient may not receive the item.
    RecipientItem = "recipient-item", Violation, "4.1", "sharing.agreement";
    /// No agreement in force with the recipient.
    NoAgreement = "no-agreement", Violation, "4.2", "sharing.agreement";
    /// The check of the recipient is overdue, or none was ever set.
    RecipientUnchecked = "recipient-unchecked", Violation, "4.2", "sharing.agreement";
    /// The flow to the recipient was suspended.
    RecipientSuspended = "recipient-suspended", Violation, "4.2", "sharing.agreement";
    /// The recipient did not pass its last check.
    RecipientFailed = "recipient-failed", Violation, "4.2", "sharing.agreement";
    /// The relation with the recipient has ended.
    RecipientEnded = "recipient-ended", Violation, "4.2", "sharing.agreement";
    /// The policy names no such host for the recipient.
    UndeclaredHost = "undeclared-host", Violation, "4.1", "sharing.agreement";
    /// No separate consent to the recipient.
    NoRecipientConsent = "no-recipient-consent", Violation, "4.1", "sharing.separate_consent|sharing.third_party";
    /// Data would leave its home region.
    OutOfRegion = "out-of-region", Violation, "5.3", "storage.home|cross_border.mechanism";
    /// Abroad without a mechanism in force, or where the policy lets nothing leave.
    NoMechanism = "no-mechanism", Violation, "5.4", "cross_border.mechanism";
    /// Abroad, sensitive, by an exemption that covers plain data alone.
    MechanismSensitive = "mechanism-sensitive", Violation, "5.4", "cross_border.exempt_below|cross_border.mechanism";
    /// Abroad, and as many people this year as the mechanism no longer covers.
    MechanismExceeded = "mechanism-exceeded", Violation, "5.4", "cross_border.assess_from|cross_border.mechanism";
    /// Abroad without separate consent.
    NoAbroadConsent = "no-abroad-consent", Violation, "5.4", "cross_border.separate_consent|cross_border.notice";
    /// The device's permission for the item is switched off.
    PermissionOff = "permission-off", Violation, "6.4", "rights.withdraw";
    /// Publication without separate consent.
    NoPublicationConsent = "no-publication-consent", Violation, "4.4", "sharing.publication|basis.consent";
    /// Only the person may have everything handed out.
    ExportNotOwn = "export-not-own", Violation, "6.1", "rights.access";
}

/// What a reason is about, beside the act itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// The act.
    Act,
    /// One of the items.
    Item(ItemId),
    /// A name the policy does not know, as it was asked.
    Name(String),
}

/// One reason to refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Why.
    pub code: Code,
    /// About what.
    pub about: About,
}

impl Reason {
    /// A reason about the act itself.
    #[must_use]
    pub const fn act(code: Code) -> Self {
        Self { code, about: About::Act }
    }

    /// A reason about one item.
    #[must_use]
    pub const fn item(code: Code, item: ItemId) -> Self {
        Self { code, about: About::Item(item) }
    }
}

/// No, and every reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Why; never empty, and none twice.
    pub reasons: Vec<Reason>,
    /// The purpose that was asked for, where the policy knows it.
    pub purpose: Option<PurposeId>,
    /// The recipient that was named, where the policy knows it.
    pub recipient: Option<RecipientId>,
}

impl Refusal {
    /// A refusal of `ask`.
    #[must_use]
    pub const fn of(ask: &Ask, reasons: Vec<Reason>) -> Self {
        Self { reasons, purpose: Some(ask.purpose), recipient: ask.recipient }
    }
}

/// Yes or no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Yes.
    Permitted(Grant),
    /// No.
    Refused(Refusal),
}

/// Whether sensitive items need separate consent on this basis too: where neither a law nor the saving of a
/// life, nor a public task asks for them (PIPL 29, GDPR 9).
const fn asks_for_sensitive(basis: Basis) -> bool {
    !by_law_or_life(basis) && !matches!(basis, Basis::PublicInterest)
}

/// Whether a purpose is asked for by itself: it rests on that, or a sensitive item is used for it.
const fn asked_alone(basis: Basis, sensitive: bool) -> bool {
    matches!(basis, Basis::SeparateConsent) || sensitive && asks_for_sensitive(basis)
}

/// Whether a law asks for it, or a life: then nobody else is asked.
const fn by_law_or_life(basis: Basis) -> bool {
    matches!(basis, Basis::LegalDuty | Basis::Emergency)
}

/// The reasons found so far.
struct Reasons(Vec<Reason>);

impl Reasons {
    fn add(&mut self, reason: Reason) {
        if !self.0.contains(&reason) {
            self.0.push(reason);
        }
    }

    fn act(&mut self, code: Code) {
        self.add(Reason::act(code));
    }

    fn item(&mut self, code: Code, item: ItemId) {
        self.add(Reason::item(code, item));
    }
}

/// Which kinds of items are asked for.
#[derive(Debug, Clone, Copy)]
struct Kinds {
    plain: bool,
    sensitive: bool,
}

/// Whether a mechanism covers these kinds of data of so many people.
fn covered(crossing: &Crossing, kinds: Kinds, crossed: Crossed, no: &mut Reasons) {
    let below = |limit: Option<u32>, people: u32| limit.is_none_or(|limit| people < limit);
    if kinds.sensitive && crossing.sensitive_below == Some(0) {
        no.act(Code::MechanismSensitive);
    } else if kinds.sensitive && !below(crossing.sensitive_below, crossed.sensitive)
        || kinds.plain && !below(crossing.plain_below, crossed.plain)
    {
        no.act(Code::MechanismExceeded);
    }
}

fn holds(period: Option<(Timestamp, Timestamp)>, at: Timestamp) -> bool {
    period.is_some_and(|(from, until)| from <= at && at < until)
}

impl Rules {
    /// Decides.
    #[must_use]
    pub fn decide(&self, standing: &Standing, ask: &Ask) -> Verdict {
        let mut no = Reasons(Vec::new());
        let Some(purpose) = self.purpose_rules.get(usize::from(ask.purpose.index())) else {
            no.act(Code::UnknownPurpose);
            return Verdict::Refused(Refusal::of(ask, no.0));
        };
        if purpose.parties & party_bit(ask.party) == 0 && !self.hands_over(ask) {
            no.act(Code::PartyNotAllowed);
        }
        let kinds = self.items(purpose, ask, &mut no);
        // What the device refuses is not taken in by any other way either; what was taken in before stands on its
        // own consent.
        if ask.act == Act::Collect {
            for id in ask.items.iter().filter(|id| standing.denied.has(id.index())) {
                no.item(Code::PermissionOff, *id);
            }
        }
        Self::person(purpose, standing, ask, &mut no);
        Self::basis(purpose, kinds.sensitive, standing, ask, &mut no);
        for outdated in &standing.outdated {
            if self.rests_on(purpose, kinds.sensitive, standing, ask, outdated.question) {
                outdated.scope.beyond(ask, |reason| no.add(reason));
            }
        }
        match (ask.act, ask.recipient) {
            (Act::Share, None) => no.act(Code::NoRecipient),
            (Act::Share, Some(recipient)) => self.share(purpose, kinds, standing, ask, recipient, &mut no),
            (_, Some(_)) => no.act(Code::RecipientNotAsked),
            (_, None) => {}
        }
        if usize::from(ask.region.index()) >= self.regions.len() {
            no.act(Code::UnknownRegion);
        } else if ask.region != standing.home {
            no.act(Code::OutOfRegion);
        }
        if no.0.is_empty() {
            Verdict::Permitted(Grant { basis: purpose.basis })
        } else {
            Verdict::Refused(Refusal::of(ask, no.0))
        }
    }

    /// Whether the system hands over to a successor: that is its act, whoever else may claim the purpose (4.3).
    fn hands_over(&self, ask: &Ask) -> bool {
        let rule = ask.recipient.and_then(|r| self.recipient_rules.get(usize::from(r.index())));
        ask.act == Act::Share && ask.party == Party::System && rule.is_some_and(|r| r.role == Role::Successor)
    }

    /// The items: known, the purpose's own, and assessed where they are sensitive. Gives which kinds there are.
    fn items(&self, purpose: &PurposeRule, ask: &Ask, no: &mut Reasons) -> Kinds {
        if ask.items.is_empty() {
            no.act(Code::NoItems);
        }
        let mut kinds = Kinds { plain: false, sensitive: false };
        for id in &ask.items {
            let Some(item) = self.item_rules.get(usize::from(id.index())) else {
                no.item(Code::UnknownItem, *id);
                continue;
            };
            if !purpose.items.has(id.index()) {
                no.item(Code::ItemNotInPurpose, *id);
            }
            kinds.plain |= !item.sensitive;
            if item.sensitive {
                kinds.sensitive = true;
                if item.assessed.is_none_or(|approved| ask.at < approved) {
                    no.item(Code::NoAssessment, *id);
                }
            }
        }
        kinds
    }

    /// What is true of the person, whatever the purpose rests on.
    fn person(purpose: &PurposeRule, standing: &Standing, ask: &Ask, no: &mut Reasons) {
        let duty = purpose.basis == Basis::LegalDuty;
        let keep = ask.act == Act::Keep;
        match standing.state {
            State::Active => {}
            State::Cancelling if keep || duty => {}
            State::Cancelling => no.act(Code::Cancelling),
            State::Erased => no.act(Code::Erased),
        }
        if standing.age == Age::Child && !standing.guardian && !by_law_or_life(purpose.basis) {
            no.act(Code::NoGuardian);
        }
        if standing.restricted && !keep && !duty {
            no.act(Code::Restricted);
        }
        if standing.frozen.has(ask.purpose.index()) && !keep && !duty {
            no.act(Code::Frozen);
        }
        let cannot_do_without = purpose.basis == Basis::Contract && purpose.essential;
        if standing.objected.has(ask.purpose.index()) && !duty && !cannot_do_without {
            no.act(Code::Objected);
        }
    }

    /// What the purpose rests on, and what the act itself needs beside it.
    fn basis(purpose: &PurposeRule, sensitive: bool, standing: &Standing, ask: &Ask, no: &mut Reasons) {
        let p = ask.purpose.index();
        let separate = standing.separate.has(p);
        let duty = purpose.basis == Basis::LegalDuty;
        if purpose.basis == Basis::Consent && !standing.consents.has(p) {
            no.act(Code::NoConsent);
        }
        if asked_alone(purpose.basis, sensitive) && !separate {
            no.act(Code::NoSeparateConsent);
        }
        if purpose.exceptional && ask.act != Act::Keep && !standing.instruments.has(p) {
            no.act(Code::NoInstrument);
        }
        if ask.act == Act::Publish && !separate && !duty {
            no.act(Code::NoPublicationConsent);
        }
        let own = ask.party == Party::Subject && duty;
        let registered = ask.party == Party::Operator && purpose.exceptional && duty;
        if ask.act == Act::Export && !own && !registered {
            no.act(Code::ExportNotOwn);
        }
    }

    /// Whether the act rests on the answer to this question.
    fn rests_on(
        &self,
        purpose: &PurposeRule,
        sensitive: bool,
        standing: &Standing,
        ask: &Ask,
        question: Question,
    ) -> bool {
        let to = |id| self.recipient_rules.get(usize::from(id)).filter(|_| ask.act == Act::Share);
        match question {
            Question::Consent(p) => p == ask.purpose && purpose.basis == Basis::Consent,
            Question::Separate(p) => {
                p == ask.purpose
                    && (asked_alone(purpose.basis, sensitive)
                        || ask.act == Act::Publish && purpose.basis != Basis::LegalDuty)
            }
            Question::Recipient(r) => {
                ask.recipient == Some(r)
                    && !by_law_or_life(purpose.basis)
                    && to(r.index()).is_some_and(|rule| rule.role == Role::Controller)
            }
            Question::Abroad(r) => {
                ask.recipient == Some(r) && to(r.index()).is_some_and(|rule| rule.region != Some(standing.home))
            }
        }
    }

    /// Who outside gets it.
    fn share(
        &self,
        purpose: &PurposeRule,
        kinds: Kinds,
        standing: &Standing,
        ask: &Ask,
        recipient: RecipientId,
        no: &mut Reasons,
    ) {
        let Some(rule) = self.recipient_rules.get(usize::from(recipient.index())) else {
            return no.act(Code::UnknownRecipient);
        };
        if !rule.purposes.has(ask.purpose.index()) {
            no.act(Code::RecipientPurpose);
        }
        for id in ask.items.iter().filter(|id| !rule.items.has(id.index())) {
            no.item(Code::RecipientItem, *id);
        }
        match standing.register.stopped {
            None => {}
            Some(Stopped::Suspended) => no.act(Code::RecipientSuspended),
            Some(Stopped::Failed) => no.act(Code::RecipientFailed),
            Some(Stopped::Ended) => no.act(Code::RecipientEnded),
        }
        if rule.role == Role::Authority {
            if !standing.instruments.has(ask.purpose.index()) {
                no.act(Code::NoInstrument);
            }
        } else {
            if !holds(rule.agreement, ask.at) {
                no.act(Code::NoAgreement);
            }
            if standing.register.checked.or(rule.checked).is_none_or(|until| until <= ask.at) {
                no.act(Code::RecipientUnchecked);
            }
        }
        if rule.role == Role::Controller
            && !by_law_or_life(purpose.basis)
            && !standing.recipients.has(recipient.index())
        {
            no.act(Code::NoRecipientConsent);
        }
        if rule.region != Some(standing.home) {
            match rule.crossing.filter(|crossing| self.abroad_allowed && crossing.holds(ask.at)) {
                Some(crossing) => covered(&crossing, kinds, standing.crossed, no),
                None => no.act(Code::NoMechanism),
            }
            if !standing.abroad.has(recipient.index()) {
                no.act(Code::NoAbroadConsent);
            }
        }
    }
}
