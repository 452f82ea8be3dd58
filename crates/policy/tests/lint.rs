//! What a regulator would say: of the policy as first written, everything; of the shipped one, nothing.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeSet;
use std::path::Path;

use avouch_policy::lint::report;
use avouch_policy::{File, Finding, Policy, Severity, Source, lint};
use jiff::civil::{Date, date};

const TODAY: Date = date(2026, 12, 1);

fn load(folder: &str) -> Policy {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let read = |path: &Path| std::fs::read(path).unwrap();
    let facts = File::from_bytes("policy.toml", &read(&folder.join("policy.toml"))).unwrap();
    let texts = std::fs::read_dir(folder.join("text"))
        .into_iter()
        .flatten()
        .map(|entry| {
            let path = entry.unwrap().path();
            let lang = path.file_stem().unwrap().to_string_lossy().into_owned();
            (lang.clone(), File::from_bytes(format!("text/{lang}.md"), &read(&path)).unwrap())
        })
        .collect();
    Policy::load(&Source { facts, texts }).map_err(|faults| faults.report(false)).unwrap()
}

/// The shipped facts with the least words that show them, so that each test below sees facts alone.
fn shipped() -> Source {
    let mut source = load("../../policy").source().clone();
    let words = "# {{title}}\n\n{{items}} {{recipients}} {{retention}} {{cookies}}\n";
    source.texts = ["en", "zh-CN"].map(|lang| (lang.to_owned(), File::new(format!("text/{lang}.md"), words))).into();
    source
}

fn shipped_with(from: &str, to: &str) -> Vec<Finding> {
    let mut source = shipped();
    assert!(source.facts.text.contains(from), "{from} is not in the shipped policy");
    source.facts.text = source.facts.text.replacen(from, to, 1);
    lint(&Policy::load(&source).map_err(|faults| faults.report(false)).unwrap(), TODAY)
}

fn codes(findings: &[Finding]) -> BTreeSet<&str> {
    findings.iter().map(|f| f.code).collect()
}

#[test]
fn the_shipped_facts_are_clean() {
    let findings = lint(&Policy::load(&shipped()).unwrap(), TODAY);
    assert!(findings.is_empty(), "{}", report(&findings, false));
}

#[test]
fn promise_0_1_the_shipped_words_are_clean() {
    let findings = lint(&load("../../policy"), TODAY);
    assert!(findings.is_empty(), "{}", report(&findings, false));
}

/// The gaps a data-protection officer flags in the policy as first written, one by one, with the codes that
/// show each.
const GAPS: &[(&str, &[&str])] = &[
    (
        "no controller name, contact, address, registration",
        &["controller-name", "controller-contact", "controller-address", "controller-registration"],
    ),
    ("no officer", &["no-officer"]),
    ("no necessity and impact of sensitive items", &["sensitive-without-necessity", "sensitive-without-impact"]),
    ("no inventory of items and recipients as a list", &["items-not-listed", "recipients-not-listed"]),
    ("no retention periods nor a way to determine them", &["retention-missing", "retention-not-shown"]),
    ("\"etc.\" and \"may\"", &["vague-wording"]),
    ("no rules for children", &["minors-rule-missing"]),
    (
        "copy, portability, restriction and more not offered; a consent cannot be withdrawn",
        &["right-not-offered", "consent-without-withdrawal"],
    ),
    (
        "automated decisions without an off switch, not explained",
        &["automated-without-off-switch", "automated-without-explanation"],
    ),
    ("no details of recipients abroad", &["cross-border-without-details"]),
    (
        "exceptions broader than the law's",
        &["exception-wider-than-law", "exception-without-citation", "exception-not-registered"],
    ),
    ("no effective date, no version", &["effective-missing", "version-missing"]),
    ("two names for one document", &["two-names"]),
    ("chapters numbered in several ways", &["numbering-mixed"]),
    ("third parties answer only to their own policies", &["tracker-party-undeclared"]),
    ("15 days without a start", &["response-start-missing", "response-calendar-missing"]),
    ("cookies controlled in the browser only", &["browser-only-cookie-control"]),
    // Beyond that list, what else the model shows.
    (
        "sensitive items under a contract, without assessment",
        &["contract-with-sensitive", "sensitive-without-assessment"],
    ),
    (
        "providers without contact, agreement or host",
        &["recipient-without-contact", "agreement-missing", "recipient-without-host"],
    ),
    ("publication by bundled consent", &["publication-without-separate-consent"]),
    ("trackers without lifetime; analytics without consent", &["tracker-without-lifetime", "cookie-without-consent"]),
    ("reviews without a period, leaks without a contact", &["review-period-missing", "no-incident-contact"]),
    ("no authority, no court named", &["no-regulator", "no-court"]),
    // A model cannot show whether what is promised is done (necessity in truth, the strength of encryption,
    // the fairness of an explanation): other tests and audits do.
];

