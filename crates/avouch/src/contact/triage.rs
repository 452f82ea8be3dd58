//! Triage: what a message may really be, by its words in both languages. It proposes; staff decide.
//!
//! Keeps promise 8.1: a request that a law gives a right to is recognised in a complaint, and a complaint in a request.

/// What the person chose a case to be.
pub const CATEGORIES: [&str; 4] = ["question", "complaint", "rights", "other"];

/// What triage can propose, with words that speak for it: rights first, then a complaint. English words are matched
/// at the beginning of a word, Chinese anywhere.
const SIGNS: [(&str, &[&str]); 10] = [
    (
        "access",
        &["what data", "data you hold", "access request", "see my data", "查阅", "查询我的信息", "查看我的个人信息"],
    ),
    (
        "copy",
        &["copy of my", "export my", "download my", "portab", "复制我的", "导出我的", "下载我的", "转移我的", "可携带"],
    ),
    ("correct", &["correct my", "rectif", "wrong data", "data is wrong", "更正", "信息有误", "补充我的信息"]),
    (
        "delete",
        &["delete my", "erase my", "remove my", "forget me", "right to be forgotten", "删除我", "删掉我", "清除我"],
    ),
    ("cancel", &["close my account", "cancel my account", "delete my account", "注销"]),
    ("withdraw", &["withdraw", "revoke", "unsubscribe", "opt out", "撤回", "撤销授权", "取消授权", "退订"]),
    (
        "restrict",
        &[
            "restrict",
            "object to",
            "stop using my",
            "stop processing",
            "do not sell",
            "限制处理",
            "拒绝处理",
            "停止使用我",
        ],
    ),
    ("explain", &["automated decision", "why was i", "explain how", "algorithm", "自动化决策", "解释说明", "算法"]),
    ("deceased", &["deceased", "passed away", "has died", "my late ", "去世", "逝世", "已故", "遗属"]),
    (
        "complaint",
        &[
            "complain",
            "unacceptable",
            "lawsuit",
            "sue ",
            "regulator",
            "leaked",
            "投诉",
            "举报",
            "泄露",
            "起诉",
            "不满",
            "侵犯",
        ],
    ),
];

fn found(text: &str, word: &str) -> bool {
    if !word.is_ascii() {
        return text.contains(word);
    }
    text.match_indices(word)
        .any(|(at, _)| !text.get(..at).is_some_and(|b| b.ends_with(|c: char| c.is_ascii_alphanumeric())))
}

/// What a message of a category should also be looked at as: codes, a space between; empty where its words say
/// nothing that its category does not.
#[must_use]
pub fn propose(category: &str, text: &str) -> String {
    let text = text.to_lowercase();
    let signs = SIGNS.iter().filter(|(_, words)| words.iter().any(|word| found(&text, word)));
    let codes: Vec<&str> = signs.map(|(code, _)| *code).filter(|code| *code != category).collect();
    codes.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promise_8_1_a_right_is_recognised_in_a_complaint_and_a_complaint_in_a_right() {
        for (category, text, proposed) in [
            ("complaint", "This is a disgrace. Delete my pictures at once!", "delete"),
            ("complaint", "太过分了，请立即删除我的照片", "delete"),
            ("rights", "Send me a copy of my data, or I complain to the regulator.", "copy complaint"),
            ("rights", "请更正我的昵称，否则我要投诉", "correct complaint"),
            ("question", "My late mother had an account here; she has died in May.", "deceased"),
            ("question", "我父亲已去世，想注销他的账号", "cancel deceased"),
            ("other", "I WITHDRAW my consent to marketing", "withdraw"),
            ("complaint", "I complain that the page is slow", ""),
            ("question", "When do you open?", ""),
            // No word within another: "issue " is not "sue ".
            ("question", "There is an issue with the colours", ""),
        ] {
            assert_eq!(propose(category, text), proposed, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_answered_without_panic(text in "\\PC{0,200}") {
            let _ = propose("question", &text);
        }
    }
}
