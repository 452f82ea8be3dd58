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
pub const DEEDS: [&str; 25] = [
    "register",
    "login",
    "logout",
    "give",
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
    "check-name",
    "import",
    "import-end",
    "permission",
    "decide",
    "ask-review",
    "review",
    "campaign",
    "unsubscribe",
    "analyse",
];
/// How an act ended.
pub const OUTCOMES: [&str; 4] = ["permitted", "refused", "done", "failed"];
/// Who acts.
pub const PARTIES: [&str; 4] = ["subject", "service", "operator", "system"];
/// What a recipient is.
pub const ROLES: [&str; 4] = ["processor", "controller", "joint", "authority"];
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
        let kinds: [(&str, &[&str]); 9] = [
            ("basis", &BASES),
            ("source", &SOURCES),
            ("act", &ACTS),
            ("act", &DEEDS),
            ("outcome", &OUTCOMES),
            ("party", &PARTIES),
            ("actor", &PARTIES),
            ("role", &ROLES),
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
    fn an_unknown_code_is_shown_as_it_is() {
        assert_eq!(basis(Texts(Lang::En), "royal-whim"), "royal-whim");
    }
}
