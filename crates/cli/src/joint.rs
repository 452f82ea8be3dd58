//! `[joint]` in `avouch.toml`: our names and secrets at the partners that the policy declares.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use avouch::Origin;
use avouch::collection::joint::{PartnerSettings, Partners, Way};
use avouch::outbound::Guard;
use avouch_policy::Policy;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::output::Failure;

/// Partners whose accounts people can come in with. See `docs/configuration.md`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Joint {
    /// The partners, by their names in the policy.
    partners: BTreeMap<String, Partner>,
}

/// One partner.
#[derive(Debug, Clone, Deserialize)]
struct Partner {
    /// Our name there.
    client_id: String,
    /// A file that holds our secret there.
    secret_file: PathBuf,
    /// How it is spoken to: `issuer`, or what OAuth 2 without ID tokens needs.
    #[serde(flatten)]
    way: Way,
}

impl Joint {
    /// Makes its paths relative to the configuration file.
    pub(crate) fn beside(&mut self, base: &Path) {
        for partner in self.partners.values_mut() {
            partner.secret_file = base.join(&partner.secret_file);
        }
    }

    /// Reads its files and makes it ready.
    pub(crate) fn open(
        &self,
        policy: &Policy,
        outbound: &Guard,
        address: Option<&Origin>,
    ) -> Result<Partners, Failure> {
        let wrong = |why: String| Failure::new("joint", why);
        let address = address.ok_or_else(|| {
            wrong("partners send people back to this site: write `address`, where people come, in avouch.toml".into())
        })?;
        let mut settings = BTreeMap::new();
        for (name, partner) in &self.partners {
            let secret = String::from_utf8(crate::messengers::secret(&partner.secret_file)?)
                .map_err(|_| wrong(format!("the secret file of partner '{name}' does not hold text")))?;
            let secret = Zeroizing::new(secret);
            let client_id = partner.client_id.clone();
            settings.insert(name.clone(), PartnerSettings { way: partner.way.clone(), client_id, secret });
        }
        Partners::new(policy, outbound, address, settings).map_err(wrong)
    }
}
