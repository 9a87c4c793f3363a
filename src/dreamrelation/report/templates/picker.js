// A prompt and a seed are chosen from lists; every method's video of the choice is taken out of a template of the page.
// Whoever else shows the choice is told by the document's event "choice".
(() => {
  const picker = document.getElementById("picker");
  const prompt = document.getElementById("prompt");
  const seed = document.getElementById("seed");
  const picked = document.getElementById("picked");
  const told = document.getElementById("told");
  const choices = [...document.querySelectorAll("template[data-prompt]")];
  const ofPrompt = (number) => choices.filter((choice) => choice.dataset.prompt === number);

  const fillSeeds = (wanted) => {
    const found = ofPrompt(prompt.value);
    seed.replaceChildren(...found.map((choice, place) => (
      new Option(`${place + 1} of ${found.length}: ${choice.dataset.seedValue}`, choice.dataset.seed))));
    if (found.some((choice) => choice.dataset.seed === wanted)) seed.value = wanted;
  };
  const show = () => {
    const choice = ofPrompt(prompt.value).find((one) => one.dataset.seed === seed.value);
    picked.replaceChildren(document.importNode(choice.content, true));
    picked.dispatchEvent(new Event("newvideos"));
    document.dispatchEvent(new CustomEvent("choice", { detail: choice }));
    told.textContent = `${prompt.selectedOptions[0].text} Seed ${seed.selectedOptions[0].text}`;
  };
  const follow = () => {
    const wanted = fragment.read();
    const isKnown = ofPrompt(wanted.get("prompt")).length > 0;
    if (isKnown) prompt.value = wanted.get("prompt");
    fillSeeds(wanted.get("seed"));
    show();
    return isKnown;
  };
  const step = (list, by) => {
    list.selectedIndex = (list.selectedIndex + by + list.length) % list.length;
    list.dispatchEvent(new Event("change", { bubbles: true }));
  };

  prompt.addEventListener("change", () => { fillSeeds(seed.value); });
  for (const list of [prompt, seed]) {
    list.addEventListener("change", () => {
      show();
      fragment.write({ prompt: prompt.value, seed: seed.value });
    });
  }
  for (const button of picker.querySelectorAll("button[data-step]")) {
    button.addEventListener("click", () => step(document.getElementById(button.dataset.of), Number(button.dataset.step)));
  }
  picker.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const focused = event.target.closest("button[data-step], select");
    if (!by || !focused || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    step(focused.dataset.of ? document.getElementById(focused.dataset.of) : focused, by);
  });
  addEventListener("hashchange", () => {
    if (!follow()) return;
    picker.scrollIntoView();
    prompt.focus({ preventScroll: true });
  });

  picker.hidden = false;
  if (follow()) picker.scrollIntoView();
})();
