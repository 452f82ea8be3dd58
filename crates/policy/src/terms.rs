//! The words for the terms of the model, in English and Chinese: what [`mod@crate::diff`] and [`mod@crate::explain`] say.
//!
//! Another language falls back to English; what a policy itself says is in its own words ([`crate::Words`]).

use crate::period::Period;

/// `zh` for a Chinese language tag, else `en`.
pub(crate) fn pick<'t>(lang: &str, en: &'t str, zh: &'t str) -> &'t str {
    if lang.starts_with("zh") { zh } else { en }
}

/// Word of the file, English, Chinese.
const VALUES: &[(&str, &str, &str)] = &[
    // bases
    ("contract", "contract", "履行合同"),
    ("consent", "consent", "同意"),
    ("separate-consent", "separate consent", "单独同意"),
    ("legal-duty", "legal duty", "法定义务"),
    ("emergency", "emergency", "紧急情况"),
    ("public-interest", "public interest", "公共利益"),
    ("self-disclosed", "self-disclosed", "自行公开"),
    ("legitimate-interests", "legitimate interests", "正当利益"),
    // roles
    ("processor", "processor", "受托处理方"),
    ("controller", "independent controller", "独立处理者"),
    ("joint", "joint controller", "共同处理者"),
    ("authority", "authority", "国家机关"),
    ("successor", "successor of the business", "业务承继方"),
    // origins
    ("provided", "given by you", "由您提供"),
    ("automatic", "noted by the system", "自动收集"),
    ("third-party", "sent by a partner", "由合作方提供"),
    // retention
    ("collected", "collection", "收集"),
    ("last-used", "the last use", "最后一次使用"),
    ("purpose-ended", "the end of the purpose", "目的实现"),
    ("contract-ended", "the end of the contract", "合同终止"),
    ("stay", "it stays", "保留"),
    ("close", "it is taken from publication", "停止公开"),
    ("account-cancelled", "the end of the account", "注销账号"),
    ("consent-withdrawn", "the withdrawal of consent", "撤回同意"),
    ("delete", "deletion", "删除"),
    ("anonymise", "anonymisation", "匿名化"),
    // rights; `delete` is both an end and a right
    ("access", "access", "查阅"),
    ("correct", "correction", "更正"),
    ("cancel", "ending the account", "注销账号"),
    ("revoke", "revoking a permission", "关闭权限"),
    ("withdraw", "withdrawing consent", "撤回同意"),
    ("copy", "a copy", "复制"),
    ("portability", "portability", "转移"),
    ("restrict", "restriction", "限制处理"),
    ("explain", "explanation", "解释说明"),
    ("deceased", "relatives of the deceased", "死者近亲属"),
    ("guardian", "guardians", "监护人"),
    // parties
    ("subject", "the person", "本人"),
    ("service", "services", "业务服务"),
    ("operator", "staff", "工作人员"),
    ("system", "the system", "系统"),
    // controls, channels, starts
    ("in-page", "on the page", "页面内"),
    ("browser", "in the browser", "浏览器"),
    ("gpc", "the opt-out signal", "退出信号（GPC）"),
    ("announcement", "announcement", "公告"),
    ("pop-up", "pop-up", "弹窗"),
    ("e-mail", "e-mail", "电子邮件"),
    ("sms", "text message", "短信"),
    ("receipt", "receipt", "收到之日"),
    ("verified", "verification", "核验之日"),
    // mechanisms
    ("security-assessment", "security assessment", "安全评估"),
    ("standard-contract", "standard contract", "标准合同"),
    ("certification", "certification", "认证"),
    ("exemption", "exemption", "豁免"),
    ("adequacy", "adequacy decision", "充分性认定"),
    ("true", "yes", "是"),
    ("false", "no", "否"),
    ("all", "everything", "全部"),
];

/// A value as people read it; a period in the language; anything else as written.
pub(crate) fn value(lang: &str, text: &str) -> String {
    if let Some((_, en, zh)) = VALUES.iter().find(|(word, ..)| *word == text) {
        return pick(lang, en, zh).to_owned();
    }
    text.parse::<Period>().map_or_else(|_| text.to_owned(), |period| period.in_words(lang))
}

