// What the page does by itself: copy the code, count down, ask for its state,
// and put in place what the server renders when that has changed. Without this
// script the page is whole; it then has a link by which to look again.
(() => {
  "use strict";

  const main = document.querySelector("main[data-state]");
  if (!main) return; // the page of a refusal

  const hiddenFactor = 6; // a page that nobody sees asks so many times more rarely
  const longestWait = 60_000; // but however many answers failed, once a minute
  const patience = 20_000; // an answer later than this is none
  const shownFor = 3_000; // how long a button says that it has done its work
  const stateAddress = location.pathname + "/state";

  const part = (id) => document.getElementById(id);
  const number = (name) => Number(main.dataset[name]);

  let failures = 0;
  let asking = false;
  let timer = 0;
  let end = 0; // when the state ends by itself, on this device's clock

  // expect takes the time that is left from the server: a phone's clock may be wrong.
  function expect(left) {
    end = left > 0 ? Date.now() + left * 1000 : 0;
    tick();
  }

  function tick() {
    const row = part("left");
    if (!row) return;
    const seconds = Math.max(0, Math.round((end - Date.now()) / 1000));
    row.hidden = end === 0;
    const field = row.querySelector("[role=timer]");
    const text = duration(seconds, field.dataset);
    if (field.textContent !== text) field.textContent = text;
  }

  function duration(seconds, unit) {
    const days = Math.floor(seconds / 86400);
    const hours = Math.floor(seconds / 3600) % 24;
    const minutes = Math.floor(seconds / 60) % 60;
    const words = [];
    if (days) words.push(days, unit.days);
    if (days || hours) words.push(hours, unit.hours);
    words.push(minutes, unit.minutes);
    if (!days) words.push(seconds % 60, unit.seconds);
    return words.join(" ");
  }

  function plan() {
    clearTimeout(timer);
    const poll = number("poll");
    if (!poll) return; // nothing can change any more
    let wait = poll * 2 ** Math.min(failures, 10);
    if (document.hidden) wait *= hiddenFactor;
    wait = Math.min(wait, longestWait);
    const left = end - Date.now();
    if (left > 0) wait = Math.min(wait, left);
    timer = setTimeout(ask, Math.max(wait, poll));
  }

  // ask finds out whether the state is another by now; false when nobody answered.
  async function ask() {
    if (asking) return true;
    asking = true;
    clearTimeout(timer);
    try {
      const news = await (await get(stateAddress)).json();
      if (news.state !== main.dataset.state) await turn();
      else expect(news.left);
      failures = 0;
    } catch {
      failures++;
    }
    part("offline").hidden = failures < 2; // a single one is soon made up for
    asking = false;
    plan();
    return failures === 0;
  }

  async function get(address) {
    const answer = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(patience) });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer;
  }

  // turn shows the page as the server renders it now. The region of the status
  // stays the same element, so that screen readers say what it has become.
  async function turn() {
    const text = await (await get(location.href)).text();
    const fresh = new DOMParser().parseFromString(text, "text/html");
    const news = fresh.querySelector("main[data-state]");
    if (!news) throw new Error("no page");
    const focusLost = part("bill").contains(document.activeElement) || part("status").contains(document.activeElement);
    for (const id of ["status", "bill"]) {
      const now = part(id);
      const then = fresh.getElementById(id);
      now.className = then.className;
      now.replaceChildren(...then.childNodes);
    }
    Object.assign(main.dataset, news.dataset);
    document.title = fresh.title;
    if (focusLost) part("status").focus();
    arrange();
  }

  // arrange gives life to what the server has rendered.
  function arrange() {
    const copy = part("copy");
    if (copy) {
      copy.hidden = false;
      copy.addEventListener("click", () => copyCode(copy));
    }
    part("check")?.addEventListener("click", check);
    expect(number("left"));
  }

  async function check(event) {
    event.preventDefault();
    const link = event.currentTarget;
    if (await ask()) show(link, link.dataset.checked);
    else part("offline").hidden = false;
  }

  async function copyCode(button) {
    const code = part("code");
    let done = true;
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch { // refused, or no secure page: select it, and try the old way
      getSelection().selectAllChildren(code);
      done = document.execCommand("copy");
    }
    show(button, done ? button.dataset.copied : button.dataset.failed);
  }

  // show says for a moment, to eyes and ears, what a button or link has done.
  function show(element, text) {
    element.dataset.label ??= element.textContent;
    element.textContent = part("said").textContent = text;
    setTimeout(() => {
      element.textContent = element.dataset.label;
      part("said").textContent = "";
    }, shownFor);
  }

  // Whoever comes back to the page is not kept waiting.
  function resume() {
    if (number("poll") && !document.hidden) ask();
  }

  document.addEventListener("visibilitychange", resume);
  addEventListener("pageshow", (event) => event.persisted && resume());
  addEventListener("online", resume);
  setInterval(tick, 1000);
  arrange();
  plan();
})();
