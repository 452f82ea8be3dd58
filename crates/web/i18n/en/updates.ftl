part-updates = Changes of the policy
updates-head = Changes of the policy
updates-none = The policy has not changed since you joined.
updates-read-policy = Read the policy
updates-coming = Version { $version } applies from { $at }. Until then everything stays as it is.
updates-now = Version { $version } applies since { $at }.
updates-before = Compared with version { $version }.
updates-asked = What we ask you
updates-asked-lead = The new version goes further than what you agreed to, so we ask you first. Whatever you answer, you can change it later under Consents.
updates-new = New
updates-old-holds = If you say no, or nothing, we go on exactly as you agreed before, and everything else works as it does now.
updates-yes = Yes, I agree to what is new
updates-no = No, leave it as it was
updates-changes = What changes for you
updates-changes-none = Nothing in this version changes anything for you.
updates-others = { $count ->
    [one] One more change does not concern you.
   *[other] { $count } more changes do not concern you.
}
updates-all = Read everything that changes
updates-acknowledge = I have read this
updates-told = What you were told
updates-told-sent = A message was sent to you
updates-told-shown = It was shown to you here
updates-told-read = You said that you had read it
updates-told-nothing = Nothing yet.
updates-outdated = This covers only what you agreed to before the policy changed.
act-decline = Kept to the earlier consent
act-notice-sent = Told of a change of the policy, by message
act-notice-shown = Told of a change of the policy, on a page
act-notice-read = Read a change of the policy
act-unpublish = Release of a policy called off
act-in-force = Policy in force

policy-feed = Follow changes (Atom)
policy-coming = Comes into force
policy-not-yet = This version applies from { $date }.

part-policy = Policy
console-policy-head = The policy, and what follows it
console-policy-released = made public { $at }
console-policy-call-off = Call it off
console-policy-new = Publish a new version
console-policy-look = Look at it
console-policy-wrong = It cannot be published as it is
console-policy-proposal = Version { $version }, to follow { $follows }
console-policy-from = It would apply from { $at }.
console-policy-is-major = Major: people are told by pop-up and message, and asked again where their consent no longer covers it.
console-policy-is-minor = Not major: people are told by an announcement.
console-policy-changes = What changes
console-policy-again = Asked again for
console-policy-warnings = What a regulator might say
console-policy-warnings-none = Nothing.
console-policy-ask = Ask a second person

updates-guardian = Your guardian is asked this and answers for you. Until then everything stays as it was.
updates-child = Asked for your child
updates-child-lead = You are the guardian, so we ask you. Whatever you answer, your child can go on as before.
popup-head = Our privacy policy changes
popup-coming = Version { $version } applies from { $at }. Until then everything stays as it is.
popup-now = Version { $version } applies since { $at }.
popup-asked = { $count ->
    [one] There is one question for you. Nothing is used in the new way before you answer.
   *[other] There are { $count } questions for you. Nothing is used in a new way before you answer.
}
popup-go = See what changes for me
popup-later = Later

console-policy-lead = Which policy decides, which is coming, and what each changed.
console-policy-digest = Digest
console-policy-major-mark = major
console-policy-first = The first version here.
console-policy-how-many = { $count ->
    [one] One change
   *[other] { $count } changes
}
console-policy-new-lead = These are the files in the configured folder, compared with the newest version. Nothing is published before a second person has allowed exactly this.
console-policy-no-folder = No folder of a policy is configured here. Set "policy" in the configuration, or use the command: avouch policy publish.
console-policy-at = Takes effect at
console-policy-at-hint = Empty: at the begin of the day the policy states. Otherwise a moment of that day, such as 2026-12-09T12:00.
console-policy-at-wrong = Write it like 2026-12-09T12:00.
console-policy-why = Why is this published?
console-policy-again-none = Nobody is asked again.
console-policy-moved = The files have changed since you looked. Look again, then ask.
console-policy-over = This request is over, or the policy cannot be released any more:
console-policy-allow = Answer the request
console-policy-see = Read exactly what changes
major-purpose = purpose or way of processing
major-control = ownership or control
major-rights = how rights are exercised
major-sharing = sharing and transfer
updates-uses = It uses: { $items }.
