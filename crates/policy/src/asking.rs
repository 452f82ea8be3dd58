//! Asking by name: the policy's own names in, an ask or a refusal of the unknown out.

use jiff::Timestamp;

use crate::decide::{About, Act, Ask, Code, Reason, Refusal, Standing, Verdict};
use crate::model::{Basis, Party};
use crate::policy::Policy;
use crate::rules::{ItemId, PurposeId, RecipientId, RegionId};

/// An ask in names.
#[derive(Debug, Clone, Copy)]
pub struct AskNames<'a> {
    /// What to do.
    pub act: Act,
    /// Who asks.
    pub party: Party,
    /// What for.
    pub purpose: &'a str,
    /// With which items.
    pub items: &'a [&'a str],
    /// For whom outside.
    pub recipient: Option<&'a str>,
    /// Where.
    pub region: &'a str,
    /// When.
    pub at: Timestamp,
}

/// As much of a name that was asked as a refusal repeats, in characters.
const SHOWN: usize = 64;

/// An unknown name as a refusal repeats it: short, and without what could change the line it stands in.
fn shown(name: &str) -> String {
    let mut kept: String = name.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
    if name.chars().nth(SHOWN).is_some() {
        kept.push('…');
    }
    kept
}

impl Policy {
    /// The item of that name.
    #[must_use]
    pub fn item(&self, name: &str) -> Option<ItemId> {
        self.rules().items.place(name).map(ItemId::new)
    }

    /// The purpose of that name.
    #[must_use]
    pub fn purpose(&self, name: &str) -> Option<PurposeId> {
        self.rules().purposes.place(name).map(PurposeId::new)
    }

    /// The recipient of that name.
    #[must_use]
    pub fn recipient(&self, name: &str) -> Option<RecipientId> {
        self.rules().recipients.place(name).map(RecipientId::new)
    }

    /// The region of that name.
    #[must_use]
    pub fn region(&self, name: &str) -> Option<RegionId> {
        self.rules().regions.place(name).map(RegionId::new)
    }

    /// An item's name.
    #[must_use]
    pub fn item_name(&self, id: ItemId) -> &str {
        self.rules().items.name(id.index())
    }

    /// A purpose's name.
    #[must_use]
    pub fn purpose_name(&self, id: PurposeId) -> &str {
        self.rules().purposes.name(id.index())
    }

    /// A recipient's name.
    #[must_use]
    pub fn recipient_name(&self, id: RecipientId) -> &str {
        self.rules().recipients.name(id.index())
    }

    /// A region's name.
    #[must_use]
    pub fn region_name(&self, id: RegionId) -> &str {
        self.rules().regions.name(id.index())
    }

    /// A basis's name.
    #[must_use]
    pub fn basis_name(&self, basis: Basis) -> &'static str {
        basis.as_str()
    }

    /// The names of a purpose's items; empty for an unknown purpose.
    #[must_use]
    pub fn items_of(&self, purpose: &str) -> Vec<&str> {
        let facts = self.facts();
        facts.usage.purposes.get(purpose).map_or_else(Vec::new, |p| p.items.of(facts.collection.items.keys()).collect())
    }

    /// Turns names into an ask.
    ///
    /// # Errors
    /// A refusal with a gap, by name, for everything the policy does not know.
    pub fn ask(&self, names: AskNames<'_>) -> Result<Ask, Refusal> {
        let mut reasons = Vec::new();
        let mut gap = |code, name: &str| {
            let gap = Reason { code, about: About::Name(shown(name)) };
            if !reasons.contains(&gap) {
                reasons.push(gap);
            }
        };
        let purpose = self.purpose(names.purpose);
        if purpose.is_none() {
            gap(Code::UnknownPurpose, names.purpose);
        }
        let mut items = Vec::with_capacity(names.items.len());
        for name in names.items {
            match self.item(name) {
                Some(id) => items.push(id),
                None => gap(Code::UnknownItem, name),
            }
        }
        let recipient = names.recipient.map(|name| self.recipient(name));
        if recipient == Some(None) {
            gap(Code::UnknownRecipient, names.recipient.unwrap_or_default());
        }
        let region = self.region(names.region);
        if region.is_none() {
            gap(Code::UnknownRegion, names.region);
        }
        items.sort_unstable();
        items.dedup();
        match (purpose, region) {
            (Some(purpose), Some(region)) if reasons.is_empty() => Ok(Ask {
                act: names.act,
                party: names.party,
                purpose,
                items,
                recipient: recipient.flatten(),
                region,
                at: names.at,
                policy: Some(*self.digest()),
            }),
            _ => Err(Refusal { reasons, purpose, recipient: recipient.flatten() }),
        }
    }

    /// Decides by this policy's rules.
    #[must_use]
    pub fn decide(&self, standing: &Standing, ask: &Ask) -> Verdict {
        self.rules().decide(standing, ask)
    }

    /// When what is collected for a purpose at `now` must be gone; nothing while an event decides.
    #[must_use]
    pub fn keep_until(&self, purpose: PurposeId, now: Timestamp) -> Option<Timestamp> {
        let retention = self.facts().usage.purposes.get(self.purpose_name(purpose))?.retention.as_ref()?;
        match retention.after {
            crate::model::After::Collected => Some(retention.keep.after(now)),
            _ => None,
        }
    }
}
