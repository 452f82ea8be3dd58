// Passkeys: asks our server for a challenge, the browser for an answer, and sends it within the form it stands in.
// Each `.passkey` is one button; what can be said beside it stands there hidden, in the reader's language.

const toBytes = (text) => {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (c) => c.charCodeAt(0));
};

const toText = (buffer) => {
  const plain = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
};

// What the server asks; it knows who asks by the form's token and the session.
async function asked(box, form) {
  const body = new URLSearchParams({ csrf: form.elements.csrf.value });
  const response = await fetch(box.dataset.start, { method: "POST", body, credentials: "same-origin" });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return response.json();
}

async function make({ challenge, rp, site, user, name, algorithms, exclude, timeout }) {
  const made = await navigator.credentials.create({
    publicKey: {
      challenge: toBytes(challenge),
      rp: { id: rp, name: site },
      user: { id: toBytes(user), name, displayName: name },
      pubKeyCredParams: algorithms.map((alg) => ({ type: "public-key", alg })),
      excludeCredentials: exclude.map((id) => ({ type: "public-key", id: toBytes(id) })),
      authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
      attestation: "none",
      timeout,
    },
  });
  const { clientDataJSON, attestationObject } = made.response;
  return { flow: challenge, client: toText(clientDataJSON), attestation: toText(attestationObject) };
}

async function show({ challenge, rp, timeout }) {
  const shown = await navigator.credentials.get({
    publicKey: { challenge: toBytes(challenge), rpId: rp, userVerification: "required", timeout },
  });
  const { clientDataJSON, authenticatorData, signature, userHandle } = shown.response;
  return {
    flow: challenge,
    id: toText(shown.rawId),
    user: userHandle ? toText(userHandle) : "",
    client: toText(clientDataJSON),
    data: toText(authenticatorData),
    signature: toText(signature),
  };
}

function ready(box) {
  const button = box.querySelector("button");
  const { form } = button;
  const say = (what) => {
    for (const words of box.querySelectorAll("[data-say]")) words.hidden = words.dataset.say !== what;
  };
  if (box.dataset.origin !== location.origin) return say("elsewhere");
  if (!globalThis.PublicKeyCredential) return say("unable");
  button.hidden = false;
  button.addEventListener("click", async () => {
    // A passkey is shown in place of the password.
    const passwords = [...form.querySelectorAll("[autocomplete=current-password]")];
    for (const password of passwords) password.required = false;
    if (!form.reportValidity()) return;
    button.disabled = true;
    say("");
    try {
      const made = box.dataset.field === "made";
      const question = await asked(box, form);
      const answer = await (made ? make(question) : show(question));
      const field = document.createElement("input");
      field.type = "hidden";
      field.name = box.dataset.field;
      field.value = JSON.stringify(answer);
      form.append(field);
      const submit = form.querySelector("button:not([type=button])");
      if (submit) form.requestSubmit(submit);
      else form.submit();
    } catch {
      for (const password of passwords) password.required = true;
      say("failed");
    }
    button.disabled = false;
  });
}

for (const box of document.querySelectorAll(".passkey")) ready(box);