#[test]
fn every_known_gap_of_the_policy_as_first_written_is_found() {
    let findings = lint(&load("tests/fixtures/as-first-written"), TODAY);
    let found = codes(&findings);
    for (gap, wanted) in GAPS {
        for code in *wanted {
            assert!(found.contains(code), "{gap}: {code} is not among {found:?}");
        }
    }
    let rights: Vec<_> =
        findings.iter().filter(|f| f.code == "right-not-offered").map(|f| f.message.as_str()).collect();
    for right in ["copy", "portability", "withdraw", "restrict", "explain", "deceased", "guardian"] {
        assert!(rights.iter().any(|m| m.contains(&format!("`{right}`"))), "{right}: {rights:?}");
    }
    let wider: Vec<_> =
        findings.iter().filter(|f| f.code == "exception-wider-than-law").map(|f| f.path.as_str()).collect();
    assert_eq!(wider, ["usage.purposes.public_interest.basis", "usage.purposes.others_interests.basis"]);
    assert!(findings.iter().all(|f| f.citation.is_some() && !f.advice.is_empty()));
    insta::assert_snapshot!("as_first_written", report(&findings, false));
}

#[test]
fn each_single_gap_in_the_shipped_policy_is_found() {
    for (from, to, code) in [
        ("registration = \"91310000MA1DEMO00X\"", "", "controller-registration"),
        (
            "officer = { name = \"Lin Demo\", email = \"privacy@plaza.example\" }",
            "officer = { name = \"Lin Demo\" }",
            "officer-contact",
        ),
        ("assessment = { id = \"PIA-2026-01\", approved = \"2026-10-15\" }", "", "sensitive-without-assessment"),
        ("approved = \"2026-10-15\"", "approved = \"2027-10-15\"", "assessment-not-yet-approved"),
        ("guardian_under = 14", "guardian_under = 12", "minors-age-too-low"),
        (
            "items = [\"network_log\", \"access_method\"]\nparty",
            "items = [\"network_log\", \"access_method\", \"crash_report\"]\nparty",
            "item-outside-duty",
        ),
        (
            "items = [\"device_model\", \"os\", \"device_id\", \"function_used\"]\nparty",
            "items = [\"device_model\", \"os\", \"device_id\", \"function_used\", \"network_log\"]\nparty",
            "duty-log-reused",
        ),
        (
            "basis = \"separate-consent\"               # an address",
            "basis = \"consent\"               # an address",
            "others-without-separate-consent",
        ),
        (
            "basis = \"consent\"\nitems = [\"camera\"]",
            "basis = \"contract\"\nitems = [\"camera\"]",
            "permission-without-consent",
        ),
        (
            "basis = \"separate-consent\"\nitems = [\"location\"]",
            "basis = \"consent\"\nitems = [\"location\"]",
            "sensitive-without-separate-consent",
        ),
        (
            "basis = \"separate-consent\"\nitems = [\"location\"]",
            "basis = \"contract\"\nitems = [\"location\"]",
            "contract-with-sensitive",
        ),
        (
            "party = [\"subject\", \"service\", \"operator\"]\nretention = { after = \"collected\", keep = \"1 year\"",
            "party = [\"subject\", \"service\"]\nretention = { after = \"collected\", keep = \"1 year\"",
            "significant-without-review",
        ),
        (
            "basis = \"consent\"\nchannel = \"sms\"",
            "basis = \"contract\"\nchannel = \"sms\"",
            "marketing-without-consent",
        ),
        (
            "basis = \"consent\"\nautomated = true",
            "basis = \"contract\"\nautomated = true",
            "automated-without-off-switch",
        ),
        (
            "required = [\"user_name\", \"password\"]",
            "required = [\"user_name\", \"id_number\"]",
            "required-beyond-purpose",
        ),
        (
            "basis = \"consent\"\nchannel = \"email\"\nitems = [\"email\"",
            "basis = \"consent\"\nessential = true\nitems = [\"email\"",
            "essential-consent",
        ),
        (
            "basis = \"consent\"\nchannel = \"email\"\nitems = [\"email\"",
            "basis = \"legitimate-interests\"\nitems = [\"email\"",
            "exception-wider-than-law",
        ),
        ("basis = \"emergency\"", "basis = \"public-interest\"", "citation-of-another-basis"),
        ("citation = \"cn-pipl.basis.emergency\"\n", "", "exception-without-citation"),
        (
            "keep = \"6 months\", then = \"delete\", statute",
            "keep = \"5 months\", then = \"delete\", statute",
            "retention-below-minimum",
        ),
        (
            "keep = \"6 months\", then = \"delete\", statute = \"cn-pipl.retention.network_log\"",
            "keep = \"6 years\", then = \"delete\", limit = \"cn-pipl.retention_most.credit\"",
            "retention-above-maximum",
        ),
        (
            "then = \"delete\", statute = \"cn-pipl.retention.transaction\"",
            "then = \"delete\", limit = \"cn-pipl.retention.transaction\"",
            "limit-without-period",
        ),
        (
            "keep = \"3 years\", then = \"delete\", statute = \"cn-pipl.retention.transaction\"",
            "keep = \"2 years\", then = \"delete\"",
            "retention-below-duty",
        ),
        (
            "after = \"account-cancelled\", keep = \"0 days\"",
            "after = \"account-cancelled\", keep = \"1 year\"",
            "retention-after-cancellation",
        ),
        (
            "after = \"collected\", keep = \"90 days\"",
            "after = \"last-used\", keep = \"90 days\"",
            "last-use-of-signals",
        ),
        (
            "after = \"collected\", keep = \"90 days\"",
            "after = \"contract-ended\", keep = \"90 days\"",
            "retention-without-end",
        ),
        ("then = \"anonymise\", anonymous = { by", "then = \"delete\", anonymous = { by", "anonymous-untested"),
        ("k = 20, l = 2", "k = 20, l = 1", "anonymous-untested"),
        ("k = 20, l = 2", "k = 5, l = 2", "anonymous-small-groups"),
        ("by = [\"os.name\"", "by = [\"phone\"", "anonymous-unknown"),
        ("keep = \"90 days\"", "keep = \"1 day\"", "anonymous-too-soon"),
        (
            "[storage.statutory.transaction]\nitems = [\"order\"]\nstatute = \"cn-pipl.retention.transaction\"\nkeep = \"3 years\"",
            "[storage.statutory.transaction]\nitems = [\"order\"]\nstatute = \"cn-pipl.retention.transaction\"\nkeep = \"30 years\"",
            "retention-beyond-law",
        ),
        (
            "statute = \"cn-pipl.retention.network_log\"\nkeep",
            "statute = \"cn-pipl.deadline.cancel_draft\"\nkeep",
            "law-record-not-in-force",
        ),
        (
            "statute = \"cn-pipl.retention.transaction\"\nkeep",
            "statute = \"us-ca-ccpa.retention.request_record\"\nkeep",
            "citation-outside-law",
        ),
        ("lifetime = \"13 months\"\n", "", "tracker-without-lifetime"),
        ("party = \"ads.example\"", "party = \"unknown.example\"", "tracker-party-undeclared"),
        ("purpose = \"analytics\"\n", "", "cookie-without-purpose"),
        ("control = [\"in-page\", \"browser\", \"gpc\"]", "control = [\"browser\"]", "browser-only-cookie-control"),
        ("expires = \"2028-01-10\"", "expires = \"2026-11-30\"", "agreement-expired"),
        ("signed = \"2026-01-10\"", "signed = \"2027-01-10\"", "agreement-not-yet-signed"),
        (", next_check = \"2027-01-10\" }", " }", "agreement-without-supervision"),
        ("next_check = \"2027-01-10\"", "next_check = \"2026-11-10\"", "supervision-overdue"),
        (
            "items = [\"address\", \"phone\", \"order\"]",
            "items = [\"address\", \"phone\", \"order\", \"face\"]",
            "recipient-beyond-purpose",
        ),
        (
            "purposes = [\"legal_request\", \"emergency\"]",
            "purposes = [\"legal_request\", \"emergency\", \"marketing\"]",
            "authority-without-duty",
        ),
        ("allowed = false", "allowed = true", "cross-border-without-details"),
        (
            "basis = \"separate-consent\"\n\n# ───────────────────────────── 5",
            "basis = \"consent\"\n\n# ───────────────────────────── 5",
            "publication-without-separate-consent",
        ),
        ("\"portability\", ", "", "right-not-offered"),
        ("complete_within = \"15 working days\"", "complete_within = \"60 days\"", "cancel-too-late"),
        ("respond_within = \"15 working days\"", "respond_within = \"60 days\"", "response-too-late"),
        ("notice = \"7 days\"", "notice = \"3 days\"", "update-notice-short"),
        ("incident_contact = \"incident@plaza.example\"", "", "no-incident-contact"),
        ("access_review = \"3 months\"\n", "", "review-period-missing"),
        ("suite = \"aes-256-gcm\"", "", "home-region-without-store"),
    ] {
        let findings = shipped_with(from, to);
        assert!(codes(&findings).contains(code), "{to}: {:?}", codes(&findings));
    }
}

