// Reads a page aloud, and keeps the place on it when its letters or its language change.
// Only voices that speak on this tablet itself: others would send the words to somebody's server.

const speech = window.speechSynthesis;
const button = document.querySelector("[data-aloud]");
const language = document.documentElement.lang;
let running = 0;

function voice() {
  const local = speech?.getVoices().filter((one) => one.localService) ?? [];
  return local.find((one) => one.lang.toLowerCase().split(/[-_]/)[0] === language);
}

function offer() {
  button.hidden = !voice();
}

function show(isReading) {
  button.setAttribute("aria-pressed", String(isReading));
  button.querySelector("[data-aloud-read]").hidden = isReading;
  button.querySelector("[data-aloud-stop]").hidden = !isReading;
}

function lines() {
  const found = document.querySelectorAll("main :is(h1, h2, h3, p, li, legend, label, button, a.button)");
  return [...found].filter((one) => one.checkVisibility() && one.innerText.trim()
    && ![...found].some((other) => other !== one && one.contains(other)));
}

function stop() {
  running += 1;
  speech.cancel();
  document.querySelector(".is-read")?.classList.remove("is-read");
  show(false);
}

function read() {
  const mine = ++running;
  const queue = lines();
  show(true);
  const next = () => {
    document.querySelector(".is-read")?.classList.remove("is-read");
    const line = queue.shift();
    if (mine !== running) return;
    if (!line) return show(false);
    const words = new SpeechSynthesisUtterance(line.innerText);
    Object.assign(words, { voice: voice(), lang: voice().lang, rate: 0.9, onend: next, onerror: next });
    line.classList.add("is-read");
    document.dispatchEvent(new Event("busy")); // who listens is still here
    speech.speak(words);
  };
  next();
}

if (speech && button) {
  offer();
  speech.addEventListener?.("voiceschanged", offer);
  button.addEventListener("click", () => (button.getAttribute("aria-pressed") === "true" ? stop() : read()));
  window.addEventListener("pagehide", stop);
}

// The nearest part of the page that has a name: where the patient was reading.
function place() {
  const named = [...document.querySelectorAll("main :is(section, article, form, li)[id]")];
  return named.findLast((one) => one.getBoundingClientRect().top < window.innerHeight / 3)?.id;
}

for (const form of document.querySelectorAll('.bar form:is([action="/reading"], [action="/language"])')) {
  form.addEventListener("submit", () => {
    const { pathname, search } = window.location;
    const back = form.querySelector("[name=back]");
    // The slices change the address without asking the server; a form's answer has another one.
    const now = back.value.split(/[?#]/)[0] === pathname ? pathname + search : back.value;
    back.value = window.scrollY < 80 ? now : `${now}#${place() ?? ""}`;
  });
}

// A menu closes when somebody taps elsewhere or presses Escape.
document.addEventListener("pointerdown", (event) => {
  for (const menu of document.querySelectorAll(".menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector(".menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
