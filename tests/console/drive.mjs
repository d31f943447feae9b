// Drives the console of a running daemon in headless Chromium, as a person would, and looks for faults.
//
//   node drive.mjs TOOLS KEY_FILE OUT
//
// TOOLS is what .ci/console prints; KEY_FILE is the admin.json of the daemon, which says where it takes orders; pictures and a report in JSON go into the folder OUT.
// Wants a daemon whose promotions wait for a person. Ends with 1 and the reason at the first thing that is not as it should be.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [tools, keyFile, out] = process.argv.slice(2);
const { address, token: secret } = JSON.parse(readFileSync(keyFile, "utf8"));
const require = createRequire(join(tools, "package.json"));
const puppeteer = require("puppeteer-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const BROWSER = process.env.CHROMIUM ?? "/usr/bin/chromium";
// A search may take long on a loaded machine; whoever waits longer has found a fault.
const SEARCH_MILLISECONDS_MAX = 480_000;
const ANSWER_MILLISECONDS_MAX = 60_000;
const DESKTOP = { width: 1280, height: 900 };
const PHONE = { width: 375, height: 812, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };
const PARTS = ["state", "serving", "curves", "challenger", "budgets", "search", "timeline", "facts", "health", "key"];
const SERIOUS = ["serious", "critical"];

const report = { seen: [], axe: [], pictures: [], faults: [] };
const need = (holds, what) => {
  if (!holds) throw new Error(what);
  report.seen.push(what);
};

async function opened(browser, options = {}) {
  const page = await browser.newPage();
  page.setDefaultTimeout(ANSWER_MILLISECONDS_MAX);
  page.on("console", (message) => {
    if (["error", "warn"].includes(message.type())) report.faults.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => report.faults.push(`page: ${error.message}`));
  page.on("requestfailed", (request) => {
    const why = request.failure()?.errorText ?? "?";
    // The stream of events ends where the page does.
    if (!request.url().endsWith("/events")) report.faults.push(`request: ${request.url()}: ${why}`);
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(`http://${address}/`) && !request.url().startsWith("data:")) {
      report.faults.push(`foreign: ${request.url()}`);
    }
  });
  await page.setViewport(options.viewport ?? DESKTOP);
  await page.setJavaScriptEnabled(options.scripts ?? true);
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: options.scheme ?? "light" }]);
  await page.goto(`http://${address}/`, { waitUntil: "load" });
  return page;
}

const text = (page, selector) => page.$eval(selector, (one) => one.textContent.trim());
const count = (page, selector) => page.$$eval(selector, (all) => all.length);
const until = (page, holds, limit, ...given) => page.waitForFunction(holds, { timeout: limit, polling: 200 }, ...given);

async function picture(page, name) {
  const path = join(out, `${name}.png`);
  await page.screenshot({ path, fullPage: true });
  report.pictures.push(path);
}

// Whoever cannot see, or sees little, has to be able to use it too.
async function accessible(page, name) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  for (const { id, impact, nodes } of found.violations) report.axe.push({ name, id, impact, where: nodes.map((node) => node.target.join(" ")).slice(0, 3) });
  const serious = found.violations.filter((violation) => SERIOUS.includes(violation.impact));
  need(serious.length === 0, `axe finds no serious fault (${name})${serious.map((one) => ` ${one.id}: ${one.nodes[0].html}`).join(";")}`);
}

async function fits(page, name) {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  need(content <= window, `nothing is wider than the page (${name}: ${content} of ${window})`);
}

// By the keyboard: a button moves while the page is live, and has to keep the focus where its part comes anew.
async function press(page, id) {
  await page.waitForSelector(`#${id}:not(:disabled)`);
  await page.focus(`#${id}`);
  await page.keyboard.press("Enter");
  await page.waitForSelector("#asks[open]");
}

// Asks for something, looks at the dialog, and says yes.
async function order(page, id, says, heard) {
  await page.$eval("#said", (said) => { said.textContent = ""; });
  await press(page, id);
  need((await text(page, "#asks-says")).includes(says), `${id} asks first, and says what will happen: ${says}`);
  await page.click("#asks button[value=yes]");
  await until(page, (heard) => new RegExp(heard).test(document.getElementById("said").textContent), ANSWER_MILLISECONDS_MAX, heard);
  need(true, `${id} is answered: ${await text(page, "#said")}`);
}

async function look(page) {
  for (const part of PARTS) need((await text(page, `#${part}`)).length > 0, `part ${part} is there`);
  await until(page, () => document.getElementById("live").textContent === "live", ANSWER_MILLISECONDS_MAX);
  need(true, "events are pushed");
  need((await count(page, "#serving svg.network rect")) > 1, "what serves is drawn");
  need((await count(page, "#curves svg.chart polyline")) > 2, "curves are drawn");
  need((await count(page, "#curves svg.chart polygon")) > 0, "confidence sequences are drawn");
  need((await count(page, "#budgets tbody tr")) >= 2, "budgets are listed");
  need((await text(page, "#budgets")).match(/\d %/), "budgets have readings");
}

async function compared(page) {
  need((await count(page, "#challenger svg.chart polyline")) > 1, "the evidence is drawn");
  need((await count(page, "#challenger .charts tbody tr")) === 3, "the running tests are told");
  need((await text(page, "#challenger")).includes("✓ pass"), "gates have spoken");
  need((await count(page, "#challenger td.why")) >= 4, "every gate says why");
  need((await count(page, "#challenger svg.network")) > 0, "the challenger is drawn");
}

// Enters the token, which is what makes the page more than a picture.
async function key(page, token) {
  need((await page.$eval("#choices", (one) => getComputedStyle(one).display)) === "none", "without a token nothing can be ordered");
  await page.type("#token", token);
  await page.type("#by", "ada");
  await page.click("#token-form button[type=submit]");
  await page.waitForSelector("body.keyed");
  need(true, "the token is taken");
}