#[test]
fn promise_1_7_a_partner_is_named_with_its_hosts_what_it_sends_and_its_own_policy() {
    let sends = "items = [\"joint_account\", \"joint_profile\"]\nscopes = [\"openid\"";
    for (from, to, code, path, severity) in [
        (
            "hosts = [\"id.harbour.example\"]\n",
            "",
            "partner-without-host",
            "collection.partners.harbour",
            Severity::Error,
        ),
        (
            sends,
            "items = []\nscopes = [\"openid\"",
            "partner-without-items",
            "collection.partners.harbour",
            Severity::Error,
        ),
        (
            sends,
            "items = [\"joint_account\", \"nickname\"]\nscopes = [\"openid\"",
            "partner-item-not-received",
            "collection.partners.harbour.items",
            Severity::Error,
        ),
        (
            "policy = \"https://id.harbour.example/privacy\"\n",
            "",
            "partner-without-policy",
            "collection.partners.harbour",
            Severity::Warning,
        ),
    ] {
        let findings = shipped_with(from, to);
        let found: Vec<_> = findings.iter().map(|f| (f.code, f.path.as_str(), f.severity)).collect();
        assert_eq!(found, [(code, path, severity)], "{code}");
        assert!(
            findings.iter().all(|f| f.message.contains("`harbour`") && !f.advice.is_empty() && f.citation.is_some())
        );
    }
}

