"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const RETRY_MILLISECONDS = 10000;
  const known = {};

  // Parts come as the server wrote them, with everything escaped that is text. What a person has opened or stands on stays so.
  const replace = (id, markup) => {
    const part = byId(id);
    if (!part || known[id] === markup) return;
    known[id] = markup;
    const open = [...part.querySelectorAll("details[open]")].map((one) => one.id);
    const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
    part.innerHTML = markup;
    for (const one of open) if (byId(one)) byId(one).open = true;
    if (focused && byId(focused)) byId(focused).focus({ preventScroll: true });
  };

  const listen = () => {
    const events = new EventSource("events");
    events.addEventListener("open", () => { byId("live").textContent = "live"; });
    events.addEventListener("parts", (event) => {
      for (const [id, markup] of Object.entries(JSON.parse(event.data))) replace(id, markup);
    });
    events.addEventListener("error", () => {
      byId("live").textContent = "not live; trying again";
      if (events.readyState === EventSource.CLOSED) setTimeout(listen, RETRY_MILLISECONDS);
    });
  };
  listen();

  const form = byId("token-form");
  if (!form) return;
  form.hidden = false;
  const token = () => sessionStorage.getItem("driftform-token");
  const by = () => sessionStorage.getItem("driftform-by");
  const say = (text, good) => { byId("said").textContent = text; byId("said").className = good ? "good" : "bad"; };
  const ask = async (method, path, body) => {
    const headers = { Authorization: `Bearer ${token()}` };
    if (body) headers["Content-Type"] = "application/json";
    try {
      const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
      return { good: answer.ok, refused: answer.status === 401, text: await answer.text() };
    } catch {
      return { good: false, refused: false, text: "no answer: is the daemon there?" };
    }
  };
  const keyed = () => {
    document.body.classList.toggle("keyed", token() !== null);
    byId("who").textContent = by() || "";
  };
  const forget = () => { sessionStorage.removeItem("driftform-token"); keyed(); };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    sessionStorage.setItem("driftform-token", byId("token").value.trim());
    sessionStorage.setItem("driftform-by", byId("by").value.trim());
    byId("token").value = "";
    const answer = await ask("GET", "admin/budgets");
    if (answer.good) { say("", true); keyed(); } else { forget(); say(answer.text, false); }
  });
  byId("forget").addEventListener("click", () => { forget(); say("", true); });

  // What an order is, and where it goes.
  const order = (button, limit) => {
    const { order: what, challenger, budget } = button.dataset;
    if (what === "promote") return ["admin/promote", { challenger: Number(challenger), by: by() }];
    if (what === "budget") return [`admin/budgets/${encodeURIComponent(budget)}`, { limit, by: by() }];
    return ["admin/steer", { what, by: by() }];
  };
  const dialog = byId("asks");
  let asked = null;
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-order]");
    if (!button || button.disabled) return;
    // A copy: the part that the button is in may be replaced while the dialog is open.
    asked = button.cloneNode(true);
    const isBudget = button.dataset.order === "budget";
    byId("asks-what").textContent = `${button.dataset.label}?`;
    byId("asks-says").textContent = button.dataset.says;
    byId("asks-limit-label").hidden = !isBudget;
    byId("asks-limit").value = isBudget ? button.dataset.limit : "";
    byId("asks-limit").required = isBudget;
    dialog.returnValue = "no";
    dialog.showModal();
  });
  // "No" has to work also where a number is missing.
  dialog.querySelector("button[value=no]").addEventListener("click", (event) => { event.preventDefault(); dialog.close("no"); });
  dialog.addEventListener("close", async () => {
    if (dialog.returnValue !== "yes" || !asked) return;
    const [path, body] = order(asked, Number(byId("asks-limit").value));
    const answer = await ask("POST", path, body);
    if (answer.refused) forget();
    say(answer.text, answer.good);
  });
  keyed();
})();
