# Words on every page, and for the coded things of the policy and the ledger.

skip = Skip to the content
nav = Main
foot-nav = Policy, contact and language
nav-policy = Privacy policy
nav-contact = Contact
nav-privacy = Privacy centre
nav-login = Log in
nav-logout = Log out
nav-join = Join
console = console
clause = Clause
optional = optional
sensitive = sensitive
save = Save
leave-it = Leave it as it is
back-to = Back to { $item }
to-start = To the first page
see-receipt = See the receipt
receipt = Receipt
records = { $count ->
    [one] 1 record
   *[other] { $count } records
}
date-provisional = (This day may still move: the public holidays of that year are not announced yet.)
form-wrong = Please look at this again

coming-name = A change of the policy
coming = Version { $version } of our privacy policy applies from { $date }.
coming-major = It changes something important, so we will ask you again where your consent is needed.
coming-read = Read what changes

paging = Pages
paging-newer = Newer
paging-older = Older

basis-contract = Needed for the contract with you
basis-consent = Your consent
basis-separate-consent = Your separate consent
basis-legal-duty = A duty under law
basis-emergency = An emergency
basis-public-interest = The public interest
basis-self-disclosed = You made it public yourself

source-provided = Given by you
source-automatic = Recorded automatically
source-third-party = From a partner you authorised

act-collect = Collected
act-use = Used
act-share = Shared
act-publish = Published
act-keep = Kept
act-export = Copied for you
act-register = Account opened
act-login = Logged in
act-logout = Logged out
act-consent = Consent given
act-withdraw = Consent withdrawn
act-correct = Corrected
act-delete = Deleted
act-cancel = Cancelling begun
act-resume = Cancelling ended
act-erase = Erased

outcome-permitted = permitted
outcome-refused = refused
outcome-done = done
outcome-failed = failed

party-subject = you
party-service = a service
party-operator = our staff
party-system = the system

actor-subject = the person
actor-service = service
actor-operator = operator
actor-system = system

role-processor = works on our instructions
role-controller = decides for itself how it handles the data
role-joint = decides together with us
role-authority = public authority

chapter-1 = What is collected
chapter-2 = What it is used for
chapter-3 = Cookies and the like
chapter-4 = Sharing, transfer and publication
chapter-5 = Storage and security
chapter-6 = Your rights
chapter-7 = Changes of this policy
chapter-8 = Contact and complaints

topic-1-1 = Your account
topic-1-2 = Your real name
topic-1-3 = What you post
topic-1-4 = Your device
topic-1-5 = Your connection
topic-1-6 = How you use the service
topic-1-7 = Login with a partner
topic-2-2 = Your orders
topic-2-4 = Your messages to us
topic-6-4 = What your device lets us see
topic-other = More

act-verify = Contact verified
act-retrieve = Password set anew
act-password = Password changed
act-factor-on = Second factor turned on
act-factor-off = Second factor turned off
act-passkey = Passkey shown
act-passkey-made = Passkey made
act-passkey-removed = Passkey removed
act-identify = Logged in through a partner
act-prove = Shown by a login at a partner
act-unlink = Joint login ended
act-import = Import begun
act-import-end = Import ended
act-permission = Permission of the device told
act-announce-year = Working days of a year announced
act-recount = Deadline counted anew
act-alarm = Alarm of a deadline
act-case = Case of customer service
act-reveal = Item shown to customer service
