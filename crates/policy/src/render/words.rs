//! The renderer's own words in two languages, and how periods, lists and citations are written in each.
//!
//! A policy may be written in any language; the renderer's own words are Chinese when the tag says so and
//! English otherwise. Keeps promise 0.1 together with [`super`].

use jiff::civil::Date;

use crate::law;
use crate::model::{After, Basis, Channel, Origin, Right, Role, Suite, Then, TrackerKind};
use crate::period::Period;

/// The language the renderer's own words are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tongue {
    En,
    Zh,
}

impl Tongue {
    /// The tongue for a language tag.
    pub(super) fn of(lang: &str) -> Self {
        let primary = lang.split('-').next().unwrap_or_default();
        if primary.eq_ignore_ascii_case("zh") { Self::Zh } else { Self::En }
    }

    /// One of two texts.
    pub(super) const fn pick<'t>(self, en: &'t str, zh: &'t str) -> &'t str {
        match self {
            Self::En => en,
            Self::Zh => zh,
        }
    }

    /// Several words in one line.
    pub(super) fn list(self, parts: &[String]) -> String {
        if parts.is_empty() { self.pick("none", "无").to_owned() } else { parts.join(self.pick(", ", "、")) }
    }

    /// Several labels in one line; a label may hold a comma itself.
    pub(super) fn labels(self, parts: &[String]) -> String {
        if parts.is_empty() { self.list(parts) } else { parts.join(self.pick("; ", "；")) }
    }

