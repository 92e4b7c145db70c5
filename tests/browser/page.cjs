// Looks at the status page in Chromium, and prints what it found as JSON.
//
//     node page.cjs CHROMIUM URL looks|rests|updates|fails|reloads|loses [SCREENSHOTS]
"use strict";
const { chromium } = require("playwright-core");

const [executablePath, url, what, screenshots] = process.argv.slice(2);
const desktop = { width: 1000, height: 800 };
const phone = { width: 360, height: 740 };
// Longer than anything in a passing test.
const timeout = 90_000;

async function main() {
  const args = ["--no-sandbox", "--disable-dev-shm-usage"];
  const browser = await chromium.launch({ executablePath, args, timeout });
  const found = await { looks, rests, updates, fails, reloads, loses }[what](browser);
  await browser.close();
  console.log(JSON.stringify(found));
}

async function open(browser, options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(timeout);
  const problems = [];
  const requested = new Set();
  page.on("console", (message) => problems.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("requestfailed", (request) => problems.push(`failed: ${request.url()}`));
  page.on("request", (request) => requested.add(new URL(request.url()).host));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      console.error(`violates ${event.violatedDirective}: ${event.blockedURI}`);
    });
  });
  const response = await page.goto(url);
  return { page, problems, requested, headers: response?.headers() };
}

// In both schemes, on a desk and on a phone.
async function looks(browser) {
  const found = [];
  for (const colorScheme of ["light", "dark"]) {
    for (const viewport of [desktop, phone]) {
      const { page, problems, requested, headers } = await open(browser, { colorScheme, viewport });
      await nextUpdate(page);
      const seen = await page.evaluate(measure);
      await screenshot(page, `${colorScheme}-${viewport.width}`);
      found.push({ ...seen, problems, headers, hosts: [...requested], dom: await page.content() });
      await page.close();
    }
  }
  return found;
}

// A page that does not change by itself: also on paper.
async function rests(browser) {
  const found = [];
  for (const colorScheme of ["light", "dark"]) {
    for (const viewport of [desktop, phone]) {
      for (const media of ["screen", "print"]) {
        const { page, problems, requested } = await open(browser, { colorScheme, viewport });
        await page.emulateMedia({ media, colorScheme });
        const seen = await page.evaluate(measure);
        await screenshot(page, `report-${colorScheme}-${viewport.width}-${media}`);
        found.push({ ...seen, problems, hosts: [...requested], dom: await page.content() });
        await page.close();
      }
    }
  }
  return found;
}

// A token is renewed while somebody looks: no reload, and a selection stays.
async function updates(browser) {
  const { page, problems } = await open(browser, { viewport: desktop });
  await page.evaluate(() => {
    window.isSameDocument = true;
    getSelection().selectAllChildren(document.querySelector("#clocks"));
  });
  const isRenewed = () => /tokens? (was|were) renewed/.test(document.querySelector("main").innerText);
  await page.waitForFunction(isRenewed);
  const found = await page.evaluate(() => ({
    isSameDocument: window.isSameDocument === true,
    selected: getSelection().toString(),
    title: document.title,
    connection: document.getElementById("connection").textContent,
  }));
  return { ...found, problems };
}

// The tokens expire while somebody looks.
async function fails(browser) {
  const { page, problems } = await open(browser, { viewport: phone });
  await page.waitForFunction(() => document.title.startsWith("Not ready"));
  await screenshot(page, "not-ready");
  const main = await page.locator("main").innerText();
  return { title: await page.title(), main, problems };
}

async function reloads(browser) {
  const { page, problems } = await open(browser, { viewport: phone, javaScriptEnabled: false });
  const texts = [];
  for (let count = 0; count < 2; count++) {
    texts.push(await page.locator("main").innerText());
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await page.reload();
  }
  return { texts, hint: await page.locator("noscript").innerText(), problems };
}

// The gateway ends meanwhile: its end is announced on the page.
async function loses(browser) {
  const { page } = await open(browser, { viewport: desktop });
  await nextUpdate(page);
  console.log("looking");
  await page.waitForFunction(() => document.getElementById("connection").textContent !== "");
  return { connection: await page.locator("#connection").innerText() };
}

// For people who want to see what the tests see.
async function screenshot(page, name) {
  if (screenshots) await page.screenshot({ path: `${screenshots}/${name}.png`, fullPage: true });
}

function nextUpdate(page) {
  return page.evaluate(
    () =>
      new Promise((resolve) => {
        const options = { subtree: true, childList: true, characterData: true };
        new MutationObserver(resolve).observe(document.querySelector("main"), options);
      }),
  );
}

// Runs in the page.
function measure() {
  const channels = (color) => {
    const [red, green, blue, alpha = 1] = color.match(/[\d.]+/g).map(Number);
    return { red, green, blue, alpha };
  };
  const over = (front, back) => {
    const mix = (name) => front[name] * front.alpha + back[name] * (1 - front.alpha);
    return { red: mix("red"), green: mix("green"), blue: mix("blue"), alpha: 1 };
  };
  const luminance = ({ red, green, blue }) => {
    const linear = [red, green, blue].map((channel) => {
      const part = channel / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const background = (element) => {
    const behind = element.parentElement
      ? background(element.parentElement)
      : channels("rgb(255, 255, 255)");
    return over(channels(getComputedStyle(element).backgroundColor), behind);
  };
  const contrast = (element) => {
    const style = getComputedStyle(element);
    const behind = background(element);
    const text = over(channels(element instanceof SVGElement ? style.fill : style.color), behind);
    const [dark, light] = [luminance(text), luminance(behind)].sort((one, other) => one - other);
    return (light + 0.05) / (dark + 0.05);
  };
  const contrasts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.data.trim();
    if (text !== "" && element.getClientRects().length > 0) {
      contrasts.push({ text, contrast: contrast(element) });
    }
  }
  const drawing = document.querySelector("svg[role=img]");
  const names = ["aria-labelledby", "aria-describedby"].map((name) => drawing.getAttribute(name));
  return {
    background: getComputedStyle(document.body).backgroundColor,
    headings: [...document.querySelectorAll("h1, h2")].map((heading) => heading.innerText.trim()),
    main: document.querySelector("main").innerText,
    drawing: names.map((name) => document.getElementById(name).textContent),
    overflow: document.documentElement.scrollWidth - innerWidth,
    contrasts,
  };
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
