// While an answer is made: fetch the part of the page that changes, and put it in when it did.
// The server decides when an answer may be seen; asking more often shows nothing sooner.

const PAUSE_MS = 500;
const place = (root) => [...root.querySelectorAll(".pending p")].map((one) => one.textContent);

// Where the question stands in the queue, told as it changes.
function tellPlace(now, next) {
  const words = place(next);
  now.querySelectorAll(".pending p").forEach((line, at) => {
    if (words[at] && line.textContent !== words[at]) line.textContent = words[at];
  });
}

async function refresh() {
  const now = document.querySelector("[data-answers][data-pending]");
  if (!now) return;
  let isDone = false;
  try {
    const reply = await fetch(now.dataset.answers, { headers: { Accept: "text/html" } });
    if (reply.redirected || !reply.ok) return window.location.reload();
    const page = new DOMParser().parseFromString(await reply.text(), "text/html");
    const next = page.querySelector("[data-answers]");
    isDone = !("pending" in next.dataset);
    if (next.querySelectorAll("[data-testid=answer], .saved").length
      !== now.querySelectorAll("[data-testid=answer], .saved").length) {
      const needsExamples = "showsExamples" in next.dataset && !document.querySelector("#healthy");
      if (needsExamples) return window.location.reload();
      now.replaceWith(next);
      // The answer is longer than the line it replaces: keep its beginning in sight.
      const last = [...next.querySelectorAll(".turn")].findLast((turn) => turn.querySelector(".answer"));
      last?.scrollIntoView({ block: "start" });
    } else tellPlace(now, next);
  } catch {
    // The house is out of reach for a moment; the next try comes by itself.
  }
  if (!isDone) window.setTimeout(refresh, PAUSE_MS);
}

window.setTimeout(refresh, PAUSE_MS);
