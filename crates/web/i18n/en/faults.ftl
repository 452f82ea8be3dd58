# Errors: a headline, what happened, what to do.

fault-request = If you write to us about this, give this number: { $id }

reason-gap = nothing was broken: something is not set up yet

fault-not-found = There is nothing here
fault-not-found-what = The page does not exist, or is not yours to see.
fault-not-found-then = Look at the address again, or start from the first page.

fault-method = The page cannot be used this way
fault-method-what = The address exists, but not for what was sent to it.
fault-method-then = Go back and use the buttons of the page.

fault-sign-in = Log in first
fault-sign-in-what = This page shows personal data, so only its owner may see it. Your login may have ended.
fault-sign-in-then = Log in and you come back here.

fault-forbidden = This is not allowed
fault-forbidden-what = You are logged in, but may not do this.
fault-forbidden-then = If you think you should, tell us.

fault-forged = The form was too old
fault-forged-what = For your safety a form is only taken from a page of this site that you have just opened. Nothing was changed.
fault-forged-then = Go back, load the page again, and send it once more.

fault-malformed = This could not be read
fault-malformed-what = What was sent is not what the page sends. Nothing was changed.
fault-malformed-then = Go back, load the page again, and send it once more.

fault-too-large = This is too large
fault-too-large-what = More was sent than the page takes. Nothing was changed.
fault-too-large-then = Go back and send less.

fault-too-many = Please wait a little
fault-too-many-what = There were too many tries. In { $seconds } seconds you can try again.
fault-too-many-then = If it was not you, somebody may be guessing at your password. It has not worked.

fault-spent = The link no longer works
fault-spent-what = It was used already, or its time has passed.
fault-spent-then = Ask for a new one.

fault-refused = The policy does not allow this
fault-refused-what = It was checked against the privacy policy and refused. The refusal is recorded; nothing else happened.
fault-refused-then = If you think the policy says otherwise, tell us.

fault-closed = We cannot serve this now
fault-closed-what = Right now we cannot write the evidence that every use of your data must leave, so we use none of it. Nothing was changed or lost.
fault-closed-then = Try again in a few minutes.

fault-timeout = This took too long
fault-timeout-what = The answer did not come in time. It may or may not have been carried out: your receipts will tell.
fault-timeout-then = Look at your receipts before you try again.

fault-internal = Something went wrong on our side
fault-internal-what = It is not your doing, and we have a record of it.
fault-internal-then = Try again in a few minutes.
