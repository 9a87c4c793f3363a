// Films of one row play in step, only while they are near the window, and stop for those who ask for less motion.
(() => {
  const rows = [...document.querySelectorAll("[data-together]")];
  const button = document.getElementById("pause");
  const near = new Set();
  let paused = matchMedia("(prefers-reduced-motion: reduce)").matches;

  const films = (row) => [...row.querySelectorAll("video")];
  const restart = (row) => films(row).forEach((film) => {
    film.currentTime = 0;
    film.play().catch(() => { film.controls = true; });
  });
  const start = (row) => films(row).forEach((film) => {
    if (!film.getAttribute("src")) film.src = film.dataset.src;
    film.play().catch(() => { film.controls = !paused && near.has(row); });
  });
  const stop = (row) => films(row).forEach((film) => film.pause());
  // Browsers play a few dozen films at a time: those far away give theirs back.
  const unload = (row) => films(row).forEach((film) => { film.removeAttribute("src"); film.load(); });

  rows.forEach((row) => films(row).forEach((film) => {
    film.dataset.src = film.getAttribute("src");
    film.controls = false;
    film.loop = false;
    film.addEventListener("ended", () => {
      if (!paused && near.has(row) && films(row).every((one) => one.ended || one.error)) {
        setTimeout(() => { if (!paused && near.has(row)) restart(row); }, 350);
      }
    });
  }));

  const watcher = new IntersectionObserver((entries) => entries.forEach(({ target, isIntersecting }) => {
    if (isIntersecting) { near.add(target); if (!paused) start(target); }
    else if (near.delete(target)) { stop(target); unload(target); }
  }), { rootMargin: "150px" });
  rows.forEach((row) => watcher.observe(row));

  const show = () => {
    button.textContent = paused ? "Play videos" : "Pause videos";
    button.setAttribute("aria-pressed", String(paused));
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    paused = !paused;
    near.forEach((row) => (paused ? stop(row) : start(row)));
    show();
  });
  show();
})();