/// Key of the file, English, Chinese.
const KEYS: &[(&str, &str, &str)] = &[
    ("version", "version", "版本"),
    ("effective", "effective date", "生效日期"),
    ("title", "title", "标题"),
    ("default_language", "governing language", "基准语言"),
    ("languages", "languages", "语言"),
    ("name", "name", "名称"),
    ("registration", "registration number", "登记号"),
    ("address", "address", "地址"),
    ("controller.control", "owner and controlling party", "所有者与控制方"),
    ("cookies.control", "ways to refuse", "拒绝方式"),
    ("officer.name", "name of the officer", "负责人姓名"),
    ("officer.email", "e-mail of the officer", "负责人邮箱"),
    ("regulator.name", "authority", "监管机构"),
    ("regulator.url", "page of the authority", "监管机构网址"),
    ("assessment.id", "number of the assessment", "评估编号"),
    ("assessment.approved", "approval of the assessment", "评估批准日"),
    ("agreement.id", "number of the agreement", "协议编号"),
    ("clause", "clause", "条款编号"),
    ("many", "several values", "可有多项"),
    ("others", "tells of other people", "涉及他人"),
    ("mechanism", "mechanism for sending abroad", "出境机制"),
    ("reference", "reference", "文号"),
    ("valid_from", "first day of validity", "生效日"),
    ("valid_until", "last day of validity", "有效期至"),
    ("filing.id", "number of the filing", "备案编号"),
    ("filing.filed", "day of filing", "备案日期"),
    ("filing", "filing", "备案"),
    ("method", "way of processing", "处理方式"),
    ("country", "country", "国家"),
    ("region", "region", "地区"),
    ("law", "law in force", "适用法律"),
    ("officer", "officer", "个人信息保护负责人"),
    ("label", "name", "名称"),
    ("why", "reason", "说明"),
    ("source", "origin", "来源"),
    ("kind", "kind", "类型"),
    ("sensitive", "sensitive", "敏感个人信息"),
    ("identifier", "can be looked up by it", "可用于检索"),
    ("contact", "contact", "联系方式"),
    ("editable", "can be changed by you", "可自行修改"),
    ("deletable", "can be deleted singly", "可单独删除"),
    ("permission", "device permission", "设备权限"),
    ("signal", "sent by devices", "由设备发送"),
    ("fields", "fields", "字段"),
    ("derived", "noted from the connection", "由连接得出"),
    ("largest", "most bytes", "最大字节数"),
    ("ip", "IP address", "IP地址"),
    ("agent", "browser or app", "浏览器或应用"),
    ("necessity", "necessity", "必要性"),
    ("impact", "effect on you", "对您的影响"),
    ("assessment", "assessment", "影响评估"),
    ("guardian_under", "age below which a guardian consents", "需监护人同意的年龄"),
    ("marked_under", "age below which accounts are marked", "标记为未成年人的年龄"),
    ("basis", "legal basis", "法律依据"),
    ("citation", "citation", "依据条款"),
    ("essential", "essential", "必需"),
    ("automated", "automated decisions", "自动化决策"),
    ("significant", "reviewed by a human on request", "可要求人工复核"),
    ("logic", "how it decides", "决策方式"),
    ("channel", "channel", "渠道"),
    ("evidence", "evidence of bulk use", "批量使用的记录方式"),
    ("each", "one entry a person", "逐人记录"),
    ("batch", "one entry for many people", "按批记录"),
    ("smallest", "fewest people in a count", "统计的最少人数"),
    ("objectable", "can be objected to", "可拒绝"),
    ("exceptional", "registered exception", "登记的例外"),
    ("items", "data", "个人信息"),
    ("required", "required data", "必填信息"),
    ("require_contact", "a contact is required", "须提供联系方式"),
    ("party", "who may use it", "使用主体"),
    ("keep", "period kept", "保存期限"),
    ("after", "start of the period", "期限起点"),
    ("then", "end of the period", "到期处理"),
    ("statute", "statute", "法律规定"),
    ("limit", "longest period by law", "法定最长期限"),
    ("anonymous", "how it is made anonymous", "匿名化方式"),
    ("anonymous.by", "what people are grouped by", "分组依据"),
    ("anonymous.of", "what is counted", "统计内容"),
    ("anonymous.k", "fewest people of a group", "每组最少人数"),
    ("anonymous.l", "fewest different values of a group", "每组最少取值数"),
    ("inactive", "unused accounts", "长期未使用的账号"),
    ("inactive.after", "time without use", "未使用的时长"),
    ("inactive.notice", "notice before the account goes", "注销前的通知期"),
    ("threads", "threads of an erased person", "已注销者的讨论串"),
    ("retention", "retention", "保存规则"),
    ("without", "effect of refusing", "拒绝的影响"),
    ("ask_again", "time before asking again", "再次询问的间隔"),
    ("purpose", "purpose", "用途"),
    ("purposes", "purposes", "用途"),
    ("category", "category", "类别"),
    ("lifetime", "lifetime", "有效期"),
    ("scopes", "scopes", "授权范围"),
    ("role", "role", "角色"),
    ("hosts", "hosts", "域名"),
    ("policy", "own policy", "对方政策"),
    ("agreement", "agreement", "协议"),
    ("expires", "end of the agreement", "协议到期日"),
    ("signed", "day of signing", "签署日"),
    ("next_check", "next check", "下次监督检查"),
    ("abroad", "mechanism for sending abroad", "出境机制"),
    ("notify", "people are told", "告知个人"),
    ("allowed", "data may leave the country", "允许出境"),
    ("separate_consent", "separate consent", "单独同意"),
    ("kept", "period kept", "保存期限"),
    ("suite", "encryption suite", "加密套件"),
    ("encryption", "encryption", "加密"),
    ("access_review", "review of access rights", "权限复核周期"),
    ("training", "training", "培训周期"),
    ("incident_contact", "contact for incidents", "安全事件联系方式"),
    ("offered", "rights offered", "提供的权利"),
    ("cooling_off", "cooling-off", "冷静期"),
    ("complete_within", "time to complete", "完成时限"),
    ("erase_now", "erase at once", "立即删除"),
    ("trash", "trash period", "回收站期限"),
    ("link_expires", "life of the link", "链接有效期"),
    ("take_back", "time to take back", "撤回期限"),
    ("channels", "channels", "告知方式"),
    ("notice", "notice before effect", "生效前公示期"),
    ("function", "function", "功能"),
    ("respond_within", "time for an answer", "答复时限"),
    ("respond_from", "start of that time", "答复时限起点"),
    ("calendar", "calendar", "日历"),
    ("email", "e-mail", "电子邮箱"),
    ("sms", "SMS", "短信"),
    ("in-app", "in the app", "应用内"),
    ("regulator", "authority", "监管机构"),
    ("court", "court", "法院"),
];