    /// Yes or no.
    pub(super) const fn yes(self, yes: bool) -> &'static str {
        match (self, yes) {
            (Self::En, true) => "yes",
            (Self::En, false) => "no",
            (Self::Zh, true) => "是",
            (Self::Zh, false) => "否",
        }
    }

    pub(super) fn date(self, date: Date) -> String {
        match self {
            Self::En => date.to_string(),
            Self::Zh => format!("{}年{}月{}日", date.year(), date.month(), date.day()),
        }
    }

    pub(super) fn period(self, period: Period) -> String {
        period.in_words(match self {
            Self::En => "en",
            Self::Zh => "zh-CN",
        })
    }

    /// A rhythm: "every 3 months" without its first word; one of a unit loses its number in English.
    pub(super) fn every(self, period: Period) -> String {
        match (self, period) {
            (Self::En, Period::Of(1, unit)) => unit.as_str().to_owned(),
            _ => self.period(period),
        }
    }

    pub(super) const fn origin(self, origin: Origin) -> &'static str {
        match (self, origin) {
            (Self::En, Origin::Provided) => "you give it",
            (Self::Zh, Origin::Provided) => "您提供",
            (Self::En, Origin::Automatic) => "collected automatically",
            (Self::Zh, Origin::Automatic) => "自动收集",
            (Self::En, Origin::ThirdParty) => "from a partner",
            (Self::Zh, Origin::ThirdParty) => "合作方提供",
        }
    }

    pub(super) const fn basis(self, basis: Basis) -> &'static str {
        let (en, zh) = match basis {
            Basis::Contract => ("contract with you", "订立、履行合同所必需"),
            Basis::Consent => ("your consent", "您的同意"),
            Basis::SeparateConsent => ("your separate consent", "您的单独同意"),
            Basis::LegalDuty => ("duty under law", "履行法定义务"),
            Basis::Emergency => ("emergency", "紧急情况"),
            Basis::PublicInterest => ("public interest, as a law provides", "法律规定的公共利益"),
            Basis::SelfDisclosed => ("already public", "已合法公开"),
            Basis::LegitimateInterests => ("legitimate interests", "正当利益"),
        };
        self.pick(en, zh)
    }

    /// The id of the law record that a basis rests on.
    pub(super) fn basis_record(basis: Basis) -> String {
        format!("basis.{}", basis.as_str().replace('-', "_"))
    }

    pub(super) const fn after(self, after: After) -> &'static str {
        let (en, zh) = match after {
            After::Collected => ("collection", "收集之日"),
            After::LastUsed => ("the last use", "最后一次使用"),
            After::PurposeEnded => ("the end of the purpose", "目的实现之日"),
            After::ContractEnded => ("the end of the contract", "合同终止之日"),
            After::AccountCancelled => ("the end of the account", "账号注销"),
            After::ConsentWithdrawn => ("withdrawal of consent", "撤回同意"),
        };
        self.pick(en, zh)
    }

    pub(super) const fn then(self, then: Then) -> &'static str {
        match then {
            Then::Delete => self.pick("deleted", "删除"),
            Then::Anonymise => self.pick("made anonymous", "匿名化"),
        }
    }

    pub(super) const fn role(self, role: Role) -> &'static str {
        let (en, zh) = match role {
            Role::Processor => ("works on our instruction", "受托处理"),
            Role::Controller => ("decides for itself", "独立处理"),
            Role::Joint => ("decides together with us", "共同处理"),
            Role::Authority => ("under a law", "依法"),
            Role::Successor => ("takes the business over", "承继业务"),
        };
        self.pick(en, zh)
    }

    pub(super) const fn tracker(self, kind: TrackerKind) -> &'static str {
        let (en, zh) = match kind {
            TrackerKind::Cookie => ("cookie", "Cookie"),
            TrackerKind::LocalStorage => ("browser storage", "浏览器存储"),
            TrackerKind::Pixel => ("pixel", "像素标签"),
            TrackerKind::Script => ("script", "脚本"),
        };
        self.pick(en, zh)
    }

    pub(super) const fn channel(self, channel: Channel) -> &'static str {
        let (en, zh) = match channel {
            Channel::Announcement => ("announcement", "站内公告"),
            Channel::PopUp => ("pop-up", "弹窗"),
            Channel::Email => ("e-mail", "电子邮件"),
            Channel::Sms => ("text message", "短信"),
        };
        self.pick(en, zh)
    }

    pub(super) const fn suite(self, suite: Option<Suite>) -> &'static str {
        match suite {
            Some(Suite::Aes256Gcm) => "AES-256-GCM",
            Some(Suite::Sm4Gcm) => "SM4-GCM",
            None => self.pick("nothing is stored here", "不存储信息"),
        }
    }

    /// What a right is called and what it gives.
    pub(super) const fn right(self, right: Right) -> (&'static str, &'static str) {
        let (en, zh) = match right {
            Right::Access => (
                ("See", "everything we hold about you, and what was done with it"),
                ("查阅", "我们持有的您的全部信息及其处理情况"),
            ),
            Right::Correct => (
                ("Correct", "what is wrong, and complete what is missing"),
                ("更正、补充", "更正不准确的信息，补充不完整的信息"),
            ),
            Right::Delete => {
                (("Delete", "single items, or what is no longer needed"), ("删除", "删除单项信息，或者不再需要的信息"))
            }
            Right::Cancel => {
                (("Close the account", "and have your data erased"), ("注销账号", "注销账号并清除您的信息"))
            }
            Right::Revoke => (("Switch off permissions", "of your device"), ("关闭权限", "关闭设备权限")),
            Right::Withdraw => (
                ("Withdraw consent", "any, at any time, as easily as it was given"),
                ("撤回同意", "随时撤回任何同意，与作出同意同样简便"),
            ),
            Right::Copy => (("Copy", "of your data, to keep"), ("复制", "获取您的信息副本")),
            Right::Portability => (("Portability", "to another service"), ("转移", "将您的信息转移至其他服务")),
            Right::Restrict => {
                (("Restrict or refuse", "a use of your data"), ("限制或者拒绝处理", "限制或者拒绝对您信息的处理"))
            }
            Right::Explain => {
                (("Explanation", "of these rules and of automated decisions"), ("解释说明", "说明处理规则和自动化决策"))
            }
            Right::Deceased => (("For the deceased", "close relatives act in their place"), ("逝者", "由近亲属行使")),
            Right::Guardian => (("For children", "guardians act in their place"), ("未成年人", "由监护人行使")),
        };
        match self {
            Self::En => en,
            Self::Zh => zh,
        }
    }

    /// The name of a calendar of working days.
    pub(super) fn calendar(self, name: &str) -> &str {
        match name {
            "cn" => self.pick("mainland China", "中国内地"),
            "eu" => self.pick("the European Union", "欧盟"),
            "us-ca" => self.pick("California", "美国加利福尼亚州"),
            other => other,
        }
    }

    /// The citation of the law record `name`, as people of this language cite; the name itself if unknown.
    pub(super) fn citation(self, name: &str) -> String {
        let Some((_, record)) = law::record(name) else { return name.to_owned() };
        match self {
            Self::En => record.citation.clone(),
            Self::Zh => record.citation.split("; ").map(cite_zh).collect::<Vec<_>>().join("；"),
        }
    }
}

