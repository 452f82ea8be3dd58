# The privacy centre: what is held, and its uses.

part-overview = What is held
part-uses = Who used my data
part-consents = Consents
part-export = Get a copy
part-sessions = Logins
part-receipts = Receipts
part-cancel = Leave

overview-head = What we hold about you
overview-lead = { $count ->
    [one] One kind of data
   *[other] { $count } kinds of data
} since you joined on { $date }. Open any of them to see why it is held, who used it and until when it is kept.
overview-used = { $count ->
    [0] not used in 30 days
    [one] used once in 30 days
   *[other] used { $count } times in 30 days
}
overview-absent = Not held
overview-absent-text = The policy also names the following. We hold none of it about you: { $items }.

item-held = What is held
item-none = We hold nothing of this about you.
item-rests = rests in { $region }
item-delete = Delete
item-correct = Correct
item-reveal = Show in full
item-reveal-why = Values are half hidden in case somebody looks over your shoulder. Give your password to see them in full.
item-reveal-button = Show
item-why = Why it is held
item-until = Kept until
item-recipients = Who outside gets it
item-nobody = Nobody.
item-reach = Contact:
item-needed = It cannot be deleted by itself, as the account needs it. It goes when you leave.
item-kept-by-law = The law requires it to be kept for now, so it cannot be deleted by itself.

until-account = you leave
until-withdrawn = you withdraw the consent
until-after-collected = { $period } after it was collected

uses-lead = Every use of your data is checked against the policy and recorded. This is that record, in plain words.
uses-range = In the last
uses-days = { $days ->
    [365] year
   *[other] { $days } days
}
uses-none = Nothing of yours was used in this time.
uses-count = { $count ->
    [one] We used your { $items } once, on { $last }.
   *[other] We used your { $items } { $count } times, last on { $last }.
}
uses-not = Not used in this time.
uses-by = By { $who }
uses-details = Details
uses-more = { $count ->
    [one] One more is
   *[other] { $count } more are
} under
uses-refused = { $count ->
    [one] One attempt to use your data was refused, as the policy did not allow it.
   *[other] { $count } attempts to use your data were refused, as the policy did not allow them.
}
uses-unused = Not used in this time

sessions-head = Where you are logged in
sessions-lead = { $count ->
    [one] Here, and nowhere else.
   *[other] In { $count } places.
}
sessions-this = this one
sessions-seen = last seen { $at }
sessions-began = since { $at }
sessions-end = End
sessions-end-others = End all others
sessions-strange = Something here is not yours? End it, change your password, and tell us.

receipts-lead = { $count ->
    [0] Nothing yet.
    [one] One act on your data, with its evidence.
   *[other] { $count } acts on your data, each with its evidence.
}
leaf-when = When
leaf-act = Act
leaf-outcome = Outcome
leaf-who = By
leaf-purpose = Purpose
leaf-basis = Legal basis
leaf-items = Data
leaf-recipient = Given to
leaf-region = Region
leaf-reasons = Why it was refused
leaf-proof = Evidence
leaf-covered = Entry { $index } of a log whose head over { $size } entries is signed: changing it afterwards would be noticed by anyone who checks.
leaf-not-covered = The entry is written. The next signed head of the log, due within minutes, will cover it.
leaf-log = Log
leaf-index = Entry
leaf-hash = Hash
leaf-root = Head
leaf-digest = Policy
leaf-proof-save = Save the proof
leaf-proof-text = The file lets anyone check, without us and without seeing your data, that this entry stands in the log. The entry itself holds no personal data.
sessions-unknown = Unknown device

# Login and security.

part-security = Login and security
security-lead = How you get in, and how nobody else does.
security-contacts = Ways to reach you
security-contacts-why = Only a verified contact lets you back in: its owner typed the code we sent there.
security-verified = verified
security-verified-at = since { $at }
security-not-verified = not verified
security-unreachable = It cannot be verified here: no messages of this kind are sent.
security-none = none given
security-verify = Verify: send a code
security-change = Change it
security-add = Add one
passkeys-title = Passkeys
passkeys-lead = A passkey lets you in by your device: by finger, face or PIN, which never leave it. It needs neither password nor code, and no other site can ask for it.
passkey-make = Make a passkey
passkey-lead = Your browser asks where to keep it: on this device, in a password manager, or on a security key.
passkey-ends = All other logins end when it is made, and we tell you.
passkey-proof-lead = First show that it is you.
passkey-name = What to call it
passkey-name-hint = 1 to { $count } characters, so that you know it again among others.
passkey-synced = may be on several devices
passkey-made-at = made { $at }
passkey-used-at = last used { $at }
passkey-unused = not used yet
passkey-remove = Remove the passkey
passkey-remove-lead = After this, { $name } lets nobody in any more. All other logins end, and we tell you. Delete it on your device as well.
passkey-last = This is the last way into your account. Verify a contact first, or cancel the account.
security-sessions = Where you are logged in
verify-title = Verify your { $item }
verify-button = Verify
verify-first = Your { $item } is not verified: until it is, it cannot let you back in.
verify-sent = Your { $item } is not verified yet. We have sent a code there; until you type it, it cannot let you back in.
verify-first-go = Type the code
change-title = Change the password
choose-title = Choose a password
change-lead = All other logins end when it changes, and we tell you by your verified contacts.
change-current = Present password
change-contact-lead = We send a code to the new one. Only when you have typed it does the new one replace the old, and we tell the old one.
factor-on-title = Turn on the second factor
factor-on-lead = With it, logging in asks for a code of an authenticator app after the password. All other logins end when it is turned on.
factor-on-go = Go on
factor-scan = Scan this picture with an authenticator app, any of them will do.
factor-picture = QR code for an authenticator app; the same secret stands below as text
factor-type = Or type this secret into it:
factor-here = Or open the authenticator on this device
factor-code-hint = The six digits it shows now. With them the second factor is on.
factor-off-title = Turn off the second factor
factor-off-lead = After this, your password alone lets you in. All other logins end, and we tell you.
recovery-title = Your recovery codes
recovery-lead = Each of them gets you in once in place of the authenticator. Write them down or print them: they are not shown again.
recovery-done = I have kept them
recovery-new = Make new recovery codes
recovery-new-lead = The codes made before are void then.
# My content.

