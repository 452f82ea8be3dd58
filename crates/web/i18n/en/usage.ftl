# Automated decisions, offers and their refusal.

part-recommendation = Recommendation
automated-lead = What a machine chooses or decides for you, how, and from what. One click switches it off, and deletes what was gathered for it; the same click switches it on again.
automated-from = Made from: { $items }.
automated-how = How it decides
automated-off-means = When you switch it off: { $what }
automated-is-off = It is off: { $what }
automated-tags = What is held for this, and goes when you switch it off
decisions-head = Decisions about you
decisions-none = No machine has decided anything about you.
decision-ask = Ask a human to look again
decision-asked = A human looks at it again, and answers by { $at }.
decision-changed = A human has looked again and changed it.
decision-upheld = A human has looked again and left it as it is.

part-reviews = Decisions to review
reviews-lead = People asked that a human looks again at what a machine decided about them.
reviews-none = Nobody waits for a human.
reviews-row = Asked for on { $at }, to be answered by { $due }.
reviews-late = Overdue
reviews-open = Open this decision
review-one = One decision
review-outcome = What was decided
review-because = The reason given
review-due = To be answered by
review-words = What you tell the person
review-words-why = Say what you found and why, in words the person understands. They read it in their privacy centre.
review-change = Change the decision
review-uphold = Leave it as it is

unsubscribe-head = No more of these offers
unsubscribe-lead = One click, and no more offers of this kind are sent to the address this link was sent to. It holds at once.
unsubscribe-button = Stop these offers
unsubscribe-no-login = You need no login for this, and we ask for no reason.
unsubscribe-done = It is done. No more offers of this kind are sent to that address.
unsubscribe-back = If you change your mind, switch them on again under Consents in your privacy centre.

act-decide = decided by a machine
act-ask-review = a human was asked to look again
act-reviewed = looked at again by a human
act-campaign = an offer was made
act-unsubscribe = offers were refused by a link
act-analyse = counts were looked at
