// Waits for the look: asks the server where it stands, then shows the page that is ready.

const PAUSE_MS = 1000;
const root = document.querySelector("[data-waiting]");
const shown = Number(root.querySelector("[data-before]:not([hidden])").dataset.before);

async function ask() {
  try {
    const reply = await fetch(root.dataset.waiting, { headers: { Accept: "application/json" } });
    if (reply.redirected || !reply.ok) return window.location.reload();
    const { status, before, stored: number, slices: count } = await reply.json();
    const arriving = root.querySelector("[data-stored]");
    if (arriving) arriving.textContent = arriving.dataset.words.replace("{number}", number).replace("{count}", count);
    const isWaiting = status === "received" || status === "looking";
    if (!isWaiting || Math.min(before, 1) !== shown) return window.location.reload();
  } catch {
    // Out of reach for a moment; try again.
  }
  window.setTimeout(ask, PAUSE_MS);
}

window.setTimeout(ask, PAUSE_MS);
