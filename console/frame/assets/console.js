// What the console's pages do beyond HTML. Nothing here is needed: every link and
// form works without it. No HTML is made from texts: the browser would refuse it
// (require-trusted-types-for).
"use strict";

const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const one = (selector, within = document) => within.querySelector(selector);

// The summary of what is wrong takes the focus.
one("#errors")?.focus();

// ask gets JSON; an answer of another kind, such as the sign-in page, is an error.
async function ask(url) {
  const response = await fetch(url, { headers: { Accept: "application/json" }, cache: "no-store", redirect: "error" });
  const kind = response.headers.get("Content-Type") || "";
  if (!response.ok || !kind.startsWith("application/json")) throw new Error("no answer");
  return response.json();
}

// Copying.
for (const button of all("button[data-copy]")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      const before = button.firstChild.textContent;
      button.firstChild.textContent = button.dataset.done;
      setTimeout(() => { button.firstChild.textContent = before; }, 2000);
    } catch { /* the text stands beside the button */ }
  });
}

// Printing.
for (const button of all("button[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

// What is shown once is not there when somebody comes back to the page.
addEventListener("pagehide", () => { for (const element of all("[data-once]")) element.replaceChildren(); });

// Who has left asks for nothing: asking would keep their sign-in from ending.
let touched = Date.now();
for (const kind of ["pointerdown", "keydown", "scroll"]) addEventListener(kind, () => { touched = Date.now(); }, { passive: true });
const away = () => document.hidden || Date.now() - touched > 10 * 60 * 1000;

// A list that grows offers what is new; nothing moves under the reader's eyes.
for (const live of all("[data-live]")) {
  const link = one("a", live), heard = one("[aria-live]", live);
  const every = Math.max(Number(live.dataset.every) || 10, 5) * 1000;
  const poll = async () => {
    if (!away()) {
      try {
        const news = await ask(live.dataset.live);
        if (news.count > 0 && link.textContent !== news.text) {
          link.textContent = heard.textContent = news.text;
          link.hidden = false;
        }
      } catch { /* the next time may do */ }
    }
    setTimeout(poll, every);
  };
  setTimeout(poll, every);
}

// Work under way: how far it is, and the page anew when it is over.
for (const box of all("[data-progress]")) {
  const bar = one("progress", box), told = one("[data-told], [role=status]", box);
  const poll = async () => {
    try {
      const state = await ask(box.dataset.progress);
      if (told && told.textContent !== state.text) told.textContent = state.text;
      if (bar && state.percent >= 0) bar.value = state.percent;
      if (bar && state.percent < 0) bar.removeAttribute("value");
      if (state.location) return void location.assign(state.location);
      if (state.over) return void location.reload();
    } catch { /* the next time may do */ }
    setTimeout(poll, 1000);
  };
  setTimeout(poll, 1000);
}

// A file can be dropped on its form, and tells how much of it is sent.
for (const place of all("[data-drop]")) {
  const form = place.closest("form"), input = one("input[type=file]", place);
  if (!form || !input) continue;
  const said = one(".drop-said", place), bar = one("progress", place);
  const here = one(".drop-here", place);
  if (here) here.hidden = false;
  for (const kind of ["dragenter", "dragover"]) {
    place.addEventListener(kind, (event) => { event.preventDefault(); place.classList.add("over"); });
  }
  place.addEventListener("dragleave", () => place.classList.remove("over"));
  place.addEventListener("drop", (event) => {
    event.preventDefault();
    place.classList.remove("over");
    if (event.dataTransfer.files.length !== 1) return;
    input.files = event.dataTransfer.files;
    if (said) said.textContent = input.files[0].name;
  });
  if (!said || !bar) continue;
  form.addEventListener("submit", (event) => {
    if (!input.files.length) return;
    event.preventDefault();
    send(form, bar, said);
  });
}

function send(form, bar, said) {
  const request = new XMLHttpRequest();
  const buttons = all("button", form);
  const end = (text) => {
    said.textContent = text;
    bar.hidden = true;
    for (const button of buttons) button.disabled = false;
  };
  request.upload.addEventListener("progress", (event) => {
    if (event.lengthComputable) bar.value = 100 * event.loaded / event.total;
  });
  request.addEventListener("load", () => {
    let answer = {};
    try { answer = JSON.parse(request.responseText); } catch { /* not ours */ }
    if (request.status === 200 && answer.location) return location.assign(answer.location);
    end(answer.error || said.dataset.failed);
  });
  request.addEventListener("error", () => end(said.dataset.failed));
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  // Before the request is sent: a disabled field would not be part of it.
  const body = new FormData(form);
  for (const button of buttons) button.disabled = true;
  bar.hidden = false;
  said.textContent = said.dataset.sending;
  request.send(body);
}

// Keys of one character, for those who want them (WCAG 2.2, 2.1.4).
if ("shortcuts" in document.body.dataset) {
  const dialog = one("#help");
  let after = ""; // the key before, where it is g
  const show = (event) => { event?.preventDefault(); if (!dialog.open) dialog.showModal(); };
  one("a[data-help]")?.addEventListener("click", show);
  const step = (by) => {
    const rows = all("tr[data-row]").filter((row) => one("a", row));
    if (!rows.length) return;
    const at = rows.findIndex((row) => row.contains(document.activeElement));
    const next = at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + by, 0), rows.length - 1);
    one("a", rows[next]).focus();
  };
  const acts = {
    "/": () => { const find = one("#find"); find?.focus(); find?.select(); },
    "j": () => step(1),
    "k": () => step(-1),
    "x": () => one("a[data-export]")?.click(),
    "?": () => show(),
  };
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, select, textarea, [contenteditable], dialog");
    if (typing || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    const key = event.key;
    const link = after === "g" && all("a[data-key]").find((a) => a.dataset.key === key);
    after = key;
    if (link) {
      event.preventDefault();
      after = "";
      link.click();
    } else if (Object.hasOwn(acts, key)) {
      event.preventDefault();
      acts[key]();
    }
  });
}