/// The last key of a path as people read it, by itself or under the table above it; one that has no words of its
/// own as written.
pub(crate) fn key(lang: &str, steps: &[&str]) -> String {
    let Some((name, above)) = steps.split_last() else { return String::new() };
    let full = above.last().map(|table| format!("{table}.{name}"));
    let find = |wanted: &str| KEYS.iter().find(|(word, ..)| *word == wanted);
    full.and_then(|full| find(&full))
        .or_else(|| find(name))
        .map_or_else(|| name.replace('_', " "), |(_, en, zh)| pick(lang, en, zh).to_owned())
}

/// Table of the file, English, Chinese: one thing in it.
const THINGS: &[(&str, &str, &str)] = &[
    ("collection.items", "kind of data", "个人信息"),
    ("collection.partners", "partner", "合作方"),
    ("usage.purposes", "purpose", "用途"),
    ("cookies.categories", "cookie category", "Cookie类别"),
    ("cookies.trackers", "tracker", "追踪项"),
    ("sharing.recipients", "recipient", "接收方"),
    ("storage.regions", "storage region", "存储地区"),
    ("storage.statutory", "retention by law", "法定留存"),
];

/// One thing in the table at `table`, e.g. "purpose"; `None` for a table that holds no named things.
pub(crate) fn thing(lang: &str, table: &str) -> Option<&'static str> {
    THINGS.iter().find(|(name, ..)| *name == table).map(|(_, en, zh)| pick(lang, en, zh))
}

/// The tables that hold named things.
pub(crate) fn tables() -> impl Iterator<Item = &'static str> {
    THINGS.iter().map(|(table, ..)| *table)
}

/// Chapter of the file, English, Chinese.
const CHAPTERS: &[(&str, &str, &str)] = &[
    ("controller", "The company", "公司"),
    ("collection", "Collection", "收集"),
    ("usage", "Use", "使用"),
    ("cookies", "Cookies", "Cookie"),
    ("sharing", "Sharing", "共享"),
    ("storage", "Storage", "存储"),
    ("security", "Security", "安全"),
    ("rights", "Your rights", "您的权利"),
    ("updates", "Updates", "更新"),
    ("contact", "Contact", "联系"),
];

/// A chapter as people read it; anything else is the policy itself.
pub(crate) fn chapter(lang: &str, name: &str) -> &'static str {
    CHAPTERS
        .iter()
        .find(|(word, ..)| *word == name)
        .map_or_else(|| pick(lang, "The policy", "本政策"), |(_, en, zh)| pick(lang, en, zh))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{After, Basis, Channel, Control, Mechanism, Origin, Party, Right, Role, Start, Then};

    #[test]
    fn every_word_of_the_model_has_words_for_people() {
        let words = [
            Basis::ALL.iter().map(|v| v.as_str()).collect::<Vec<_>>(),
            Role::ALL.iter().map(|v| v.as_str()).collect(),
            Origin::ALL.iter().map(|v| v.as_str()).collect(),
            After::ALL.iter().map(|v| v.as_str()).collect(),
            Then::ALL.iter().map(|v| v.as_str()).collect(),
            Right::ALL.iter().map(|v| v.as_str()).collect(),
            Party::ALL.iter().map(|v| v.as_str()).collect(),
            Control::ALL.iter().map(|v| v.as_str()).collect(),
            Channel::ALL.iter().map(|v| v.as_str()).collect(),
            Start::ALL.iter().map(|v| v.as_str()).collect(),
            Mechanism::ALL.iter().map(|v| v.as_str()).collect(),
        ];
        for word in words.concat() {
            assert!(VALUES.iter().any(|(known, ..)| *known == word), "{word}");
        }
    }

    #[test]
    fn periods_read_in_both_languages() {
        assert_eq!(value("en", "15 working days"), "15 working days");
        assert_eq!(value("zh-CN", "15 working days"), "15个工作日");
        assert_eq!(value("zh-CN", "session"), "至浏览器关闭");
    }
}