#[test]
fn a_recipient_abroad_needs_all_the_law_asks() {
    let abroad = "\n[storage.regions.us]\nlabel = { en = \"United States\", zh-CN = \"美国\" }\ncountry = \"US\"\n";
    let courier = "items = [\"address\", \"phone\", \"order\"]\nregion = \"cn\"";
    let mut source = shipped();
    source.facts.text = source.facts.text.replacen(courier, &courier.replace("\"cn\"", "\"us\""), 1) + abroad;
    let bare = lint(&Policy::load(&source).unwrap(), TODAY);
    assert_eq!(codes(&bare), ["recipient-abroad-not-allowed", "recipient-abroad-without-mechanism"].into());

    let allowed = source.facts.text.replacen("allowed = false", "allowed = true", 1);
    let way = "abroad = { mechanism = \"standard-contract\", reference = \"SCC-1\", valid_until = \"2026-11-30\" }";
    source.facts.text =
        allowed.replacen("hosts = [\"api.courier.example\"]", &format!("hosts = [\"api.courier.example\"]\n{way}"), 1);
    let poor = lint(&Policy::load(&source).unwrap(), TODAY);
    assert_eq!(
        codes(&poor),
        [
            "mechanism-expired",
            "cross-border-without-details",
            "cross-border-without-method",
            "cross-border-without-assessment",
            "standard-contract-not-filed",
        ]
        .into()
    );

    let full = "valid_until = \"2028-11-30\", filing = { id = \"F-1\", filed = \"2026-10-20\" }, method = { en = \"Kept until delivered.\", zh-CN = \"保存至送达。\" }, assessment = { id = \"PIA-9\", approved = \"2026-10-01\" }, rights = { en = \"Write to the courier.\", zh-CN = \"请联系快递公司。\" } }";
    source.facts.text = source.facts.text.replacen("valid_until = \"2026-11-30\" }", full, 1);
    assert!(lint(&Policy::load(&source).unwrap(), TODAY).is_empty());
}

