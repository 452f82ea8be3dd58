# A change of hands (4.3).

transfer-head = Change of hands
transfer-none = The business is not changing hands.
transfer-announced = { $name } takes over this service on { $day }.
transfer-announced-text = Reach it at { $contact }. Who has an account finds what changes, and can object, under “Change of hands” in the privacy centre.
transfer-lead = { $name } takes over this service, and your data with it, on { $day }.
transfer-contact = Contact
transfer-bound = What binds it
transfer-bound-text = It goes on keeping this policy; where it changes what your data is used for, it needs your consent anew.
transfer-changes = What it changes
transfer-changes-text = Each of these rests from now on. It is used again only if you turn it on.
transfer-same = It changes none of the purposes your data is used for.
transfer-object-text = If you object, your data is not handed over.
transfer-object = Object
transfer-objected = You objected on { $at }: your data is not handed over.
transfer-accept = No longer object
transfer-done = Your data was handed over, as far as you agreed where consent was needed.
transfer-kept = Your data was not handed over.
transfer-off = It does not take place. Nothing changes for you.

consent-frozen = This rests: it changes with the change of hands, and is used again only if you agree to it anew.

act-transfer = Change of hands announced
act-transfer-told = Told of a change of hands
act-transfer-object = Objected to a change of hands
act-transfer-accept = Objection to a change of hands taken back
act-transfer-left-out = Left out of a change of hands
act-transfer-complete = Change of hands complete
act-transfer-off = Change of hands called off

role-successor = takes the business over
