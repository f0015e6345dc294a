// Puts the token of the link into the form, and takes it out of the address. Nothing is sent before the button is pressed.
"use strict";

function take() {
  const field = document.getElementById("token");
  const token = /^#([0-9a-f]{64})$/.exec(location.hash);
  if (!field || !token) return;
  history.replaceState(null, "", location.pathname);
  field.value = token[1];
  const row = document.getElementById("token-row");
  if (row) row.hidden = true;
  const button = field.form && field.form.querySelector("button");
  if (button) button.focus();
}

take();
// The link can be opened where this page is shown already: then nothing is loaded.
addEventListener("hashchange", take);