#[test]
fn an_exemption_is_named_and_no_mechanism_is_entered_for_longer_than_it_holds() {
    let abroad = "\n[storage.regions.us]\nlabel = { en = \"United States\", zh-CN = \"美国\" }\ncountry = \"US\"\n";
    let courier = "items = [\"address\", \"phone\", \"order\"]\nregion = \"cn\"";
    let rest = "reference = \"X-1\", method = { en = \"Kept.\", zh-CN = \"保存。\" }, rights = { en = \"Write.\", zh-CN = \"联系。\" }, assessment = { id = \"PIA-9\", approved = \"2026-10-01\" }";
    let found = |way: &str| {
        let mut source = shipped();
        source.facts.text = source.facts.text.replacen(courier, &courier.replace("\"cn\"", "\"us\""), 1) + abroad;
        let allowed = source.facts.text.replacen("allowed = false", "allowed = true", 1);
        let way = format!("hosts = [\"api.courier.example\"]\nabroad = {{ {way}, {rest} }}");
        source.facts.text = allowed.replacen("hosts = [\"api.courier.example\"]", &way, 1);
        lint(&Policy::load(&source).unwrap(), TODAY).iter().map(|f| f.code).collect::<BTreeSet<_>>()
    };
    assert_eq!(found("mechanism = \"exemption\""), ["exemption-without-citation"].into());
    assert_eq!(
        found("mechanism = \"exemption\", citation = \"cn-pipl.retention.network_log\""),
        ["exemption-without-citation"].into()
    );
    for record in ["exempt_below", "exempt.contract", "exempt.staff", "exempt.emergency", "exempt.legal_duty"] {
        let way = format!("mechanism = \"exemption\", citation = \"cn-pipl.cross_border.{record}\"");
        assert_eq!(found(&way), [].into(), "{record}");
    }
    let certified = |until: &str| {
        found(&format!("mechanism = \"certification\", valid_from = \"2026-10-01\", valid_until = \"{until}\""))
    };
    assert_eq!(certified("2029-10-01"), [].into());
    assert_eq!(certified("2029-10-02"), ["mechanism-too-long"].into());
    assert_eq!(found("mechanism = \"security-assessment\""), ["mechanism-too-long"].into());
}

#[test]
fn a_standard_only_warns_and_a_law_refuses() {
    let late = shipped_with("respond_within = \"15 working days\"", "respond_within = \"60 days\"");
    assert!(late.iter().all(|f| f.severity == Severity::Warning));
    let child = shipped_with("guardian_under = 14", "guardian_under = 12");
    assert!(child.iter().all(|f| f.severity == Severity::Error));
}

#[test]
fn what_no_law_in_force_asks_for_is_not_found() {
    let gdpr = shipped_with("law = [\"cn-pipl\"]", "law = [\"eu-gdpr\"]");
    assert!(!codes(&gdpr).contains("controller-registration"));
    assert!(codes(&gdpr).contains("citation-outside-law"));
    assert!(codes(&gdpr).contains("minors-age-too-low"), "16 unless a member state set less");
}

#[test]
fn a_finding_points_at_the_fact_or_the_nearest_table() {
    let findings = shipped_with("incident_contact = \"incident@plaza.example\"", "");
    let finding = findings.iter().find(|f| f.code == "no-incident-contact").unwrap();
    assert_eq!((finding.path.as_str(), finding.file.as_str()), ("security", "policy.toml"));
    let citation = finding.citation.as_ref().unwrap();
    assert_eq!((citation.record.as_str(), citation.text.as_str()), ("cn-pipl.incident.notice", "PIPL art. 57"));
}
