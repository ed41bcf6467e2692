// Every open staff page hears calls as they come, rings until they are seen, and says when it can
// no longer hear. Also: confirming what cannot be undone, and printing.

const EVERY_MS = 1500;
const DEAF_AFTER_MS = 10_000; // the house speaks every three seconds
const bar = document.querySelector("[data-ringing]");
const deaf = document.querySelector("[data-deaf]");
const count = document.querySelector("[data-alert-count]");
const mute = document.querySelector("[data-mute]");
let heardAt = Date.now();
let isLoud = false;
let known = new Set();
let turns = 0;
let sound = null;

// Browsers keep a page silent until somebody touched it: say so instead of failing quietly.
function wake() {
  sound ??= new AudioContext();
  sound.resume().then(() => (mute.hidden = true));
}

function ring() {
  try {
    sound ??= new AudioContext();
    mute.hidden = sound.state === "running";
    if (sound.state !== "running") return;
    [0, 0.35, 0.7].forEach((start, place) => {
      const tone = sound.createOscillator();
      const volume = sound.createGain();
      const at = sound.currentTime + start;
      tone.frequency.value = place === 1 ? 660 : 880;
      volume.gain.setValueAtTime(0.0001, at);
      volume.gain.exponentialRampToValueAtTime(0.4, at + 0.03);
      volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.3);
      tone.connect(volume).connect(sound.destination);
      tone.start(at);
      tone.stop(at + 0.32);
    });
  } catch {
    // A browser without sound still shows the bar.
  }
}

// The list is replaced in place: a reload would need another touch before the page may ring, and
// would take away a note that somebody is typing below.
async function renew(waiting) {
  const shown = document.querySelector("[data-alerts]");
  if (shown.dataset.alerts.trim() === waiting.map((call) => call.id).join(" ")) return;
  const answer = await fetch("/staff/alerts", { redirect: "error", cache: "no-store" });
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  shown.replaceWith(fresh.querySelector("[data-alerts]"));
  document.title = fresh.title;
}

async function show(waiting) {
  const isList = Boolean(document.querySelector("[data-alerts]"));
  if (count) {
    count.textContent = String(waiting.length);
    count.hidden = waiting.length === 0;
  }
  bar.hidden = waiting.length === 0 || isList;
  if (isList) await renew(waiting);
}

function hear(calls) {
  heardAt = Date.now();
  deaf.hidden = true;
  isLoud = calls.waiting.some((call) => !call.is_silent);
  const isNew = calls.waiting.some((call) => !call.is_silent && !known.has(call.id));
  known = new Set(calls.waiting.map((call) => call.id));
  if (isNew) ring();
  show(calls.waiting).catch(() => {}); // the next event comes in three seconds
}

// A browser opens few connections to one house: of all open staff pages one listens, and tells
// the others. When it is closed, the next one takes its place.
const others = new BroadcastChannel("anteroom-calls");
others.addEventListener("message", (event) => hear(event.data));

function listen() {
  const stream = new EventSource("/staff/alerts/stream");
  stream.addEventListener("calls", (event) => {
    const calls = JSON.parse(event.data);
    hear(calls);
    others.postMessage(calls);
  });
  // Signed out, or no staff address any more: the browser itself gives up, so ask again, slowly.
  stream.addEventListener("error", () => {
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, EVERY_MS);
  });
}

function watch() {
  const isDeaf = Date.now() - heardAt > DEAF_AFTER_MS;
  deaf.hidden = !isDeaf;
  turns += 1;
  if (isLoud || (isDeaf && turns % 5 === 0)) ring();
  age();
}

function dress() {
  const trial = document.querySelector("[data-sound]");
  if (trial) {
    trial.hidden = false;
    trial.addEventListener("click", () => {
      wake();
      setTimeout(ring, 150);
    });
  }
}

function age() {
  const form = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "always" });
  document.querySelectorAll("time[data-since]").forEach((time) => {
    const seconds = Math.round((Date.parse(time.dateTime) - Date.now()) / 1000);
    const minutes = Math.round(seconds / 60);
    time.textContent = seconds > -120 ? form.format(seconds, "second") : form.format(minutes, "minute");
  });
}

if (bar) {
  addEventListener("pointerdown", wake);
  addEventListener("keydown", wake);
  dress();
  navigator.locks.request("anteroom-calls", () => new Promise(() => listen()));
  setInterval(watch, EVERY_MS);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-confirm]");
  if (button && !confirm(button.dataset.confirm)) event.preventDefault();
});

document.querySelector("[data-print]")?.addEventListener("click", () => print());
if (document.querySelector("[data-print-now]")) {
  history.replaceState(null, "", location.pathname); // reading it again prints nothing
  print();
}
