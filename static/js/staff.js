// Every open staff page listens for calls: it asks every two seconds, rings, and says when it
// can no longer hear. Also: confirming what cannot be undone, printing, sending a changed choice.

const EVERY_MS = 2000;
const bar = document.querySelector("[data-ringing]");
const deaf = document.querySelector("[data-deaf]");
const count = document.querySelector("[data-alert-count]");
const list = document.querySelector("[data-alerts]");
let failures = 0;
let sound = null;

function ring() {
  try {
    sound ??= new AudioContext();
    sound.resume();
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

function show(waiting) {
  const loud = waiting.filter((call) => !call.is_silent);
  if (count) {
    count.textContent = String(waiting.length);
    count.hidden = waiting.length === 0;
  }
  bar.hidden = waiting.length === 0 || Boolean(list);
  if (list) {
    const shown = list.dataset.alerts.trim();
    if (shown !== waiting.map((call) => call.id).join(" ")) location.reload();
  }
  if (loud.length) ring();
}

async function ask() {
  try {
    const answer = await fetch("/staff/alerts.json", { redirect: "error", cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    show((await answer.json()).waiting);
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

if (bar) ask();

const trial = document.querySelector("[data-sound]");
if (trial) {
  trial.hidden = false;
  trial.addEventListener("click", ring);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-confirm]");
  if (button && !confirm(button.dataset.confirm)) event.preventDefault();
});

document.querySelector("[data-print]")?.addEventListener("click", () => print());

document.querySelectorAll("time[data-since]").forEach((time) => {
  const since = Date.parse(time.dateTime);
  const form = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "always" });
  setInterval(() => {
    const seconds = Math.round((since - Date.now()) / 1000);
    time.textContent =
      seconds > -120 ? form.format(seconds, "second") : form.format(Math.round(seconds / 60), "minute");
  }, 1000);
});
