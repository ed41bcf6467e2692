// The picture: larger, smaller, moved; a part and its line in the list light up together.
// Without this file the picture, its shapes and the list are all there and all reachable.

const FURTHEST = 6;
const STEP = 1.5;
const PAN_SHARE = 0.2;
const KEYS = { "+": "in", "=": "in", "-": "out", 0: "whole" };
const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

function makeViewer(root) {
  const stage = root.querySelector("[data-stage]");
  const canvas = root.querySelector("[data-canvas]");
  const buttons = root.querySelector("[data-zoom]");
  const pan = root.querySelector("[data-pan]");
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
    pan.hidden = view.scale <= 1;
  }

  function moveBy(acrossShare, downShare) {
    const box = stage.getBoundingClientRect();
    view.x += acrossShare * PAN_SHARE * box.width;
    view.y += downShare * PAN_SHARE * box.height;
    place();
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
  const zoom = {
    in: () => zoomTo(view.scale * STEP), out: () => zoomTo(view.scale / STEP), whole: () => zoomTo(1),
  };
  for (const [name, act] of Object.entries(zoom)) {
    buttons.querySelector(`[data-zoom-${name}]`).addEventListener("click", act);
  }
  for (const button of pan.querySelectorAll("[data-pan-by]")) {
    button.addEventListener("click", () => moveBy(...button.dataset.panBy.split(" ").map(Number)));
  }
  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (KEYS[event.key]) zoom[KEYS[event.key]]();
    else if (view.scale > 1 && ARROWS[event.key]) moveBy(...ARROWS[event.key]);
    else return;
    event.preventDefault();
  });
  return () => moved <= 12;
}

const told = document.querySelector("[data-told]");
const usual = told ? [...told.childNodes] : [];
const lineOf = (number) => document.querySelector(`.parts [data-part="${number}"]`);
let chosen = [...document.querySelectorAll(".parts .is-lit")].map((line) => line.dataset.part);

// Name and sentences stand under the picture, where the eye is; the list may be far below.
function tell(numbers) {
  if (!told) return;
  const [first] = numbers;
  if (!first) return told.replaceChildren(...usual);
  const line = lineOf(first);
  const name = line.querySelector(".part-name").cloneNode(true);
  const about = line.querySelector("details > p");
  const words = document.createElement("p");
  Object.assign(words, { lang: about.lang, dir: about.dir });
  words.append(name, `: ${told.dataset.here} ${about.textContent}`);
  told.replaceChildren(line.querySelector(".swatch").cloneNode(true), words);
}

function light(numbers) {
  for (const one of document.querySelectorAll("[data-part]")) {
    one.classList.toggle("is-lit", numbers.includes(one.dataset.part));
  }
  document.querySelector(".overlay")?.classList.toggle("has-lit", numbers.length > 0);
  tell(numbers);
}

function keep(number) {
  chosen = [number];
  light(chosen);
}

function choose(number) {
  keep(number);
  lineOf(number).querySelector("details").open = true;
}

function joinShapesAndLines(isTap) {
  for (const shape of document.querySelectorAll(".shape")) {
    const number = shape.dataset.part;
    shape.addEventListener("click", (event) => {
      event.preventDefault();
      if (isTap()) choose(number);
    });
    shape.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      choose(number);
    });
    for (const name of ["pointerenter", "focus"]) shape.addEventListener(name, () => light([number]));
    for (const name of ["pointerleave", "blur"]) shape.addEventListener(name, () => light(chosen));
  }
  for (const line of document.querySelectorAll(".parts [data-part]")) {
    // The tap itself opens the line: opening it here too would close it again.
    line.querySelector("summary").addEventListener("click", () => {
      if (!line.querySelector("details").open) keep(line.dataset.part);
    });
  }
}

// "Where is my liver?": a name of the list lights up at once; for any other the server is asked.
function findByName(form) {
  const field = form.querySelector("input[name=part]");
  const plain = (text) => text.trim().toLocaleLowerCase(document.documentElement.lang);
  const numberOf = () => [...document.querySelectorAll(".parts [data-part]")]
    .find((line) => plain(line.querySelector(".part-name").textContent) === plain(field.value))?.dataset.part;
  form.addEventListener("submit", (event) => {
    const number = numberOf();
    if (!number) return;
    event.preventDefault();
    told.setAttribute("role", "status");
    choose(number);
    document.querySelector("#picture").scrollIntoView({ block: "nearest" });
  });
  field.addEventListener("change", () => { if (numberOf()) form.requestSubmit(); });
}

const root = document.querySelector("[data-viewer]");
if (root) {
  const isTap = makeViewer(root);
  joinShapesAndLines(isTap);
  document.addEventListener("parts-changed", () => {
    chosen = [];
    light(chosen);
    joinShapesAndLines(isTap);
  });
  const form = document.querySelector("[data-find]");
  if (form) findByName(form);
}
