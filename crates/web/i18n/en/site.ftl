# The site before and around the privacy centre.

home-title = Your data here
home-head = What we hold about you is yours to see, correct, copy and delete
home-lead = { $site } runs on its privacy policy: every use of your data is checked against it first and leaves a record you can read. Here you find what is held, why, and who used it.
home-centre = Open the privacy centre
home-policy = Read the privacy policy

summary-title = The policy in short
summary-version = Version { $version }, in force since { $date }.
summary-what = What is collected
summary-what-text = An account needs { $items }, with one way to reach you. Everything else only when you use the function it serves.
summary-why = What it is used for
summary-why-text = To run your account and the functions you use. Nothing else without your consent; these stay off until you turn them on: { $purposes }.
summary-who = Who else gets it
summary-who-text = Only those a function needs, and only what it needs: { $names }. Authorities, where law requires it. Nothing is sold.
summary-where = Where it rests
summary-where-text = In { $region }, encrypted with a key of its own for each person; whoever leaves has that key destroyed.
summary-abroad = Some of it goes abroad, each time with your separate consent.
summary-not-abroad = Nothing goes abroad.
summary-rights = What you can do
summary-rights-text = See, correct, copy, delete, withdraw a consent or leave, yourself and at any time. We answer questions and complaints within { $within }.

join-title = Join
join-lead = We ask only what an account needs. Each field says why.
join-contacts = One way to reach you
join-contacts-why = Either is enough. It is used to let you back in when you forget the password, and to tell you of changes.
join-age = Your age
join-age-why = We ask for a band, not a date of birth. Under { $age }, the law requires a parent or guardian to agree.
join-age-under = Under { $age }
join-age-teen = { $from } to { $to }
join-age-adult = { $age } or older
join-age-missing = Choose the band your age is in.
join-age-guardian = Your mother, your father or another guardian must agree first. In their own privacy centre, under “Children and guardians”, they make a code for you: write it below your age. A code works once, for seven days.
join-off = Joining turns nothing else on. These stay off until you choose them: { $purposes }.
join-contract = Joining makes a contract under version { $version } of the privacy policy.
join-read = Read it first
join-button = Join
join-have = You have an account?
join-taken = This is already in use. If it is yours, log in.
join-contact-missing = Give a mobile number or an e-mail address.

field-required = This is needed.
field-password-hint = At least { $count } characters. A sentence is good; spaces are fine.
field-password-short = At least { $count } characters are needed; this has { $given }.
field-password-common = This password is on a list of common or leaked ones. Choose another.
field-user-name-hint = 3 to 32 letters, digits, dots, dashes or underscores.
field-user-name-bad = Use 3 to 32 letters, digits, dots, dashes or underscores.
field-phone-hint = For example +86 199 0000 1234.
field-phone-bad = This is not a telephone number. Write it with its country code, for example +86 199 0000 1234.
field-email-bad = This is not an e-mail address. It looks like name@mail.example.
field-long = This is too long: at most { $count } characters.

login-title = Log in
login-name = User name, mobile number or e-mail
login-password = Password
login-button = Log in
login-failed = Name and password do not fit together. Look at both again.
login-wait = Too many tries. Wait { $seconds } seconds.
login-cookie = Logging in sets one cookie that keeps you logged in, and nothing else.
login-none = You have no account?
login-lost = You lost your password, phone or mailbox?
login-again = Log in again

logged-out-title = You are logged out
logged-out-text = This device no longer has access, and your browser was told to forget the pages it had kept.

policy-title = Privacy policy
policy-dated = Version { $version }, in force since { $date }
policy-past = This is an earlier version, in force until { $date }.
policy-now = Read the current one
policy-save = Save as a text file
policy-contents = Contents
policy-versions = Versions and changes
policy-version = policy version { $version }
policy-first = This is the first version.
policy-changed = Changed against the version before:
policy-major = major
policy-from = from { $date }
policy-current = in force
policy-digest = Fingerprint of facts and words, cited by every consent and every record:

contact-title = Contact
contact-lead = We answer within { $within }: what you write today, by { $date }.
contact-us = Reach us
contact-mail = About personal data
contact-officer = Data-protection officer
contact-post = By post
contact-say = Say what it is about and how we can answer. You need no account, and nothing is asked that the answer does not need.
contact-without = Without an account, phone or mailbox
contact-without-text = You can use every right without logging in: if you lost access, never had an account, act for somebody else, or a relative has died. Write to us; we will ask only for what is needed to know that it is you or that you may act.
contact-above = If our answer does not satisfy you
contact-above-text = You may complain to the regulator or go to court at any time, also without asking us first.
contact-regulator = Regulator
contact-court = Court

# Codes, the second factor, and getting back in.

login-code = Log in with a code instead
passkey-login = Log in with a passkey
passkey-instead = Use a passkey instead
passkey-failed = That did not work. Try once more, or use another way.
passkey-copied = This passkey was refused because it may have been copied. Get in another way, remove it and make a new one.
passkey-unable = This browser knows no passkeys. Every other way stays open.
passkey-elsewhere = Passkeys work at { $origin } only.
passkey-noscript = Passkeys need JavaScript. Every other way works without it.
login-forgot = You forgot your password?
login-forgot-go = Set a new one
code-title = Log in with a code
code-lead = We send a code of six digits to your verified mobile number or e-mail address.
code-contact = Mobile number or e-mail
code-contact-bad = This is neither a mobile number nor an e-mail address.
code-send = Send the code
code-sent = If this is a verified contact of an account, a code is on its way. It holds for { $minutes } minutes and can be used once.
code-sent-own = A code is on its way. It holds for { $minutes } minutes and can be used once.
code-label = Code
code-hint = Six digits.
code-go = Go on
code-again = No code came? Ask for another
code-wrong = The code is not right, or is over. Look again, or ask for a new one.
code-wait = Too many tries. Wait { $minutes ->
    [one] one minute
   *[other] { $minutes } minutes
}.
code-password = Log in with your password
code-number-alone = A code to this number is not enough, because numbers pass to other people after a time. Use your e-mail address or your password, or contact us.
lost-title = Set a new password
lost-lead = We send a code to your verified mobile number or e-mail address. Your second factor, if you have one, stays on and is asked for.
lost-all = You have none of them any more? Contact us
reset-title = Choose a new password
reset-lead = All logins end, and we tell you through another contact.
reset-other = A phone alone is not enough where there is another way to reach you: we have sent a second code to your { $item }.
reset-name = A phone alone is not enough: type the user name of the account as well.
reset-password = New password
reset-button = Set the password
factor-title = Second factor
factor-lead = Type the code your authenticator shows now.
factor-hint = Six digits, or one of your recovery codes.
factor-lost = You have neither authenticator nor recovery codes? Contact us
