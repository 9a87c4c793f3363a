// Two methods' videos of what was chosen, in step: one over the other with a wipe between them, or side by side.
(() => {
  const stage = document.getElementById("stage");
  if (!stage) return; // a single method
  const said = document.getElementById("said");
  const wipe = document.getElementById("wipe");
  const sides = ["left", "right"];
  const lists = Object.fromEntries(sides.map((side) => [side, document.getElementById(side)]));
  const views = [...document.querySelectorAll('input[name="view"]')];
  const view = () => views.find((one) => one.checked).value;
  const labelOf = (side) => lists[side].selectedOptions[0].text;
  let choice;

  const made = (side) => choice.content.querySelector(`[data-method="${CSS.escape(lists[side].value)}"]`);
  const named = (side, tag) => {
    const name = document.createElement(tag);
    name.textContent = labelOf(side);
    return name;
  };
  const pictureOf = (side) => {
    const one = document.createElement("div");
    one.className = side;
    one.append(document.importNode(made(side).querySelector("video"), true), named(side, "span"));
    return one;
  };
  const captionOf = (side) => {
    const one = document.createElement("div");
    const caption = document.importNode(made(side).querySelector("figcaption"), true);
    one.append(named(side, "h4"), ...caption.childNodes);
    return one;
  };
  const show = () => {
    stage.replaceChildren(...sides.map(pictureOf));
    said.replaceChildren(...sides.map(captionOf));
    stage.dispatchEvent(new Event("newvideos"));
    move();
  };
  const move = () => {
    stage.style.setProperty("--wipe", `${wipe.value}%`);
    wipe.setAttribute("aria-valuetext", `${wipe.value}% ${labelOf("left")}, ${100 - wipe.value}% ${labelOf("right")}`);
  };
  const look = () => {
    stage.classList.toggle("wipe", view() === "wipe");
    wipe.parentElement.hidden = view() !== "wipe";
  };
  const remember = () => fragment.write({ left: lists.left.value, right: lists.right.value, view: view() });
  const follow = () => {
    const wanted = fragment.read();
    for (const side of sides) {
      if ([...lists[side].options].some((one) => one.value === wanted.get(side))) lists[side].value = wanted.get(side);
    }
    for (const one of views) if (one.value === wanted.get("view")) one.checked = true;
    look();
  };

  document.addEventListener("choice", ({ detail }) => { choice = detail; show(); });
  addEventListener("hashchange", () => { follow(); show(); });
  for (const side of sides) lists[side].addEventListener("change", () => { show(); remember(); });
  for (const one of views) one.addEventListener("change", () => { look(); remember(); });
  wipe.addEventListener("input", move);
  const drag = (event) => {
    if (view() !== "wipe" || !(event.buttons & 1)) return;
    const place = stage.getBoundingClientRect();
    wipe.value = (100 * (event.clientX - place.left)) / place.width;
    move();
  };
  stage.addEventListener("pointerdown", drag);
  stage.addEventListener("pointermove", drag);
  follow();
})();
