// Every open staff page listens for calls: it asks every 1.5 seconds, rings, and says when it
// can no longer hear. Also: confirming what cannot be undone, printing, sending a changed choice.

const EVERY_MS = 1500;
const bar = document.querySelector("[data-ringing]");
const deaf = document.querySelector("[data-deaf]");
const count = document.querySelector("[data-alert-count]");
const mute = document.querySelector("[data-mute]");
let failures = 0;
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

// The list is replaced in place: a reload would need another touch before the page may ring.
async function renew(waiting) {
  const main = document.getElementById("main");
  const shown = main.querySelector("[data-alerts]").dataset.alerts.trim();
  if (shown === waiting.map((call) => call.id).join(" ")) return;
  const answer = await fetch("/staff/alerts", { redirect: "error", cache: "no-store" });
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  main.replaceChildren(...fresh.getElementById("main").childNodes);
  document.title = fresh.title;
  dress();
}

async function show(waiting) {
  const isList = Boolean(document.querySelector("[data-alerts]"));
  if (count) {
    count.textContent = String(waiting.length);
    count.hidden = waiting.length === 0;
  }
  bar.hidden = waiting.length === 0 || isList;
  if (waiting.some((call) => !call.is_silent)) ring();
  if (isList) await renew(waiting);
}

async function ask() {
  try {
    const answer = await fetch("/staff/alerts.json", { redirect: "error", cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    await show((await answer.json()).waiting);
    failures = 0;
    deaf.hidden = true;
  } catch {
    failures += 1;
    if (failures >= 3) {
      deaf.hidden = false;
      if (failures % 5 === 3) ring();
    }
  }
  setTimeout(ask, EVERY_MS);
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
  ask();
  setInterval(age, 1000);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-confirm]");
  if (button && !confirm(button.dataset.confirm)) event.preventDefault();
});

document.querySelector("[data-print]")?.addEventListener("click", () => print());
