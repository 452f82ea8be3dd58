//! Who answers, what people can ask, how changes are told. Held against promises 0.1, 6.1 to 6.5, 7.1, 8.1 to 8.3.

use super::{Cx, Severity};
use crate::law::Measure;
use crate::model::Right;
use crate::period::{Period, Unit};

pub(super) fn check(cx: &mut Cx<'_>) {
    controller(cx);
    rights(cx);
    answers(cx);
    updates(cx);
}

fn controller(cx: &mut Cx<'_>) {
    let facts = cx.facts;
    let who = &facts.controller;
    if who.law.is_empty() {
        cx.say(
            "no-law-pack",
            Severity::Error,
            "controller.law",
            None,
            "the policy names no law".into(),
            "name the law packs in force, e.g. law = [\"cn-pipl\"]".into(),
        );
    }
    if who.name.is_none() {
        cx.error(
            "controller-name",
            "controller",
            "notice.controller",
            "nobody answers for this policy: the controller has no name",
            "write the company's full name as controller.name",
        );
    }
    if facts.contact.email.is_none() {
        cx.error(
            "controller-contact",
            "contact",
            "notice.controller",
            "the controller gives no address for mail",
            "write contact.email",
        );
    }
    if who.address.is_none() {
        cx.warn(
            "controller-address",
            "controller",
            "notice.controller",
            "the controller gives no postal address",
            "write controller.address",
        );
    }
    if who.registration.is_none() {
        cx.warn(
            "controller-registration",
            "controller",
            "notice.registration",
            "the controller gives no number in the company register",
            "write controller.registration",
        );
    }
    match &who.officer {
        None => cx.warn(
            "no-officer",
            "controller",
            "notice.officer",
            "nobody is named in charge of protecting personal data",
            "write controller.officer with name and email",
        ),
        Some(officer) if officer.email.is_none() => {
            cx.warn(
                "officer-contact",
                "controller.officer",
                "notice.officer",
                "the officer cannot be reached",
                "add email to controller.officer",
            );
        }
        Some(_) => {}
    }
    if facts.version.is_none() {
        cx.error(
            "version-missing",
            "version",
            "notice.public",
            "the policy has no version: a change cannot be told from what it changed",
            "write version = \"1.0\"",
        );
    }
    if facts.effective.is_none() {
        cx.error(
            "effective-missing",
            "effective",
            "notice.public",
            "the policy does not say from when it holds",
            "write effective = \"year-month-day\"",
        );
    }
}

fn rights(cx: &mut Cx<'_>) {
    let offered = &cx.facts.rights.offered;
    for (pack, record) in cx.records(Measure::Right) {
        let word = record.word().unwrap_or_default();
        if !offered.iter().any(|right| right.as_str() == word) {
            let message = format!("the right `{word}` is not offered: {}", record.says.to_lowercase());
            cx.say(
                "right-not-offered",
                Severity::Error,
                "rights.offered",
                Some((pack, record)),
                message,
                format!("add \"{word}\" to rights.offered"),
            );
        }
    }
    if !offered.contains(&Right::Cancel) {
        return;
    }
    match cx.facts.rights.cancel.as_ref().and_then(|c| c.complete_within) {
        None => cx.warn(
            "cancel-time-missing",
            "rights.cancel",
            "deadline.cancel",
            "the policy does not say by when an account is ended",
            "write rights.cancel.complete_within",
        ),
        Some(within) => {
            if let Some(limit) = cx.law("deadline.cancel").and_then(|(_, r)| r.period())
                && within.at_least_hours() > limit.at_least_hours()
            {
                cx.error(
                    "cancel-too-late",
                    "rights.cancel.complete_within",
                    "deadline.cancel",
                    format!("an account is ended within {within}; {limit} is the most"),
                    format!("write at most \"{limit}\""),
                );
            }
        }
    }
}

fn answers(cx: &mut Cx<'_>) {
    let contact = &cx.facts.contact;
    if contact.function.is_none() && contact.email.is_none() {
        cx.error(
            "no-contact-function",
            "contact",
            "rights.mechanism",
            "there is no way to ask or complain",
            "write contact.function or contact.email",
        );
    }
    match contact.respond_within {
        None => cx.error(
            "response-time-missing",
            "contact",
            "deadline.reply",
            "the policy does not say by when it answers",
            "write contact.respond_within",
        ),
        Some(within) => {
            if let Some(limit) = cx.law("deadline.reply").and_then(|(_, r)| r.period())
                && within.at_least_hours() > limit.at_least_hours()
            {
                cx.error(
                    "response-too-late",
                    "contact.respond_within",
                    "deadline.reply",
                    format!("an answer within {within} comes too late; {limit} is the most"),
                    format!("write at most \"{limit}\""),
                );
            }
            if contact.respond_from.is_none() {
                cx.warn(
                    "response-start-missing",
                    "contact.respond_within",
                    "deadline.day_start|deadline.reply",
                    format!("{within} from when? The time for an answer has no start"),
                    "write respond_from = \"receipt\"",
                );
            }
            if matches!(within, Period::Of(_, Unit::WorkingDay)) && contact.calendar.is_none() {
                cx.warn(
                    "response-calendar-missing",
                    "contact.respond_within",
                    "deadline.day_start|deadline.reply",
                    "working days are counted by no calendar",
                    "write calendar = \"cn\"",
                );
            }
        }
    }
    if contact.regulator.is_none() {
        cx.error(
            "no-regulator",
            "contact",
            "rights.relief",
            "the policy does not say to which authority people can complain",
            "write contact.regulator with name and url",
        );
    }
    if contact.court.is_none() {
        cx.warn(
            "no-court",
            "contact",
            "rights.relief",
            "the policy does not say which court people can turn to",
            "write contact.court",
        );
    }
}

fn updates(cx: &mut Cx<'_>) {
    let updates = &cx.facts.updates;
    if updates.channels.is_empty() {
        cx.error(
            "no-update-channel",
            "updates.channels",
            "notice.public",
            "a change of the policy is told by no channel",
            "write channels = [\"announcement\", \"pop-up\"]",
        );
    }
    let Some(least) = cx.law("updates.notice").and_then(|(_, r)| r.period()) else {
        return;
    };
    match updates.notice {
        None => cx.warn(
            "update-notice-missing",
            "updates",
            "updates.notice",
            "the policy does not say how long a change is published before it holds",
            format!("write updates.notice = \"{least}\""),
        ),
        Some(notice) if notice.at_least_hours() < least.at_least_hours() => {
            cx.error(
                "update-notice-short",
                "updates.notice",
                "updates.notice",
                format!("a change is published {notice} before it holds; {least} is the least"),
                format!("write at least \"{least}\""),
            );
        }
        Some(_) => {}
    }
}
