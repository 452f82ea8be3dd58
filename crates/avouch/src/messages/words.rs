//! The words of messages. They stand here and not with the pages, because they leave the house with no page
//! around them.

use avouch_policy::model::Kind;

/// What a message says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum What {
    /// A code; what for is the flow's.
    Code,
    /// This contact was replaced by another.
    ContactReplaced,
    /// Somebody gave this contact for another account, but it is this one's.
    ContactYours,
    /// The password was set anew after it was forgotten.
    PasswordReset,
    /// The password was changed.
    PasswordChanged,
    /// The second factor was turned on.
    FactorOn,
    /// The second factor was turned off.
    FactorOff,
    /// A recovery code was used in place of the second factor.
    RecoveryUsed,
    /// A login from a place not seen before.
    NewPlace,
    /// An account at a partner was linked.
    JointLinked,
    /// Customer service answered; nothing of the answer.
    CaseAnswered,
    /// The business changes hands (4.3); the words are [`transfer`]'s.
    Transfer,
    /// A passkey was made.
    PasskeyMade,
    /// A passkey was removed.
    PasskeyRemoved,
    /// A passkey was shown whose counter went back.
    PasskeyCopied,
    /// A human has answered a review that was asked for.
    Reviewed,
    /// The policy changes in something major.
    PolicyChange,
}

impl What {
    #[cfg(test)]
    const NOTICES: &[Self] = &[
        Self::ContactReplaced,
        Self::PasswordReset,
        Self::PasswordChanged,
        Self::FactorOn,
        Self::FactorOff,
        Self::RecoveryUsed,
        Self::NewPlace,
        Self::JointLinked,
        Self::PasskeyMade,
        Self::PasskeyRemoved,
        Self::PasskeyCopied,
    ];

    /// Its name, for gateways with templates of their own.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::ContactReplaced => "contact-replaced",
            Self::ContactYours => "contact-yours",
            Self::PasswordReset => "password-reset",
            Self::PasswordChanged => "password-changed",
            Self::FactorOn => "factor-on",
            Self::FactorOff => "factor-off",
            Self::RecoveryUsed => "recovery-used",
            Self::NewPlace => "new-place",
            Self::JointLinked => "joint-linked",
            Self::CaseAnswered => "case-answered",
            Self::Transfer => "transfer",
            Self::PasskeyMade => "passkey-made",
            Self::PasskeyRemoved => "passkey-removed",
            Self::PasskeyCopied => "passkey-copied",
            Self::Reviewed => "reviewed",
            Self::PolicyChange => "policy-change",
        }
    }
}

/// Subject line and text of a message. `purpose` is that of the code; `minutes` how long it holds.
pub(crate) fn say(
    what: What,
    purpose: &str,
    code: Option<&str>,
    minutes: i64,
    site: &str,
    language: &str,
    kind: Kind,
) -> (String, String) {
    let zh = language.starts_with("zh");
    if let (What::Code, Some(code)) = (what, code) {
        let aim = match (purpose, zh) {
            ("verify", false) => "to confirm this contact",
            ("verify", true) => "确认此联系方式",
            ("change", false) => "to make this the contact of your account",
            ("change", true) => "将此设为您账号的联系方式",
            ("retrieve" | "reset", false) => "to set a new password",
            ("retrieve" | "reset", true) => "重设密码",
            (_, false) => "to log in",
            (_, true) => "登录",
        };
        return if zh {
            (
                format!("{site}：验证码"),
                format!(
                    "{code} 是您在{site}用于{aim}的验证码，{minutes}分钟内有效。请勿告诉任何人。如非本人操作，请忽略。"
                ),
            )
        } else {
            (
                format!("{site}: your code"),
                format!(
                    "{code} is your code {aim} at {site}. It holds for {minutes} minutes. Tell it to nobody. If you did \
                     not ask for it, do nothing."
                ),
            )
        };
    }
    if let Some((line, text)) = own_words(what, site, zh) {
        return (if kind == Kind::Phone { String::new() } else { line }, text);
    }
    let (en, cn) = match what {
        What::Reviewed | What::CaseAnswered | What::ContactYours | What::PolicyChange | What::Code => {
            ("A code was asked for.", "有人请求了验证码。")
        }
        What::ContactReplaced => (
            "This is no longer the contact of your account; another was put in its place.",
            "此联系方式已不再属于您的账号，已被新的联系方式取代。",
        ),
        What::PasswordReset => (
            "The password of your account was set anew, and all logins were ended.",
            "您账号的密码已重设，所有登录均已退出。",
        ),
        What::PasswordChanged => (
            "The password of your account was changed, and all other logins were ended.",
            "您账号的密码已修改，其他登录均已退出。",
        ),
        What::FactorOn => ("The second factor of your account was turned on.", "您账号的第二重验证已开启。"),
        What::FactorOff => ("The second factor of your account was turned off.", "您账号的第二重验证已关闭。"),
        What::RecoveryUsed => (
            "A recovery code of your account was used in place of the authenticator.",
            "您账号的一个恢复码已代替身份验证器使用。",
        ),
        What::NewPlace => {
            ("Your account was logged in to from a place not seen before.", "您的账号在一个新的地点登录。")
        }
        What::JointLinked => {
            ("An account elsewhere can now log in to your account.", "其他平台的一个账号现已可以登录您的账号。")
        }
        What::Transfer => ("The service changes hands.", "本服务将进行业务转移。"),
        What::PasskeyMade => (
            "A passkey was added to your account, and all other logins were ended.",
            "您的账号新增了一个通行密钥，其他登录均已退出。",
        ),
        What::PasskeyRemoved => (
            "A passkey of your account was removed, and all other logins were ended.",
            "您账号的一个通行密钥已移除，其他登录均已退出。",
        ),
        What::PasskeyCopied => (
            "A passkey of your account was refused because it may have been copied. Remove it and make a new one.",
            "您账号的一个通行密钥可能已被复制，因此被拒绝。请将其移除并重新创建。",
        ),
    };
    let text = if zh {
        format!("{site}：{cn}如非本人操作，请立即重设密码并联系我们。")
    } else {
        format!("{site}: {en} If this was not you, set a new password at once and contact us.")
    };
    let line = if zh { format!("{site}：账号安全通知") } else { format!("{site}: about your account") };
    (if kind == Kind::Phone { String::new() } else { line }, text)
}

