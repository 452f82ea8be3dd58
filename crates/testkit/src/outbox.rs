//! Messages as they would arrive, for tests to read.

use std::sync::Mutex;

use avouch::messages::{Letter, Mailer, Sending, SmsGateway, Undelivered};

/// A message that arrived.
#[derive(Debug, Clone)]
pub struct Arrived {
    pub channel: &'static str,
    pub to: String,
    pub kind: String,
    pub text: String,
    pub code: Option<String>,
    pub unsubscribe: Option<String>,
}

/// Where messages arrive.
#[derive(Debug, Default)]
pub struct Outbox {
    arrived: Mutex<Vec<Arrived>>,
    fault: Mutex<Option<Undelivered>>,
}

impl Outbox {
    /// What arrived since the last look.
    pub fn take(&self) -> Vec<Arrived> {
        std::mem::take(&mut *self.arrived.lock().unwrap())
    }

    /// From now on nothing arrives, for this reason; or everything again.
    pub fn fail(&self, fault: Option<Undelivered>) {
        *self.fault.lock().unwrap() = fault;
    }

    fn put(&self, channel: &'static str, letter: &Letter) -> Result<(), Undelivered> {
        if let Some(fault) = self.fault.lock().unwrap().clone() {
            return Err(fault);
        }
        self.arrived.lock().unwrap().push(Arrived {
            channel,
            to: letter.to.to_string(),
            kind: letter.kind.clone(),
            text: letter.text.to_string(),
            code: letter.code.as_ref().map(|c| c.to_string()),
            unsubscribe: letter.unsubscribe.clone(),
        });
        Ok(())
    }
}

impl Mailer for Outbox {
    fn mail<'a>(&'a self, letter: &'a Letter) -> Sending<'a> {
        Box::pin(async move { self.put("mail", letter) })
    }
}

impl SmsGateway for Outbox {
    fn sms<'a>(&'a self, letter: &'a Letter) -> Sending<'a> {
        Box::pin(async move { self.put("sms", letter) })
    }
}
