// Through the pictures of a series: slider, play, arrow keys, windows. Without this file the same
// buttons are links. Pictures are kept in memory alone and only while this page is open.

const AHEAD = 4;
const REST_MS = 250;
const PLAY_MS = 140;
const ASK_MS = 1500;
const KEPT = 60;

const root = document.querySelector("[data-slices]");
const image = document.querySelector("[data-canvas] img");
const slot = document.querySelector("[data-overlay-slot]");
const kept = new Map();
let view = { number: Number(root?.dataset.number ?? 0), preset: new URLSearchParams(location.search).get("window") ?? "" };
let from = Number(root?.dataset.from ?? 0);
let to = Number(root?.dataset.to ?? 0);
let resting = 0;
let playing = 0;

const page = root?.dataset.page ?? location.pathname;
const query = (number) => `?slice=${number}${view.preset ? `&window=${view.preset}` : ""}`;

function load(number) {
  const address = `${page}/slices/${number}.png${view.preset ? `?window=${view.preset}` : ""}`;
  let picture = kept.get(address);
  if (!picture) {
    picture = new Image();
    picture.src = address;
    kept.set(address, picture);
    if (kept.size > KEPT) kept.delete(kept.keys().next().value);
  }
  return picture;
}

function fill(words, number, count) {
  return words.replace("{number}", number).replace("{count}", count);
}

function tellPage() {
  const { number } = view;
  history.replaceState(null, "", page + query(number));
  for (const field of document.querySelectorAll("[data-slice-number]")) field.value = number;
  for (const link of document.querySelectorAll("[data-window]")) {
    if (!link.href) continue;
    const isOn = link.dataset.window === view.preset;
    link.classList.toggle("quiet", !isOn);
    link.toggleAttribute("aria-current", isOn);
    link.href = `${page}?slice=${number}${link.dataset.window ? `&window=${link.dataset.window}` : ""}`;
  }
  if (!root) return;
  const place = fill(root.dataset.words, number + 1, root.dataset.count);
  root.querySelector("[data-slice-place]").textContent = place;
  const range = root.querySelector("[data-slice-range]");
  Object.assign(range, { min: from, max: to, value: number });
  range.setAttribute("aria-valuetext", place);
  root.querySelector("[data-slice-back]").href = page + query(Math.max(from, number - 1));
  root.querySelector("[data-slice-next]").href = page + query(Math.min(to, number + 1));
}

async function showPicture() {
  const wanted = load(view.number);
  const missing = root?.querySelector("[data-slice-missing]");
  try {
    await wanted.decode();
  } catch {
    if (missing && wanted === load(view.number)) missing.hidden = false;
    return;
  }
  if (wanted !== load(view.number)) return;
  if (missing) missing.hidden = true;
  image.src = wanted.src;
}

async function showParts() {
  const { number } = view;
  const reply = await fetch(`${page}/slice${query(number)}`).catch(() => null);
  if (!reply?.ok || reply.redirected || number !== view.number) return;
  const fresh = new DOMParser().parseFromString(await reply.text(), "text/html");
  slot.replaceChildren(fresh.querySelector(".overlay"));
  document.querySelector("[data-parts-slot]").replaceChildren(fresh.querySelector("[data-parts-of]"));
  document.dispatchEvent(new Event("parts-changed"));
  waitForParts();
}

function waitForParts() {
  if (document.querySelector("[data-looking]")) {
    window.clearTimeout(resting);
    resting = window.setTimeout(showParts, ASK_MS);
  }
}

function go(number) {
  const next = Math.min(to, Math.max(from, number));
  if (next !== view.number) slot.replaceChildren(); // coloured areas belong to one slice alone
  view = { ...view, number: next };
  tellPage();
  showPicture();
  for (let step = 1; step <= AHEAD; step += 1) {
    if (next + step <= to) load(next + step);
    if (next - step >= from && step < AHEAD / 2) load(next - step);
  }
  window.clearTimeout(resting);
  if (!playing) resting = window.setTimeout(showParts, REST_MS);
}

function play(isOn) {
  window.clearInterval(playing);
  playing = 0;
  root.querySelector("[data-slice-play]").setAttribute("aria-pressed", String(isOn));
  if (isOn) playing = window.setInterval(() => go(view.number >= to ? from : view.number + 1), PLAY_MS);
  else go(view.number);
}

async function arrive() {
  const bar = document.querySelector("[data-storing]");
  if (!bar) return;
  const reply = await fetch(bar.dataset.storing).catch(() => null);
  if (reply?.ok && !reply.redirected) {
    const state = await reply.json();
    ({ from, to } = state);
    bar.querySelector("progress").value = state.stored;
    bar.querySelector("[data-storing-words]").textContent = fill(bar.dataset.words, state.stored, state.slices);
    tellPage();
    if (state.storing !== "storing") return bar.remove();
  }
  window.setTimeout(arrive, ASK_MS);
}

for (const link of document.querySelectorAll("a[data-window]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    view = { ...view, preset: link.dataset.window };
    tellPage();
    showPicture();
  });
}
if (root) {
  const range = root.querySelector("[data-slice-range]");
  root.querySelector("[data-slice-slide]").hidden = false;
  const stepped = (by) => (event) => { event.preventDefault(); if (playing) play(false); go(view.number + by); };
  root.querySelector("[data-slice-back]").addEventListener("click", stepped(-1));
  root.querySelector("[data-slice-next]").addEventListener("click", stepped(1));
  range.addEventListener("input", () => { if (playing) play(false); go(Number(range.value)); });
  root.querySelector("[data-slice-play]").addEventListener("click", () => play(!playing));
  document.addEventListener("visibilitychange", () => { if (document.hidden && playing) play(false); });
  tellPage();
  waitForParts();
  window.setTimeout(arrive, ASK_MS);
}
