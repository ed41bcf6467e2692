// Library pictures: a look at the file before it is sent, and drawing a box on a picture.

document.querySelectorAll("input[type=file][data-preview]").forEach((input) => {
  const image = document.getElementById(input.dataset.preview);
  const show = () => {
    if (image.src) URL.revokeObjectURL(image.src);
    const file = input.files[0];
    image.hidden = true;
    if (!file) return;
    image.onload = () => (image.hidden = false); // a DICOM file never loads, and stays hidden
    image.src = URL.createObjectURL(file);
  };
  input.addEventListener("change", show);
  if (input.files.length) show(); // chosen before this file arrived
});

const frame = document.querySelector("[data-picture-edit]");
const edges = Object.fromEntries(
  [...document.querySelectorAll("[data-edge]")].map((input) => [input.dataset.edge, input]),
);

function percent(event) {
  const box = frame.getBoundingClientRect();
  const part = (value, start, length) => Math.min(100, Math.max(0, ((value - start) / length) * 100));
  return [part(event.clientX, box.left, box.width), part(event.clientY, box.top, box.height)];
}

if (frame && edges.left) {
  const canvas = document.createElement("canvas");
  canvas.setAttribute("aria-hidden", "true");
  frame.append(canvas);
  let start = null;

  const draw = () => {
    canvas.width = frame.clientWidth;
    canvas.height = frame.clientHeight;
    const at = (name, side) => (Number(edges[name].value) / 100) * side;
    const [left, right] = [at("left", canvas.width), at("right", canvas.width)];
    const [top, bottom] = [at("top", canvas.height), at("bottom", canvas.height)];
    if (right - left >= canvas.width && bottom - top >= canvas.height) return;
    const pen = canvas.getContext("2d");
    pen.strokeStyle = "#f0b84a";
    pen.lineWidth = 3;
    pen.setLineDash([8, 5]);
    pen.strokeRect(left, top, right - left, bottom - top);
  };

  const isEditing = () => edges.left.closest("details").open;
  const follow = (event) => {
    if (!start) return;
    const end = percent(event);
    ["left", "top"].forEach((name, axis) => (edges[name].value = Math.min(start[axis], end[axis]).toFixed(1)));
    ["right", "bottom"].forEach((name, axis) => (edges[name].value = Math.max(start[axis], end[axis]).toFixed(1)));
    draw();
  };
  frame.addEventListener("pointerdown", (event) => {
    if (!isEditing()) return;
    start = percent(event);
    frame.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  frame.addEventListener("pointermove", follow);
  frame.addEventListener("pointerup", () => (start = null));
  Object.values(edges).forEach((input) => input.addEventListener("input", draw));
  edges.left.closest("details").addEventListener("toggle", (event) => {
    if (event.target.open) frame.dataset.ready = "yes";
    else delete frame.dataset.ready;
    draw();
  });
}

// The model's word goes into the form, and only the form is ever saved.
document.querySelectorAll("[data-propose]").forEach((button) => {
  button.addEventListener("click", () => {
    const input = document.querySelector(`form [name="${button.dataset.propose}"]`);
    input.value = button.dataset.word;
    input.focus();
  });
});
