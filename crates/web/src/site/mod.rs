//! The site, for people: joining, logging in, the policy, contact, and the privacy centre.

pub mod case;
pub mod contact;
pub mod feed;
pub mod home;
pub mod join;
pub mod joint;
pub mod ledger;
pub mod logged_out;
pub mod login;
pub mod login_code;
pub mod passkey;
pub mod policy;
pub mod privacy;
pub mod step;
pub mod summary;
pub mod unsubscribe;
