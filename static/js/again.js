// Looks again at a page on which something goes on, until it is over. The page stays: a reload would
// need another touch before it may ring.
const PAUSE_MS = 3000;

async function look() {
  const reply = await fetch(window.location.href).catch(() => null);
  if (reply?.redirected) return window.location.reload();
  if (reply?.ok) {
    const fresh = new DOMParser().parseFromString(await reply.text(), "text/html");
    document.querySelector("main").replaceWith(fresh.querySelector("main"));
    if (!document.querySelector("[data-under-way]")) return;
  }
  window.setTimeout(look, PAUSE_MS);
}

window.setTimeout(look, PAUSE_MS);
