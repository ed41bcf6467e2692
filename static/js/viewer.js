// The picture: larger, smaller, moved; a part and its line in the list light up together.
// Without this file the picture, its shapes and the list are all there and all reachable.

const FURTHEST = 6;
const STEP = 1.5;

function makeViewer(root) {
  const stage = root.querySelector("[data-stage]");
  const canvas = root.querySelector("[data-canvas]");
  const buttons = root.querySelector("[data-zoom]");
  const view = { scale: 1, x: 0, y: 0 };
  const fingers = new Map();
  let moved = 0;

  function place() {
    const box = stage.getBoundingClientRect();
    const farX = (box.width * (view.scale - 1)) / 2;
    const farY = (box.height * (view.scale - 1)) / 2;
    view.x = Math.min(farX, Math.max(-farX, view.x));
    view.y = Math.min(farY, Math.max(-farY, view.y));
    canvas.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.scale})`;
    // Only a larger picture takes the finger; otherwise the page must scroll under it.
    stage.classList.toggle("is-larger", view.scale > 1);
  }

  function zoomTo(scale, atX = 0, atY = 0) {
    const next = Math.min(FURTHEST, Math.max(1, scale));
    const ratio = next / view.scale;
    view.x = atX - (atX - view.x) * ratio;
    view.y = atY - (atY - view.y) * ratio;
    view.scale = next;
    place();
  }

  function spread() {
    const [a, b] = [...fingers.values()];
    return { far: Math.hypot(a.x - b.x, a.y - b.y), x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
  }

  stage.addEventListener("pointerdown", (event) => {
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    moved = 0;
  });
  stage.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const old = fingers.size === 2 ? spread() : null;
    moved += Math.hypot(event.clientX - before.x, event.clientY - before.y);
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (old) {
      const box = stage.getBoundingClientRect();
      const next = spread();
      view.x += next.x - old.x;
      view.y += next.y - old.y;
      const middle = [next.x - box.left - box.width / 2, next.y - box.top - box.height / 2];
      zoomTo((view.scale * next.far) / Math.max(old.far, 1), ...middle);
    } else if (view.scale > 1) {
      view.x += event.clientX - before.x;
      view.y += event.clientY - before.y;
      place();
    }
  });
  for (const name of ["pointerup", "pointercancel", "pointerleave"]) {
    stage.addEventListener(name, (event) => fingers.delete(event.pointerId));
  }
  // A drag that ends on a shape is no tap.
  stage.addEventListener("click", (event) => { if (moved > 12) event.preventDefault(); }, true);
  stage.addEventListener("dblclick", () => zoomTo(view.scale > 1 ? 1 : 2.5));

  buttons.hidden = false;
  buttons.querySelector("[data-zoom-in]").addEventListener("click", () => zoomTo(view.scale * STEP));
  buttons.querySelector("[data-zoom-out]").addEventListener("click", () => zoomTo(view.scale / STEP));
  buttons.querySelector("[data-zoom-whole]").addEventListener("click", () => zoomTo(1));
  return () => moved <= 12;
}

function light(number, isOn) {
  for (const one of document.querySelectorAll("[data-part]")) {
    one.classList.toggle("is-lit", isOn && one.dataset.part === number);
  }
  document.querySelector(".overlay")?.classList.toggle("has-lit", isOn);
}

function openLine(number) {
  const line = document.querySelector(`.parts [data-part="${number}"]`);
  line.querySelector("details").open = true;
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  line.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
}

function joinShapesAndLines(isTap) {
  let chosen = null;
  for (const shape of document.querySelectorAll(".shape")) {
    const number = shape.dataset.part;
    shape.addEventListener("click", (event) => {
      event.preventDefault();
      if (!isTap()) return;
      chosen = number;
      light(number, true);
      openLine(number);
    });
    for (const name of ["pointerenter", "focus"]) shape.addEventListener(name, () => light(number, true));
    for (const name of ["pointerleave", "blur"]) {
      shape.addEventListener(name, () => light(chosen ?? number, chosen !== null));
    }
  }
  for (const line of document.querySelectorAll(".parts [data-part]")) {
    line.querySelector("details").addEventListener("toggle", (event) => {
      if (!event.target.open) return;
      chosen = line.dataset.part;
      light(chosen, true);
    });
  }
}

const root = document.querySelector("[data-viewer]");
if (root) {
  const isTap = makeViewer(root);
  joinShapesAndLines(isTap);
  document.addEventListener("parts-changed", () => joinShapesAndLines(isTap));
}