// The demo's operator halves the compute budget; where that is too little, a smaller network answers, or an alarm. On a machine
// that others use, the smaller one may be over it as well. With room again, challengers fit.
async function changeBudget(page) {
  await until(page, () => document.getElementById("budgets").textContent.includes("metrics topic"), SEARCH_MILLISECONDS_MAX);
  const answered = () => !document.querySelector("#budgets td.bad") || /ALARM|RELIEF/.test(document.getElementById("timeline").textContent);
  await until(page, answered, SEARCH_MILLISECONDS_MAX);
  await press(page, "budget-compute_seconds");
  await page.$eval("#asks-limit", (input) => { input.value = ""; });
  await page.type("#asks-limit", "1");
  need((await text(page, "#asks-says")).includes("It counts at once"), "a budget's change asks first, and says what will happen");
  await page.click("#asks button[value=yes]");
  await until(page, () => document.getElementById("said").textContent.includes("budget compute_seconds is 1 now"), ANSWER_MILLISECONDS_MAX);
  await until(page, () => document.getElementById("budgets").textContent.includes("by ada"), ANSWER_MILLISECONDS_MAX);
  need(true, "a budget was changed, and its row says who did");
}

async function giveOrders(page) {
  await page.$eval("#said", (said) => { said.textContent = ""; });
  await press(page, "order-promote");
  await picture(page, "dialog");
  await accessible(page, "dialog");
  await page.click("#asks button[value=no]");
  need((await text(page, "#said")) === "", "no means no");
  const shown = await text(page, "#serving .lead");
  await order(page, "order-promote", "it serves from the end of the next unit of work on", "is approved");
  await until(page, () => document.getElementById("watch").textContent.includes("outcomes so far"), ANSWER_MILLISECONDS_MAX);
  await until(page, (before) => document.querySelector("#serving .lead").textContent !== before, ANSWER_MILLISECONDS_MAX, shown);
  await until(page, () => document.getElementById("serving").textContent.includes("PROMOTION"), ANSWER_MILLISECONDS_MAX);
  need(true, "why the new one serves is told");
  need((await count(page, "#serving .change")) > 0, "what the last change made is told");
  await until(page, () => document.querySelector("#watch svg.chart"), ANSWER_MILLISECONDS_MAX);
  need(true, "the watch is drawn");
  await picture(page, "promoted");
  await order(page, "order-pause", "Nothing new begins", "^paused");
  await order(page, "order-resume", "Episodes open", "^resumed");
  await order(page, "order-rollback", "displaced champion serves again", "serves again");
  await until(page, () => document.getElementById("timeline").textContent.includes("ROLLBACK"), ANSWER_MILLISECONDS_MAX);
  await until(page, () => document.getElementById("serving").textContent.includes("ada ordered it"), ANSWER_MILLISECONDS_MAX);
  need(true, "the rollback is in the timeline, and what serves says who ordered it");
  // Whether a search may begin now changes with the stream: it is asked for, and not done.
  const search = await page.$eval("#order-search", (button) => [button.dataset.says, button.disabled, button.nextElementSibling?.textContent]);
  need(search[0].includes("Opens an episode") && (!search[1] || search[2]?.length > 0), "a search is offered, or what is against it is told");
  await picture(page, "rolled-back");
}

async function main() {
  mkdirSync(out, { recursive: true });
  const browser = await puppeteer.launch({ executablePath: BROWSER, headless: true, protocolTimeout: 2 * SEARCH_MILLISECONDS_MAX, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
  try {
    const page = await opened(browser);
    await key(page, secret);
    await changeBudget(page);
    await until(page, () => document.querySelector("#challenger p.warn") && document.querySelector("#challenger .good"), SEARCH_MILLISECONDS_MAX);
    need(true, "a challenger waits, and the page has heard of it by itself");
    await look(page);
    await compared(page);
    await fits(page, "desktop");
    await picture(page, "light");
    await accessible(page, "light");
    const dark = await opened(browser, { scheme: "dark" });
    await until(dark, () => document.getElementById("live").textContent === "live", ANSWER_MILLISECONDS_MAX);
    await picture(dark, "dark");
    await accessible(dark, "dark");
    await dark.close();
    const phone = await opened(browser, { viewport: PHONE });
    await fits(phone, "phone");
    await picture(phone, "phone");
    await accessible(phone, "phone");
    await phone.close();
    const plain = await opened(browser, { scripts: false });
    need((await count(plain, "#serving svg.network")) > 0, "the page is whole without scripts");
    need((await count(plain, "noscript meta[http-equiv=refresh]")) + (await count(plain, "meta[http-equiv=refresh]")) > 0, "without scripts it comes again by itself");
    await plain.close();
    await page.bringToFront();
    await giveOrders(page);
    need(report.faults.length === 0, `no errors in the browser: ${report.faults.join("; ")}`);
  } catch (error) {
    // What people would see then says more than what was waited for.
    const pages = await browser.pages();
    const happened = await pages.at(-1)?.$eval("body", (body) => body.innerText).catch(() => "");
    throw new Error(`${error.message}\nthe page then:\n${happened}`);
  } finally {
    await browser.close();
    writeFileSync(join(out, "console.json"), `${JSON.stringify(report, null, 1)}\n`);
  }
}

main().then(
  () => console.log(JSON.stringify({ seen: report.seen.length, faults: report.faults.length, axe: report.axe })),
  (error) => {
    console.error(`${error.message}\nfaults: ${report.faults.join("; ")}\nseen so far:\n  ${report.seen.join("\n  ")}`);
    process.exitCode = 1;
  },
);