/// Subject line and text of the notice that the business changes hands: who takes over, how to reach it, and what a
/// person can do (PIPL 22).
pub(crate) fn transfer(site: &str, successor: &str, contact: &str, language: &str, kind: Kind) -> (String, String) {
    let (line, text) = if language.starts_with("zh") {
        (
            format!("{site}：业务转移通知"),
            format!(
                "{site}：{successor}（联系方式：{contact}）将接管本服务及您的个人信息。变更的目的已暂停，需您重新同意；\
                 您也可以反对。请登录隐私中心，查看“业务转移”。"
            ),
        )
    } else {
        (
            format!("{site}: a change of hands"),
            format!(
                "{site}: {successor} (reach it at {contact}) takes over this service, and your data with it. What it \
                 changes rests until you consent anew, and you can object: see “Change of hands” in the privacy centre."
            ),
        )
    };
    (if kind == Kind::Phone { String::new() } else { line }, text)
}

/// Subject line and text of the messages that are no notice about the account's security.
fn own_words(what: What, site: &str, zh: bool) -> Option<(String, String)> {
    Some(match (what, zh) {
        (What::CaseAnswered, true) => (
            format!("{site}：客服已回复"),
            format!(
                "{site}客服已回复您的来信。请打开您保存的链接，或登录后在“联系客服”中查看。为保护您的隐私，本消息不含回复内容。"
            ),
        ),
        (What::CaseAnswered, false) => (
            format!("{site}: there is an answer for you"),
            format!(
                "Customer service of {site} has answered you. Open the link you kept, or log in and look under \
                 \"Contact\". To protect you, nothing of the answer is in this message."
            ),
        ),
        (What::ContactYours, true) => (
            format!("{site}：您已有账号"),
            format!(
                "{site}：有人注册账号时填写了此联系方式，但它已属于您的账号，请直接登录或找回密码。如非本人操作，无需处理。"
            ),
        ),
        (What::ContactYours, false) => (
            format!("{site}: you have an account"),
            format!(
                "{site}: Somebody opening an account gave this contact, but it belongs to an account of yours already: \
                 log in to that one, or set a new password for it. If this was not you, there is nothing to do."
            ),
        ),
        (What::PolicyChange, true) => (
            format!("{site}：隐私政策变更"),
            format!(
                "{site}：我们的隐私政策将有重要变更。变更内容、生效时间以及需要您决定的事项，见您隐私中心的“政策变更”。\
                 在您答复之前，我们不会以新的方式使用您的信息；拒绝不影响您继续使用。"
            ),
        ),
        (What::PolicyChange, false) => (
            format!("{site}: our privacy policy changes"),
            format!(
                "{site}: Our privacy policy changes in something important. What changes for you, from when, and what we \
                 ask you stands in your privacy centre under \"Changes of the policy\". Nothing is used in a new way \
                 before you answer, and a no costs you nothing."
            ),
        ),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_has_its_words_in_every_language() {
        for &what in What::NOTICES {
            let (_, en) = say(what, "", None, 10, "Plaza", "en", Kind::Email);
            let (_, zh) = say(what, "", None, 10, "广场", "zh-CN", Kind::Email);
            assert!(en.is_ascii() && en.contains("not you"), "{en}");
            assert!(zh.contains("如非本人操作"), "{zh}");
        }
        let (_, en) = say(What::CaseAnswered, "", None, 10, "Plaza", "en", Kind::Email);
        let (_, zh) = say(What::CaseAnswered, "", None, 10, "广场", "zh-CN", Kind::Email);
        assert!(en.contains("has answered you") && zh.contains("已回复"));
        for purpose in ["verify", "change", "log-in", "retrieve", "reset"] {
            let (_, en) = say(What::Code, purpose, Some("012345"), 10, "Plaza", "en", Kind::Phone);
            assert!(en.starts_with("012345 ") && en.contains("10 minutes"), "{en}");
            let (_, zh) = say(What::Code, purpose, Some("012345"), 10, "广场", "zh-CN", Kind::Phone);
            assert!(zh.starts_with("012345 ") && zh.contains("10分钟"), "{zh}");
        }
    }
}
