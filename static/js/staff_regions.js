// Drawing a marked region: points that a finger drags and the keyboard moves. The page itself
// holds the polygon as text in its form; the server checks it and makes the region.

const SPACE = "http://www.w3.org/2000/svg";
const MOST_AT_FIRST = 24;
const picture = document.querySelector("[data-region-edit]");
const form = document.querySelector("[data-region-form]");
const choice = form.elements.structure;
const drawing = picture.querySelector("[data-drawing]");
const dots = picture.querySelector("[data-points]");
const { width, height } = picture.viewBox.baseVal;
const radius = Math.max(width, height) / 70;
let points = [];

function within([x, y]) {
  return [Math.min(width, Math.max(0, x)), Math.min(height, Math.max(0, y))];
}

// The largest ring of a path, thinned to so many points that each can be grasped.
function ringOf(path) {
  const rings = path.split("M").slice(1).map((ring) => {
    const numbers = (ring.match(/-?\d+(\.\d+)?/g) ?? []).map(Number);
    return numbers.flatMap((x, at) => (at % 2 ? [] : [[x, numbers[at + 1]]]));
  });
  const ring = rings.sort((one, other) => other.length - one.length)[0] ?? [];
  const step = Math.max(1, Math.ceil(ring.length / MOST_AT_FIRST));
  return ring.filter((_, at) => at % step === 0).map(within);
}

function aroundTheMiddle() {
  const size = Math.min(width, height) / 6;
  return Array.from({ length: 8 }, (_, at) => [
    width / 2 + size * Math.cos((at * Math.PI) / 4),
    height / 2 + size * Math.sin((at * Math.PI) / 4),
  ]);
}

function show(focused = -1) {
  drawing.toggleAttribute("hidden", points.length === 0);
  drawing.setAttribute("fill", choice.selectedOptions[0].dataset.colour);
  drawing.setAttribute("d", points.length ? `M${points.map((point) => point.join(" ")).join("L")}Z` : "");
  form.elements.points.value = points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
  form.querySelector("[data-when-drawing]").hidden = points.length === 0;
  if (dots.children.length !== points.length) dots.replaceChildren(...points.map((_, at) => makeDot(at)));
  [...dots.children].forEach((dot, at) => {
    dot.setAttribute("cx", points[at][0]);
    dot.setAttribute("cy", points[at][1]);
    dot.setAttribute("aria-label", `${at + 1} / ${points.length}`);
  });
  if (focused >= 0) dots.children[Math.min(focused, points.length - 1)].focus();
}

function makeDot(at) {
  const dot = document.createElementNS(SPACE, "circle");
  const traits = { r: radius, tabindex: 0, role: "button", "aria-describedby": "points-help" };
  Object.entries(traits).forEach(([name, value]) => dot.setAttribute(name, value));
  dot.addEventListener("keydown", (event) => press(event, at));
  dot.addEventListener("pointerdown", (event) => {
    dot.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  dot.addEventListener("pointermove", (event) => {
    if (!dot.hasPointerCapture(event.pointerId)) return;
    const spot = new DOMPoint(event.clientX, event.clientY).matrixTransform(picture.getScreenCTM().inverse());
    points[at] = within([spot.x, spot.y]);
    show();
  });
  return dot;
}

function press(event, at) {
  const step = (event.shiftKey ? 10 : 1) * (Math.max(width, height) / 256);
  const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
  const [x, y] = points[at];
  if (moves[event.key]) {
    points[at] = within([x + moves[event.key][0], y + moves[event.key][1]]);
    show();
  } else if (event.key === "+" || event.key === "Insert") {
    const [nextX, nextY] = points[(at + 1) % points.length];
    points.splice(at + 1, 0, [(x + nextX) / 2, (y + nextY) / 2]);
    show(at + 1);
  } else if ((event.key === "Delete" || event.key === "Backspace") && points.length > 3) {
    points.splice(at, 1);
    show(at);
  } else {
    return;
  }
  event.preventDefault();
}

function start(key) {
  choice.value = key;
  const standing = picture.querySelector(`.standing[data-structure="${CSS.escape(key)}"]`);
  points = standing ? ringOf(standing.getAttribute("d")) : [];
  if (points.length < 3) points = aroundTheMiddle();
  dots.replaceChildren();
  show(0);
}

document.querySelectorAll("[data-redraw]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => start(button.dataset.redraw));
});
form.querySelector("[data-start]").addEventListener("click", () => start(choice.value));
form.querySelector("[data-stop]").addEventListener("click", () => {
  points = [];
  show();
});
choice.addEventListener("change", () => show());
