//! The means messages go out by, as configured.

use std::path::Path;
use std::sync::Arc;

use avouch::messages::file::FileOutbox;
use avouch::messages::http::HttpGateway;
use avouch::messages::smtp::{Smtp, SmtpMailer};
use avouch::messages::{Mailer, Messengers, SmsGateway};
use avouch::outbound::{Guard, Reach};

use crate::config::{Config, Mail, Sms};
use crate::output::Failure;

fn wrong(text: impl Into<String>) -> Failure {
    Failure::new("config", text.into())
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|e| wrong(format!("cannot read {}: {e}", path.display())))
}

/// The secret in a file, without the line's end an editor leaves.
pub(crate) fn secret(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = read(path)?;
    while bytes.last().is_some_and(|b| matches!(b, b'\n' | b'\r')) {
        bytes.pop();
    }
    Ok(bytes)
}

fn outbox(folder: &Path) -> Result<FileOutbox, Failure> {
    FileOutbox::open(folder).map_err(|e| wrong(format!("cannot make the outbox {}: {e}", folder.display())))
}

fn mailer(mail: &Mail) -> Result<Arc<dyn Mailer>, Failure> {
    let smtp = match mail {
        Mail::Outbox(folder) => return Ok(Arc::new(outbox(folder)?)),
        Mail::Smtp(smtp) => smtp,
    };
    let login = match (&smtp.user, &smtp.password_file) {
        (Some(user), Some(file)) => {
            let password = String::from_utf8(secret(file)?)
                .map_err(|_| wrong("the file in mail.smtp.password_file does not hold text"))?;
            Some((user.clone(), password))
        }
        (None, None) => None,
        _ => return Err(wrong("mail.smtp: user and password_file go together")),
    };
    let root = smtp.root_file.as_deref().map(read).transpose()?;
    let mailer = SmtpMailer::new(Smtp {
        host: smtp.host.clone(),
        port: smtp.port,
        security: smtp.security,
        login,
        root,
        from: smtp.from.clone(),
    });
    Ok(Arc::new(mailer.map_err(wrong)?))
}

fn gateway(sms: &Sms, outbound: &Guard) -> Result<Arc<dyn SmsGateway>, Failure> {
    match sms {
        Sms::Outbox(folder) => Ok(Arc::new(outbox(folder)?)),
        Sms::Gateway(sms) => {
            let secret = sms.secret_file.as_deref().map(secret).transpose()?.unwrap_or_default();
            Ok(Arc::new(HttpGateway::new(sms.gateway.clone(), secret, outbound.clone()).map_err(wrong)?))
        }
    }
}

/// What may be reached, and a root to trust besides the machine's.
pub(crate) fn reach(config: &Config) -> Result<(Reach, Option<Vec<u8>>), Failure> {
    let root = config.outbound.root_file.as_deref().map(read).transpose()?;
    Ok((config.outbound.reach.clone(), root))
}

/// The way out of an installation.
///
/// # Errors
/// What is wrong with the configuration.
pub(crate) fn outbound(config: &Config) -> Result<Guard, Failure> {
    let (reach, root) = reach(config)?;
    Guard::new(reach, root.as_deref()).map_err(wrong)
}

/// The means of an installation.
///
/// # Errors
/// What is wrong with the configuration.
pub(crate) fn of(config: &Config, outbound: &Guard) -> Result<Messengers, Failure> {
    Ok(Messengers {
        mail: config.mail.as_ref().map(mailer).transpose()?,
        sms: config.sms.as_ref().map(|sms| gateway(sms, outbound)).transpose()?,
    })
}
