//! Staff for tests: role accounts with an authenticator, signed in as people would.

use avouch::security::operator::Entered;
use avouch::security::staff::Change;
use avouch::store::{Operator, StaffRole};
use avouch_seal::otp;

use crate::home::{Home, PASSWORD};

/// The code an authenticator with a secret (base32) shows at a time.
pub fn code_of(secret: &str, at: jiff::Timestamp) -> String {
    let secret: String = secret.chars().filter(|c| !c.is_whitespace()).collect();
    let bytes = data_encoding::BASE32_NOPAD.decode(secret.as_bytes()).unwrap();
    otp::totp(&bytes, u64::try_from(at.as_second()).unwrap() / 30)
}

impl Home {
    /// A role account with these roles, made by whoever runs the server; its grants as they are now.
    pub async fn operator(&self, name: &str, roles: &[StaffRole]) -> Operator {
        if self.app.operators().await.unwrap().iter().all(|o| o.name != name) {
            self.app.change_operator_here(name, Change::Add).await.unwrap();
        }
        for role in roles {
            self.app.grant_role_here(name, *role).await.unwrap();
        }
        self.staff(name).await
    }

    /// A role account as it is now.
    pub async fn staff(&self, name: &str) -> Operator {
        self.app.operators().await.unwrap().into_iter().find(|o| o.name == name).unwrap()
    }

    /// The console session of a role account with these roles, for the cookie `__Host-console`: by link, with a
    /// password and an authenticator.
    pub async fn console(&self, name: &str, roles: &[StaffRole]) -> String {
        self.operator(name, roles).await;
        let link = self.app.operator_link(name).await.unwrap();
        match self.app.operator_sign_in(&link).await.unwrap() {
            Entered::In(session) => session,
            Entered::Enrol(enrolment) => {
                let secret = self.app.operator_secret();
                let code = code_of(&secret, self.app.store.now());
                self.app.operator_enrol(&enrolment, PASSWORD, &secret, &code).await.unwrap()
            }
        }
    }
}