part-content = My content
content-head = What you put up
content-lead = Your texts, comments, pictures and videos, newest first. Look at them, take them back or delete them.
content-file = A picture or a video
content-file-why = JPEG, PNG, WebP or GIF up to 20 MB; MP4 or MOV up to 4 GB. Where and when it was taken and with what is removed before it is kept. Of a moving GIF the first picture is kept.
content-send = Put it up
content-private = Only you see what you put up. To publish, you are asked for your consent first.
content-consent = Consent to publishing
content-there = What there is
content-none = Nothing yet.
content-picture-of = Picture of { $at }
content-video-of = Video of { $at }
content-public-since = Public since { $at }
content-only-you = Only you see it
content-view = View
content-publish = Publish
content-unpublish = Take back
content-older = Older ones
upload-cut = The connection broke before the file was whole. Nothing of it was kept; send it again.
upload-busy = Too much is being sent right now. Try again in a minute.
upload-empty = Choose a file; this one is empty.
upload-too-large = The file is too large: a picture may have 20 MB, a video 4 GB.
upload-quota = Your space is used up. Delete something first.
upload-svg = SVG drawings can hold programs and are not taken. Save it as PNG and send that.
upload-heic = HEIC and AVIF pictures cannot be read here. Save it as JPEG and send that.
upload-huge = The picture has more than 50 million pixels. Make it smaller.
upload-bomb = What is written beside the picture is far larger than a picture needs. Save it anew without it.
upload-broken = The file cannot be read. Open it, save it anew and send that.
upload-data-track = The video carries a track of data, such as places, that cannot be removed here. Save it as MP4 without it and send that.
upload-unknown = By its content this is neither a picture nor a video we can take: JPEG, PNG, WebP, GIF, MP4 or MOV.

part-signals = From your devices
signals-lead = What the apps and browsers you use with us reported, by kind and purpose. All of it is in your copy, event by event.
signals-none = Nothing that your devices reported is held.
signals-until = the last is gone: { $at }
signals-delete = Delete these
signals-permissions = What your devices permit
signals-permissions-none = No device has told us yet.
signals-permissions-text = A permission alone opens nothing: what is used, your answers decide. Withdraw one, and the app gives its permission back.
permission-granted = permitted
permission-limited = partly permitted
permission-denied = refused

# Joint logins
joint-with = Or with an account you have elsewhere:
joint-with-one = Continue with { $name }
joint-title = Continue with { $name }
joint-lead = { $name } will ask you whether it may tell us who you are there. Nothing is received before you agree.
joint-received = What { $name } will send us
joint-why = What for
joint-until = Kept until
joint-without = Without it
joint-not = Your password there stays there. Your e-mail address there is not used to find an account here.
joint-policy = Privacy policy of { $name }
joint-go = Continue to { $name }
joint-prove = Show that it is you before an account elsewhere may log in to yours.
joint-declined = Nothing was agreed at { $name }, and nothing was received. You can try again, or log in another way.
joint-over = That took too long, was used already, or began in another browser. Please begin again.
joint-unreached = { $name } cannot be reached at the moment. Nothing was received. Try again later, or log in another way.
joint-untrusted = The answer from { $name } could not be checked, so it was not used. Try again, or log in another way.
joint-taken = That account at { $name } cannot be linked here: it is linked already, or your account here is linked to another one there.
joint-another = You logged in at { $name } with another account than the one that is linked here. Log in there with that one.
joint-instead = Show who you are through { $name }
joint-show-title = Show who you are through { $name }
joint-show-lead = { $name } asks you to log in there once more, also if you are logged in. Then you come back here.
joint-show-received = We learn that it is you and when you logged in there. { $name } learns that you are asked here who you are, not what for.
joint-join-title = Join with { $name }
joint-join-lead = Nobody here uses that account of { $name } yet. An account needs what follows; a password is not needed.
joint-join-lead-called = Welcome, { $called }. Nobody here uses that account of { $name } yet. An account needs what follows; a password is not needed.
joint-join-have = If you have an account here already: log in, and link it under “Joint logins”.
joint-page-title = Joint logins
joint-page-lead = Accounts elsewhere that you log in with, and what was received from there.
joint-none = You log in with no account from elsewhere.
joint-avatar = Your avatar from { $name }
joint-account = Account there
joint-nickname = Nickname from there
joint-scopes = What you let us have
joint-linked = Agreed
joint-receipt = Receipt
joint-used = Last login with it
joint-last = This is the only way into your account. Confirm your e-mail address or mobile number first: a code to it then lets you in, and sets a password.
joint-last-go = Log-in and security
joint-leave = Do not continue
joint-unlink-why = Ending it deletes what was received from { $name } and tells { $name } that our access is over.
joint-unlink = End and delete
joint-link = Link your account of { $name }
part-joint = Joint logins
