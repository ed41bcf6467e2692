// Asks "are you still there?" before the idle time ends. The server is the judge: this page only
// tells it that somebody touched the screen, and puts the tablet down when nobody did.

const total = Number(document.body.dataset.idleSeconds) * 1000;
const warning = Math.min(30_000, total / 2);
const tell = Math.min(20_000, total / 4);
const dialog = document.querySelector("#idle");
const left = dialog.querySelector("[data-idle-left]");
let touched = Date.now();
let told = Date.now();

async function tellServer() {
  told = Date.now();
  const reply = await fetch("/still-here", { method: "POST" }).catch(() => null);
  if (reply?.redirected) window.location.assign("/");
}

function stay() {
  touched = Date.now();
  if (dialog.open) dialog.close();
  if (touched - told > tell) tellServer();
}

for (const name of ["pointerdown", "keydown", "wheel", "touchmove"]) {
  window.addEventListener(name, () => { if (!dialog.open) stay(); }, { passive: true });
}
document.addEventListener("busy", () => { if (!dialog.open) stay(); });
dialog.querySelector("[data-idle-stay]").addEventListener("click", () => { told = 0; stay(); });
dialog.addEventListener("cancel", () => { told = 0; stay(); });

function end() {
  const form = dialog.querySelector("[data-idle-end]");
  const reason = document.createElement("input");
  Object.assign(reason, { type: "hidden", name: "reason", value: "idle" });
  form.append(reason);
  form.submit();
}

function look() {
  const idle = Date.now() - touched;
  if (idle >= total) return end();
  if (idle >= total - warning) {
    if (!dialog.open) dialog.showModal();
    left.textContent = String(Math.ceil((total - idle) / 1000));
  }
  window.setTimeout(look, 500);
}

// A page out of the back-forward store could be the one of the person before.
window.addEventListener("pageshow", (event) => { if (event.persisted) window.location.reload(); });
look();
