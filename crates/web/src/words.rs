//! Words for the coded things of the policy and the ledger: bases, sources, acts, outcomes.
//!
//! The codes are those of `policy.toml` and of the leaves; each has its words in every language.

use crate::text::Texts;

/// Legal bases a purpose may have.
pub const BASES: [&str; 7] =
    ["contract", "consent", "separate-consent", "legal-duty", "emergency", "public-interest", "self-disclosed"];
/// Where an item comes from.
pub const SOURCES: [&str; 3] = ["provided", "automatic", "third-party"];
/// Acts on personal data.
pub const ACTS: [&str; 6] = ["collect", "use", "share", "publish", "keep", "export"];
/// Further entries of the ledger: changes of standing and of the account.
pub const DEEDS: &[&str] = &[
    "register",
    "login",
    "logout",
    "withdraw",
    "correct",
    "delete",
    "cancel",
    "resume",
    "erase",
    "verify",
    "retrieve",
    "password",
    "factor-on",
    "factor-off",
    "passkey",
    "passkey-made",
    "passkey-removed",
    "identify",
    "prove",
    "unlink",
    "check-name",
    "import",
    "import-end",
    "permission",
    "link",
    "session-end",
    "operator-add",
    "operator-disable",
    "operator-enable",
    "role-grant",
    "role-take",
    "ask-approval",
    "approve",
    "disapprove",
    "break-glass",
    "review",
    "operator-link",
    "legal-hold",
    "restore",
    "policy-publication",
    "release",
    "exception",
    "key-destruction",
    "transfer",
    "export-on-behalf",
    "bulk-reveal",
    "announce-year",
    "recount",
    "alarm",
    "case",
    "reveal",
    "threshold",
    "threshold-done",
    "transfer-told",
    "transfer-object",
    "transfer-accept",
    "transfer-left-out",
    "transfer-complete",
    "transfer-off",
    "recipient-checked",
    "recipient-failed",
    "recipient-suspended",
    "recipient-resumed",
    "recipient-ended",
    "recipient-filed",
    "recipient-opened",
    "recipient-confirmed",
    "rotate",
    "suspend",
    "reinstate",
    "acknowledge",
    "certify",
    "deliver",
    "token",
    "token-revoked",
    "decide",
    "ask-review",
    "reviewed",
    "campaign",
    "unsubscribe",
    "analyse",
    "consent",
    "decline",
    "notice-sent",
    "notice-shown",
    "notice-read",
    "unpublish",
    "in-force",
    "grow",
];
/// How an act ended.
pub const OUTCOMES: [&str; 4] = ["permitted", "refused", "done", "failed"];
/// Who acts.
pub const PARTIES: [&str; 4] = ["subject", "service", "operator", "system"];
/// What a recipient is.
pub const ROLES: [&str; 5] = ["processor", "controller", "joint", "authority", "successor"];
/// Ways across the border.
pub const MECHANISMS: [&str; 5] =
    ["security-assessment", "standard-contract", "certification", "exemption", "adequacy"];
/// The chapters of a policy.
pub const CHAPTERS: [&str; 8] = ["1", "2", "3", "4", "5", "6", "7", "8"];

/// The words for a basis code. An unknown code is shown as it is.
#[must_use]
pub fn basis(t: Texts, code: &str) -> String {
    coded(t, "basis", code)
}

/// The words for a source code.
#[must_use]
pub fn source(t: Texts, code: &str) -> String {
    coded(t, "source", code)
}

/// The words for an act or deed of a leaf.
#[must_use]
pub fn act(t: Texts, code: &str) -> String {
    coded(t, "act", code)
}

/// The words for an outcome.
#[must_use]
pub fn outcome(t: Texts, code: &str) -> String {
    coded(t, "outcome", code)
}

/// The words for a party.
#[must_use]
pub fn party(t: Texts, code: &str) -> String {
    coded(t, "party", code)
}

/// The words for a party as staff read them.
#[must_use]
pub fn actor(t: Texts, code: &str) -> String {
    coded(t, "actor", code)
}

/// The words for a recipient's role.
#[must_use]
pub fn role(t: Texts, code: &str) -> String {
    coded(t, "role", code)
}

/// The words for a kind of act that needs a second person.
#[must_use]
pub fn approval(t: Texts, code: &str) -> String {
    act(t, code)
}

/// The words for where an approval stands.
#[must_use]
pub fn approval_state(t: Texts, code: &str) -> String {
    coded(t, "approval-state", code)
}

/// The words for a role of staff.
#[must_use]
pub fn staff_role(t: Texts, code: &str) -> String {
    coded(t, "staff-role", code)
}

/// The words for a way across the border.
#[must_use]
pub fn mechanism(t: Texts, code: &str) -> String {
    coded(t, "mechanism", code)
}

/// The title of a chapter, by its number.
#[must_use]
pub fn chapter(t: Texts, number: &str) -> String {
    coded(t, "chapter", number)
}

fn coded(t: Texts, kind: &str, code: &str) -> String {
    let key = format!("{kind}-{code}");
    if t.has(&key) { t.get(&key) } else { code.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Lang;

    #[test]
    fn every_code_has_words_in_every_language() {
        let kinds: [(&str, &[&str]); 10] = [
            ("basis", &BASES),
            ("source", &SOURCES),
            ("act", &ACTS),
            ("act", DEEDS),
            ("outcome", &OUTCOMES),
            ("party", &PARTIES),
            ("actor", &PARTIES),
            ("role", &ROLES),
            ("mechanism", &MECHANISMS),
            ("chapter", &CHAPTERS),
        ];
        for lang in Lang::ALL {
            for (kind, codes) in kinds {
                for code in codes {
                    assert!(Texts(lang).has(&format!("{kind}-{code}")), "{kind}-{code} in {}", lang.tag());
                }
            }
        }
    }

    #[test]
    fn every_role_of_staff_and_every_approval_has_words() {
        use avouch::store::{ApprovalKind, ApprovalState, StaffRole};
        for lang in Lang::ALL {
            let has = |key: String| assert!(Texts(lang).has(&key), "{key} in {}", lang.tag());
            StaffRole::ALL.iter().for_each(|role| has(format!("staff-role-{}", role.name())));
            ApprovalState::ALL.iter().for_each(|state| has(format!("approval-state-{}", state.name())));
            ApprovalKind::ALL.iter().for_each(|kind| has(format!("act-{}", kind.name())));
        }
    }

    #[test]
    fn an_unknown_code_is_shown_as_it_is() {
        assert_eq!(basis(Texts(Lang::En), "royal-whim"), "royal-whim");
    }
}
