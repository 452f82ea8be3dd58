//! The rules as they are said in words, one sentence after another, slow and obvious.
//!
//! Written from the design's words and the law's, not from the code under test.

use std::collections::BTreeSet;

use avouch_policy::model::Role;
use avouch_policy::{Act, Age, Basis, Code, Party, State, Stopped};

use crate::world::{Person, Question, To, Way, World};

/// A reason with the item it is about.
pub type Why = (Code, Option<usize>);

/// Every reason to refuse; none means yes.
pub fn reference(world: &World, who: &Person, q: &Question) -> BTreeSet<Why> {
    let mut no = BTreeSet::new();
    // Unknown anything is a refusal.
    let Some(purpose) = world.purposes.get(q.purpose) else {
        return BTreeSet::from([(Code::UnknownPurpose, None)]);
    };
    let mut refuse_if = |condition: bool, code: Code| {
        if condition {
            no.insert((code, None));
        }
    };
    let today = q.hour.div_euclid(24);
    let legal_duty = purpose.basis == Basis::LegalDuty;
    let emergency = purpose.basis == Basis::Emergency;
    let sensitive = q.items.iter().any(|i| world.items.get(*i).is_some_and(|item| item.sensitive));
    let separately = who.separate.contains(&q.purpose);
    let registered = who.instruments.contains(&q.purpose);

    // Only who the purpose names may claim it; but handing the business over is the system's act.
    let to_successor = q.act == Act::Share
        && q.recipient.and_then(|r| world.recipients.get(r)).is_some_and(|to| to.role == Role::Successor);
    let handing_over = to_successor && q.party == Party::System;
    refuse_if(!purpose.parties.contains(&q.party) && !handing_over, Code::PartyNotAllowed);
    refuse_if(q.items.is_empty(), Code::NoItems);

    // The person. Nothing is done with the erased; with one who is leaving only storage and legal duties; with one
    // who restricted processing the same; a child needs a guardian, but not where law or a life asks.
    refuse_if(who.state == State::Erased, Code::Erased);
    refuse_if(who.state == State::Cancelling && !(q.act == Act::Keep || legal_duty), Code::Cancelling);
    refuse_if(who.restricted && !(q.act == Act::Keep || legal_duty), Code::Restricted);
    refuse_if(who.age == Age::Child && !who.guardian && !(legal_duty || emergency), Code::NoGuardian);
    // Who objects is heard, but for legal duties and the contract the service consists of.
    let heard = !(legal_duty || purpose.basis == Basis::Contract && purpose.essential);
    refuse_if(heard && who.objected.contains(&q.purpose), Code::Objected);

    // What a change of hands changes rests until it is consented to anew; storage and legal duties go on.
    refuse_if(who.frozen.contains(&q.purpose) && !(q.act == Act::Keep || legal_duty), Code::Frozen);

    // The basis.
    refuse_if(purpose.basis == Basis::Consent && !who.consents.contains(&q.purpose), Code::NoConsent);
    refuse_if(purpose.basis == Basis::SeparateConsent && !separately, Code::NoSeparateConsent);
    // Sensitive items want separate consent on every basis but law, emergency and public task.
    let excused = legal_duty || emergency || purpose.basis == Basis::PublicInterest;
    refuse_if(sensitive && !excused && !separately, Code::NoSeparateConsent);
    // Each exceptional use stands in the register; storage needs no entry.
    refuse_if(purpose.exceptional && q.act != Act::Keep && !registered, Code::NoInstrument);

    // Publication only by consent or law; everything at once only to the person, or under a registered duty.
    refuse_if(q.act == Act::Publish && !separately && !legal_duty, Code::NoPublicationConsent);
    let to_the_person = q.party == Party::Subject && legal_duty;
    let under_order = q.party == Party::Operator && purpose.exceptional && legal_duty;
    refuse_if(q.act == Act::Export && !to_the_person && !under_order, Code::ExportNotOwn);

    // Data rests at home.
    refuse_if(q.region >= world.regions, Code::UnknownRegion);
    refuse_if(q.region < world.regions && q.region != who.home, Code::OutOfRegion);

    // Sharing, and only sharing, has a recipient.
    let sharing = q.act == Act::Share;
    refuse_if(sharing && q.recipient.is_none(), Code::NoRecipient);
    refuse_if(!sharing && q.recipient.is_some(), Code::RecipientNotAsked);
    let named = q.recipient.filter(|_| sharing);
    refuse_if(named.is_some_and(|r| r >= world.recipients.len()), Code::UnknownRecipient);
    let to = named.and_then(|r| world.recipients.get(r).map(|to| (r, to)));
    if let Some((r, to)) = to {
        refuse_if(!to.purposes.contains(&q.purpose), Code::RecipientPurpose);
        // Nobody gets anything while the register says stop, whoever it is.
        refuse_if(who.stopped == Some(Stopped::Suspended), Code::RecipientSuspended);
        refuse_if(who.stopped == Some(Stopped::Failed), Code::RecipientFailed);
        refuse_if(who.stopped == Some(Stopped::Ended), Code::RecipientEnded);
        let authority = to.role == Role::Authority;
        // An authority needs a verified instrument in place of an agreement.
        refuse_if(authority && !registered, Code::NoInstrument);
        // Everybody else an agreement: from the day it is signed to the day before it expires.
        let bound = to.agreement.as_ref().is_some_and(|a| a.signed <= today && today < a.expires);
        refuse_if(!authority && !bound, Code::NoAgreement);
        // And supervision: up to the last hour of the day on which the check is due. What was found at a check
        // counts before what was planned.
        let planned = to.agreement.as_ref().and_then(|a| a.next_check).is_some_and(|day| today <= day);
        let checked = who.check_holds.map_or(planned, |hour| q.hour < hour);
        refuse_if(!authority && !checked, Code::RecipientUnchecked);
        // Who decides for itself wants a separate consent of its own, but where law or a life asks.
        let asked = to.role == Role::Controller && !legal_duty && !emergency;
        refuse_if(asked && !who.recipients.contains(&r), Code::NoRecipientConsent);
        // Abroad: by a mechanism with an approved assessment, and by separate consent. An exemption says which.
        let abroad = to.region != who.home;
        let told = |way: Way| way != Way::Unnamed;
        let mechanism = to
            .abroad
            .as_ref()
            .filter(|m| told(m.kind) && m.approved.is_some_and(|day| day <= today))
            .filter(|m| m.valid_until.is_none_or(|day| today < day))
            .filter(|_| world.crossing)
            .map(|m| m.kind);
        refuse_if(abroad && mechanism.is_none(), Code::NoMechanism);
        // Below 100 000 people a year plain data is exempt, sensitive data of nobody; with a contract or a
        // certification fewer than a million people's plain, fewer than ten thousand people's sensitive data go.
        let plain = q.items.iter().any(|i| world.items.get(*i).is_some_and(|item| !item.sensitive));
        let small = mechanism == Some(Way::Small);
        let contract = matches!(mechanism, Some(Way::Contract | Way::Certification));
        let (plain_people, sensitive_people) = who.crossed;
        let too_many = small && !sensitive && plain && plain_people >= 100_000
            || contract && plain && plain_people >= 1_000_000
            || contract && sensitive && sensitive_people >= 10_000;
        refuse_if(abroad && small && sensitive, Code::MechanismSensitive);
        refuse_if(abroad && too_many, Code::MechanismExceeded);
        refuse_if(abroad && !who.abroad.contains(&r), Code::NoAbroadConsent);
    }

    // An answer to earlier words is good for what they said and no more, wherever the act rests on it.
    for answer in &who.earlier {
        let controller = to.is_some_and(|(_, to)| to.role == Role::Controller) && !legal_duty && !emergency;
        let rests_on_it = match answer.to {
            To::Consent(p) => p == q.purpose && purpose.basis == Basis::Consent,
            To::Separate(p) => {
                let alone = purpose.basis == Basis::SeparateConsent || sensitive && !excused;
                p == q.purpose && (alone || q.act == Act::Publish && !legal_duty)
            }
            To::Recipient(r) => controller && to.is_some_and(|(named, _)| named == r),
            To::Abroad(r) => to.is_some_and(|(named, to)| named == r && to.region != who.home),
        };
        if !rests_on_it {
            continue;
        }
        // Another way, another hand, or keeping longer what is taken in now: nothing of it was agreed to.
        let other_hand = !answer.parties.contains(&q.party);
        if !answer.same_way || other_hand || q.act == Act::Collect && answer.kept_longer {
            no.insert((Code::ConsentOutdated, None));
            continue;
        }
        let mut said = answer.items.clone();
        match answer.to {
            To::Recipient(_) | To::Abroad(_) => {
                if !answer.purposes.contains(&q.purpose) {
                    no.insert((Code::ConsentOutdated, None));
                }
            }
            To::Consent(_) | To::Separate(_) => match named.map(|r| answer.recipients.get(&r)) {
                Some(None) => {
                    no.insert((Code::ConsentOutdated, None));
                }
                Some(Some(gets)) => said.retain(|item| gets.contains(item)),
                None => {}
            },
        }
        for item in q.items.iter().filter(|item| !said.contains(item)) {
            no.insert((Code::ConsentOutdated, Some(*item)));
        }
    }

    // The items, each for itself.
    for item in &q.items {
        match world.items.get(*item) {
            None => {
                no.insert((Code::UnknownItem, Some(*item)));
            }
            Some(known) => {
                if !purpose.items.contains(item) {
                    no.insert((Code::ItemNotInPurpose, Some(*item)));
                }
                if known.sensitive && known.approved.is_none_or(|day| today < day) {
                    no.insert((Code::NoAssessment, Some(*item)));
                }
            }
        }
        // What the device refuses is not taken in.
        if q.act == Act::Collect && who.denied.contains(item) {
            no.insert((Code::PermissionOff, Some(*item)));
        }
        if to.is_some_and(|(_, to)| !to.items.contains(item)) {
            no.insert((Code::RecipientItem, Some(*item)));
        }
    }
    no
}