/// What a law is called in its own language.
const LAWS: &[(&str, &str)] = &[
    ("PIPL", "《个人信息保护法》"),
    ("NDSMR", "《网络数据安全管理条例》"),
    ("Cybersecurity Law", "《网络安全法》"),
    ("E-Commerce Law", "《电子商务法》"),
    ("Civil Code", "《民法典》"),
    ("Minors Regulations", "《未成年人网络保护条例》"),
    ("Anti-Money Laundering Law", "《反洗钱法》"),
    ("Face Recognition Measures", "《人脸识别技术应用安全管理办法》"),
    ("Invoice Measures", "《发票管理办法》"),
    ("Internet Information Services Measures", "《互联网信息服务管理办法》"),
];

/// "PIPL art. 13(1)(6), 27" → "《个人信息保护法》第13条第1款第6项、第27条"; a form not known here stays as it is.
fn cite_zh(citation: &str) -> String {
    let (now, before) = citation.split_once(", before ").map_or((citation, None), |(now, before)| (now, Some(before)));
    let Some((law, articles)) = now.split_once(" art. ") else { return citation.to_owned() };
    let law = law.trim_end_matches(" (as amended)");
    let Some((_, name)) = LAWS.iter().find(|(en, _)| *en == law) else { return citation.to_owned() };
    let Some(articles) = articles_zh(articles) else { return citation.to_owned() };
    match before.and_then(|text| text.split_once(" art. ")) {
        Some((year, old)) => match articles_zh(old) {
            Some(old) => format!("{name}{articles}（{year}年前为{old}）"),
            None => citation.to_owned(),
        },
        None => format!("{name}{articles}"),
    }
}

/// "13(1)(6), 27" → "第13条第1款第6项、第27条".
fn articles_zh(articles: &str) -> Option<String> {
    let mut out = Vec::new();
    for article in articles.split(", ") {
        let mut parts = article.split('(').map(|part| part.trim_end_matches(')'));
        let mut text = String::new();
        for unit in ["条", "款", "项"] {
            let Some(number) = parts.next() else { break };
            if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            text.push_str(&format!("第{number}{unit}"));
        }
        if parts.next().is_some() {
            return None;
        }
        out.push(text);
    }
    Some(out.join("、"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::period::Unit;

    #[test]
    fn citations_are_written_as_people_of_the_language_write_them() {
        let law = "《网络安全法》第23条第3款（2026年前为第21条第3款）";
        assert_eq!(Tongue::Zh.citation("cn-pipl.retention.network_log"), law);
        assert_eq!(Tongue::Zh.citation("cn-pipl.basis.self_disclosed"), "《个人信息保护法》第13条第1款第6项、第27条");
        assert_eq!(Tongue::En.citation("cn-pipl.rights.correct"), "PIPL art. 46");
        assert_eq!(cite_zh("GB/T 45574-2025"), "GB/T 45574-2025", "an unknown form stays");
    }

    #[test]
    fn periods_read_naturally() {
        assert_eq!(Tongue::Zh.period(Period::Of(15, Unit::WorkingDay)), "15个工作日");
        assert_eq!(Tongue::En.period(Period::Session), "until the browser closes");
        assert_eq!(Tongue::En.every(Period::Of(1, Unit::Year)), "year");
        assert_eq!(Tongue::En.every(Period::Of(3, Unit::Month)), "3 months");
    }
}
